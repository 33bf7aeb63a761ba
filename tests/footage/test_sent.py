"""What was sent is noted in as few stretches as it was, whatever the order in which parts left."""

from datetime import timedelta

import pytest

from cctv.footage import viewing
from cctv.footage.models import ViewedSpan
from tests.footage.conftest import Room

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


@pytest.mark.parametrize(
    ("sent", "noted"),
    [
        ([(0, 8), (8, 16)], [(0, 16)]),
        ([(0, 8), (16, 24), (8, 16)], [(0, 24)]),
        ([(16, 24), (0, 8)], [(0, 8), (16, 24)]),
        ([(0, 24), (8, 16)], [(0, 24)]),
        ([(8, 16), (0, 24)], [(0, 24)]),
        ([(0, 8), (8.1, 16), (30, 38), (29.9, 30)], [(0, 16), (29.9, 38)]),
    ],
    ids=["on", "a gap is filled", "a gap stays", "again", "around", "almost touching"],
)
def test_neighbouring_stretches_of_video_join(
    room: Room, sent: list[tuple[float, float]], noted: list[tuple[float, float]]
) -> None:
    session = room.open()
    for start, end in sent:
        viewing.record_sent(
            session,
            camera=room.gate,
            start=room.starts_at + timedelta(seconds=start),
            end=room.starts_at + timedelta(seconds=end),
        )
    rows = ViewedSpan.objects.order_by("starts_at").values_list("starts_at", "ends_at")
    found = [tuple((each - room.starts_at).total_seconds() for each in row) for row in rows]
    assert found == noted


def test_pictures_stay_single(room: Room) -> None:
    session = room.open()
    for _ in range(2):
        viewing.record_sent(
            session,
            camera=room.gate,
            start=room.starts_at,
            end=room.starts_at + timedelta(milliseconds=1),
            kind="still",
        )
    assert ViewedSpan.objects.filter(kind="still").count() == 2
