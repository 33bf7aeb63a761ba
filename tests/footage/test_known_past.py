"""A clock that was set back brings nothing that has expired back into any list (invariant 3)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cctv.core import clock
from cctv.footage import playback
from cctv.footage.errors import FootageExpired
from cctv.footage.marks import bookmarks, selectors, stills
from cctv.footage.models import Segment
from cctv.footage.playlist import session_playlist
from cctv.footage.selectors import active_cameras, coverage
from cctv.footage.timeline.selectors import timeline
from cctv.footage.wall.selectors import wall
from cctv.ingest.health.selectors import counts
from cctv.vault import past
from tests.footage.conftest import TERMINAL, Room

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def reached() -> datetime:
    return clock.now() + timedelta(days=3650)


def listed(room: Room, session: Any) -> dict[str, bool]:
    """Of each list, whether it shows anything of what the gate's camera recorded."""
    start, end = room.starts_at, room.starts_at + timedelta(minutes=1)
    begin, stop = round(start.timestamp() * 1000), round(end.timestamp() * 1000)
    drawn = timeline(site=room.site, cameras=[room.gate], start=begin, end=stop, pixels=600)
    shown = next(row for row in wall(room.site, account=room.operator).rows if row.camera == room.gate)
    return {
        "coverage": bool(coverage(camera_id=room.gate.pk, start=start, end=end)),
        "playlist": ".m4s" in session_playlist(session, room.gate, plays_hevc=False),
        "timeline": bool(drawn.cameras["gate"].recorded),
        "stills": selectors.stills(site=room.site).exists(),
        "stills of a viewing": bool(selectors.stills_kept([session])),
        "bookmarks": selectors.bookmarks(site=room.site).exists(),
        "wall": shown.last_at is not None or bool(shown.spans),
        "retired": active_cameras(room.site).filter(pk=room.yard.pk).exists(),
        "health": bool(counts([room.gate.pk], since=start)),
    }


def test_invariant_3_a_clock_that_was_set_back_lists_and_shows_nothing_again(
    room: Room, settings: Any, request: pytest.FixtureRequest
) -> None:
    room.record(room.yard, room.starts_at)
    type(room.yard).objects.filter(pk=room.yard.pk).update(retired_at=clock.now())
    session = room.open()
    kept = stills.keep(session, camera=room.gate, at=room.starts_at, reason="the van")
    bookmarks.make(session, camera=room.gate, starts_at=room.starts_at, note="the van")
    assert set(listed(room, session).values()) == {True}
    settings.LETHE_KNOWN_PAST = f"{__name__}.reached"
    request.addfinalizer(past.forget)
    past.forget()
    assert {name for name, shows in listed(room, session).items() if shows} == set()
    with pytest.raises(FootageExpired):
        playback.segment_at(session, camera=room.gate, at=room.starts_at)
    with pytest.raises(FootageExpired):
        stills.show(
            kept, actor=room.operator, terminal=TERMINAL, purpose=room.purpose, reason="the van again"
        )
    assert Segment.objects.count() == 4
