"""Invariant 5: nothing held is destroyed, and what no hold keeps any more goes, its hold's key first."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from cctv.core.ids import new_id
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import entries, plan, purge, ratchet
from cctv.retention.holds.models import HeldObject, Hold, HoldGate, HoldState
from cctv.retention.models import Certificate, PurgeRun, RunState, Trigger
from cctv.vault import rings, steps
from cctv.vault import services as vault
from cctv.vault.models import Epoch, EpochState
from tests.retention.people import people
from tests.retention.yard import MINUTE, Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

HOUR = timedelta(hours=1)


def hold(yard: Yard, *rows: Segment | Quarantined, state: HoldState = HoldState.ACTIVE) -> Hold:
    """A hold on the rows, with their keys wrapped under its own."""
    pk, number = new_id(), Hold.objects.count() + 1
    key_id = vault.new_hold_key(pk)
    placed = Hold.objects.create(
        id=pk, number=f"H-2026-{number:04}", year=2026, sequence=number, site=yard.sites[0], case="C-1",
        ground="crime", starts_at=yard.now - 60 * timedelta(days=1), ends_at=yard.now,
        until=yard.now + timedelta(days=90), state=state, key_id=key_id, placed_at=yard.now,
        placed_by=people(yard.sites).officer if number == 1 else Hold.objects.first().placed_by,  # type: ignore[union-attr]
    )  # fmt: skip
    for row in rows:
        wrapped = vault.wrap_for_hold(
            key_id=key_id, wrapped_key=bytes(row.wrapped_key), epoch=Epoch.objects.get(pk=row.epoch_id)
        )
        named = {"segment": row} if isinstance(row, Segment) else {"quarantined": row}
        HeldObject.objects.create(hold=placed, wrapped_key=wrapped, **named)
    _protection_changed()
    return placed


def end(placed: Hold) -> None:
    Hold.objects.filter(pk=placed.pk).update(state=HoldState.RELEASED)
    _protection_changed()


def _protection_changed() -> None:
    HoldGate.objects.get_or_create(pk=1)
    HoldGate.objects.update(version=F("version") + 1)


def test_invariant_5_held_footage_outlives_its_epochs_key_and_its_neighbours(yard: Yard) -> None:
    held, other = (yard.segment(expires_in=20 * MINUTE) for _n in range(2))
    kept = yard.quarantined(expires_in=20 * MINUTE)
    placed = hold(yard, held.row, kept)
    yard.move(2 * HOUR)
    purge.purge_due()

    assert set(Segment.objects.values_list("pk", flat=True)) == {held.row.pk}
    assert Quarantined.objects.filter(pk=kept.pk).exists()
    assert {held.row.sealed_name, kept.sealed_name} <= yard.objects()
    assert other.row.sealed_name not in yard.objects()
    assert not rings.footage().has(held.row.epoch.key_id), "its hour is over like everybody's"
    assert rings.records().has(placed.key_id)
    run = PurgeRun.objects.get()
    assert (run.segments, run.quarantined) == (1, 0), (
        "what is held is in no plan, that a person might confirm"
    )
    assert (run.destroyed_segments, run.destroyed_quarantined) == (1, 0)


def test_a_hold_that_ended_goes_key_first_and_then_all_that_it_held(yard: Yard) -> None:
    held, kept = yard.segment(expires_in=20 * MINUTE), yard.quarantined(expires_in=20 * MINUTE)
    placed = hold(yard, held.row, kept)
    yard.move(2 * HOUR)
    purge.purge_due()
    end(placed)
    order: list[str] = []

    def watch(step: str) -> None:
        if step == "hold.key-destroyed":
            order.append("key")
            assert not rings.records().has(placed.key_id)
            assert held.row.sealed_name in yard.objects(), "objects wait for the key"
        if step == "purge.objects-deleted":
            order.append("objects")

    steps.listen(watch)
    try:
        purge.purge_due(trigger=Trigger.RELEASE)
    finally:
        steps._listeners.remove(watch)

    assert order[:2] == ["key", "objects"]
    assert not Segment.objects.exists()
    assert not Quarantined.objects.exists()
    assert not yard.objects()
    assert not HeldObject.objects.exists()
    placed.refresh_from_db()
    assert (placed.key_id, placed.key_destroyed_at) == ("", yard.now)
    run = PurgeRun.objects.get(trigger=Trigger.RELEASE)
    assert (run.state, run.destroyed_segments, run.destroyed_quarantined) == (RunState.DONE, 1, 1)
    assert run.records_generation_after == (run.records_generation_before or 0) + 1
    assert Epoch.objects.get(pk=held.row.epoch_id).state == EpochState.DESTROYED
    assert Certificate.objects.first().facts["segments"] == 1  # type: ignore[union-attr]


def test_what_an_ended_hold_held_stays_while_it_is_not_past_its_time(yard: Yard) -> None:
    young = yard.segment(expires_in=5 * HOUR)
    placed = hold(yard, young.row)
    end(placed)
    purge.purge_due()
    assert Segment.objects.count() == 1
    assert not HeldObject.objects.exists()
    assert not rings.records().has(placed.key_id)
    assert rings.footage().has(young.row.epoch.key_id)


def test_invariant_5_a_second_hold_keeps_what_the_first_let_go(yard: Yard) -> None:
    held = yard.segment(expires_in=20 * MINUTE)
    first, second = hold(yard, held.row), hold(yard, held.row, state=HoldState.PLACED)
    yard.move(2 * HOUR)
    end(first)
    purge.purge_due()
    assert Segment.objects.filter(pk=held.row.pk).exists()
    assert [row.hold_id for row in HeldObject.objects.all()] == [second.pk]
    assert rings.records().has(second.key_id)
    assert not rings.records().has(first.key_id)


def test_invariant_5_a_hold_placed_after_the_plan_makes_the_run_plan_anew(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the moment between the entry of the start and the start itself."""
    sealed = [yard.segment(expires_in=-2 * HOUR), yard.segment(expires_in=20 * MINUTE)]
    start = entries.start

    def too_slow(*arguments: Any, **options: Any) -> Any:
        written = start(*arguments, **options)
        hold(yard, sealed[1].row)
        return written

    with monkeypatch.context() as racing:
        racing.setattr(entries, "start", too_slow)
        purge.purge_due()
    run = PurgeRun.objects.get()
    assert (run.state, run.error_code) == (RunState.ABANDONED, "plan_moved")
    assert Segment.objects.count() == 2
    assert rings.footage().has(sealed[0].row.epoch.key_id)
    purge.purge_due()
    assert set(Segment.objects.values_list("pk", flat=True)) == {sealed[1].row.pk}


def test_a_run_notes_under_which_protection_it_began(yard: Yard) -> None:
    hold(yard, yard.segment(expires_in=5 * HOUR).row)
    yard.segment(expires_in=-MINUTE)
    purge.purge_due()
    assert PurgeRun.objects.get().gate_version == HoldGate.objects.get().version > 0


def test_invariant_5_a_hold_that_ends_in_mid_run_waits_for_the_run_that_takes_its_key(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, other = yard.segment(expires_in=20 * MINUTE), yard.segment(expires_in=20 * MINUTE)
    placed = hold(yard, held.row)
    yard.move(2 * HOUR)
    destroy_keys = ratchet.destroy_keys

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        end(placed)
        return destroy_keys(*arguments, **options)

    with monkeypatch.context() as racing:
        racing.setattr(ratchet, "destroy_keys", meanwhile)
        purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.DONE
    assert set(Segment.objects.values_list("pk", flat=True)) == {held.row.pk}
    assert other.row.sealed_name not in yard.objects()
    assert held.row.sealed_name in yard.objects(), "not before its hold's key"

    purge.purge_due(trigger=Trigger.RELEASE)
    assert not Segment.objects.exists()
    assert not yard.objects()


def test_the_plan_and_its_digest_name_the_keys_of_ended_holds(yard: Yard) -> None:
    placed = hold(yard, yard.segment(expires_in=5 * HOUR).row)
    before = plan.compute(yard.now)
    assert before.is_empty
    end(placed)
    after = plan.compute(yard.now)
    assert after.hold_key_ids == [placed.key_id]
    assert not after.is_empty
    assert after.digest != before.digest


@pytest.mark.parametrize(("trigger", "runs"), [(Trigger.RELEASE, 2), (Trigger.REQUEST, 2), (Trigger.AUTO, 1)])
def test_what_a_person_waits_for_is_planned_at_once(yard: Yard, trigger: Trigger, runs: int) -> None:
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due(trigger=trigger)
    assert PurgeRun.objects.count() == runs


def test_invariant_5_the_database_itself_refuses_to_forget_a_held_row(yard: Yard) -> None:
    held = yard.segment(expires_in=20 * MINUTE)
    hold(yard, held.row)
    with pytest.raises(IntegrityError):
        _forget(held.row)


@transaction.atomic
def _forget(row: Segment) -> None:
    rows = Segment.objects.filter(pk=row.pk)
    rows._raw_delete(rows.db)
    # Foreign keys are asked when a transaction ends; a test's own never does.
    connection.check_constraints()
