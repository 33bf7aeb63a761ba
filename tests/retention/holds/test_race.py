"""Invariant 5: a hold placed while a purge runs is honoured or told that it came too late, never half.

At every named step of a purge run somebody else, on a connection of their own, does something about holds.
Their machine's clock is half a minute behind: to them, what the run is about to destroy still lives.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from accesslog.services import append
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.retention import purge
from cctv.retention.holds import services
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold
from cctv.vault import services as vault
from cctv.vault import steps
from tests.retention.holds.court import HOUR, TERMINAL, Court
from tests.retention.yard import Sealed

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"], transaction=True),
    pytest.mark.both_databases,
    pytest.mark.slow,
]
BEHIND = timedelta(seconds=30)
Act = Callable[[], object]


class Rival:
    """Somebody on another connection, whose clock is behind."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []
        self.idents: set[int] = set()

    def go(self, act: Act) -> None:
        """Begin; wait a moment for the end, no longer: what waits for the run's lock goes on after it."""

        def run() -> None:
            self.idents.add(threading.get_ident())
            try:
                act()
            except BaseException as error:
                self.errors.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        self.threads.append(thread)
        thread.start()
        thread.join(0.5)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()
        assert not self.errors, self.errors


@pytest.fixture
def rival(court: Court, monkeypatch: pytest.MonkeyPatch) -> Rival:
    made = Rival()

    def now() -> Any:
        return court.yard.now - (BEHIND if threading.get_ident() in made.idents else timedelta())

    monkeypatch.setattr(clock, "now", now)
    return made


@pytest.fixture
def at_steps() -> Iterator[list[Callable[[str], None]]]:
    """Listeners of this test only."""
    heard: list[Callable[[str], None]] = []

    def pass_on(step: str) -> None:
        for listener in list(heard):
            listener(step)

    steps.listen(pass_on)
    yield heard
    heard.clear()
    steps._listeners.remove(pass_on)


def run_with(at_steps: list[Callable[[str], None]], number: int, rival: Rival, act: Act) -> list[str]:
    """A purge; at its step of that number (purge's own thread only) the rival acts. All steps' names."""
    seen: list[str] = []
    me = threading.get_ident()

    def listener(step: str) -> None:
        if threading.get_ident() == me and step.startswith("purge."):
            seen.append(step)
            if len(seen) == number + 1:
                rival.go(act)

    at_steps.append(listener)
    purge.purge_due(trigger="manual")
    at_steps.clear()
    rival.join()
    return seen


def settle(court: Court) -> None:
    for _time in range(3):
        court.yard.move(timedelta(seconds=40))
        court.purge(trigger="release")


def consistent(court: Court, sealed: list[Sealed]) -> int:
    """Each object is held, whole and opens through its hold; or it is gone altogether. How many are held."""
    held_rows = HeldObject.objects.filter(hold__state__in=PROTECTING).select_related("hold")
    held = {row.segment_id: row for row in held_rows}
    stored = court.yard.objects()
    for each in sealed:
        row = Segment.objects.filter(pk=each.row.pk).select_related("epoch", "camera").first()
        parts = {each.row.sealed_name, f"{each.row.sealed_name}.index", f"{each.row.sealed_name}.thumb"}
        if each.row.pk not in held:
            assert row is None, "neither held nor destroyed"
            assert not parts & stored
            continue
        assert row is not None, "held, and yet its row is gone"
        assert parts <= stored, "held, and yet part of it is destroyed"
        assert opened(held[each.row.pk], row) == each.clear
    return sum(each.row.pk in held for each in sealed)


def opened(held: HeldObject, row: Segment) -> bytes:
    body: Any = {"job": "test", "objects": [str(row.pk)], "hold": {"id": str(held.hold_id)}}
    receipt = append(kind="vault.job", body=body)
    obj = vault.KeyedObject(
        name=row.sealed_name, size_bytes=row.size_bytes, wrapped_key=bytes(held.wrapped_key),
        key_id=held.hold.key_id, ring="records", context_id=row.pk, camera_id=row.camera_id,
        site_id=row.camera.site_id, starts_at=row.starts_at, ends_at=row.ends_at,
        expires_at=held.hold.opens_until,
    )  # fmt: skip
    return vault.open_for_system(receipt, obj, job="test").read()


# As many as a purge has; with more of them the first test goes red.
STEPS = range(9)


@pytest.mark.parametrize("number", STEPS)
def test_invariant_5_a_hold_placed_at_any_step_of_a_purge_is_whole_or_too_late(
    court: Court, rival: Rival, at_steps: list[Any], number: int
) -> None:
    due = [court.yard.segment(expires_in=-timedelta(seconds=n)) for n in (5, 10, 15)]
    placed: list[services.Placed] = []
    seen = run_with(at_steps, number, rival, lambda: placed.append(court.place(*due)))
    assert len(seen) <= len(STEPS), "a purge has more steps now: let the rival act at each of them"
    settle(court)
    held = consistent(court, due)
    assert held == placed[0].held == len(court.held(placed[0].hold))
    assert held in (0, 3)
    if seen[number] == "purge.planned":
        assert held == 3, "only planned, the run has claimed nothing"
    if held:
        assert not placed[0].too_late


@pytest.mark.parametrize("number", STEPS)
def test_invariant_5_handing_over_from_one_hold_to_another_at_any_step_is_whole_or_too_late(
    court: Court, rival: Rival, at_steps: list[Any], number: int
) -> None:
    kept = [court.yard.segment(expires_in=timedelta(minutes=n)) for n in (1, 2, 3)]
    first = court.place(*kept).hold
    court.expire(2 * HOUR)
    other = court.yard.segment(expires_in=-timedelta(seconds=5))
    second: list[Hold] = []

    def release() -> None:
        services.release_hold(
            hold_id=first.pk, actor=court.people.approver, terminal=TERMINAL, reason="settled"
        )

    def place() -> None:
        second.append(court.place(*kept).hold)

    def hand_over() -> None:
        for act in (place, release) if number % 2 else (release, place):
            act()

    seen = run_with(at_steps, number, rival, hand_over)
    assert second, seen
    settle(court)
    held = consistent(court, [*kept, other])
    assert held == (3 if number % 2 else 0), "held before the release: handed over; after it: too late"
    assert not Segment.objects.filter(pk=other.row.pk).exists()


def test_invariant_5_two_holds_and_a_purge_at_once_take_turns(court: Court, rival: Rival) -> None:
    kept = [court.yard.segment(expires_in=timedelta(minutes=n)) for n in range(1, 9)]
    due = [court.yard.segment(expires_in=-timedelta(seconds=n)) for n in range(1, 9)]
    results: list[services.Placed] = []
    for _time in range(2):
        rival.go(lambda: results.append(court.place(*kept, *due)))
    purge.purge_due(trigger="manual")
    rival.join()
    settle(court)
    consistent(court, due)
    assert [placed.held >= len(kept) for placed in results] == [True, True]
    assert len({placed.hold.number for placed in results}) == 2
