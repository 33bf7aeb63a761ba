"""What a certificate of erased records states (docs/records.md): codes and numbers, no personal data."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings

from cctv.core.clock import rfc3339
from cctv.retention.backup.models import Backup
from cctv.retention.certificate_copies import FAIL, PASS, ROOT_ENDED, UNKNOWN
from cctv.retention.records import rules
from cctv.retention.records.models import RecordErasure
from cctv.sites.models import Organisation
from cctv.vault import escrow
from cctv.vault.services import root_provider

FORMAT = "lethe/record-certificate/1"


def escrows() -> list[dict[str, Any]]:
    """Each place of the escrow: its generation, and whether it is that of the ring as it is now."""
    return [
        {"place": str(state.folder), "generation": state.generation, "current": state.current}
        for state in escrow.states()
    ]


def gather(row: RecordErasure, now: datetime) -> dict[str, Any]:
    """All that the certificate states, as canonical JSON can hold it (no floats)."""
    known = row.facts
    rule = rules.in_force(row.record_class, row.started_at)
    least = rules.least(row.record_class)
    return {
        "format": FORMAT,
        "number": row.number,
        "issued_at": rfc3339(now),
        "organisation": ", ".join(Organisation.objects.order_by("name").values_list("name", flat=True)),
        "record_class": row.record_class,
        "kept_from": row.kept_from,
        "rule": {
            "months": known["months"], "default": rule.is_default,
            "since": rfc3339(rule.rule.effective_from) if rule.rule and not rule.is_default else None,
            "least_months": least.months, "law": least.jurisdiction,
        },
        "below": row.below,
        "prune_entry": row.prune_entry,
        "kinds": known["kinds"],
        "records": sum(known["kinds"].values()),
        "rows": known["rows"],
        "keys": known["keys"],
        "keys_left": known["keys_left"],
        "keys_destroyed_at": known.get("keys_destroyed_at"),
        "generation_before": known.get("generation_before"),
        "generation_after": known.get("generation_after"),
        "method": {
            "standard": "NIST SP 800-88", "method": "purge", "technique": "cryptographic_erase_and_deletion",
            "tool": "Lethe", "version": settings.LETHE_VERSION,
        },
        "verification": {"method": "absence_and_read_back", "verifier": f"Lethe {settings.LETHE_VERSION}"},
        "performed_by": "automatic",
        "copies": list(_copies(row)),
    }  # fmt: skip


def _copies(row: RecordErasure) -> Iterator[dict[str, Any]]:
    """What became of each copy. What nobody could look at is UNKNOWN, never PASS."""
    known = row.facts
    if known["kinds"]:
        yield _row("log_records", "deleted", "absent", PASS)
        yield _row("search_rows", "deleted", "absent", PASS)
    if known["rows"]:
        yield _row(f"rows_{row.record_class}", "deleted", "absent", PASS)
    ended = ROOT_ENDED[root_provider()]
    if known["keys"]:
        yield _row("keys", *ended, PASS)
    if known["keys_left"]:
        yield _row("keys_left", "still_needed", "none", UNKNOWN)
    for mirror in known["mirrors"]:
        if mirror["kind"] == "mirror":
            result = PASS if mirror["confirmed"] else FAIL
            yield _row("mirror", *ended, result, place=mirror["place"])
    if known["keys"]:
        yield from _escrow_copies(known)
    for backup in Backup.objects.filter(deleted_at=None).order_by("made_at"):
        yield _row(
            "backup", "keys_useless" if known["keys"] else "none", "none", UNKNOWN, place=backup.place,
            made_at=rfc3339(backup.made_at), until=rfc3339(backup.expires_at),
        )  # fmt: skip
    yield _row("below_file_system", "none", "none", UNKNOWN)


def _escrow_copies(known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Escrows are replaced by the ratchet; of copies that somebody has taken elsewhere nobody knows."""
    there = [each for each in known["escrow"] if each["generation"]]
    for each in there:
        result = PASS if each["current"] else FAIL
        yield _row(
            "escrow", "replaced", "read_back", result, place=each["place"], generation=each["generation"]
        )
    if there:
        yield _row("escrow_elsewhere", "none", "none", UNKNOWN, generation=known["generation_before"])


def _row(copy: str, done: str, checked: str, result: str, **more: Any) -> dict[str, Any]:
    return {"copy": copy, "done": done, "checked": checked, "result": result, **more}
