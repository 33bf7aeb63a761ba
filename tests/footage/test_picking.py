"""A stretch that was chosen on a timeline goes to the purpose sheet exactly, and the way back leads to it."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from cctv.core.localtime import zone_names
from cctv.footage.forms import SpanForm
from cctv.footage.models import ViewingSession
from cctv.people.models import RoleGrant
from tests.footage.conftest import Room

pytestmark = pytest.mark.django_db(databases=["default", "log"])
FROM, TO = "2026-11-14T01:02:10.250Z", "2026-11-14T01:09:40Z"
DAY = timedelta(days=1)


def span_form(room: Room, **fields: Any) -> SpanForm:
    data = {"camera": ["gate"], **fields}
    return SpanForm(data, site=room.site)


def test_exact_moments_are_taken_as_they_are_and_days_still_work(room: Room) -> None:
    exact = span_form(room, **{"from": FROM, "to": TO})
    assert exact.is_valid(), exact.errors
    assert exact.cleaned_data["span"] == (
        datetime(2026, 11, 14, 1, 2, 10, 250_000, tzinfo=UTC),
        datetime(2026, 11, 14, 1, 9, 40, tzinfo=UTC),
    )
    other_clock = span_form(room, **{"from": "2026-11-14T10:02:10+09:00", "to": TO})
    assert other_clock.is_valid()
    assert other_clock.cleaned_data["span"][0] == datetime(2026, 11, 14, 1, 2, 10, tzinfo=UTC)
    by_day = span_form(room, day="2026-11-14", start="10:02:10", end="10:09:40")
    assert by_day.is_valid()
    assert by_day.cleaned_data["span"][1] == datetime(2026, 11, 14, 1, 9, 40, tzinfo=UTC)


def test_what_is_no_span_of_footage_is_refused(room: Room) -> None:
    refused = [
        ("2026-11-14T10:02:10", TO),  # by which clock?
        ("yesterday", TO),
        ("2026-02-30T00:00:00Z", TO),
        ("0001-01-01T00:00:00Z", TO),
        ("9999-12-31T23:59:59-12:00", TO),
        (FROM, ""),
        (TO, FROM),
        (FROM, FROM),
        ("2026-10-01T00:00:00Z", "2026-11-14T00:00:00Z"),  # more than 31 days
    ]
    for start, end in refused:
        assert not span_form(room, **{"from": start, "to": end}).is_valid(), (start, end)
    page = {"camera": "gate", "from": "yesterday", "to": TO}
    assert room.client(room.operator).get("/sites/seoul/view/", page).status_code == 400


def test_a_chosen_stretch_opens_a_viewing_of_several_days_and_leads_back_to_its_timeline(room: Room) -> None:
    client = room.client(room.operator)
    start, end = room.starts_at - 20 * DAY, room.starts_at + timedelta(seconds=30)
    chosen = {
        "from": start.isoformat().replace("+00:00", "Z"),
        "to": end.isoformat().replace("+00:00", "Z"),
        "camera": ["gate", "yard"],
    }
    sheet = client.get(f"/sites/seoul/view/?{urlencode(chosen, doseq=True)}")
    assert sheet.status_code == 200
    text = html.unescape(sheet.content.decode())
    assert f"/sites/seoul/?{urlencode(chosen, doseq=True)}" in text
    fields = dict(re.findall(r'<input type="hidden" name="(from|to)" value="([^"]+)"', text))
    assert fields == {name: chosen[name] for name in ("from", "to")}
    opened = client.post(
        "/sites/seoul/view/", {**chosen, **fields, "purpose": "crime-prevention", "minutes": "30"}
    )
    assert opened.status_code == 302
    session = ViewingSession.objects.get()
    assert (session.starts_at, session.ends_at) == (start, end)
    assert session.cameras.count() == 2


def test_the_sites_page_offers_what_the_person_may_do(room: Room) -> None:
    page = room.client(room.operator).get("/sites/seoul/").content.decode()
    facts = json.loads(re.search(r'id="timeline-facts"[^>]*>([^<]+)<', page)[1])  # type: ignore[index]
    assert facts["url"] == "/sites/seoul/timeline.json"
    assert [each["code"] for each in facts["cameras"]] == ["gate", "yard"]
    assert facts["zoneNames"] == {"540": "KST"}
    assert facts["ends"] - facts["starts"] == 24 * 3600 * 1000
    assert ">View</button>" in page
    assert ">Hold it</button>" in page
    RoleGrant.objects.create(account=room.elsewhere, role="approver", site=room.site)
    other = room.client(room.elsewhere).get("/sites/seoul/").content.decode()
    assert 'id="timeline-facts"' in other
    assert ">View</button>" not in other
    assert ">Hold it</button>" in other


def test_a_zone_is_called_by_its_letters_or_by_its_distance_from_utc() -> None:
    around = datetime(2026, 11, 14, tzinfo=UTC)
    assert zone_names(ZoneInfo("Europe/Berlin"), around) == {60: "CET", 120: "CEST"}
    assert zone_names(ZoneInfo("America/St_Johns"), around) == {-150: "NDT", -210: "NST"}
    assert zone_names(ZoneInfo("Asia/Dubai"), around) == {240: "UTC+04"}
