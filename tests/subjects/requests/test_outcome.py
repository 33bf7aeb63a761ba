"""What is held for a request, and how long: until its outcome, and through the time to object."""

from datetime import timedelta
from typing import Any

import pytest

from cctv.retention.holds.models import Hold, HoldState
from cctv.subjects.requests import ending, freezing, tending, withdrawing
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
