"""A viewing of footage that was really taken in, and a redaction of it that the job works on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cctv.redaction import services
from cctv.redaction.models import Redaction
from tests.footage.conftest import Room, room

__all__ = ["Room", "room"]


@pytest.fixture
def begun(room: Room) -> Callable[..., Redaction]:
    """`begun(seconds=10, …)`: a new redaction from the first recording on."""

    def begin(*, start: float = 0, seconds: float = 10, **options: Any) -> Redaction:
        session = room.open()
        return services.begin(
            session=session,
            camera=room.gate,
            starts_at=room.starts_at + timedelta(seconds=start),
            ends_at=room.starts_at + timedelta(seconds=start + seconds),
            **options,
        )

    return begin
