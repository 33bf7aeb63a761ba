"""A record certificate as files: JSON with its signature, and a document in one of three languages."""

import json
from datetime import UTC
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from cctv.core.clock import parse_rfc3339
from cctv.core.pdf import Column, Document
from cctv.retention.records import words
from cctv.retention.records.models import RecordErasure
from cctv.templatetags import _times
from cctv.vault import signing

LANGUAGES = {"ko": "한국어", "ja": "日本語", "en": "English"}


def package(erasure: RecordErasure) -> dict[str, Any]:
    """What the JSON file holds: facts, hash, signature, the key it is by, and the log entries."""
    return {
        "facts": erasure.facts,
        "sha256": bytes(erasure.facts_sha256).hex(),
        "signature": erasure.signature,
        "public_key": signing.public_key() if erasure.signature else "",
        "log_entry": erasure.entry,
    }


def package_bytes(erasure: RecordErasure) -> bytes:
    """The JSON file."""
    return json.dumps(package(erasure), ensure_ascii=False, indent=1).encode()


def render(erasure: RecordErasure, *, language: str) -> bytes:
    """The document in "ko", "ja" or "en"."""
    with translation.override(language):
        return _render(erasure, language)


def _render(erasure: RecordErasure, language: str) -> bytes:
    facts = erasure.facts
    assert erasure.issued_at is not None
    title = _("Certificate of erased records %(number)s") % {"number": erasure.number}
    document = Document(
        language=language, title=title, author=facts["organisation"], made_at=erasure.issued_at,
        foot=f"{erasure.number} · {facts['organisation']}", han="ja" if language == "ja" else "ko",
    )  # fmt: skip
    document.heading(title)
    document.text(_lead(facts), size=11)
    document.heading(_("What was erased"), level=2)
    document.facts(
        [pair for pair in pairs(erasure) if pair[1]],
    )
    document.heading(_("What was done to each copy"), level=2)
    rows = words.copy_rows(facts)
    document.table(
        [
            Column(_("Copy"), 0.27), Column(_("Done"), 0.28), Column(_("Checked"), 0.29),
            Column(_("Result"), 0.16),
        ],
        [
            [
                "\n".join(filter(None, (row.name, row.place))), row.done,
                "\n".join(filter(None, (row.checked, row.note))), row.word,
            ]
            for row in rows
        ],
        tones=[row.tone for row in rows],
    )  # fmt: skip
    _experts(document, erasure)
    document.attach(
        "facts.json", package_bytes(erasure), mime_type="application/json",
        description=_("Facts, signature and public key of this certificate"),
    )  # fmt: skip
    return document.to_bytes()


def _lead(facts: dict[str, Any]) -> str:
    said: str = _(
        "What the records “%(kind)s” from before %(month)s said was erased. That the entries were made, and"
        " when, stays provable; what they said cannot be brought back."
    )
    return said % {"kind": words.class_name(facts["record_class"]), "month": facts["kept_from"]}


def pairs(erasure: RecordErasure) -> list[tuple[str, str]]:
    """Label and value of what was erased, as page and document show it."""
    facts = erasure.facts
    return [
        (_("Controller"), facts["organisation"]),
        (_("Kind of records"), words.class_name(facts["record_class"])),
        (_("Made before"), facts["kept_from"]),
        (_("Amount"), words.amount(facts)),
        (_("Kept for"), words.rule(facts)),
        (_("Carried out by"), _("Automatic run.")),
        (_("Keys destroyed"), words.keys(facts)),
        (_("Keys that stay, and why"), words.keys_left(facts)),
    ]


def expert_pairs(erasure: RecordErasure) -> list[tuple[str, str]]:
    """What a verifier needs."""
    facts = erasure.facts
    entries = [str(each) for each in (erasure.prune_entry, erasure.entry) if each is not None]
    generations = ""
    if facts["generation_after"]:
        generations = f"{facts['generation_before']} → {facts['generation_after']}"
    issued = _times.absolute(parse_rfc3339(facts["issued_at"]).astimezone(UTC), "datetime")
    return [
        (_("Erased below entry"), f"{facts['below']:,}"),
        (
            _("Kinds of entry"),
            ", ".join(f"{kind}: {count:,}" for kind, count in sorted(facts["kinds"].items())),
        ),
        (_("Root generation"), generations),
        (_("Keys"), ", ".join(facts["keys"])),
        (_("Log entries"), ", ".join(entries)),
        (_("SHA-256 of the facts"), bytes(erasure.facts_sha256).hex()),
        (_("Issued"), issued),
    ]


def _experts(document: Document, erasure: RecordErasure) -> None:
    document.heading(_("For experts"), level=2)
    document.facts([pair for pair in expert_pairs(erasure) if pair[1]], size=8.5)
    document.text(
        _(
            "The file facts.json is attached to this document. Its facts, written as canonical JSON"
            " (RFC 8785), have the SHA-256 given above; the signature below is an Ed25519 signed note over"
            " that hash and the number (docs/records.md of Lethe)."
        ),
        size=9,
    )
    if erasure.signature:
        document.text(erasure.signature.strip(), size=7.5, tone="quiet")
        document.text(_("Public key: %(key)s") % {"key": signing.public_key()}, size=7.5, tone="quiet")
