"""A yard whose camera has seen a square come and go, and been told of it."""

import io
from datetime import timedelta
from functools import cache

import pytest

from cctv.footage import thumbnails
from cctv.footage.models import Segment
from cctv.footage.motion.memory import UsualViews
from cctv.footage.thumbnails import make_thumbnails
from cctv.ingest.services import admit
from tests.footage.conftest import Room
from tests.media.moving import Box, film_of_square

LENGTH_S = 6
BOX = (0.51, 0.46, 0.67, 0.76)
# Of three segments the second shows the square, in its seconds 2 and 3: 8 s after the first one began.
SHOWN_S = (LENGTH_S + 2, LENGTH_S + 4)


@cache
def films() -> list[bytes]:
    shown: tuple[dict[int, Box], ...] = ({}, {2: BOX, 3: BOX}, {})
    return [film_of_square(seconds=LENGTH_S, shown=each, gop=5 + number) for number, each in enumerate(shown)]


@pytest.fixture
def told(room: Room) -> Room:
    """The yard's camera has recorded three films, and what moved in them is told."""
    Segment.objects.all().delete()
    for number, film in enumerate(films()):
        start = room.starts_at + timedelta(seconds=LENGTH_S * number)
        assert admit(
            camera=room.yard, starts_at=start, origin="import", original_name="f", stream=io.BytesIO(film)
        ).segment
    thumbnails._views = UsualViews()
    assert make_thumbnails() == 3
    return room
