"""A long session's playlist comes in windows of recorded time, and fast playing needs keyframes only."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.footage import playlist, viewing
from cctv.footage.errors import SpanRefused
from cctv.footage.models import Segment, ViewedSpan
from tests.footage.conftest import SEGMENT_S, TERMINAL, Room, body_of
from tests.media.clips import numbers_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "log"])


def window(room: Room, session: Any, start: datetime | None = None, end: datetime | None = None) -> str:
    """The playlist from `start` to `end`."""
    asked = {"from": start, "to": end}
    query = "&".join(f"{name}={quote(clock.rfc3339(at))}" for name, at in asked.items() if at)
    answer = room.client(room.operator).get(f"{room.urls(session)['playlist']}?{query}")
    assert answer.status_code == 200, body_of(answer)
    return body_of(answer).decode()


def parts_in(text: str) -> list[str]:
    return re.findall(r"^\S+\.m4s\S*$", text, re.M)


def test_a_window_holds_the_parts_that_show_some_of_it_and_says_what_lies_beside_it(room: Room) -> None:
    session = room.open()
    second = room.starts_at + timedelta(seconds=SEGMENT_S)
    text = window(room, session, second, second + timedelta(seconds=SEGMENT_S))
    middle = Segment.objects.order_by("starts_at")[1]
    assert [part.split("/")[0] for part in parts_in(text)] == [str(middle.pk)]
    assert f"# previous {clock.rfc3339(second)}" in text
    assert f"# next {clock.rfc3339(second + timedelta(seconds=SEGMENT_S))}" in text


def test_without_a_window_a_short_session_is_listed_whole(room: Room) -> None:
    text = window(room, room.open())
    assert len(parts_in(text)) == 3
    assert "# next" not in text
    assert "# previous" not in text


def test_a_window_is_kept_inside_the_session_and_is_at_most_six_hours(room: Room) -> None:
    session = room.open()
    month = timedelta(days=31)
    text = window(room, session, room.starts_at - month, room.starts_at + month)
    assert f"# from {clock.rfc3339(session.starts_at)}" in text
    assert f"# to {clock.rfc3339(session.ends_at)}" in text
    long = long_session(room)
    assert f"# to {clock.rfc3339(long.starts_at + playlist.WINDOW)}" in window(room, long)


@pytest.mark.parametrize("query", ["from=yesterday", "from=2026-01-01T10:00:00", "to=2020-01-01T00:00:00Z"])
def test_what_is_no_span_is_refused_in_words(room: Room, query: str) -> None:
    address = f"{room.urls(room.open())['playlist']}?{query}"
    answer = room.client(room.operator).get(address, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "window_refused")


def test_a_part_s_own_time_counts_from_the_session_s_origin_whatever_was_not_recorded(room: Room) -> None:
    late = room.record(room.gate, room.starts_at + timedelta(seconds=40))
    session = room.open()
    (part,) = [each for each in parts_in(window(room, session)) if each.startswith(str(late.pk))]
    told = float(re.findall(r"t=([\d.]+)", part)[0])
    assert told == (late.starts_at - playlist.origin(session)).total_seconds() * 1000


def test_fast_playing_gets_the_keyframes_of_the_same_seconds_under_the_same_entry(room: Room) -> None:
    session = room.open()
    client, urls = room.client(room.operator), room.urls(session)
    whole = body_of(client.get(urls["part"]))
    entries = LogEntry.objects.count()
    few = body_of(client.get(f"{urls['part']}&keys=1"))
    assert LogEntry.objects.count() == entries
    assert numbers_of(body_of(client.get(urls["init"])) + few) == list(range(0, SEGMENT_S * 25, 50))
    assert len(few) < len(whole) / 2
    (sent,) = ViewedSpan.objects.values_list("starts_at", "ends_at")
    assert sent == (room.starts_at, room.starts_at + timedelta(seconds=SEGMENT_S))


def test_a_month_of_sixteen_cameras_may_be_viewed_and_not_more(room: Room) -> None:
    assert long_session(room).ends_at
    with pytest.raises(SpanRefused):
        long_session(room, days=33)


def long_session(room: Room, *, days: int = 31) -> Any:
    """A viewing of a month."""
    return viewing.open_viewing(
        actor=room.operator,
        terminal=TERMINAL,
        cameras=[room.gate],
        purpose=room.purpose,
        starts_at=room.starts_at - timedelta(days=1),
        ends_at=room.starts_at + timedelta(days=days - 1),
        minutes=30,
    )
