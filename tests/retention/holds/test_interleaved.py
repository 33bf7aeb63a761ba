"""Invariant 5, between one look and the next: what somebody decides meanwhile stands."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from cctv.footage.models import Segment
from cctv.retention import erase, erased, guards, purge, ratchet
from cctv.retention.backup import restoring
from cctv.retention.holds import services
from cctv.retention.holds.errors import HoldDecided
from cctv.retention.holds.models import Hold, HoldState
from cctv.retention.models import Certificate, Heartbeat, PurgeItem, PurgeRun
from cctv.sites.models import RetentionRule
from cctv.vault import steps
from cctv.vault.models import Epoch
from tests.retention.holds.court import DAY, HOUR, TERMINAL, Court
from tests.retention.yard import MINUTE, Sealed

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

Acts = dict[str, Callable[[], Any]]


@pytest.fixture
def at() -> Iterator[Acts]:
    """What somebody else does, once, when a step is reached."""
    acts: Acts = {}

    def hear(step: str) -> None:
        if step in acts:
            acts.pop(step)()

    steps.listen(hear)
    yield acts
    steps._listeners.remove(hear)


def waiting(court: Court) -> tuple[Sealed, Hold]:
    """A recording under a hold that nobody has confirmed, at the moment when it lapses."""
    sealed = court.recorded(court.yard.now - 29 * DAY)
    hold = court.place(sealed, by=court.people.operator).hold
    assert hold.confirm_by is not None
    while court.yard.now < hold.confirm_by:
        court.yard.move(min(6 * HOUR, hold.confirm_by - court.yard.now))
        if court.yard.now < hold.confirm_by:
            court.purge()
        hold.refresh_from_db()
    return sealed, hold


def state_of(hold: Hold) -> str:
    hold.refresh_from_db()
    return hold.state


def test_invariant_5_a_hold_that_is_confirmed_while_it_lapses_stands(court: Court, at: Acts) -> None:
    sealed, hold = waiting(court)
    at["hold.end-logged"] = lambda: services.confirm_hold(
        hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL
    )
    court.purge()
    court.yard.move(MINUTE)
    court.purge()
    assert state_of(hold) == HoldState.ACTIVE
    assert Segment.objects.filter(pk=sealed.row.pk).exists()


def test_invariant_5_a_hold_that_is_confirmed_while_it_is_refused_stands(court: Court, at: Acts) -> None:
    sealed = court.recorded(court.yard.now - 29 * DAY)
    hold = court.place(sealed, by=court.people.operator).hold
    at["hold.end-logged"] = lambda: services.confirm_hold(
        hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL
    )
    with pytest.raises(HoldDecided):
        services.refuse_hold(hold_id=hold.pk, actor=court.people.officer, terminal=TERMINAL, reason="no case")
    assert state_of(hold) == HoldState.ACTIVE


def test_invariant_5_a_hold_that_is_prolonged_while_it_ends_stands_and_ends_later(
    court: Court, at: Acts
) -> None:
    sealed = court.recorded(court.yard.now - 29 * DAY)
    hold = court.place(sealed, until=court.yard.now + 5 * HOUR).hold
    later = hold.until + 30 * DAY
    court.yard.move(hold.until - court.yard.now + timedelta(seconds=1))

    def prolong() -> None:
        now, court.yard.now = court.yard.now, hold.until - timedelta(seconds=1)
        services.extend_until(
            hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, until=later, reason="a trial"
        )
        court.yard.now = now

    at["hold.end-logged"] = prolong
    court.purge()
    assert state_of(hold) == HoldState.ACTIVE
    assert hold.until == later
    court.yard.move(later - court.yard.now)
    court.purge()
    assert state_of(hold) == HoldState.ENDED


@pytest.mark.parametrize("ended_by", ["rule", "erasure"])
def test_invariant_5_what_came_into_a_span_since_the_last_look_is_taken_before_it_is_ended(
    court: Court, ended_by: str
) -> None:
    yard = court.yard
    camera = yard.cameras[0]
    yard.rule(30)
    start = yard.now - 29 * DAY
    hold = court.place(cameras=[camera], starts_at=start, ends_at=yard.now, until=yard.now + 90 * DAY).hold
    court.purge()
    yard.move(MINUTE)
    late = court.recorded(yard.now - 20 * DAY)
    if ended_by == "rule":
        soon = yard.now + timedelta(seconds=30)
        scope = {"organisation": yard.sites[0].organisation}
        RetentionRule.objects.create(days=10, effective_from=soon, **scope)
    else:
        gone = erase.erase_segments(
            camera=camera, starts_at=late.row.starts_at, ends_at=late.row.ends_at, reference="R1",
            ground="subject", actor=court.people.officer, terminal=TERMINAL,
        )  # fmt: skip
        assert gone.held_back == 1
    yard.move(MINUTE)
    court.purge()
    assert Segment.objects.filter(pk=late.row.pk).exists()
    assert court.held(hold)


def test_invariant_7_a_register_put_back_ends_no_hold_that_was_prolonged_since(court: Court) -> None:
    court.yard.segment(expires_in=20 * MINUTE)
    sealed = court.recorded(court.yard.now - 29 * DAY)
    hold = court.place(sealed, until=court.yard.now + 2 * DAY).hold
    court.purge()
    saved = {
        name: value for name, value in Hold.objects.filter(pk=hold.pk).values().get().items() if name != "id"
    }
    epochs, beats = list(Epoch.objects.all()), list(Heartbeat.objects.all())
    services.extend_until(
        hold_id=hold.pk,
        actor=court.people.approver,
        terminal=TERMINAL,
        until=hold.until + 90 * DAY,
        reason="x",
    )
    court.expire(3 * DAY)
    # The copy of the register from before is put back by hand.
    for model in (PurgeItem, Certificate, PurgeRun, Heartbeat):
        model._default_manager.all().delete()
    Hold.objects.filter(pk=hold.pk).update(**saved)
    for epoch in epochs:
        Epoch.objects.filter(pk=epoch.pk).update(state=epoch.state, destroyed_at=None)
    Heartbeat.objects.bulk_create(beats)
    tripped = guards.register_restored()
    assert tripped is not None
    assert "restore --replay" in guards.sentence(tripped.code, tripped.facts)

    purge.purge_due()
    restoring.replay_only()
    for _ in range(3):
        court.yard.move(MINUTE)
        court.purge()
    assert state_of(hold) == HoldState.ACTIVE
    assert sealed.row.sealed_name in court.yard.objects()


def test_invariant_5_what_came_into_a_span_and_expired_while_no_worker_ran_is_held(court: Court) -> None:
    yard = court.yard
    hold = court.place(
        cameras=[yard.cameras[0]], starts_at=yard.now - 40 * DAY, ends_at=yard.now, until=yard.now + 90 * DAY
    ).hold
    court.purge()
    yard.wait(MINUTE)
    late = court.recorded(yard.now - 30 * DAY + HOUR)
    Segment.objects.filter(pk=late.row.pk).update(ingested_at=yard.now)
    yard.wait(2 * HOUR)
    court.purge()
    assert court.held(hold)
    assert Segment.objects.filter(pk=late.row.pk).exists()


def test_invariant_5_holds_are_looked_after_again_once_an_older_run_is_finished(
    court: Court, at: Acts, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = court.yard
    hold = court.place(
        cameras=[yard.cameras[0]], starts_at=yard.now - 40 * DAY, ends_at=yard.now, until=yard.now + 90 * DAY
    ).hold
    yard.segment(yard.cameras[2], expires_in=-MINUTE)
    real = ratchet.destroy_keys

    def cut_off(*_facts: Any, **_more: Any) -> None:
        monkeypatch.setattr(ratchet, "destroy_keys", real)
        raise OSError(5, "killed here")

    monkeypatch.setattr(ratchet, "destroy_keys", cut_off)
    court.purge()
    late: list[Sealed] = []

    def meanwhile() -> None:
        late.append(court.recorded(yard.now - 30 * DAY + MINUTE))
        Segment.objects.filter(pk=late[0].row.pk).update(ingested_at=yard.now)
        yard.move(3 * MINUTE)

    at["purge.deleted"] = meanwhile
    yard.move(MINUTE)
    court.purge()
    assert court.held(hold)
    assert Segment.objects.filter(pk=late[0].row.pk).exists()


def test_invariant_5_a_rule_that_takes_effect_after_the_look_waits_for_the_next(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = court.yard
    yard.rule(30)
    start = yard.now - 29 * DAY
    hold = court.place(
        cameras=[yard.cameras[0]], starts_at=start, ends_at=yard.now, until=yard.now + 90 * DAY
    ).hold
    court.purge()
    yard.move(MINUTE)
    late = court.recorded(yard.now - 20 * DAY)
    soon = yard.now + timedelta(seconds=2)
    RetentionRule.objects.create(days=10, effective_from=soon, organisation=yard.sites[0].organisation)
    real = erased.tend

    def slow() -> int:
        yard.move(timedelta(seconds=5))
        return real()

    monkeypatch.setattr(erased, "tend", slow)
    court.purge()
    court.purge()
    assert court.held(hold)
    assert Segment.objects.filter(pk=late.row.pk).exists()
