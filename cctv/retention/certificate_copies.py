"""What became of each copy of the destroyed footage. What was not looked at is UNKNOWN, never PASS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from cctv.core.clock import rfc3339
from cctv.core.errors import LetheError
from cctv.ingest.models import Recorder, Source
from cctv.retention.backup.models import Backup
from cctv.retention.models import PurgeRun
from cctv.sites.models import Site
from cctv.vault import facts
from cctv.vault.services import root_facts, root_provider

PASS, FAIL, UNKNOWN = "PASS", "FAIL", "UNKNOWN"
# By provider: how the old root was destroyed, and how that was checked.
ROOT_ENDED = {"file": ("root_overwritten", "read_back"), "openbao": ("root_trimmed", "refused")}


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What the certificate is about; `left` objects could not be deleted yet. Of `quarantined` ones nobody
    knows since when they had been there, nor which camera they are of."""

    site: Site
    camera_ids: Sequence[UUID]
    span: tuple[datetime, datetime] | None
    runs: Sequence[PurgeRun]
    left: int
    holds_ended: bool
    quarantined: bool = False

    @property
    def known_since(self) -> datetime | None:
        """Before this there was nothing of it anywhere; None where nobody knows."""
        return None if self.quarantined or self.span is None else self.span[0]


def rows(what: Destroyed) -> list[dict[str, Any]]:
    """One row for each copy: what was done, what was checked, and the result."""
    deleted = FAIL if what.left else PASS
    ended = ROOT_ENDED[root_provider()]
    return [
        _row("ciphertext", "deleted", "absent", deleted) | {"left": what.left},
        _row("derivatives", "deleted", "absent", deleted),
        _row("keys", *ended, PASS),
        *([_row("hold_keys", *ended, PASS)] if what.holds_ended else []),
        *_mirrors(what.runs),
        *_backups(what),
        *_sources(what),
        _below(what),
    ]


def _below(what: Destroyed) -> dict[str, Any]:
    """What a drive, a snapshot or a hypervisor keeps of overwritten content, no program above sees.

    Where no root that opened this footage ever lay on a disk, whatever remains there opens nothing.
    """
    if _never_on_disk(what):
        return _row("below_file_system", "root_elsewhere", "refused", PASS)
    return _row("below_file_system", "none", "none", UNKNOWN)


def _never_on_disk(what: Destroyed) -> bool:
    try:
        facts = root_facts()
    except LetheError:
        return False  # nobody to ask now: nothing is claimed
    if not facts.claims_below_file_system:
        return False
    # Recorded before the root was moved, its key may have lain under a root in a file.
    since_us = facts.since_us
    return not since_us or (what.span is not None and what.span[0].timestamp() * 1_000_000 > since_us)


def _row(copy: str, done: str, checked: str, result: str, **more: Any) -> dict[str, Any]:
    return {"copy": copy, "done": done, "checked": checked, "result": result, **more}


def _mirrors(runs: Sequence[PurgeRun]) -> Iterator[dict[str, Any]]:
    """Each mirror of the keys, as the last run that asked it found it."""
    last: dict[tuple[str, str], bool] = {}
    for run in runs:
        for mirror in run.mirrors:
            if mirror["kind"] == "mirror":
                last[mirror.get("ring", "footage"), mirror["place"]] = mirror["confirmed"]
    for (ring, place), confirmed in sorted(last.items()):
        result = PASS if confirmed else FAIL
        yield _row("mirror", *ROOT_ENDED[root_provider()], result, place=place, ring=ring)


def _backups(what: Destroyed) -> Iterator[dict[str, Any]]:
    """Backups that may still exist and were made while the footage did.

    They hold the register and the keyrings without their roots: nothing opens by them. Whether this footage
    was on hold when one was made, nobody remembers: only a complete one that took no held object along has
    none of it for certain.
    """
    backups = Backup.objects.filter(deleted_at=None)
    if what.known_since is not None:
        backups = backups.filter(made_at__gte=what.known_since)
    if ended := [run.ratcheted_at for run in what.runs if run.ratcheted_at is not None]:
        backups = backups.filter(made_at__lte=max(ended))
    for backup in backups.order_by("made_at"):
        none = backup.held_objects == 0 and bool(bytes(backup.manifest_sha256))
        yield _row(
            "backup", "keys_useless", "holds_no_footage" if none else "none", PASS if none else UNKNOWN,
            place=backup.place, id=str(backup.pk), made_at=rfc3339(backup.made_at),
            until=rfc3339(backup.expires_at), holds="wrapped_keys" if none else "sealed_copies",
        )  # fmt: skip


def _sources(what: Destroyed) -> Iterator[dict[str, Any]]:
    """Where the recordings lay in clear before they were sealed."""
    first = what.known_since
    sources = Source.objects.filter(site=what.site, marked_at__isnull=False)
    recorders = Recorder.objects.filter(site=what.site)
    if first is not None:
        sources = sources.filter(Q(camera__in=what.camera_ids) | Q(camera=None))
        sources = sources.filter(Q(retired_at=None) | Q(retired_at__gte=first))
        # One that was registered later may have sent older recordings.
        recorders = recorders.filter(cameras__in=what.camera_ids)
        recorders = recorders.filter(Q(revoked_at=None) | Q(revoked_at__gte=first))
    for source in sources.order_by("name"):
        # In memory that is never swapped nothing can remain; of everything else nobody knows.
        if facts.keeps_clear_remains(source.folder) == "no":
            yield _row("source", "file_deleted", "in_memory", PASS, place=source.name)
        else:
            yield _row("source", "file_deleted", "none", UNKNOWN, place=source.name)
    for recorder in recorders.distinct().order_by("name"):
        yield _row("upload", "sealed_on_receipt", "never_in_clear", PASS, place=recorder.name)
