"""A camera's day of sealed motion facts, without the video that they were told from."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np

from tests.bench._viewing import Office

SEGMENT = timedelta(seconds=10)


def camera_day(
    office: Office, segments: int, facts_of: Callable[[int], bytes], *, busy_share: float
) -> tuple[Any, datetime]:
    """A new camera with so many segments, each 10 s, a share of them busy; and when the first one begins."""
    from cctv.footage import sealed
    from cctv.footage.models import Segment
    from cctv.vault import services as vault

    camera, start = office.camera(), next(office.starts)
    chance = np.random.default_rng(3)
    made = []
    for number in range(segments):
        starts_at = start + number * SEGMENT
        expires_at = starts_at + timedelta(days=30)
        epoch, key, name = vault.ensure_epoch(camera.site_id, expires_at), vault.new_object_key(), str(number)
        segment = Segment(
            camera=camera, epoch=epoch, starts_at=starts_at, ends_at=starts_at + SEGMENT,
            expires_at=expires_at, container="mp4", codec="h264", width=1920, height=1080, frames=250,
            size_bytes=5_000_000, index_size_bytes=1300, thumb_size_bytes=12_000, sealed_name=name,
            wrapped_key=vault.wrap(epoch, key), ciphertext_sha256=bytes(32),
            duplicate_tag=sha256(name.encode()).digest(),
        )  # fmt: skip
        seed = number if chance.random() < busy_share else 0
        segment.motion = sealed.seal(segment, sealed.MOTION, facts_of(seed))
        made.append(segment)
    Segment.objects.bulk_create(made, batch_size=500)
    return camera, start
