"""Recognising a recording that is already there.

A tag is an HMAC of the clear bytes' hash under a key of the epoch, so it means nothing once the epoch
has ended. The same recording may come back when another rule gives it another expiry, hence another
epoch: it is looked for in every live epoch of the site.
"""

from uuid import UUID

from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.sites.models import Camera
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing
from cctv.vault.models import Epoch, EpochState

# SQLite takes at most 32,766 parameters; 720 epochs are usual (30 days).
BATCH = 2000


def find_segment(*, camera: Camera, clear_sha256: bytes) -> Segment | None:
    """The segment of this camera with the same clear bytes, or None."""
    tags = _possible(camera.site_id, clear_sha256)
    for start in range(0, len(tags), BATCH):
        found = Segment.objects.filter(camera=camera, duplicate_tag__in=tags[start : start + BATCH]).first()
        if found is not None:
            return found
    return None


def find_quarantined(*, site_id: UUID, clear_sha256: bytes) -> Quarantined | None:
    """The object in quarantine with the same clear bytes, or None."""
    tags = _possible(site_id, clear_sha256)
    for start in range(0, len(tags), BATCH):
        found = Quarantined.objects.filter(
            site_id=site_id, duplicate_tag__in=tags[start : start + BATCH]
        ).first()
        if found is not None:
            return found
    return None


def _possible(site_id: UUID, clear_sha256: bytes) -> list[bytes]:
    """The tag under each live epoch of the site; an epoch whose key is gone can hold nothing."""
    tags = []
    for epoch in Epoch.objects.filter(site_id=site_id, state=EpochState.LIVE):
        try:
            tags.append(vault.duplicate_tag(epoch, clear_sha256))
        except KeyMissing:
            continue
    return tags
