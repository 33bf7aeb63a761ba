"""What comes a second time although nothing of it may be kept twice, or once more.

Two questions that a tag (`tags`) cannot answer:

* A recording whose key has moved to another epoch, because its expiry changed or its epoch was given a
  new key, has a tag that means nothing any more: it was made under the old key, and the hash of what the
  recorder delivered is kept nowhere. What would be stored is compared then with what is: the sealed index
  knows the hash of the stored bytes. That costs an entry of the log and a read of one small object, only
  where a recording claims exactly the time of another one.
* A recording that was erased on request is not there to be compared. Its span is (`ErasedSpan`), as long
  as the recording itself would have lived, and nothing that claims exactly this span is taken in.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from accesslog import IndexFields, Receipt
from accesslog.canonical import JSON
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage import sealed
from cctv.footage.models import ErasedSpan, Segment
from cctv.ingest import tags
from cctv.ingest.files import PIECE_BYTES
from cctv.ingest.models import Quarantined
from cctv.sites.models import Camera
from cctv.vault import services as vault
from cctv.vault.objects import KeyedObject
from cctv.vault.sealing import SealedFacts

JOB = "duplicate-check"
# More than one object with the same site, name and size is rare, and each costs a read of all of it.
CANDIDATES = 3


def was_erased(*, camera: Camera, starts: Sequence[datetime], duration: timedelta | None) -> bool:
    """Whether the recording of this camera was erased on request, whichever of these is its start.

    Two starts are those of an hour that happened twice, of a recording that nothing settles: what was
    erased of one time round says nothing of the other. In quarantine it is known by the first of them.
    Of something that is no readable video the duration is unknown (None), as it was of what was erased in
    quarantine: its start decides alone then.
    """
    spans = ErasedSpan.objects.filter(camera=camera, starts_at__in=starts, until__gt=clock.now())
    erased = set(spans.values_list("starts_at", "ends_at"))
    if not erased:
        return False
    claimed = min(starts)
    if (claimed, claimed) in erased:
        return True
    if duration is None:
        return {starts_at for starts_at, _ in erased} == set(starts)
    return all((start, start + duration) in erased or (start, start) in erased for start in starts)


def find_moved(
    *, camera: Camera, original_sha256: bytes, stored: SealedFacts, starts: Sequence[datetime],
    duration: timedelta,
) -> Segment | None:  # fmt: skip
    """The segment with exactly this span in which the same bytes are stored, or None.

    Its tag is made anew, so that it is recognised by that the next time. LogUnavailable.
    """
    for start in starts:
        ends_at = start + duration
        for row in tags.footage_near(camera=camera, starts_at=start, ends_at=ends_at):
            if (row.starts_at, row.ends_at) == (start, ends_at) and _stores(row, stored.clear_sha256):
                tag = vault.duplicate_tag(row.epoch, original_sha256)
                Segment.objects.filter(pk=row.pk, epoch_id=row.epoch_id).update(duplicate_tag=tag)
                return row
    return None


def _stores(row: Segment, stored_sha256: bytes) -> bool:
    """Whether the segment's sealed index names this hash; False where it cannot be opened."""
    receipt = _job(row)
    try:
        return sealed.for_system(receipt, row, job=JOB).index().clear_sha256 == stored_sha256
    except LetheError:
        return False  # expired, damaged or without a key: nothing that could stand in for what comes now


def find_moved_quarantined(
    *, site_id: UUID, name: str, original_sha256: bytes, stored: SealedFacts
) -> Quarantined | None:
    """The object in quarantine under the same name in which the same bytes are stored, or None."""
    alike = Quarantined.objects.filter(
        site_id=site_id, original_name=name, size_bytes=stored.size_bytes, expires_at__gt=clock.now()
    )
    for row in alike.select_related("epoch")[:CANDIDATES]:
        if _holds(row, stored.clear_sha256):
            tag = vault.duplicate_tag(row.epoch, original_sha256)
            Quarantined.objects.filter(pk=row.pk, epoch_id=row.epoch_id).update(duplicate_tag=tag)
            return row
    return None


def _holds(row: Quarantined, stored_sha256: bytes) -> bool:
    receipt = _job(row)
    digest = hashlib.sha256()
    try:
        with vault.open_for_system(receipt, keyed(row), job=JOB) as reader:
            while piece := reader.read(PIECE_BYTES):
                digest.update(piece)
    except LetheError:
        return False
    return digest.digest() == stored_sha256


def _job(row: Segment | Quarantined) -> Receipt:
    """The entry that opens the door for jobs."""
    site = row.site if isinstance(row, Quarantined) else row.camera.site
    body: dict[str, JSON] = {"job": JOB, "object": str(row.pk), "site": {**site.logged()}}
    return append(kind="vault.job", body=body, index=[IndexFields(site=str(site.pk))])


def keyed(row: Quarantined) -> KeyedObject:
    """A quarantined object as the vault wants it; the row needs its epoch."""
    return KeyedObject(
        name=row.sealed_name,
        size_bytes=row.size_bytes,
        wrapped_key=bytes(row.wrapped_key),
        key_id=row.epoch.key_id,
        context_id=row.pk,
        camera_id=row.camera_id,
        site_id=row.site_id,
        starts_at=row.claimed_start or row.received_at,
        ends_at=row.expires_at,
        expires_at=row.expires_at,
    )
