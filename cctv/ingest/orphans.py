"""Sealed objects that no row names, and their end.

A crash between sealing and committing leaves an object whose key died with the process: nobody can
open it, it only takes room. What was being made of a segment (`footage.derived`) may be left in the same
way; its key lives as long as the segment does, and nothing says any more whose it is. The sweeper deletes
such objects after a lease, longer than any admission takes. What can go wrong is the other side: a register
restored from an old backup, or emptied, knows none of the footage, and everything would look like an orphan.
So the sweeper waits while the register is known or suspected to be an older copy, and refuses when most of
the storage is unknown to it; the storage itself refuses when its marker is wrong.

Nor is the wall clock believed alone: when it jumps, an object sealed a second ago looks a day old. This
process must have seen the object without a row for the whole lease, by a clock that cannot be set.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.utils.module_loading import import_string

from accesslog.services import append
from cctv.core import clock
from cctv.footage.derived.models import Derived
from cctv.footage.models import Segment
from cctv.ingest.errors import TooManyOrphans
from cctv.ingest.models import Quarantined
from cctv.vault import services as vault

log = logging.getLogger("cctv.ingest")

DEFAULT_LEASE_S = 3600
# Up to this many orphans are believed whatever their share: a small installation that crashed often.
BELIEVED = 20
BATCH = 500
# Since when this process has known each object without a row, on the monotonic clock.
_seen: dict[str, float] = {}
_seen_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class OrphanSweep:
    """What one sweep saw: objects in the storage, and those deleted."""

    objects: int
    deleted: int


def lease_s() -> float:
    """How long, in seconds, a sealed object may be without a row: longer than any admission takes."""
    return float(getattr(settings, "LETHE_ORPHAN_LEASE_S", DEFAULT_LEASE_S))


def sweep() -> OrphanSweep:
    """Delete sealed objects without a row that are older than the lease and were seen for as long.

    Looks at nothing (0 objects) while the register may be an older copy.

    Raises TooManyOrphans with nothing deleted, StorageMismatch and other storage errors.
    """
    if import_string(settings.LETHE_ORPHANS_WAIT)():
        log.warning("the register may be an older copy: what it does not know is left alone")
        return OrphanSweep(0, 0)
    before = clock.now() - timedelta(seconds=lease_s())
    modified = {stored.name: stored.modified_at for stored in vault.list_objects()}
    total, unknown = len(modified), _unknown(modified)
    lasting = _seen_throughout(unknown)
    old = {name for name in unknown if modified[name] < before}
    if len(old) > BELIEVED and len(old) * 2 > total:
        log.error("%s of %s sealed objects have no row: nothing deleted", len(old), total)
        raise TooManyOrphans
    orphans = sorted(old & lasting)
    # Asked again just before deleting: a slow admission may have committed meanwhile.
    deleted = 0
    for start in range(0, len(orphans), BATCH):
        for name in sorted(_unknown(orphans[start : start + BATCH])):
            vault.delete_object(name)
            deleted += 1
    if deleted:
        append(kind="ingest.orphans", body={"deleted": deleted})
        log.warning("deleted %s sealed objects that no recording belongs to", deleted)
    return OrphanSweep(total, deleted)


def _seen_throughout(unknown: set[str]) -> set[str]:
    """Those that this process has met without a row for the whole lease; notes those that are new."""
    now, lease = monotonic(), lease_s()
    with _seen_lock:
        for name in _seen.keys() - unknown:
            del _seen[name]
        return {name for name in unknown if now - _seen.setdefault(name, now) >= lease}


def _unknown(names: Iterable[str]) -> set[str]:
    """The names that no row has, neither as its media nor as a part beside it."""
    names = list(names)
    unknown: set[str] = set()
    for start in range(0, len(names), BATCH):
        batch = {name: name.partition(".")[0] for name in names[start : start + BATCH]}
        wanted = set(batch.values())
        known: set[str] = set()
        for model in (Segment, Quarantined, Derived):
            rows = model._default_manager.filter(sealed_name__in=wanted)
            known |= set(rows.values_list("sealed_name", flat=True))
        for keeper in settings.LETHE_OBJECT_KEEPERS:
            known |= import_string(f"{keeper}.known")(sorted(wanted))
        unknown |= {name for name, media in batch.items() if media not in known}
    return unknown
