"""However many cameras a site has, and however torn its recordings are, health is asked in bounded steps."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cctv.core import clock
from cctv.footage.timeline import islands
from cctv.footage.timeline.spans import Grid
from cctv.ingest.health import gaps, report, selectors
from tests.footage.wall.rows import record

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("vault_ready")]

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


def torn(camera, count: int, *, pause: timedelta):
    """Recordings of ten seconds up to now, each with a pause behind it."""
    now = clock.now().replace(microsecond=0)
    made = record(camera, now - count * (10 * SECOND + pause), now, every=10 * SECOND + pause)
    for segment in made:
        segment.ends_at -= pause
    type(made[0]).objects.bulk_update(made, ["ends_at"], batch_size=500)


def table_of(client, **query) -> list[list[str]]:
    answer = client.get(reverse("site-gaps", args=["seoul"]), query)
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]


def test_a_recorder_that_pauses_all_the_time_is_not_asked_after_gap_by_gap(cast, sign_in):
    torn(cast.gate, 300, pause=3 * SECOND)
    client = sign_in(cast.operator)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        rows = table_of(client, camera="gate")
    assert len(rows) > 290
    assert len(asked) < 60


def test_the_table_says_what_is_left_out_of_it(cast, sign_in, monkeypatch):
    torn(cast.gate, 30, pause=2 * MINUTE)
    monkeypatch.setattr(report, "MOST_GAPS", 20)
    monkeypatch.setattr(report, "MOST_EXPLAINED", 5)
    *rows, left, unexplained = table_of(sign_in(cast.operator), camera="gate")
    assert len(rows) == 20
    assert sum(bool(row[7]) for row in rows) == 5
    assert [row[3] for row in rows] == sorted(row[3] for row in rows)
    assert "shorter gaps are left out" in left[0]
    assert "Without a reason" in unexplained[0]


def test_a_site_is_told_of_page_by_page(cast, sign_in, monkeypatch):
    monkeypatch.setattr(report, "PAGE", 1)
    client, address = sign_in(cast.operator), reverse("site-health", args=["seoul"])
    shown = [client.get(address, {"page": page}).content.decode() for page in ("1", "2", "99", "x")]
    first, second = (reverse("camera-health", args=["seoul", code]) for code in ("gate", "lobby"))
    assert [(first in text, second in text) for text in shown] in (
        [(True, False), (False, True), (False, True), (True, False)],
        [(False, True), (True, False), (True, False), (False, True)],
    )
    assert "Cameras 1 to 1 of 2" in shown[0]
    assert "Cameras 2 to 2 of 2" in shown[1]
    assert "No camera of the site delivers anything" not in shown[0], "of the others nobody asked"
    assert "Cameras 1 to 1 of 2" in table_of(client)[-1][0]


def test_a_month_of_many_cameras_is_looked_at_in_coarse_steps_but_for_the_last_day(cast, monkeypatch):
    torn(cast.gate, 60, pause=3 * SECOND)
    some_days_ago = clock.now() - 5 * DAY
    record(cast.gate, some_days_ago, some_days_ago + DAY / 4, every=MINUTE)
    looked: list[Grid] = []
    real = islands.recorded

    def noted(cameras, grid, **options):
        looked.append(grid)
        return real(cameras, grid, **options)

    monkeypatch.setattr(islands, "recorded", noted)
    now = clock.now()
    site = report.of_site(cast.seoul, days=30)
    fine = [grid for grid in looked if grid.step == 1 and grid.end - grid.start > DAY // MINUTE * 60_000]
    assert not fine, "only a day is scanned to the millisecond"
    (gate,) = (each for each in site.cameras if each.camera == cast.gate)
    assert sum(gaps.is_pause(gap) for gap in gate.gaps) >= 58
    monkeypatch.undo()
    since = now - 30 * DAY
    coarse, exact = (selectors.recorded([cast.gate.pk], since, now, coarse=each) for each in (True, False))
    (before, *lately), (exactly, *exactly_lately) = coarse[cast.gate.pk], exact[cast.gate.pk]
    assert lately == exactly_lately
    step = timedelta(minutes=30)
    assert exactly[0] - step < before[0] <= exactly[0] < exactly[1] <= before[1] < exactly[1] + step
