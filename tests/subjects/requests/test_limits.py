"""Against abuse: how much is held for people whom nobody knows, and what their words may do."""

from typing import Any

import pytest

from cctv.people.models import OutgoingMail
from cctv.retention.holds.models import Hold
from cctv.subjects.requests import access, details, freezing, limits, messages, tending, withdrawing
from cctv.subjects.requests.limits import Stretch
from cctv.subjects.requests.models import RequestMail, RequestState, SubjectRequest
from cctv.vault import records
from tests.subjects.requests.counter import (
    DAY,
    HOUR,
    TERMINAL,
    Counter,
    somebody,
    span,
)

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


@pytest.mark.both_databases
def test_thousands_of_requests_hold_no_more_than_the_budget_and_stop_nobody(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BUDGET_HOURS", 10)
    monkeypatch.setattr(limits, "LITTLE_HOURS", 0)
    for number in range(40):
        counter.ask(**span(counter, number), details=somebody(counter, number))
    held = SubjectRequest.objects.filter(state=RequestState.IDENTITY)
    assert held.count() == Hold.objects.count() == 10
    assert SubjectRequest.objects.filter(state=RequestState.SCREENING, hold=None).count() == 30
    told = OutgoingMail.objects.filter(kind="request.screening")
    assert told.count() == 2, "who handles requests there"
    tending.tend()
    assert told.count() == 2
    counter.court.yard.move(DAY)
    tending.tend()
    assert told.count() == 4, "again the next day, while they wait"
    # Somebody real comes in the middle of it: received, told honestly, and frozen once they are known.
    sealed = counter.court.yard.segment(expires_in=HOUR)
    received = counter.ask(sealed)
    assert (received.request.state, received.held) == (RequestState.SCREENING, 0)
    request = access.open_request(received.request.reference, received.secret, terminal=TERMINAL)
    request.state, request.verified_at = RequestState.OPEN, counter.court.yard.now
    request.save()
    placed = freezing.freeze(request)
    assert placed is not None
    assert placed.held == 1
    counter.court.expire(2 * HOUR)
    assert counter.there(sealed)


def test_the_same_hour_costs_the_budget_once_and_other_sites_nothing(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BUDGET_HOURS", 1)
    monkeypatch.setattr(limits, "LITTLE_HOURS", 0)
    for number in range(6):
        counter.ask(**span(counter, 0), details=somebody(counter, number))
    assert set(SubjectRequest.objects.values_list("state", flat=True)) == {RequestState.IDENTITY}
    yard = counter.court.yard
    values = {**span(counter, 3), "cameras": yard.cameras[2:3], "site": yard.sites[1]}
    assert counter.ask(**values).request.state == RequestState.IDENTITY


def test_a_flood_of_large_requests_does_not_cost_a_visitor_their_hour(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BUDGET_HOURS", 40)
    monkeypatch.setattr(limits, "LITTLE_BUDGET_HOURS", 61)

    def asked(first: int, hours: int, number: int) -> str:
        start = counter.court.yard.now - first * HOUR
        times = {"starts_at": start, "ends_at": start + hours * HOUR}
        values = {**span(counter, 0), **times, "details": somebody(counter, number)}
        return counter.ask(**values).request.state

    states = [asked(700 - 20 * number, 20, number) for number in range(4)]
    assert states == ["identity"] * 2 + ["screening"] * 2
    assert asked(700, 20, 4) == "identity", "held anyway"
    little = [asked(200 - 6 * number, 6, 5 + number) for number in range(4)]
    assert little == ["identity"] * 3 + ["screening"]


def test_what_was_withdrawn_counts_as_long_as_it_holds(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BUDGET_HOURS", 3)
    monkeypatch.setattr(limits, "LITTLE_HOURS", 0)
    states = []
    for number in range(5):
        request = counter.ask(**span(counter, number), details=somebody(counter, number)).request
        states.append(request.state)
        withdrawing.withdraw(request, terminal=TERMINAL)
    assert states == ["identity"] * 3 + ["screening"] * 2
    freezing.release(SubjectRequest.objects.exclude(hold=None).first() or request, why="over")
    assert counter.ask(**span(counter, 9), details=somebody(counter, 9)).request.state == "identity"


def test_nobody_has_a_stranger_bombarded_with_mail(counter: Counter) -> None:
    for number in range(6):
        withdrawing.withdraw(counter.ask(**span(counter, number)).request, terminal=TERMINAL)
    sent = [mail.kind for mail in RequestMail.objects.all()]
    assert sorted(sent) == ["received"] * limits.PER_CONTACT + ["withdrawn"] * limits.PER_CONTACT


def test_no_word_turns_a_line_round_or_begins_one(counter: Counter) -> None:
    turned = counter.other(name="Kim\r\nBcc: v@x \u202eluhC\x1b[2J", looks="red\r\nraincoat\u2066")
    request = counter.ask(**span(counter, 0), details=turned).request
    kept = details.read(request)
    assert kept is not None
    assert (kept.name, kept.looks) == ("Kim Bcc: v@x luhC[2J", "red\nraincoat")
    messages.add(request, "one\r\ntwo \u202ethree\x07", terminal=TERMINAL)
    assert messages.listing(request)[0].text == "one\ntwo three"


def test_what_overlaps_is_counted_once(counter: Counter) -> None:
    one, other = (camera.pk for camera in counter.court.yard.cameras[:2])
    now = counter.court.yard.now

    def part(camera: Any, first: float, last: float) -> Stretch:
        return Stretch(camera, now + first * HOUR, now + last * HOUR)

    assert limits.camera_hours([]) == 0
    assert limits.camera_hours([part(one, 0, 2), part(one, 1, 3), part(one, 0.5, 1), part(one, 5, 6)]) == 4
    assert limits.camera_hours([part(one, 0, 2), part(other, 0, 2), part(other, -1, 1)]) == 5


def test_the_number_of_holds_is_bounded_too_and_the_desk_is_not(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_UNVERIFIED", 3)
    states = [
        counter.ask(**span(counter, 0), details=somebody(counter, number)).request.state
        for number in range(5)
    ]
    assert states == ["identity"] * 3 + ["screening"] * 2
    by_desk = counter.ask(**span(counter, 0), taken_in_by=counter.court.people.officer, channel="visit")
    assert by_desk.request.state == RequestState.IDENTITY
    assert by_desk.request.hold is not None


def test_one_contact_fills_no_more_than_half_of_it_and_keeps_nobody_out(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BUDGET_HOURS", 12)
    monkeypatch.setattr(limits, "LITTLE_HOURS", 0)
    states = [counter.ask(**span(counter, number)).request.state for number in range(9)]
    assert states == ["identity"] * 6 + ["screening"] * 3
    spelled = counter.other(email=" Chulsoo.KIM@people.example ")
    assert counter.ask(**span(counter, 9), details=spelled).request.state == RequestState.SCREENING
    assert counter.ask(**span(counter, 9), details=somebody(counter, 0)).request.state == "identity"
    assert RequestMail.objects.filter(request__contact_tag__gt="").count() == limits.PER_CONTACT + 1


def test_the_tags_of_contacts_lead_nowhere_after_two_months(counter: Counter) -> None:
    counter.ask(**span(counter, 0))
    assert SubjectRequest.objects.get().contact_tag
    counter.court.yard.move(62 * DAY)
    tending.clean()
    assert SubjectRequest.objects.get().contact_tag == ""
    assert not records.labelled(limits.TAGS)
