"""The wall and the list of sites: what they say of made-up cameras, and that they send no picture."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cctv.core import clock
from cctv.footage.models import Segment, ViewingSession
from cctv.footage.restrictions.models import Restriction
from cctv.footage.wall import selectors
from cctv.retention.holds.models import Hold, HoldState
from cctv.sites.models import Site
from tests.footage.wall.rows import record

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nothing_cached(vault_ready):
    cache.clear()
    yield
    cache.clear()


def row_of(cast, camera):
    wall = selectors.wall(camera.site, account=cast.operator)
    return next(row for row in wall.rows if row.camera == camera)


def test_the_silent_camera_comes_first_and_says_how_much_is_missing(cast, sign_in):
    now = clock.now()
    record(cast.gate, now - 3 * HOUR, now - MINUTE)
    record(cast.lobby, now - 5 * HOUR, now - 2 * HOUR)
    wall = selectors.wall(cast.seoul, account=cast.operator)
    assert [(row.camera.code, row.verdict.state) for row in wall.rows] == [
        ("lobby", "silent"), ("gate", "recorded"),
    ]  # fmt: skip
    assert (wall.alive, wall.total, wall.needing) == (1, 2, 1)
    assert abs(wall.rows[0].missed_s - 2 * 3600) < 60
    page = sign_in(cast.operator).get(reverse("site", args=["seoul"])).content.decode()
    assert "1 camera needs somebody" in page
    assert "2 h missing, and it goes on" in page.replace("1 h 59 min", "2 h")


def test_gaps_of_the_last_day_are_told_of_a_camera_that_records_again(cast, sign_in):
    now = clock.now()
    for camera in (cast.gate, cast.lobby):
        record(camera, now - 30 * HOUR, now - 8 * HOUR)
        record(camera, now - 3 * HOUR, now - MINUTE)
    record(cast.lobby, now - 8 * HOUR, now - 3 * HOUR)
    wall = selectors.wall(cast.seoul, account=cast.operator)
    assert (wall.alive, wall.needing, wall.torn) == (2, 0, 1)
    assert abs(row_of(cast, cast.gate).gaps - 5 * HOUR) < 15 * MINUTE
    page = sign_in(cast.operator).get(reverse("site", args=["seoul"])).content.decode()
    assert "No camera needs somebody now, but 1 has gaps in the last 24 hours" in page
    assert page.count("missing in the last 24 hours") == 1
    assert "do what they should" not in page


def test_the_newest_and_the_worst_skew_of_today_are_told(cast):
    now = clock.now()
    record(cast.gate, now - 10 * MINUTE, now - 6 * MINUTE, every=MINUTE, clock_skew_ms=-40_000)
    record(cast.gate, now - 6 * MINUTE, now - MINUTE, every=MINUTE, clock_skew_ms=7_000)
    row = row_of(cast, cast.gate)
    assert (row.verdict.state, row.skew_s) == ("skew", 7)
    day = datetime.now(ZoneInfo("Asia/Seoul"))
    if (day.hour, day.minute) >= (0, 15):  # else the earlier ones were yesterday
        assert row.worst_skew_s == 40


def test_expired_footage_is_no_newest_footage(cast):
    now = clock.now()
    record(cast.gate, now - 5 * HOUR, now - 4 * HOUR)
    record(cast.gate, now - 4 * HOUR, now - MINUTE, expires_at=now - timedelta(seconds=1))
    row = row_of(cast, cast.gate)
    assert row.verdict.state == "silent"
    assert row.last_at is not None
    assert abs(row.last_at - (now - 4 * HOUR)) < timedelta(seconds=1)


def test_holds_and_restrictions_in_force_are_counted(cast):
    now = clock.now()
    record(cast.gate, now - HOUR, now - MINUTE)
    for number, state in enumerate((HoldState.PLACED, HoldState.ACTIVE, HoldState.RELEASED)):
        hold = Hold.objects.create(
            number=f"H-2026-000{number}", year=2026, sequence=number, site=cast.seoul, ground="incident",
            starts_at=now - HOUR, ends_at=now, until=now + HOUR, state=state, key_id="",
            placed_by=cast.operator,
        )  # fmt: skip
        hold.cameras.add(cast.gate)
    for lifted_at in (None, now):
        restriction = Restriction.objects.create(
            site=cast.seoul, starts_at=now - HOUR, ends_at=now, ground="objection", reason="asked",
            placed_by=cast.privacy_officer, lifted_at=lifted_at,
        )  # fmt: skip
        restriction.cameras.add(cast.gate)
    row = row_of(cast, cast.gate)
    assert (row.holds, row.restrictions) == (2, 1)
    assert (row_of(cast, cast.lobby).holds, row_of(cast, cast.lobby).restrictions) == (0, 0)
    (card,) = selectors.cards(Site.objects.filter(code="seoul"))
    assert (card.holds, card.restrictions, card.total, card.alive) == (2, 1, 2, 1)


def open_viewing(cast, **values) -> ViewingSession:
    now = clock.now()
    session = ViewingSession.objects.create(
        **{
            "actor": cast.operator, "site": cast.seoul, "purpose": cast.crime, "starts_at": now - HOUR,
            "ends_at": now, "valid_until": now + HOUR, "terminal": "127.0.0.1", **values,
        }
    )  # fmt: skip
    session.cameras.add(cast.gate)
    return session


def test_one_goes_on_with_ones_own_open_viewing_and_nobody_elses(cast, sign_in):
    now = clock.now()
    record(cast.gate, now - HOUR, now - MINUTE)
    mine = open_viewing(cast)
    others = [
        open_viewing(cast, closed_at=now),
        open_viewing(cast, valid_until=now - MINUTE),
        open_viewing(cast, actor=cast.osaka_operator),
    ]
    page = sign_in(cast.operator).get(reverse("site", args=["seoul"])).content.decode()
    assert reverse("viewing", args=[mine.pk]) in page
    assert not [other for other in others if str(other.pk) in page]
    assert row_of(cast, cast.lobby).viewing is None


@pytest.mark.parametrize("query", ["", "?live=site", "?live=screen"])
def test_invariant_1_the_wall_is_without_pictures_and_stays_in_no_cache(cast, sign_in, query):
    now = clock.now()
    record(cast.gate, now - HOUR, now - MINUTE, thumb_size_bytes=10)
    open_viewing(cast)
    answer = sign_in(cast.operator).get(reverse("site-wall", args=["seoul"]) + query)
    page = answer.content.decode()
    assert "Gate 1" in page
    assert "<img" not in page
    assert "thumb" not in page
    assert "no-store" in answer["Cache-Control"]
    assert ("<html" in page) == (query == "")
    assert ('class="nav"' in page) is False


def test_the_list_of_sites_says_what_is_in_order_and_the_oldest_gap(cast, sign_in):
    now = clock.now()
    record(cast.gate, now - 3 * HOUR, now - MINUTE)
    record(cast.lobby, now - 9 * HOUR, now - 7 * HOUR)
    page = sign_in(cast.operator).get(reverse("sites")).content.decode()
    assert "1 of 2 in order" in page
    assert "Lobby, 7 h" in page.replace("6 h 59 min", "7 h")
    assert "Minato Depot" not in page, "another site's"


def test_the_number_of_queries_does_not_grow_with_the_segments(cast):
    """What the wall costs is a few queries, and each camera's newest segment is one step into an index."""
    now = clock.now()

    def cost() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            selectors.wall(cast.seoul, account=cast.operator)
            selectors.cards(Site.objects.all())
        return len(queries)

    for camera in (cast.gate, cast.lobby):
        record(camera, now - HOUR, now - MINUTE)
    first = cost()
    for camera in (cast.gate, cast.lobby):
        record(camera, now - 30 * HOUR, now - 2 * HOUR)
    assert cost() == first
    assert Segment.objects.count() > 600


def test_who_may_not_browse_sees_no_wall(cast, sign_in):
    assert sign_in(cast.administrator).get(reverse("site-wall", args=["seoul"])).status_code == 403
    assert sign_in(cast.osaka_operator).get(reverse("site-wall", args=["seoul"])).status_code == 404
