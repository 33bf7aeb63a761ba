"""The clock of a request in the register: moved by acts of its story only, and worked out from them."""

from datetime import date, datetime, timedelta

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.models import RequestAct, SubjectRequest
from cctv.subjects import clocks
from cctv.subjects.clocks import stored
from cctv.subjects.clocks.errors import ClockRefused
from cctv.subjects.requests import story
from tests.people.cast import Cast
from tests.subjects.deciding.asked import AT, request_of

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("vault_ready")]
DAY = timedelta(days=1)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> "list[datetime]":
    """The time, as the one item of a list."""
    times = [AT]
    monkeypatch.setattr(clock, "now", lambda: times[0])
    return times


def asked(cast: Cast, law: str = "KR", zone: str = "Asia/Seoul", kind: str = "copy") -> SubjectRequest:
    cast.gate.site.jurisdiction, cast.gate.site.time_zone = law, zone
    cast.gate.site.save()
    return request_of(cast, cast.gate, held=False, kind=kind)


def last_day(request: SubjectRequest) -> date:
    kept = SubjectRequest.objects.get(pk=request.pk)
    assert kept.due_at is not None
    assert kept.due_at == request.due_at
    return clocks.last_day(kept.due_at, stored.place_of(request)[0])


def test_the_deadlines_are_stored_when_it_arrives(cast: Cast) -> None:
    request = asked(cast)
    assert last_day(request) == date(2026, 11, 26)
    assert request.first_due_at == request.due_at
    assert request.reply_by == AT + DAY


def test_the_clock_stands_while_identity_is_awaited_and_goes_on_later(
    cast: Cast, now: list[datetime]
) -> None:
    request = asked(cast, "UK", "Europe/London")
    assert last_day(request) == date(2026, 12, 16)
    assert stored.pause(request, clocks.IDENTITY, by_lethe=True)
    assert not stored.pause(request, clocks.IDENTITY, by_lethe=True)
    assert SubjectRequest.objects.get(pk=request.pk).paused_at == AT
    now[0] = AT + 3 * DAY
    assert stored.resume(request, actor=cast.privacy_officer, terminal="10.0.0.7")
    assert not stored.resume(request, actor=cast.privacy_officer, terminal="10.0.0.7")
    assert SubjectRequest.objects.get(pk=request.pk).paused_at is None
    assert last_day(request) == date(2026, 12, 21)  # the 19th is a Saturday
    now[0] = AT + 5 * DAY
    assert stored.pause(request, clocks.CLARIFICATION, actor=cast.privacy_officer, terminal="10.0.0.7")
    now[0] = AT + 7 * DAY
    assert stored.resume(request)
    assert last_day(request) == date(2026, 12, 21)  # 19 + 2: the weekend was not counted twice
    assert [act.kind for act in request.acts.all()] == ["paused", "resumed", "paused", "resumed"]


def test_where_the_law_knows_no_stop_nothing_happens(cast: Cast) -> None:
    request = asked(cast)
    assert not stored.pause(request, clocks.IDENTITY, by_lethe=True)
    assert not request.acts.exists()
    assert request.paused_at is None


def test_an_extension_is_in_the_story_and_only_once(cast: Cast, now: list[datetime]) -> None:
    request = asked(cast, "EU", "Europe/Berlin")
    assert stored.can_extend(request)
    now[0] = AT + DAY
    stored.extend(request, actor=cast.privacy_officer, terminal="10.0.0.7", reason="complex")
    assert last_day(request) == date(2027, 2, 16)
    assert request.extended_at == AT + DAY
    assert RequestAct.objects.get(kind="extended").facts["reason"] == "complex"
    assert not stored.can_extend(request)
    with pytest.raises(ClockRefused) as refused:
        stored.extend(request, actor=cast.privacy_officer, terminal="10.0.0.7", reason="many")
    assert (refused.value.why, refused.value.status) == ("twice", 409)
    assert request.first_due_at is not None
    assert clocks.last_day(request.first_due_at, stored.place_of(request)[0]) == date(2026, 12, 16)


def test_a_postponement_is_in_the_story_and_moves_the_deadline(cast: Cast, now: list[datetime]) -> None:
    request = asked(cast)
    assert stored.can_postpone(request)
    now[0] = AT + DAY
    stored.postpone(request, AT + 20 * DAY, actor=cast.privacy_officer, terminal="10.0.0.7")
    assert last_day(request) == date(2026, 12, 16)
    assert stored.clock_of(request).due_at == request.due_at
    now[0] = AT + 60 * DAY
    assert not stored.can_postpone(request)


def test_what_came_too_late_moves_nothing_and_tells_nobody(cast: Cast, now: list[datetime]) -> None:
    request = asked(cast)
    due = request.due_at
    now[0] = AT + 11 * DAY
    with pytest.raises(ClockRefused, match="deadline is over"):
        stored.postpone(request, AT + 20 * DAY, actor=cast.privacy_officer, terminal="10.0.0.7")
    assert request.due_at == due
    assert not request.acts.exists()


def test_one_camera_where_only_staff_may_go_counts(cast: Cast) -> None:
    assert stored.openness_of([cast.gate, cast.lobby]) == cast.gate.openness == "open"
    cast.lobby.openness = "non_open"
    assert stored.openness_of([cast.gate, cast.lobby]) == "non_open"


def test_a_move_that_was_cut_off_after_its_entry_is_found_again(
    cast: Cast, now: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(cast, "UK", "Europe/London")

    def end(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(story, "note", end)
        with pytest.raises(KeyboardInterrupt):
            stored.pause(request, clocks.IDENTITY, by_lethe=True)
    assert not request.acts.exists()
    assert SubjectRequest.objects.get(pk=request.pk).paused_at is None
    now[0] = AT + DAY
    request = SubjectRequest.objects.get(pk=request.pk)
    assert stored.pause(request, clocks.IDENTITY, by_lethe=True)
    assert LogEntry.objects.filter(kind="request.paused").count() == 1
    # The clock stands since the moment that the log says.
    assert RequestAct.objects.get(kind="paused").facts["at"] == rfc3339(AT)


def test_a_log_that_is_down_moves_nothing(
    cast: Cast, now: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(cast)
    due = request.due_at

    def refuse(**_options: object) -> None:
        raise LogUnavailable

    monkeypatch.setattr(story, "append", refuse)
    with pytest.raises(LogUnavailable):
        stored.postpone(request, AT + 20 * DAY, actor=cast.privacy_officer, terminal="10.0.0.7")
    kept = SubjectRequest.objects.get(pk=request.pk)
    assert (kept.due_at, kept.extended_at) == (due, None)
    assert not request.acts.exists()
