"""Sealed objects that no row names, and their end.

A crash between sealing and committing leaves an object whose key died with the process: nobody can
open it, it only takes room. The sweeper deletes such objects after a lease, longer than any admission
takes. What can go wrong is the other side: a register restored from an old backup, or emptied, knows
none of the footage, and everything would look like an orphan. So the sweeper refuses when most of the
storage is unknown to the register, and says so; the storage itself refuses when its marker is wrong.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from accesslog.services import append
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest.errors import TooManyOrphans
from cctv.ingest.models import Quarantined
from cctv.vault import services as vault

log = logging.getLogger("cctv.ingest")

DEFAULT_LEASE_S = 3600
# Up to this many orphans are believed whatever their share: a small installation that crashed often.
BELIEVED = 20
BATCH = 500


@dataclass(frozen=True, slots=True)
class OrphanSweep:
    """What one sweep saw: objects in the storage, and those deleted."""

    objects: int
    deleted: int


def sweep() -> OrphanSweep:
    """Delete sealed objects without a row that are older than the lease.

    Raises TooManyOrphans with nothing deleted, StorageMismatch and other storage errors.
    """
    lease = timedelta(seconds=getattr(settings, "LETHE_ORPHAN_LEASE_S", DEFAULT_LEASE_S))
    before = clock.now() - lease
    total, old = 0, []
    for stored in vault.list_objects():
        total += 1
        if stored.modified_at < before:
            old.append(stored.name)
    orphans = sorted(_unknown(old))
    if len(orphans) > BELIEVED and len(orphans) * 2 > total:
        log.error("%s of %s sealed objects have no row: nothing deleted", len(orphans), total)
        raise TooManyOrphans
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


def _unknown(names: Iterable[str]) -> set[str]:
    """The names that no row has, neither as its media nor as a part beside it."""
    names = list(names)
    unknown: set[str] = set()
    for start in range(0, len(names), BATCH):
        batch = {name: name.partition(".")[0] for name in names[start : start + BATCH]}
        wanted = set(batch.values())
        known = set(Segment.objects.filter(sealed_name__in=wanted).values_list("sealed_name", flat=True))
        known |= set(Quarantined.objects.filter(sealed_name__in=wanted).values_list("sealed_name", flat=True))
        unknown |= {name for name, media in batch.items() if media not in known}
    return unknown
