"""A certificate on paper: the facts in one of three languages, how to verify it, and the facts attached."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.core.pdf import Column, Document
from cctv.retention import certificate_words as words
from cctv.retention.models import Certificate
from cctv.templatetags import _times
from cctv.vault import signing

LANGUAGES = ("ko", "ja", "en")
# A run may empty many hours at once; the attached facts name every key.
KEYS_NAMED = 60


def package(certificate: Certificate) -> dict[str, Any]:
    """What the JSON file holds: facts, hash, signature, the key it is by, and the log entry."""
    return {
        "facts": certificate.facts,
        "sha256": bytes(certificate.facts_sha256).hex(),
        "signature": certificate.signature,
        "public_key": signing.public_key() if certificate.signature else "",
        "log_entry": certificate.entry,
    }


def package_bytes(certificate: Certificate) -> bytes:
    """The JSON file."""
    return json.dumps(package(certificate), ensure_ascii=False, indent=1).encode()


def render(certificate: Certificate, *, language: str, check_url: str) -> bytes:
    """The document in "ko", "ja" or "en"; `check_url` is where anybody may ask about its number."""
    with translation.override(language):
        return _render(certificate, language, check_url)


def _render(certificate: Certificate, language: str, check_url: str) -> bytes:
    facts = certificate.facts
    title = _("Certificate of destruction %(number)s") % {"number": certificate.number}
    document = Document(
        language=language,
        title=title,
        author=facts["organisation"],
        subject=facts["site"]["name"],
        made_at=certificate.issued_at,
        foot=f"{certificate.number} · {facts['organisation']}",
        han="ja" if language == "ja" or facts["site"].get("jurisdiction") == "JP" else "ko",
    )
    document.heading(title)
    with document.beside_qr(check_url):
        document.text(_lead(facts), size=11)
        document.text(_result(facts), tone="bad" if words.verdict(facts).result == "FAIL" else "ok")
        document.text(_("Ask about this number: %(url)s") % {"url": check_url}, size=8.5, tone="quiet")
    _what(document, facts)
    _cameras(document, facts)
    _copies(document, facts)
    _experts(document, certificate, facts)
    document.attach(
        "facts.json", package_bytes(certificate), mime_type="application/json",
        description=_("Facts, signature and public key of this certificate"),
    )  # fmt: skip
    return document.to_bytes()


def _lead(facts: Mapping[str, Any]) -> str:
    count = facts["segments"] + facts["quarantined"]
    return ngettext(
        "%(shown)s segment of %(site)s was destroyed. Nobody can open it any more, "
        "and that includes the operator of this system.",
        "%(shown)s segments of %(site)s were destroyed. Nobody can open them any more, "
        "and that includes the operator of this system.",
        count,
    ) % {"shown": f"{count:,}", "site": facts["site"]["name"]}


def _result(facts: Mapping[str, Any]) -> str:
    found = words.verdict(facts)
    if found.result == "FAIL":
        return _("Not everything could be deleted yet. What is left cannot be opened, and is tried again.")
    return _("Every copy that this system can reach is gone and was checked.")


def _segments(count: int) -> str:
    return ngettext("%(n)d segment", "%(n)d segments", count) % {"n": count}


def _what(document: Document, facts: Mapping[str, Any]) -> None:
    zone = facts["site"]["time_zone"]
    pairs = [
        (_("Controller"), facts["organisation"]),
        (_("Site"), facts["site"]["name"]),
        (_("Place"), facts.get("place") or facts["site"].get("storage_place", "")),
        (_("Medium"), words.medium(facts)),
    ]
    if span := words.recorded(facts):
        pairs.append((_("Recorded"), words.span(span[0].isoformat(), span[1].isoformat(), zone)))
    pairs += [
        (_("Amount"), f"{_segments(facts['segments'])} · {_times.size(facts['bytes'])}"),
        (_("Quarantined objects"), f"{facts['quarantined']:,}" if facts["quarantined"] else ""),
        (_("Why"), words.why(facts)),
        (_("Retention rule"), "\n".join(words.rules(facts))),
        (_("Carried out by"), words.performed(facts)),
        (_("Checked by"), words.verified(facts)),
        (_("Deleted"), words.span(facts["deleted_from"], facts["deleted_until"], zone, seconds=True)),
        (_("Keys destroyed"), words.moment(facts["keys_destroyed_at"], zone)),
        (_("Kept, and why"), words.held(facts)),
        (_("Could not be deleted yet"), f"{len(facts['left']):,}" if facts["left"] else ""),
    ]
    document.heading(_("What was destroyed"), level=2)
    document.facts([pair for pair in pairs if pair[1]])


def _cameras(document: Document, facts: Mapping[str, Any]) -> None:
    if not facts["cameras"]:
        return
    zone = facts["site"]["time_zone"]
    document.heading(_("Cameras"), level=2)
    document.table(
        [
            Column(_("Camera"), 0.32),
            Column(_("Recorded"), 0.4),
            Column(_("Segments"), 0.13, numeric=True),
            Column(_("Size"), 0.15, numeric=True),
        ],
        [
            [
                f"{row['name']} ({row['code']})",
                words.span(row["from"], row["to"], zone),
                f"{row['segments']:,}",
                _times.size(row["bytes"]),
            ]
            for row in facts["cameras"]
        ],
    )


def _copies(document: Document, facts: Mapping[str, Any]) -> None:
    rows = words.copy_rows(facts)
    document.heading(_("What was done to each copy"), level=2)
    document.table(
        [
            Column(_("Copy"), 0.27),
            Column(_("Done"), 0.28),
            Column(_("Checked"), 0.29),
            Column(_("Result"), 0.16),
        ],
        [
            [
                "\n".join(filter(None, (row.name, row.place))),
                row.done,
                "\n".join(filter(None, (row.checked, row.note))),
                row.word,
            ]
            for row in rows
        ],
        tones=[row.tone for row in rows],
    )


def _experts(document: Document, certificate: Certificate, facts: Mapping[str, Any]) -> None:
    keys = [epoch["key_id"] for epoch in facts["epochs"]]
    named = ", ".join(keys[:KEYS_NAMED]) + (" …" if len(keys) > KEYS_NAMED else "")
    entries = [str(run[name]) for run in facts["runs"] for name in ("start", "done") if run[name] is not None]
    pairs = [
        (_("Method"), words.method(facts)),
        (_("Root of the ciphertext hashes"), facts["merkle_root"]),
        (_("Keys"), named),
        (_("Root generation"), f"{facts['generation_before']} → {facts['generation_after']}"),
        (_("Ended holds"), ", ".join(row["number"] for row in facts.get("holds_ended", []))),
        (_("Log entries"), ", ".join([*entries, *([str(certificate.entry)] if certificate.entry else [])])),
        (_("SHA-256 of the facts"), bytes(certificate.facts_sha256).hex()),
        (_("Issued"), words.moment(facts["issued_at"], facts["site"]["time_zone"])),
    ]
    document.heading(_("For experts"), level=2)
    if not facts["generation_after"]:
        pairs = [pair for pair in pairs if pair[0] != _("Root generation")]
    document.facts([pair for pair in pairs if pair[1]], size=8.5)
    document.heading(_("How to verify it"), level=2)
    document.text(
        _(
            "The file facts.json is attached to this document. Its facts, written as canonical JSON "
            "(RFC 8785), have the SHA-256 given above; the signature below is an Ed25519 signed note over "
            "that hash and the number. The steps, with tools that are not ours, are in "
            "docs/formats-certificate.md of Lethe."
        ),
        size=9,
    )
    if certificate.signature:
        document.text(certificate.signature.strip(), size=7.5, tone="quiet")
        document.text(_("Public key: %(key)s") % {"key": signing.public_key()}, size=7.5, tone="quiet")
