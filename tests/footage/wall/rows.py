"""Made-up rows of the catalogue: many segments without a file behind them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.sites.models import Camera
from cctv.vault.models import Epoch

KEPT = timedelta(days=30)
_numbers = count()


def record(
    camera: Camera, start: datetime, end: datetime, *, every: timedelta = timedelta(minutes=5), **fields: Any
) -> list[Segment]:
    """Segments of the camera from start to end without a gap; `fields` replace what the rows say."""
    rows: list[Segment] = []
    shared: Epoch | None = None  # one for all: what they are sealed under matters to nobody here
    while start < end:
        number, ends_at = next(_numbers), min(start + every, end)
        values: dict[str, Any] = {
            "expires_at": ends_at + KEPT, "container": "mp4", "codec": "h264", "width": 1280, "height": 720,
            "frames": 25, "size_bytes": 1_000_000, "index_size_bytes": 100, "wrapped_key": b"x",
            "ciphertext_sha256": b"x" * 32, "ingested_at": ends_at + timedelta(seconds=3),
            "ingested_from": "folder", **fields,
        }  # fmt: skip
        shared = shared or epoch(camera, values["expires_at"])
        rows.append(
            Segment(
                camera=camera,
                starts_at=start,
                ends_at=ends_at,
                epoch=shared,
                sealed_name=f"made/{number}",
                duplicate_tag=number.to_bytes(32, "big"),
                **values,
            )
        )
        start = ends_at
    return Segment.objects.bulk_create(rows, batch_size=500)


def epoch(camera: Camera, expires_at: datetime) -> Epoch:
    """The epoch of the site and hour."""
    hour = clock.floor_hour(expires_at).astimezone(UTC)
    found, _made = Epoch.objects.get_or_create(
        site_id=camera.site_id, expires_hour=hour, defaults={"key_id": f"made-{uuid4().hex}"}
    )
    return found
