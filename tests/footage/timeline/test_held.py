"""What holds keep, told step by step: whatever a hold keeps, the answer is as large as what is drawn."""

import random
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cctv.footage.models import Segment
from cctv.footage.timeline.islands import to_ms
from cctv.footage.timeline.spans import HOUR, Grid, union
from cctv.footage.timeline.states import JOIN
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.retention.holds.selectors import held_spans
from cctv.sites.models import Camera
from tests.footage.timeline.conftest import Rows
from tests.people.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 11, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def place(cast: Cast, cameras: Sequence[Camera], kept: Sequence[Segment], state: str = "active") -> Hold:
    number = Hold.objects.count() + 1
    hold = Hold.objects.create(
        number=f"H-{number}", year=2026, sequence=number, site=cast.seoul, case="1", ground="incident",
        starts_at=min(each.starts_at for each in kept), ends_at=max(each.ends_at for each in kept),
        until=NOW + 90 * DAY, state=state, key_id="", placed_by=cast.operator,
    )  # fmt: skip
    hold.cameras.set(cameras)
    HeldObject.objects.bulk_create(
        HeldObject(hold=hold, segment=segment, wrapped_key=b"k") for segment in kept
    )
    return hold


def test_what_is_told_is_what_the_held_segments_themselves_tell(cast: Cast, rows: Rows) -> None:
    dice = random.Random(5)
    cameras = (cast.gate, cast.lobby)
    for _round in range(12):
        HeldObject.objects.all().delete()
        Segment.objects.all().delete()
        kept: dict[UUID, list[tuple[int, int]]] = {camera.pk: [] for camera in cameras}
        for state in (HoldState.ACTIVE, HoldState.PLACED, HoldState.RELEASED, HoldState.ACTIVE):
            made = []
            for camera in cameras:
                spans = []
                for _unused in range(dice.randrange(1, 15)):
                    start = NOW - timedelta(seconds=dice.randrange(200_000), microseconds=250_000)
                    spans.append((start, start + timedelta(seconds=dice.randrange(1, 7200))))
                made += rows(camera, spans, kept=dice.choice((DAY, timedelta(seconds=1))))
            held = [each for each in made if dice.random() < 0.7] or made[:1]
            place(cast, cameras, held, state)
            for each in held if state != HoldState.RELEASED else ():
                kept[each.camera_id].append((to_ms(each.starts_at), to_ms(each.ends_at)))
        for pixels, hours in ((24, 24), (600, 24), (700, 1)):
            end = to_ms(NOW) - dice.randrange(24 * HOUR)
            grid = Grid.over(end - hours * HOUR, end, pixels=pixels)
            found = held_spans(camera_ids=[camera.pk for camera in cameras], grid=grid)
            for pk, known in kept.items():
                told = grid.drawn(union(found.get(pk, []), join=JOIN))
                assert told == grid.drawn(union(grid.drawn(known), join=JOIN))


def test_a_hold_over_thousands_of_segments_takes_no_more_memory_than_what_is_drawn(
    cast: Cast, rows: Rows
) -> None:
    length, count = timedelta(seconds=10), 4000
    start = NOW - count * length
    made = rows(cast.gate, [(start + n * length, start + (n + 1) * length) for n in range(count)])
    place(cast, [cast.gate], made)
    grid = Grid.over(to_ms(start), to_ms(NOW), pixels=100)
    held_spans(camera_ids=[cast.gate.pk], grid=grid)
    tracemalloc.start()
    found = held_spans(camera_ids=[cast.gate.pk], grid=grid)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == {cast.gate.pk: [(grid.start, grid.end)]}
    assert peak < 300_000, "a row for each segment would take more than a megabyte"
