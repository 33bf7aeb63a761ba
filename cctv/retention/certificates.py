"""Certificates of destruction: one for each site whose keys a run has destroyed (domain.md, section 8).

A certificate speaks of epochs whose key is gone *and* whose objects are gone, whichever runs deleted
them; what could not be deleted is named as left, and gets a certificate of its own once it is gone.
Numbers have no gaps: a number is taken in the transaction that writes its certificate, and
certificates are never deleted. Facts hold no personal data.

    written     row, facts and their hash; its items point to it        repeat: nothing is due any more
    signed      a signed note over number and hash                      repeat: the same note
    journalled  so that a register put back from a backup knows of it   repeat: a second line, read as one
    ledger      the line DESTROY                                        repeat: the same line
    entered     `certificate.issued`, by its index the row is finished  repeat: no second entry
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accesslog.canonical import encode
from cctv.core import clock
from cctv.core.clock import parse_rfc3339, rfc3339
from cctv.ledger import services as ledger
from cctv.ledger.models import LedgerKind
from cctv.retention import certificate_facts, entries
from cctv.retention import certificate_words as words
from cctv.retention.certificate_facts import FORMAT, root_of
from cctv.retention.models import Certificate, CertificateCamera, PurgeItem, PurgeRun, RunState
from cctv.sites.models import Site
from cctv.vault import journal, signing
from cctv.vault.models import EpochState
from cctv.vault.steps import reached

__all__ = ["FORMAT", "issue", "note_lines", "open_trees", "root_of"]

LANGUAGES = {"KR": "ko", "JP": "ja"}
_journalled: dict[str, tuple[int, dict[int, int]]] = {}


def open_trees(epoch_ids: Iterable[UUID]) -> dict[UUID, tuple[int, bytes]]:
    """Size and frontier of each epoch's hash tree as its last uncertified item left it; empty where none."""
    trees: dict[UUID, tuple[int, bytes]] = dict.fromkeys(epoch_ids, (0, b""))
    rows = PurgeItem.objects.filter(certificate=None, epoch_id__in=list(trees), tree_size__gt=0)
    rows = rows.order_by("pk")
    for epoch_id, size, frontier in rows.values_list("epoch_id", "tree_size", "frontier"):
        trees[epoch_id] = (size, bytes(frontier))
    return trees


def issue(run: PurgeRun) -> list[Certificate]:
    """Write the certificates that have become due, and tell of them; doing it again adds nothing.

    While any run waits for a mirror of the keys, its epochs are not certified by anybody.
    """
    if PurgeRun.objects.filter(state=RunState.PENDING).exclude(pk=run.pk).exists():
        return []
    with transaction.atomic():
        for site_id, items in _due_by_site().items():
            _write(run, site_id, items)
    reached("purge.certificate-written")
    issued = list(run.certificates.select_related("site__organisation", "run"))
    for certificate in issued:
        if certificate.entry is None:
            _tell(certificate)
    return issued


def note_lines(number: str, facts_sha256: bytes) -> list[str]:
    """What the signature is over."""
    return [FORMAT, number, facts_sha256.hex()]


def _due_by_site() -> dict[UUID, list[PurgeItem]]:
    """Uncertified items of destroyed epochs from which something was destroyed, by site."""
    items = (
        PurgeItem.objects.filter(certificate=None, tree_size__gt=0, epoch__state=EpochState.DESTROYED)
        .select_related("epoch", "run")
        .order_by("epoch__expires_hour", "epoch_id", "pk")
    )
    by_site: dict[UUID, list[PurgeItem]] = {}
    for item in items:
        by_site.setdefault(item.site_id, []).append(item)
    return {site: found for site, found in by_site.items() if any(i.segments or i.quarantined for i in found)}


def _write(run: PurgeRun, site_id: UUID, items: Sequence[PurgeItem]) -> Certificate:
    now = clock.now()
    last = Certificate.objects.filter(year=now.year).aggregate(last=Max("sequence"))["last"] or 0
    sequence = max(last, _last_journalled(now.year)) + 1
    number = f"DC-{now.year}-{sequence:04d}"
    facts = certificate_facts.gather(run, Site.objects.select_related("organisation").get(pk=site_id), items)
    facts |= {"number": number, "issued_at": rfc3339(now)}
    certificate = Certificate.objects.create(
        year=now.year, sequence=sequence, number=number, run=run, site_id=site_id, issued_at=now, facts=facts,
        facts_sha256=sha256(encode(facts)).digest(),
    )  # fmt: skip
    PurgeItem.objects.filter(pk__in=[item.pk for item in items]).update(certificate=certificate)
    CertificateCamera.objects.bulk_create(
        CertificateCamera(
            certificate=certificate, camera_id=row["id"], segments=row["segments"],
            starts_at=parse_rfc3339(row["from"]), ends_at=parse_rfc3339(row["to"]),
        )
        for row in facts["cameras"]
    )  # fmt: skip
    return certificate


def _last_journalled(year: int) -> int:
    """The highest number of the year that the journal knows: a register put back may not know it yet.

    Only what was added since this process last looked is read.
    """
    place = str(journal.path())
    read, highest = _journalled.get(place, (0, {}))
    for line in journal.read(after=read):
        read = line.number
        if line.kind == "certificate":
            of_year, sequence = map(int, line.facts["number"].split("-")[1:])
            highest[of_year] = max(highest.get(of_year, 0), sequence)
    _journalled[place] = (read, highest)
    return highest.get(year, 0)


def _tell(certificate: Certificate) -> None:
    """Sign it, and tell journal, ledger and log; each is done again by whoever goes on after a kill."""
    facts = certificate.facts
    if not certificate.signature:
        certificate.signature = signing.sign_note(
            note_lines(certificate.number, bytes(certificate.facts_sha256))
        )
        Certificate.objects.filter(pk=certificate.pk).update(signature=certificate.signature)
    reached("purge.certificate-signed")
    journal.append(
        "certificate",
        {"number": certificate.number, "facts": facts, "signature": certificate.signature},
    )
    reached("purge.certificate-journalled")
    with translation.override(LANGUAGES.get(certificate.site.jurisdiction, "en")):
        ledger.write(**_ledger_line(certificate, facts))
    reached("purge.certificate-in-ledger")
    receipt = entries.certificate(certificate, segments=facts["segments"], size_bytes=facts["bytes"])
    reached("purge.certificate-logged")
    Certificate.objects.filter(pk=certificate.pk).update(entry=receipt.index)
    certificate.entry = receipt.index


def _ledger_line(certificate: Certificate, facts: dict[str, Any]) -> dict[str, Any]:
    """The line DESTROY, in the language of the site's law."""
    recorded = words.recorded(facts)
    cameras = ", ".join(row["code"] for row in facts["cameras"])
    segments = ngettext("%(n)d segment", "%(n)d segments", facts["segments"]) % {"n": facts["segments"]}
    return {
        "kind": LedgerKind.DESTROY,
        "site": certificate.site,
        "at": parse_rfc3339(max(facts["deleted_until"], facts["keys_destroyed_at"])),
        "item": _("%(segments)s of %(cameras)s (certificate %(number)s)")
        % {"segments": segments, "cameras": cameras or "–", "number": certificate.number},
        "form": _("sealed video"),
        "handler": _("Lethe, automatically"),
        "reason": words.why(facts),
        "cycle": _("looked for every %(n)d seconds") % {"n": _beat_seconds()},
        "checked_at": certificate.run.planned_at,
        "source": f"certificate {certificate.number}",
        "footage_from": recorded[0] if recorded else None,
        "footage_to": recorded[1] if recorded else None,
    }


def _beat_seconds() -> int:
    """How often the scheduler looks for what has expired."""
    schedule = settings.CELERY_BEAT_SCHEDULE
    return int(next(row["schedule"] for row in schedule.values() if row["task"].endswith("purge_due")))
