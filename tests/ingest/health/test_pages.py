"""The pages of health: a healthy camera, each illness with its sentence, and what operators may not see."""

import csv
import io
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils.html import strip_tags

from cctv.core import clock
from cctv.footage.models import ErasedSpan
from cctv.ingest.health import report, selectors, words
from cctv.ingest.models import Quarantined, Source
from cctv.vault import facts as vault
from tests.footage.wall.rows import epoch, record

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_cached(vault_ready):
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def now() -> datetime:
    return clock.now().replace(microsecond=0)


@pytest.fixture
def well(cast, now):
    """Both cameras of Seoul have recorded for eight days, and do."""
    for camera in (cast.gate, cast.lobby):
        record(camera, now - 8 * DAY, now - MINUTE, every=HOUR)
    return cast


def text_of(answer) -> str:
    assert answer.status_code == 200
    return " ".join(unescape(strip_tags(answer.content.decode())).split())


@pytest.fixture
def page(cast, sign_in):
    def open_page(name: str, *args: str, who=None, query: str = "") -> str:
        return text_of(sign_in(who or cast.operator).get(reverse(name, args=args) + query))

    return open_page


def illnesses(camera, **options) -> list[str]:
    found = words.of_camera(report.of_camera(camera, days=7), sees_ingest=False)
    assert all(problem.todo for problem in found), "each says what to do"
    return [f"{problem.tone}: {problem.what}" for problem in found]


def test_a_healthy_camera_is_well_and_so_is_its_site(well, page):
    assert illnesses(well.gate) == []
    assert "Nothing is wrong with this camera" in page("camera-health", "seoul", "gate")
    text = page("site-health", "seoul")
    assert "Nothing is wrong with the site" in text
    assert "recording is in quarantine" not in text
    for query in ("?days=30", "?days=x", "?days=99999"):
        assert page("camera-health", "seoul", "gate", query=query)


def test_a_camera_that_never_recorded_says_so(cast, page):
    (ill,) = (each for each in illnesses(cast.gate) if "no footage" in each)
    assert ill.startswith("bad")
    assert "No footage" in page("site-health", "seoul")


def test_gaps_have_the_reason_that_what_is_known_allows(well, cast, now):
    gate, spans = cast.gate, [(now - (n + 1) * DAY, now - (n + 1) * DAY + HOUR) for n in range(4)]
    for start, end in spans:
        gate.segments.filter(starts_at__lt=end, ends_at__gt=start).delete()
    first, last = spans[0]
    ErasedSpan.objects.create(camera=gate, starts_at=first - HOUR, ends_at=last + HOUR, until=now + DAY)
    quarantine(cast, gate, claimed_start=spans[1][0], size_bytes=100_000_000)
    cast.lobby.segments.filter(starts_at__lt=spans[2][1], ends_at__gt=spans[2][0]).delete()
    found = [gap.reason for gap in report.of_camera(gate, days=7).health.gaps]
    assert found == ["alone", "together", "quarantine", "erased"]


def quarantine(cast, camera, **values) -> Quarantined:
    now = clock.now()
    number = Quarantined.objects.count()
    return Quarantined.objects.create(
        **{
            "site": camera.site, "camera": camera, "epoch": epoch(camera, now + DAY),
            "original_name": "nvr/secret-name.mp4", "reason_code": "truncated", "reason": "cut off",
            "expires_at": now + DAY, "size_bytes": 5, "sealed_name": f"q/{number}", "wrapped_key": b"x",
            "ciphertext_sha256": b"x" * 32, "duplicate_tag": number.to_bytes(32, "big"), **values,
        }
    )  # fmt: skip


def test_an_open_gap_is_told_with_what_to_do_and_the_csv_has_all_gaps(well, cast, page, sign_in, now):
    cast.gate.segments.filter(ends_at__gt=now - 2 * HOUR).delete()
    cast.gate.segments.filter(starts_at__gt=now - DAY, ends_at__lt=now - DAY + 3 * HOUR).delete()
    assert "It is silent" in illnesses(cast.gate)[0]
    assert "Goes on" in page("camera-health", "seoul", "gate")
    answer = sign_in(cast.operator).get(reverse("site-gaps", args=["seoul"]), {"camera": "gate"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 3
    assert [row[0] for row in rows[1:]] == ["gate", "gate"]
    assert [row[6] for row in rows[1:]] == ["", "yes"]
    assert all("+09:00" in row[3] for row in rows[1:])
    assert answer["Content-Disposition"].startswith('attachment; filename="gaps-seoul-gate-')
    whole = sign_in(cast.operator).get(reverse("site-gaps", args=["seoul"])).content.decode()
    assert whole.count("\r\n") == 3, "the lobby has no gap"
    assert (
        sign_in(cast.operator).get(reverse("site-gaps", args=["seoul"]), {"camera": "mon"}).status_code == 404
    )


def test_what_lies_out_of_the_hours_or_past_its_retention_is_no_gap(cast, now):
    some_day = now.astimezone(ZoneInfo("Asia/Seoul")) - 3 * DAY
    cast.lobby.schedule = [[some_day.weekday(), "00:00", "24:00"]]
    cast.lobby.save()
    record(cast.lobby, now - 2 * MINUTE, now - MINUTE, every=MINUTE, out_of_schedule=True)
    health = report.of_camera(cast.lobby, days=7).health
    # of seven days one is within the hours, and the lobby's footage is kept seven days
    assert health.wanted_s == 24 * 3600
    assert sum(gap.seconds for gap in health.gaps) == health.wanted_s
    record(cast.gate, now - 20 * DAY, now - MINUTE, every=timedelta(hours=2), expires_at=now + DAY)
    assert report.of_camera(cast.gate, days=30).health.wanted_s == pytest.approx(30 * 86400)


def test_a_wrong_clock_sound_and_footage_out_of_hours_are_told(well, cast, page, now):
    fields = {"clock_skew_ms": -12_000, "source_audio": "aac", "out_of_schedule": True, "width": 1920}
    cast.gate.segments.filter(starts_at__gt=now - 3 * HOUR).update(**fields)
    told = " ".join(illnesses(cast.gate))
    for sentence in (
        "clock is 12 s fast", "lie out of its recording hours", "sends sound, and it is dropped",
        "changed from H264 1280×720 to H264 1920×720",
    ):  # fmt: skip
        assert sentence in told
    cast.gate.segments.update(audio_kept=True)
    assert "sends sound" not in " ".join(illnesses(cast.gate))
    assert "Clock is off" in page("site-health", "seoul")


def test_recordings_that_come_late_are_told_but_not_those_brought_in(well, cast, now):
    late = cast.gate.segments.filter(starts_at__gt=now - 12 * HOUR)
    for segment in late:
        late.filter(pk=segment.pk).update(ingested_at=segment.ends_at + MINUTE)
    assert "Recordings come late" in " ".join(illnesses(cast.gate))
    assert report.of_camera(cast.gate, days=7).health.lag_p95_s == 60
    late.update(ingested_from="import")
    assert "Recordings come late" not in " ".join(illnesses(cast.gate))


def test_operators_see_reasons_and_administrators_names_and_the_retry(well, cast, page):
    quarantine(cast, cast.gate)
    Source.objects.create(
        site=cast.seoul, name="Hidden NVR", layout="ffmpeg", folder="/srv/hidden",
        last_error_code="folder_unreadable", last_error="x",
    )  # fmt: skip
    for name, args in (("site-health", ["seoul"]), ("camera-health", ["seoul", "gate"])):
        operators = page(name, *args)
        assert "The file is cut off" in operators
        assert "A source of recordings does not work" in operators
        for secret in ("secret-name", "Hidden NVR", "/srv/hidden", "Retry"):
            assert secret not in operators
        administrators = page(name, *args, who=cast.administrator)
        for told in ("secret-name", "Hidden NVR", "Retry"):
            assert told in administrators
        assert "/srv/hidden" not in administrators


def test_a_retry_leads_back_to_the_page_and_to_nowhere_else(cast, sign_in):
    row = quarantine(cast, cast.gate, expires_at=clock.now() - MINUTE)
    client, here = sign_in(cast.administrator), reverse("site-health", args=["seoul"])
    assert client.post(reverse("quarantine-retry", args=[row.pk]), {"next": here}).status_code == 410
    from django.test import RequestFactory

    from cctv.ingest.views import _back

    asks: Any = RequestFactory()
    assert _back(asks.post("/", {"next": here})) == here
    for elsewhere in ("https://evil.example/", "//evil.example/", ""):
        assert _back(asks.post("/", {"next": elsewhere})) == ""


def test_the_store_says_when_it_is_full_and_what_ends(well, cast, page, now, monkeypatch):
    rate = selectors.store_rate()
    assert rate.incoming_per_day == pytest.approx(2 * 24 * 1_000_000, rel=0.05)
    assert sum(rate.freed_by_day) == 0, "kept for thirty days, and eight are there"
    room = vault.StoreRoom("disk", int(rate.incoming_per_day * 2), 10**12)
    monkeypatch.setattr(vault, "store_room", lambda: room)
    found = report.store()
    assert found.full_in_days == pytest.approx(2, rel=0.01)
    assert re.search(r"full in (2 days|1 day 23 h)", page("site-health", "seoul"))
    monkeypatch.setattr(vault, "store_room", lambda: vault.StoreRoom("away"))
    assert "The store cannot be reached" in page("site-health", "seoul")
    monkeypatch.setattr(vault, "store_room", lambda: vault.StoreRoom("bucket"))
    assert "Footage goes to a bucket" in page("site-health", "seoul")


def test_what_reaches_its_end_is_counted_for_a_day_and_a_week(well, cast, now):
    cast.gate.segments.filter(starts_at__lt=now - 7 * DAY).update(expires_at=now + HOUR)
    counts = report.of_camera(cast.gate, days=7).health.counts
    ending = cast.gate.segments.filter(expires_at=now + HOUR).count()
    assert (counts.ending_day, counts.ending_week) == (ending, ending)
    site = report.of_site(cast.seoul, days=7)
    assert (site.ending_day, site.ending_week) == (ending, ending)


def test_the_whole_site_silent_is_one_sentence(cast, page, now):
    for camera in (cast.gate, cast.lobby):
        record(camera, now - DAY, now - 5 * HOUR, every=timedelta(hours=1))
    assert "No camera of the site delivers anything." in page("site-health", "seoul")
