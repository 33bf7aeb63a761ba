"""Rows of segments without files: a timeline never opens one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from cctv.core.ids import new_id
from cctv.footage.models import Segment
from cctv.sites.models import Camera
from cctv.vault.models import Epoch
from tests.people.cast import LONG_AGO

KEPT = timedelta(days=30)
Rows = Callable[..., list[Segment]]


@pytest.fixture
def rows(cast: Any) -> Rows:
    """`rows(camera, spans, kept=…)`: a segment for each pair of moments."""

    def make(
        camera: Camera, spans: Sequence[tuple[datetime, datetime]], *, kept: timedelta = KEPT
    ) -> list[Segment]:
        epoch, _new = Epoch.objects.get_or_create(
            site=camera.site, expires_hour=LONG_AGO, defaults={"key_id": f"key-{camera.site.code}"}
        )
        return Segment.objects.bulk_create(
            Segment(
                camera=camera, epoch=epoch, starts_at=start, ends_at=end, expires_at=end + kept,
                container="mp4", codec="h264", width=64, height=48, frames=1, size_bytes=1,
                index_size_bytes=1, sealed_name=str(new_id()), wrapped_key=b"k", ciphertext_sha256=b"c",
                duplicate_tag=new_id().bytes,
            )
            for start, end in spans
        )  # fmt: skip

    return make
