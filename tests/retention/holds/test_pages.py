"""The pages of holds: quick for the operator, plain for the approver, and known only to whom they may be."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from accesslog.errors import LogUnavailable
from cctv.core import clock
from cctv.footage.models import ViewingSession
from cctv.people.models import Account
from cctv.retention.holds import services, telling
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.sites.models import Purpose
from tests.retention.holds.court import CASE, DAY, HOUR, Court
from tests.retention.people import step_up
from tests.retention.yard import Sealed

pytestmark = pytest.mark.django_db(databases=["default", "log"])
SEOUL = ZoneInfo("Asia/Seoul")


def text_of(answer: Any, status: int = 200) -> str:
    """The words of a page, without markup."""
    assert answer.status_code == status, answer.content[:2000]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def signed_in(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client


def form_values(page: Any) -> dict[str, Any]:
    """What the browser would send back if nothing was changed."""
    html = page.content.decode()
    values: dict[str, Any] = {"camera": []}
    for tag in re.findall(r"<input[^>]+>", html):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or ('type="checkbox"' in tag and "checked" not in tag):
            continue
        if name[1] == "camera":
            values["camera"].append(value[1] if value else "")
        elif name[1] != "csrfmiddlewaretoken":
            values[name[1]] = value[1] if value else ""
    if area := re.search(r'<textarea name="reason"[^>]*>\n?([^<]*)</textarea>', html):
        values["reason"] = area[1]
    if ground := re.search(r'<option value="([^"]+)"[^>]* selected', html):
        values["ground"] = ground[1]
    return values


def viewing_of(court: Court, sealed: Sealed) -> ViewingSession:
    purpose = Purpose.objects.create(organisation=court.yard.sites[0].organisation, code="p", name="Safety")
    session = ViewingSession.objects.create(
        actor=court.people.operator, site=court.yard.sites[0], purpose=purpose, case=CASE,
        purpose_text="a fall at the dock", starts_at=sealed.row.starts_at, ends_at=sealed.row.ends_at,
        valid_until=court.yard.now + HOUR, opened_at=court.yard.now, last_active_at=court.yard.now,
    )  # fmt: skip
    session.cameras.add(sealed.row.camera)
    return session


@pytest.mark.both_databases
def test_from_an_open_viewing_it_takes_two_clicks(court: Court) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    session = viewing_of(court, sealed)
    client = signed_in(court.people.operator)
    player = client.get(reverse("viewing", args=[session.pk])).content.decode()
    link = re.search(r'href="([^"]+/hold/\?viewing=[^"]+)"', player)
    assert link is not None
    page = client.get(link[1])
    done = client.post(reverse("hold-new", args=["seoul"]), form_values(page))
    hold = Hold.objects.get()
    assert done["Location"] == reverse("hold", args=[hold.number])
    assert (hold.starts_at, hold.ends_at) == (
        sealed.row.starts_at.replace(microsecond=0), sealed.row.ends_at.replace(microsecond=0)
    )  # fmt: skip
    assert (hold.state, hold.case) == (HoldState.PLACED, CASE)
    assert services.details_of(hold) == {"reason": "a fall at the dock"}
    shown = text_of(client.get(done["Location"]))
    assert "Holds 1 recording" in shown
    assert "It waits for an approver" in shown


def test_from_a_days_page_cameras_and_span_are_filled_in(court: Court) -> None:
    client = signed_in(court.people.operator)
    given = {"camera": ["seoul-1", "seoul-2"], "day": "2026-11-14", "start": "23:50:00", "end": "00:10:00"}
    values = form_values(client.get(reverse("hold-new", args=["seoul"]), given))
    assert values["camera"] == ["seoul-1", "seoul-2"]
    assert (values["day"], values["end_day"]) == ("2026-11-14", "2026-11-15"), "over midnight"
    exact = {"camera": "seoul-1", "from": "2026-11-14T14:50:00.900Z", "to": "2026-11-14T15:10:00.100Z"}
    values = form_values(client.get(reverse("hold-new", args=["seoul"]), exact))
    assert (values["day"], values["start"]) == ("2026-11-14", "23:50:00"), "as chosen on a timeline"
    assert (values["end_day"], values["end"]) == ("2026-11-15", "00:10:01"), "never shorter"
    camera = court.yard.cameras[0]
    sealed = court.yard.segment(expires_in=DAY)
    day = sealed.row.starts_at.astimezone(SEOUL).date()
    page = client.get(reverse("camera-day", args=["seoul", camera.code, day])).content.decode()
    assert f'formaction="{reverse("hold-new", args=["seoul"])}"' in page


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_held(court: Court) -> None:
    client = signed_in(court.people.operator)
    url = reverse("hold-new", args=["seoul"])
    values = form_values(
        client.get(url, {"camera": "seoul-1", "day": "2026-11-14", "start": "10:00", "end": "10:05"})
    )
    wrong = values | {"end": "09:00", "until": "2020-01-01", "case": "", "reason": "", "camera": ["osaka-1"]}
    shown = text_of(client.post(url, wrong), 400)
    for words in ("Choose an end after the start", "Choose today or a later day", "no camera osaka-1"):
        assert words in shown
    assert not Hold.objects.exists()


def test_from_an_open_viewing_with_a_loop_it_is_for_the_loop(court: Court) -> None:
    session = viewing_of(court, court.yard.segment(expires_in=DAY))
    client = Client()
    client.force_login(court.people.operator)
    start = session.starts_at.replace(microsecond=0) + timedelta(seconds=5)
    loop = {"from": clock.rfc3339(start), "to": clock.rfc3339(start + timedelta(seconds=3))}
    url = reverse("hold-new", args=["seoul"])
    values = form_values(client.get(url, {"viewing": str(session.pk), **loop}))
    zone = ZoneInfo(session.site.time_zone)
    shown = [f"{at.astimezone(zone):%H:%M:%S}" for at in (start, start + timedelta(seconds=3))]
    assert [values["start"], values["end"]] == shown


def test_with_the_log_down_the_page_says_that_it_holds_all_the_same(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    client = Client(raise_request_exception=False)
    client.force_login(court.people.operator)
    session = viewing_of(court, sealed)
    url = reverse("hold-new", args=["seoul"])
    values = form_values(client.get(url, {"viewing": str(session.pk)}))

    def down(**_options: Any) -> None:
        raise LogUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(telling, "append", down)
        assert "The footage is held" in text_of(client.post(url, values), 503)
    assert HeldObject.objects.count() == 1
    services.extend_holds()
    assert client.post(url, values).status_code == 302, "sent again, it is the same hold"
    assert len(court.said("hold.placed")) == Hold.objects.count() == 1


def test_the_approver_is_told_first_what_waits_and_confirms_it_with_the_password(court: Court) -> None:
    hold = court.place(court.yard.segment(expires_in=DAY), by=court.people.operator).hold
    client = signed_in(court.people.approver)
    assert "1 hold waits for your decision" in text_of(client.get(reverse("holds")))
    page = text_of(client.get(reverse("hold", args=[hold.number])))
    assert "It waits for your decision" in page
    assert "Operator placed it" in page
    assert "reauthenticate" in client.post(reverse("hold-confirm", args=[hold.number]))["Location"]
    assert Hold.objects.get().state == HoldState.PLACED, "without the password nothing is confirmed"
    step_up(client, court.people.approver)
    client.post(reverse("hold-confirm", args=[hold.number]))
    shown = text_of(client.get(reverse("hold", args=[hold.number])))
    assert "In force" in shown
    assert "Approver confirmed hold" in shown, "the log tells the story"
    operator = signed_in(court.people.operator)
    assert "waits for your decision" not in text_of(operator.get(reverse("holds")))
    assert operator.post(reverse("hold-confirm", args=[hold.number])).status_code == 403


@pytest.mark.both_databases
@pytest.mark.parametrize("what", ["release", "refuse"])
def test_ending_says_in_numbers_what_it_destroys_and_asks_for_the_password(court: Court, what: str) -> None:
    sealed = [court.yard.segment(expires_in=timedelta(minutes=5)), court.yard.segment(expires_in=9 * DAY)]
    by = court.people.operator if what == "refuse" else court.people.seoul_officer
    hold = court.place(*sealed, by=by).hold
    court.expire()
    client = signed_in(court.people.approver)
    url = reverse(f"hold-{what}", args=[hold.number])
    asked = client.get(url)
    assert "reauthenticate" in asked["Location"]
    assert client.post(url, {"reason": "settled"}).status_code in (302, 403)
    assert Hold.objects.get().protects, "without the password nothing ends"
    step_up(client, court.people.approver)
    shown = text_of(client.get(url))
    assert "This destroys 1 recording" in shown
    assert "It holds 2 recordings" in shown
    assert "Say why" in text_of(client.post(url, {"reason": ""}), 400)
    assert client.post(url, {"reason": "settled"}).status_code == 302
    assert not Hold.objects.get().protects
    after = text_of(client.get(reverse("hold", args=[hold.number])))
    assert "It holds nothing any more" in after
    assert "“settled”" in after


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2199-12-31", "x"])
def test_a_day_out_of_reach_in_the_address_is_no_trouble(court: Court, day: str) -> None:
    url = reverse("hold-new", args=[court.yard.sites[0].code])
    asked = {"day": day, "start": "10:00", "end": "09:00"}
    assert signed_in(court.people.operator).get(url, asked).status_code == 200


def test_prolonging_asks_for_a_later_day_and_why(court: Court) -> None:
    hold = court.place(court.yard.segment(expires_in=DAY), until=court.yard.now + 5 * DAY).hold
    client = signed_in(court.people.approver)
    assert "1 hold ends within a week" in text_of(client.get(reverse("holds")))
    url = reverse("hold-prolong", args=[hold.number])
    assert "reauthenticate" in client.get(url)["Location"]
    step_up(client, court.people.approver)
    early = text_of(client.post(url, {"until": f"{court.yard.now:%Y-%m-%d}", "reason": "x"}), 400)
    assert "later day than the present end" in early
    later = court.yard.now + 60 * DAY
    assert client.post(url, {"until": f"{later:%Y-%m-%d}", "reason": "the court asked"}).status_code == 302
    moved = Hold.objects.get().until.astimezone(SEOUL)
    assert (f"{moved:%Y-%m-%d %H:%M}") == f"{later:%Y-%m-%d} 23:59"


def test_a_lapsed_hold_is_a_warning_and_what_came_too_late_is_said(court: Court) -> None:
    late = court.yard.segment(expires_in=-timedelta(minutes=1))
    lapsing = court.place(late, court.yard.segment(expires_in=DAY), by=court.people.operator).hold
    client = signed_in(court.people.auditor)
    assert "It came too late for 1 recording" in text_of(client.get(reverse("hold", args=[lapsing.number])))
    Hold.objects.update(state=HoldState.LAPSED, ended_at=court.yard.now)
    assert "1 hold lapsed in the last week" in text_of(client.get(reverse("holds")))


@pytest.mark.both_databases
def test_invariant_8_a_hold_of_another_site_is_not_there(court: Court) -> None:
    hold = court.place(court.yard.segment(expires_in=DAY)).hold
    stranger = signed_in(court.people.osaka_auditor)
    assert stranger.get(reverse("hold", args=[hold.number])).status_code == 404
    assert hold.number not in text_of(stranger.get(reverse("holds")))
    auditor = signed_in(court.people.auditor)
    page = auditor.get(reverse("hold", args=[hold.number])).content.decode()
    assert "View held footage" not in page
    assert reverse("hold-release", args=[hold.number]) not in page


@pytest.mark.both_databases
def test_the_lists_cost_the_same_number_of_questions_however_many_holds(
    court: Court, django_assert_max_num_queries: Any
) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    for _time in range(5):
        court.place(sealed)
    client = signed_in(court.people.approver)
    with django_assert_max_num_queries(45):
        client.get(reverse("holds"))
