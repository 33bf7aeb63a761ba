"""What the database tells of a view, beside the same told segment by segment; and who is told."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.footage.restrictions.models import Restriction
from cctv.footage.timeline import islands
from cctv.footage.timeline.islands import EPOCH, MILLISECOND, moment_of
from cctv.footage.timeline.spans import HOUR, MINUTE, SECOND, Grid, Span, union
from cctv.footage.timeline.states import JOIN
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.sites.models import Camera
from tests.footage.timeline.conftest import Rows
from tests.people.cast import Cast

pytestmark = pytest.mark.django_db
# Statements of our own.
both_databases = pytest.mark.both_databases

NOW = datetime(2026, 11, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)
STEPS_OF = {"scan": 10**9, "probe": 0}


def ms(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND


def chain(start: datetime, count: int, seconds: float) -> list[tuple[datetime, datetime]]:
    """Segments one after the other, 40 ms apart."""
    length = timedelta(seconds=seconds)
    return [
        (start + number * length, start + (number + 1) * length - timedelta(milliseconds=40))
        for number in range(count)
    ]


def some(dice: random.Random) -> list[tuple[datetime, datetime]]:
    """Segments of a few seconds to two hours that overlap and leave gaps, over a day."""
    found = []
    for _unused in range(dice.randrange(1, 40)):
        start = NOW - timedelta(seconds=dice.randrange(100_000), microseconds=dice.choice((0, 0, 250_000)))
        longest = dice.choice((10, 300, 7200))
        found.append((start, start + timedelta(seconds=dice.randrange(1, longest))))
    return found


@both_databases
@pytest.mark.parametrize("way", STEPS_OF)
def test_scanning_and_probing_tell_what_the_segments_themselves_tell(
    cast: Cast, rows: Rows, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    for dialect in (islands._Lite, islands._Postgres):
        monkeypatch.setattr(dialect, "probe_costs", STEPS_OF[way])
    dice = random.Random(5)
    for _round in range(15):
        Segment.objects.all().delete()
        spans = {camera.pk: some(dice) for camera in (cast.gate, cast.lobby)}
        for camera in (cast.gate, cast.lobby):
            rows(camera, spans[camera.pk])
        for pixels, hours in ((24, 24), (600, 24), (700, 1)):
            end = ms(NOW) - dice.randrange(3 * HOUR)
            grid = Grid.over(end - hours * HOUR, end, pixels=pixels)
            with clock.pretend(NOW + timedelta(hours=3)):
                found = islands.recorded(
                    [*spans], grid, join=max(JOIN, grid.step - 1), may_expire_before=dict.fromkeys(spans, 0)
                )
            for pk, known in spans.items():
                wanted = grid.drawn(union([(ms(a), ms(b)) for a, b in known], join=JOIN))
                assert grid.drawn(union(found[pk].spans, join=JOIN)) == wanted
                assert found[pk].first == ms(min(known)[0])
                assert found[pk].last == ms(max(b for _a, b in known))


@both_databases
@pytest.mark.parametrize("way", STEPS_OF)
def test_invariant_3_expired_footage_is_never_shown_as_recorded(
    cast: Cast, rows: Rows, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    for dialect in (islands._Lite, islands._Postgres):
        monkeypatch.setattr(dialect, "probe_costs", STEPS_OF[way])
    start = NOW - 31 * DAY
    hours = chain(start, 96, 3600)
    # One in the middle was given less time, and stands there unpurged.
    rows(cast.gate, hours[:60] + hours[61:])
    rows(cast.gate, hours[60:61], kept=DAY)
    with clock.pretend(NOW):
        answer = ask_as(cast, start, start + 4 * DAY)
    gate = answer["cameras"]["gate"]
    recorded, later = spans_of(answer, "gate", "recorded")
    missing = ms(start) + 60 * HOUR, ms(start) + 61 * HOUR
    # What ended thirty days ago has expired; the row that is next lasts an hour.
    assert recorded == (ms(start + DAY), missing[0])
    assert later == (missing[1], ms(start + 4 * DAY))
    assert gate["first"] == ms(start + DAY)
    assert gate["destroyed_before"] == pytest.approx(ms(NOW - 30 * DAY), abs=5 * MINUTE)
    assert spans_of(answer, "gate", "gaps") == [missing]
    # A day more of it ends within 24 hours.
    (expiring,) = spans_of(answer, "gate", "expiring")
    assert expiring[0] == recorded[0]
    assert abs(expiring[1] - ms(start + 2 * DAY)) <= HOUR


@both_databases
def test_held_footage_shows_though_it_has_expired_and_restricted_spans_though_nothing_is_there(
    cast: Cast, rows: Rows
) -> None:
    (old,) = rows(cast.gate, chain(NOW - 40 * DAY, 1, 3600))
    place_hold(cast, old, HoldState.ACTIVE)
    restricted = Restriction.objects.create(
        site=cast.seoul, starts_at=NOW - 41 * DAY, ends_at=NOW - 41 * DAY + timedelta(hours=2),
        ground="objection", reason="R-1", placed_by=cast.privacy_officer,
    )  # fmt: skip
    restricted.cameras.add(cast.gate)
    with clock.pretend(NOW):
        answer = ask_as(cast, NOW - 42 * DAY, NOW - 38 * DAY)
        assert spans_of(answer, "gate", "recorded") == []
        assert seconds(answer, "gate", "held") == pytest.approx(3600, abs=answer["resolution_ms"] / 1000)
        assert seconds(answer, "gate", "restricted") == 7200
        assert seconds(answer, "lobby", "held") == seconds(answer, "lobby", "restricted") == 0
        Hold.objects.update(state=HoldState.RELEASED)
        Restriction.objects.update(lifted_at=NOW)
        answer = ask_as(cast, NOW - 42 * DAY, NOW - 38 * DAY)
    assert seconds(answer, "gate", "held") == seconds(answer, "gate", "restricted") == 0


@both_databases
def test_hours_make_off_and_extra(cast: Cast, rows: Rows) -> None:
    # Seoul's Saturday; the 14th begins there at 15:00 UTC of the 13th.
    Camera.objects.filter(pk=cast.gate.pk).update(schedule=[[5, "08:00", "20:00"]])
    day = datetime(2026, 11, 13, 15, tzinfo=UTC)
    rows(cast.gate, chain(day + timedelta(hours=7), 12, 3600))
    with clock.pretend(day + 2 * DAY):
        answer = ask_as(cast, day, day + DAY)
    assert seconds(answer, "gate", "extra") == 3600
    assert seconds(answer, "gate", "off") == 11 * 3600
    assert seconds(answer, "gate", "gaps") == 3600


def place_hold(cast: Cast, segment: Segment, state: HoldState) -> None:
    hold = Hold.objects.create(
        number="H-2026-0001", year=2026, sequence=1, site=cast.seoul, case="1", ground="incident",
        starts_at=segment.starts_at, ends_at=segment.ends_at, until=NOW + 90 * DAY, state=state, key_id="",
        placed_by=cast.operator,
    )  # fmt: skip
    hold.cameras.add(segment.camera)
    HeldObject.objects.create(hold=hold, segment=segment, wrapped_key=b"k")


def ask_as(cast: Cast, start: datetime, end: datetime, **query: Any) -> dict[str, Any]:
    client = Client()
    client.force_login(cast.operator)
    address = "/sites/seoul/timeline.json"
    response = client.get(address, {"from": ms(start), "to": ms(end), "px": 1440, **query})
    assert response.status_code == 200, response.content
    assert "no-store" in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]
    return dict(json.loads(response.content))


def spans_of(answer: dict[str, Any], camera: str, name: str) -> list[Span]:
    grid = Grid(answer["from"], answer["to"], answer["resolution_ms"])
    return grid.decode(answer["cameras"][camera][name])


def seconds(answer: dict[str, Any], camera: str, name: str) -> int:
    return sum(end - start for start, end in spans_of(answer, camera, name)) // SECOND


@pytest.mark.django_db(databases=["default", "log"])
@pytest.mark.usefixtures("vault_ready")
def test_invariant_8_only_cameras_of_ones_own_site_are_told_of(cast: Cast) -> None:
    client = Client(headers={"Accept": "application/json"})
    client.force_login(cast.operator)
    span: dict[str, Any] = {"from": ms(NOW), "to": ms(NOW) + HOUR}
    assert [*client.get("/sites/seoul/timeline.json", span).json()["cameras"]] == ["gate", "lobby"]
    one = client.get("/sites/seoul/timeline.json", {**span, "camera": "lobby"}).json()["cameras"]
    assert [*one] == ["lobby"]
    for address, query in (("osaka", span), ("seoul", {**span, "camera": ["gate", "mon"]})):
        refused = client.get(f"/sites/{address}/timeline.json", query)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")


def test_a_retired_camera_shows_while_footage_of_it_remains(cast: Cast, rows: Rows) -> None:
    rows(cast.gate, chain(NOW - DAY, 2, 3600))
    Camera.objects.update(retired_at=NOW - DAY + timedelta(hours=2))
    with clock.pretend(NOW):
        answer = ask_as(cast, NOW - DAY, NOW)
        assert [*answer["cameras"]] == ["gate"]
        assert spans_of(answer, "gate", "gaps") == []
    with clock.pretend(NOW + 40 * DAY):
        assert ask_as(cast, NOW - DAY, NOW)["cameras"] == {}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"from": "x", "to": "1"},
        {"from": 5, "to": 5},
        {"from": 0, "to": 63 * 24 * HOUR},
        {"from": 0, "to": HOUR, "px": 99},
        {"from": 0, "to": "9" * 15},
        {"from": "-1", "to": HOUR},
        {"from": "٣", "to": HOUR},
    ],
)
def test_what_no_timeline_can_be_drawn_of_is_refused(cast: Cast, query: dict[str, Any]) -> None:
    client = Client(headers={"Accept": "application/json"})
    client.force_login(cast.operator)
    refused = client.get("/sites/seoul/timeline.json", query)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "timeline_refused")
    assert refused.json()["error"]["hint"]


@both_databases
def test_a_month_of_sixteen_torn_cameras_is_a_small_answer(cast: Cast, rows: Rows) -> None:
    camera = cast.gate
    names = [Camera(site=camera.site, zone=camera.zone, code=f"c-{n}", name=f"C {n}", legal_basis="x")
             for n in range(14)]  # fmt: skip
    cameras = [camera, cast.lobby, *Camera.objects.bulk_create(names)]
    # As torn as a view of a month can show it: every other step is recorded.
    torn = [(NOW - 29 * DAY + n * timedelta(hours=1), NOW - 29 * DAY + n * timedelta(hours=1, seconds=1))
            for n in range(29 * 24)]  # fmt: skip
    for each in cameras:
        rows(each, [(start, start + timedelta(minutes=10)) for start, _end in torn], kept=40 * DAY)
    client = Client()
    client.force_login(cast.operator)
    with clock.pretend(NOW):
        response = client.get(
            "/sites/seoul/timeline.json", {"from": ms(NOW - 31 * DAY), "to": ms(NOW), "px": 4096}
        )
    assert len(json.loads(response.content)["cameras"]) == 16
    assert len(response.content) <= 150_000
    assert moment_of(json.loads(response.content)["cameras"]["gate"]["first"]) == NOW - 29 * DAY
    assert json.loads(response.content)["resolution_ms"] == 30 * MINUTE
