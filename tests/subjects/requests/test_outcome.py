"""What is held for a request, and how long: until its outcome, and through the time to object."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cctv.people.models import Account
from cctv.retention.holds.models import Hold, HoldState
from cctv.subjects.deciding import objecting
from cctv.subjects.deciding.errors import NotObjectable
from cctv.subjects.deciding.models import Decision
from cctv.subjects.delivering.models import Appointment
from cctv.subjects.identity.models import IdentityCheck
from cctv.subjects.requests import ending, freezing, messages, story, tending, withdrawing
from cctv.subjects.requests.errors import RequestOver
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.vault import rings
from tests.subjects.requests.counter import DAY, HOUR, MINUTE, TERMINAL, Counter, Killed, kill_at

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


@pytest.mark.both_databases
def test_invariants_3_and_5_a_refused_one_keeps_it_through_the_time_to_object_and_lets_go_then(
    counter: Counter,
) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    request = counter.ask(sealed).request
    counter.pass_time(2 * HOUR)
    counter.decide(request, objection=30 * DAY)
    key_id = Hold.objects.get().key_id
    counter.pass_time(30 * DAY - MINUTE)
    assert counter.there(sealed)
    request.refresh_from_db()
    assert request.state == RequestState.DECIDED
    counter.pass_time(2 * MINUTE)
    assert not counter.there(sealed), "past its retention, it is destroyed at once"
    assert not rings.records().has(key_id)
    request.refresh_from_db()
    assert request.state == RequestState.CLOSED
    assert request.file_until is not None
    assert request.file_until > counter.court.yard.now + 3 * 365 * DAY
    assert [act.kind for act in request.acts.all()][-2:] == ["closed", "released"]
    assert counter.court.said("request.released")[0]["facts"]["why"] == "over"
    assert len(counter.court.said("hold.ended")) == 1


def test_an_objection_keeps_it_until_somebody_has_decided_anew(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    request = counter.ask(sealed).request
    counter.decide(request, objection=30 * DAY)
    counter.court.yard.move(DAY)
    request.objected_at = counter.court.yard.now
    request.save()
    counter.pass_time(90 * DAY)
    assert counter.there(sealed)
    counter.decide(request, objection=30 * DAY)
    counter.pass_time(31 * DAY)
    assert not counter.there(sealed)


def test_what_was_granted_is_let_go_once_it_was_or_could_have_been_fetched(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    request = counter.ask(sealed).request
    counter.decide(request)
    until = counter.court.yard.now + 14 * DAY
    monkeypatch.setattr(tending, "_open_until", lambda _request: [until])
    counter.pass_time(13 * DAY)
    assert counter.there(sealed)
    counter.pass_time(2 * DAY)
    assert not counter.there(sealed)


def test_withdrawn_by_somebody_identified_it_is_let_go_at_once(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    request = counter.ask(sealed).request
    request.verified_at, request.state = counter.court.yard.now, RequestState.OPEN
    request.save()
    counter.pass_time(2 * HOUR)
    assert counter.there(sealed)
    withdrawing.withdraw(request, terminal=TERMINAL)
    counter.pass_time(MINUTE)
    assert not counter.there(sealed)
    (told,) = counter.court.said("request.withdrawn")
    assert told["actor"]["role"] == "subject"
    with pytest.raises(RequestOver):
        withdrawing.withdraw(request, terminal=TERMINAL)


def test_who_found_a_receipt_ends_nothing_by_withdrawing(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    request = counter.ask(sealed).request
    withdrawing.withdraw(request, terminal=TERMINAL)
    counter.pass_time(29 * DAY)
    assert counter.there(sealed)
    counter.pass_time(4 * DAY)
    assert not counter.there(sealed)


@pytest.mark.parametrize("step", ["request.withdraw-logged", "request.withdrawn", "request.release-logged"])
def test_a_withdrawal_that_was_stopped_is_finished_by_the_next_try_or_tick(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=MINUTE)).request
    request.verified_at, request.state = counter.court.yard.now, RequestState.OPEN
    request.save()
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            withdrawing.withdraw(request, terminal=TERMINAL)
    request.refresh_from_db()
    if request.state == RequestState.OPEN:
        withdrawing.withdraw(request, terminal=TERMINAL)
    tending.tend()
    assert Hold.objects.get().state == HoldState.ENDED
    assert len(counter.court.said("request.withdrawn")) == len(counter.court.said("request.released")) == 1


def test_who_does_not_show_who_they_are_is_closed_and_may_still_object(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    request = counter.ask(sealed).request
    counter.pass_time(29 * DAY)
    request.refresh_from_db()
    assert request.state == RequestState.IDENTITY
    counter.pass_time(2 * DAY)
    request.refresh_from_db()
    assert request.state == RequestState.CLOSED
    assert counter.there(sealed)
    counter.pass_time(29 * DAY)
    assert counter.there(sealed)
    counter.pass_time(4 * DAY)
    assert not counter.there(sealed)
    assert request.file_until is not None
    counter.court.yard.move(90 * DAY)
    assert ending.end_due() == 1


def test_who_is_closed_unidentified_is_told_why_and_how_to_object(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=MINUTE), language="en").request
    counter.pass_time(31 * DAY)
    [told] = messages.listing(request)
    assert told.is_from_desk
    assert "30 days" in str(told.text)
    assert "tell us until" in str(told.text)
    [entry] = counter.court.said("request.message")
    assert entry["actor"]["role"] == "job"


def _an_agreed_visit(request: SubjectRequest, now: datetime) -> None:
    Appointment.objects.create(request=request, at=now + 3 * DAY, place="Gate", state="agreed")


def _a_paper_that_was_sent(request: SubjectRequest, now: datetime) -> None:
    IdentityCheck.objects.create(request=request, method="document", state="shown")


def _a_question_that_nobody_read(request: SubjectRequest, now: datetime) -> None:
    messages.add(request, "Is a student card enough?", terminal=TERMINAL)


def _a_proposal(request: SubjectRequest, now: datetime) -> None:
    by = Account.objects.earliest("pk")
    Decision.objects.create(request=request, outcome="refused", proposed_by=by)


def _a_new_question_of_ours(request: SubjectRequest, now: datetime) -> None:
    story.act(request, "id_asked", by_lethe=True)


def _nobody_has_looked(request: SubjectRequest, now: datetime) -> None:
    SubjectRequest.objects.filter(pk=request.pk).update(state=RequestState.SCREENING)


def test_what_waits_for_us_is_not_closed_as_unidentified(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    cases = (
        _an_agreed_visit, _a_paper_that_was_sent, _a_question_that_nobody_read, _a_proposal,
        _a_new_question_of_ours, _nobody_has_looked,
    )  # fmt: skip
    asked = {case: counter.ask(sealed).request for case in cases}
    counter.pass_time(29 * DAY)
    for case, request in asked.items():
        case(request, counter.court.yard.now)
    counter.pass_time(2 * DAY)
    closed = SubjectRequest.objects.filter(state=RequestState.CLOSED).values_list("reference", flat=True)
    assert [case.__name__ for case, request in asked.items() if request.reference in closed] == []


def test_a_letter_that_lay_for_months_is_not_closed_when_it_is_taken_in(counter: Counter) -> None:
    now, officer = counter.court.yard.now, counter.court.people.seoul_officer
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    received = counter.ask(sealed, channel="paper", taken_in_by=officer, received_at=now - 90 * DAY)
    request = received.request
    counter.pass_time(MINUTE)
    request.refresh_from_db()
    assert request.state == RequestState.IDENTITY


def test_who_is_verified_at_that_very_moment_is_not_closed(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=MINUTE)).request
    counter.court.yard.move(31 * DAY)
    before = ending.objection_until

    def meanwhile(*args: Any) -> Any:
        verified = {"verified_at": counter.court.yard.now, "state": RequestState.OPEN}
        SubjectRequest.objects.filter(pk=request.pk).update(**verified)
        return before(*args)

    monkeypatch.setattr(ending, "objection_until", meanwhile)
    tending.tend()
    request.refresh_from_db()
    assert (request.state, request.closed_at) == (RequestState.OPEN, None)
    assert not counter.court.said("request.closed")


def test_an_objection_after_the_hold_has_ended_holds_what_is_left(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = counter.court.yard.segment(expires_in=20 * DAY)
    request = counter.ask(sealed).request
    counter.decide(request, objection=DAY)
    counter.pass_time(2 * DAY)
    request.refresh_from_db()
    assert (request.state, freezing.holds_of(request)) == (RequestState.CLOSED, [])
    with monkeypatch.context() as patch:
        kill_at(patch, "request.objected")
        with pytest.raises(Killed):
            # The requester is in time no more; the desk takes in what was late.
            objecting.object_to(request, "It is me.", actor=_officer(counter), terminal=TERMINAL)
    tending.tend()
    assert len(freezing.holds_of(request)) == 1
    counter.pass_time(MINUTE)
    assert len(freezing.holds_of(request)) == 1, "until there is an answer"
    counter.court.yard.move(4 * 365 * DAY)
    assert ending.end_due() == 0, "whoever has objected is answered first"


def test_an_objection_of_whom_nobody_has_identified_holds_nothing_anew(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=20 * DAY)).request
    counter.decide(request, objection=DAY)
    SubjectRequest.objects.update(verified_at=None)
    counter.pass_time(2 * DAY)
    request.refresh_from_db()
    objecting.object_to(request, "It is me.", actor=_officer(counter), terminal=TERMINAL)
    tending.tend()
    assert freezing.holds_of(request) == []


def _officer(counter: Counter) -> Account:
    return counter.court.people.officer


def test_a_requester_objects_in_time_and_once_until_it_is_answered(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=20 * DAY)).request
    counter.decide(request, objection=DAY)
    counter.court.yard.move(MINUTE)
    assert objecting.may_object(request)
    objecting.object_to(request, "It is me.", terminal=TERMINAL)
    request.refresh_from_db()
    for actor in (None, _officer(counter)):
        with pytest.raises(NotObjectable):
            objecting.object_to(request, "It is me!", actor=actor, terminal=TERMINAL)
    counter.court.yard.move(MINUTE)
    counter.decide(request, objection=DAY)  # answered anew
    assert objecting.may_object(request)
    counter.court.yard.move(2 * DAY)
    with pytest.raises(NotObjectable):
        objecting.object_to(request, "It is me.", terminal=TERMINAL)
    assert request.acts.filter(kind="objected").count() == 1


def test_no_hold_of_several_runs_out_before_the_request(counter: Counter) -> None:
    yard = counter.court.yard
    sealed, other = yard.segment(expires_in=MINUTE), yard.segment(expires_in=HOUR)
    request = counter.ask(sealed).request
    request.verified_at, request.state = yard.now, RequestState.OPEN
    request.save()
    counter.pass_time(250 * DAY)
    freezing.widen(request, ends_at=other.row.ends_at)
    for _month in range(6):
        counter.pass_time(30 * DAY)
    assert len(freezing.holds_of(request)) == 2
    assert counter.there(sealed)


def test_a_request_that_stands_for_years_never_loses_its_hold(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    request = counter.ask(sealed).request
    request.verified_at, request.state = counter.court.yard.now, RequestState.OPEN
    request.save()
    for _season in range(12):
        counter.court.yard.move(59 * DAY)
        tending.tend()
    counter.pass_time(DAY)
    assert counter.there(sealed)
    assert {each["actor"]["role"] for each in counter.court.said("hold.prolonged")} == {"job"}


def test_invariant_7_a_clock_that_runs_ahead_lets_nothing_go(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    request = counter.ask(sealed).request
    counter.decide(request, objection=30 * DAY)
    SubjectRequest.objects.update(file_until=counter.court.yard.now + DAY)
    counter.court.yard.jump(4 * 365 * DAY)
    tending.tend()
    counter.court.purge()
    assert ending.end_due() == 0
    assert counter.there(sealed)
    request.refresh_from_db()
    assert request.state == RequestState.DECIDED


def test_what_is_added_is_held_beside_what_was_and_all_is_let_go_together(counter: Counter) -> None:
    yard = counter.court.yard
    sealed, other = yard.segment(expires_in=MINUTE), yard.segment(expires_in=HOUR)
    gate = yard.segment(yard.cameras[1], expires_in=MINUTE)
    request = counter.ask(sealed).request
    freezing.widen(request, ends_at=other.row.ends_at)
    request.cameras.add(yard.cameras[1])
    for _n in range(2):
        freezing.widen(request)
    assert len(counter.court.said("request.frozen")) == 3, "said once for each"
    counter.pass_time(3 * HOUR)
    assert all(counter.there(each) for each in (sealed, other, gate))
    assert len(freezing.holds_of(request)) == 3
    assert freezing.release(request, why="withdrawn") == 3
    counter.pass_time(MINUTE)
    assert not any(counter.there(each) for each in (sealed, other, gate))


def test_a_standing_request_whose_hold_has_ended_gets_another(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=2 * DAY)
    request = counter.ask(sealed).request
    freezing.release(request, why="withdrawn")
    placed = freezing.freeze(request)
    assert placed is not None
    assert (placed.held, placed.hold.state) == (1, HoldState.ACTIVE)
    counter.pass_time(timedelta(days=4))
    assert counter.there(sealed)
