"""Reading and use for another purpose: one line for each viewing and camera, from the log, never one less."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext

from accesslog.errors import LogUnavailable
from accesslog.services import append
from cctv.core import clock
from cctv.footage import viewing
from cctv.footage.models import CloseReason, ViewingSession
from cctv.footage.viewings import closing, entries
from cctv.ledger import readings, services
from cctv.ledger.models import LedgerLine
from cctv.retention.records import tasks
from cctv.retention.records.models import RecordErasure
from cctv.sites.models import Camera
from tests.people.cast import Cast

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


def view(
    cast: Cast, *cameras: Camera, kind: str = "video", close: bool = True, **options: Any
) -> ViewingSession:
    """The operator looks at ten seconds of each camera, and again at the end of the span."""
    starts_at = clock.now() - timedelta(hours=1)
    session = viewing.open_viewing(
        actor=cast.operator, terminal="127.0.0.1", cameras=[cast.gate, cast.lobby], purpose=cast.crime,
        starts_at=starts_at, ends_at=starts_at + timedelta(minutes=10), minutes=30,
        reason="Broken window", case="2026-118",
    )  # fmt: skip
    for camera in cameras:
        for at in (0, 500):
            first = starts_at + timedelta(seconds=at)
            viewing.record_sent(
                session, camera=camera, start=first, end=first + timedelta(seconds=10), kind=kind
            )
    if close:
        viewing.close_viewing(session, reason=CloseReason.USER)
    return session


def lines() -> list[tuple[str, str]]:
    """Act and item, in order of their numbers."""
    return list(LedgerLine.objects.order_by("sequence").values_list("kind", "item"))


@pytest.mark.both_databases
def test_o16_o17_a_viewing_gives_one_line_for_each_camera_with_who_what_and_why(cast: Cast) -> None:
    session = view(cast, cast.gate, cast.lobby)
    assert readings.write_readings() == 1
    assert sorted(lines()) == [("READ", "Gate 1 (gate)"), ("READ", "Lobby (lobby)")]
    line = LedgerLine.objects.get(item="Gate 1 (gate)")
    assert line.handler == f"Kim Minji ({cast.operator.employer})"
    assert line.reason.startswith("Crime prevention · Broken window · ")
    assert "2026-118" in line.reason
    assert line.footage_from == session.starts_at.replace(
        microsecond=session.starts_at.microsecond // 1000 * 1000
    )
    assert line.footage_to is not None
    assert timedelta(seconds=510) <= line.footage_to - line.footage_from < timedelta(seconds=511)
    assert line.entry is not None


@pytest.mark.both_databases
def test_it_goes_on_where_it_was_and_writes_nothing_twice(cast: Cast) -> None:
    view(cast, cast.gate)
    readings.write_readings()
    readings.write_readings()
    view(cast, cast.lobby)
    view(cast, cast.gate, close=False)
    readings.write_readings()
    assert lines() == [("READ", "Gate 1 (gate)"), ("READ", "Lobby (lobby)")]


def test_a_viewing_in_which_nothing_was_sent_is_no_reading(cast: Cast) -> None:
    view(cast)
    view(cast, cast.gate, kind="thumbs")
    readings.write_readings()
    assert len(lines()) == 1
    with translation.override("ko"):
        assert LedgerLine.objects.get().form == gettext("small pictures, on screen")


@pytest.mark.both_databases
@pytest.mark.parametrize("failing", range(6))
def test_whatever_fails_between_two_steps_no_reading_is_missing_in_the_end(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    for _n in range(3):
        view(cast, cast.gate, cast.lobby)
    calls = iter(range(100))

    def fail_at_one(**fields: Any) -> Any:
        if next(calls) == failing:
            raise LogUnavailable
        return append(**fields)

    with monkeypatch.context() as patch:
        patch.setattr(services, "append", fail_at_one)
        with pytest.raises(LogUnavailable):
            readings.write_readings()
    readings.write_readings()
    assert len(lines()) == 6
    assert not LedgerLine.objects.filter(entry=None).exists()
    assert set(LedgerLine.objects.values_list("sequence", flat=True)) == set(range(1, 7))


def test_more_viewings_than_are_read_at_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "AT_ONCE", 2)
    for _n in range(5):
        view(cast, cast.gate)
    assert readings.write_readings() == 5
    assert len(lines()) == 5


def test_a_camera_that_the_entry_had_no_room_for_has_its_line_over_the_whole_viewing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "MOST_SENT", 1)
    session = view(cast, cast.gate, cast.lobby)
    readings.write_readings()
    assert len(lines()) == 2
    assert {(row.footage_from, row.footage_to) for row in LedgerLine.objects.all()} == {
        (session.starts_at, session.ends_at)
    }


OTHERS: list[dict[str, Any]] = [
    {"code": "other", "text": "Claim"},
    {"code": "x", "text": "Claim", "intended": False},
]


@pytest.mark.parametrize("purpose", OTHERS)
def test_o13_a_purpose_that_the_cameras_are_not_run_for_is_use(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, purpose: dict[str, Any]
) -> None:
    def as_other(**fields: Any) -> Any:
        return append(**(fields | {"body": fields["body"] | {"purpose": purpose}}))

    monkeypatch.setattr(entries, "append", as_other)
    view(cast, cast.gate)
    readings.write_readings()
    assert [kind for kind, _item in lines()] == ["USE"]


def test_lines_that_have_ended_are_not_written_anew_from_a_log_that_is_kept_longer(cast: Cast) -> None:
    view(cast, cast.gate)
    RecordErasure.objects.create(
        year=2026, sequence=1, number="LC-2026-0001", record_class="ledger", kept_from="2999-01", below=0,
        state="done",
    )  # fmt: skip
    tasks.write_readings()
    assert lines() == []


def test_invariant_7_an_older_register_writes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    view(cast, cast.gate)
    monkeypatch.setattr("cctv.retention.guards.progress.unfinished", lambda: True)
    tasks.write_readings()
    assert lines() == []
