"""A request is received: what it names is held before anybody is told that it is."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry, LogIndex
from cctv.retention.holds import telling
from cctv.retention.holds.errors import HoldOfRequest
from cctv.retention.holds.models import Hold, HoldState
from cctv.retention.holds.services import release_hold
from cctv.sites.models import Camera
from cctv.subjects.requests import access, details, messages, tending
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.errors import NotOpened, RequestRefused, TooManyMessages
from cctv.subjects.requests.models import RequestMail, RequestState, SubjectRequest
from cctv.vault import records, steps
from tests.subjects.requests.counter import (
    DAY,
    DETAILS,
    HOUR,
    MINUTE,
    TERMINAL,
    Counter,
    Killed,
    kill_at,
    register_of_requests,
    span,
)

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]

STEPS = (
    "request.key", "request.logged", "request.row", "hold.key", "hold.row", "hold.batch", "hold.batch-done",
    "hold.taken", "hold.placed", "request.held", "request.frozen", "request.remembered", "request.secret",
)  # fmt: skip


@pytest.mark.both_databases
def test_invariant_5_footage_that_would_expire_one_minute_after_a_request_survives_it(
    counter: Counter,
) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    beside = counter.court.yard.segment(expires_in=2 * MINUTE)
    late = counter.court.yard.segment(expires_in=-MINUTE)
    received = counter.ask(sealed, late)
    assert (received.held, received.too_late) == (1, 1)
    request = received.request
    hold = request.hold
    assert hold is not None
    assert (hold.state, hold.case, hold.ground) == (HoldState.ACTIVE, request.reference, "request")
    counter.court.expire(timedelta(hours=3))
    assert counter.there(sealed)
    assert not counter.there(beside)
    assert [act.kind for act in request.acts.all()] == ["received", "frozen"]
    (frozen,) = counter.court.said("request.frozen")
    assert (frozen["held"], frozen["too_late"], frozen["hold"]["name"]) == (1, 1, hold.number)
    (placed,) = counter.court.said("hold.placed")
    assert placed["actor"] == {"id": "", "name": request.reference, "role": "subject"}
    assert request.due_at is not None
    assert request.reply_by is not None
    assert RequestMail.objects.get().kind == "received"


def test_what_names_the_person_is_sealed_and_the_log_has_none_of_it(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=HOUR))
    opened = access.open_request(received.request.reference.lower(), received.secret, terminal=TERMINAL)
    assert details.read(opened) == DETAILS
    messages.add(opened, " Where do I come? ", terminal=TERMINAL)
    assert [each.text for each in messages.listing(opened)] == ["Where do I come?"]
    told = str([counter.court.said(kind) for kind in LogEntry.objects.values_list("kind", flat=True)])
    register = register_of_requests()
    for word in (*(getattr(DETAILS, name) for name in DETAILS.__slots__), "Where do I", received.secret):
        assert word not in told
        assert word not in register
    assert TERMINAL not in told
    assert TERMINAL not in str(list(LogIndex.objects.values()))


@pytest.mark.both_databases
@pytest.mark.postgres_later
@pytest.mark.parametrize("step", STEPS)
def test_invariant_5_killed_at_any_step_nothing_that_was_answered_is_lost(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    draft_id = uuid4()
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            counter.ask(sealed, draft_id=draft_id)
    received = counter.ask(sealed, draft_id=draft_id)
    assert received.held == 1
    assert SubjectRequest.objects.count() == Hold.objects.count() == 1
    assert len(counter.court.said("request.received")) == len(counter.court.said("request.frozen")) == 1
    opened = access.open_request(received.request.reference, received.secret, terminal=TERMINAL)
    assert opened == received.request
    assert RequestMail.objects.count() == 1
    assert [act.kind for act in received.request.acts.all()][:2] == ["received", "frozen"]
    counter.court.expire(2 * HOUR)
    assert counter.there(sealed)


@pytest.mark.parametrize("step", ["request.row", "hold.row", "request.held"])
def test_invariant_5_what_nobody_sends_again_is_held_by_the_next_tick(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    sealed = counter.court.yard.segment(expires_in=5 * MINUTE)
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            counter.ask(sealed)
    tending.tend()
    counter.court.expire(2 * HOUR)
    assert counter.there(sealed)
    assert len(counter.court.said("request.frozen")) == 1


def test_with_the_log_down_nothing_is_acknowledged_and_nothing_kept(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = counter.court.yard.segment(expires_in=HOUR)
    with monkeypatch.context() as patch:
        counter.down(patch)
        with pytest.raises(LogUnavailable):
            counter.ask(sealed)
    assert SubjectRequest.objects.count() == Hold.objects.count() == RequestMail.objects.count() == 0
    assert records.labelled(details.LABEL), "the key of nothing"
    counter.court.yard.move(2 * DAY)
    tending.clean()
    assert not records.labelled(details.LABEL)


def test_with_the_log_down_in_the_middle_it_holds_and_the_same_form_is_answered_later(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    draft_id = uuid4()

    def down_from_here(*_args: Any, **_options: Any) -> None:
        raise LogUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(telling, "append", down_from_here)
        with pytest.raises(LogUnavailable):
            counter.ask(sealed, draft_id=draft_id)
    counter.court.expire(2 * HOUR)
    assert counter.there(sealed), "protection stands"
    assert counter.ask(sealed, draft_id=draft_id).held == 1


def test_the_same_form_again_is_the_same_request_and_the_secret_before_opens_nothing(
    counter: Counter,
) -> None:
    sealed = counter.court.yard.segment(expires_in=HOUR)
    draft_id = uuid4()
    first = counter.ask(sealed, draft_id=draft_id)
    again = counter.ask(sealed, draft_id=draft_id)
    assert (again.request, again.held) == (first.request, 1)
    with pytest.raises(NotOpened):
        access.open_request(first.request.reference, first.secret, terminal=TERMINAL)
    assert access.open_request(first.request.reference, again.secret, terminal=TERMINAL) == first.request
    assert counter.ask(sealed).request != first.request


def test_the_margin_of_who_is_unsure_is_held_too(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=HOUR)
    before = counter.court.yard.segment(expires_in=HOUR - 20 * MINUTE)
    received = counter.ask(sealed, margin_minutes=30)
    assert received.held == 2
    assert received.request.starts_at == sealed.row.starts_at - 30 * MINUTE
    assert before.row.pk in counter.court.held(received.request.hold)  # type: ignore[arg-type]


def test_an_erasure_keeps_nothing_longer(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    received = counter.ask(sealed, kind="erasure")
    assert received.request.hold is None
    assert received.request.state == RequestState.IDENTITY
    counter.court.expire(2 * HOUR)
    assert not counter.there(sealed)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cameras": []}, "cameras"),
        ({"margin_minutes": 181}, "times"),
        ({"starts": -DAY, "ends": -DAY}, "times"),
        ({"starts": MINUTE, "ends": HOUR}, "times"),
        ({"starts": -25 * HOUR, "ends": -MINUTE}, "times"),
    ],
)
def test_what_nothing_can_be_found_by_is_refused_with_its_field(
    counter: Counter, wrong: dict[str, Any], field: str
) -> None:
    now = counter.court.yard.now
    given = {"cameras": counter.court.yard.cameras[:1], "starts": -HOUR, "ends": -MINUTE, **wrong}
    starts_at, ends_at = (now + given.pop(name) for name in ("starts", "ends"))
    with pytest.raises(RequestRefused) as refused:
        counter.ask(starts_at=starts_at, ends_at=ends_at, **given)
    assert refused.value.field == field
    assert not LogEntry.objects.filter(kind="request.received").exists()


def test_a_camera_of_another_site_is_refused(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=HOUR)
    foreign = Camera.objects.filter(site=counter.court.yard.sites[1])
    with pytest.raises(RequestRefused):
        counter.ask(sealed, cameras=[*foreign])


def test_nobody_releases_the_hold_of_a_request_by_hand(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=HOUR))
    assert received.request.hold is not None
    with pytest.raises(HoldOfRequest):
        release_hold(
            hold_id=received.request.hold.pk, actor=counter.court.people.officer, terminal="t", reason="x"
        )


# ------------------------------------------------------------------ mass


def test_a_stolen_receipt_fills_no_disk_with_messages(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "A_DAY", 2)
    request = counter.ask(**span(counter, 0)).request
    messages.add(request, "We look.", by=counter.court.people.officer, terminal="t")
    for _n in range(2):
        messages.add(request, "more", terminal=TERMINAL)
    with pytest.raises(TooManyMessages):
        messages.add(request, "more", terminal=TERMINAL)
    messages.add(request, "We look.", by=counter.court.people.officer, terminal="t")
    counter.court.yard.move(DAY + MINUTE)
    messages.add(request, "more", terminal=TERMINAL)


def test_the_first_reply_of_the_desk_ends_the_first_clock(counter: Counter) -> None:
    request = counter.ask(**span(counter, 0)).request
    messages.add(request, "Hello?", terminal=TERMINAL)
    request.refresh_from_db()
    assert request.replied_at is None
    for _n in range(2):
        messages.add(request, "We look.", by=counter.court.people.officer, terminal="t")
    request.refresh_from_db()
    assert request.replied_at == counter.court.yard.now
    assert len(counter.court.said("request.replied")) == 1
    assert [each.is_from_desk for each in messages.listing(request)] == [False, True, True]
    assert RequestMail.objects.filter(kind="message").count() == 2
    assert messages.mark_read(request, by_desk=True) == 1
    assert messages.mark_read(request, by_desk=False) == 2


def test_the_step_names_are_those_that_receiving_passes(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[str] = []
    monkeypatch.setattr(steps, "_listeners", [passed.append])
    counter.ask(counter.court.yard.segment(expires_in=HOUR))
    assert set(STEPS) <= set(passed)


@pytest.mark.parametrize(
    "wrong", [{"kind": "everything"}, {"channel": "x"}, {"details": Details(reason="x" * 24_001)}]
)
def test_what_no_form_of_ours_sends_is_refused(counter: Counter, wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused):
        counter.ask(**(span(counter, 0) | wrong))
    assert not LogEntry.objects.filter(kind="request.received").exists()


def test_in_britain_the_clock_stands_until_identity_is_shown(counter: Counter) -> None:
    site = counter.court.yard.sites[0]
    site.jurisdiction = "UK"
    site.save()
    request = counter.ask(counter.court.yard.segment(expires_in=HOUR), site=site).request
    assert request.paused_at == counter.court.yard.now
    assert [act.kind for act in request.acts.all()] == ["received", "frozen", "paused"]
