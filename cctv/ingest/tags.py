"""Recognising a recording that is already there.

A tag is an HMAC of the delivered bytes' hash under a key of the epoch, so it means nothing once the epoch
has ended. Within one epoch the unique constraint finds duplicates. The same recording may also come back
after a change of rules, for another expiry and hence another epoch: then it lies where its own time lies,
so the footage of that time is compared, each under its own epoch. (Trying every live epoch of a site
with 30 days costs 21 ms a recording, for the sake of a file that comes back under another name.)
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.sites.models import Camera
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing
from cctv.vault.models import Epoch, EpochState

# What is registered overlaps itself by no more than a keyframe, so the latest few rows before an
# instant hold everything that reaches beyond it.
LATEST = 8


def footage_near(*, camera: Camera, starts_at: datetime, ends_at: datetime) -> list[Segment]:
    """The segments of the camera that share some time with [starts_at, ends_at)."""
    before = Segment.objects.filter(camera=camera, starts_at__lt=ends_at).select_related("epoch")
    return [row for row in before.order_by("-starts_at")[:LATEST] if row.ends_at > starts_at]


def find_segment(
    *, camera: Camera, clear_sha256: bytes, starts: Sequence[datetime], duration: timedelta
) -> Segment | None:
    """The segment of this camera with the same delivered bytes at (one of) these times, or None."""
    for start in starts:
        for row in footage_near(camera=camera, starts_at=start, ends_at=start + duration):
            if _tag(row.epoch, clear_sha256) == bytes(row.duplicate_tag):
                return row
    return None


def find_quarantined(*, site_id: UUID, clear_sha256: bytes) -> Quarantined | None:
    """The object in quarantine with the same delivered bytes, or None."""
    epochs = Epoch.objects.filter(site_id=site_id, state=EpochState.LIVE, quarantined__isnull=False)
    possible = [tag for epoch in epochs.distinct() if (tag := _tag(epoch, clear_sha256))]
    return Quarantined.objects.filter(site_id=site_id, duplicate_tag__in=possible).first()


def _tag(epoch: Epoch, clear_sha256: bytes) -> bytes | None:
    """The tag under the epoch; None when its key is gone, so that nothing can be recognised by it."""
    try:
        return vault.duplicate_tag(epoch, clear_sha256)
    except KeyMissing:
        return None
