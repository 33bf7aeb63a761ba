"""An epoch that something left early gets a new key; what lives on in it moves there, through any kill."""

from datetime import timedelta
from typing import Any

import pytest

from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.people.models import Account
from cctv.retention import erase, moving, plan, purge, ratchet, rekey, shortening
from cctv.retention.models import Erasure, Heartbeat, PurgeRun, RunState, Trigger
from cctv.vault import epochs, journal, keyfile, rings
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing
from cctv.vault.models import Epoch, EpochState
from tests.retention.people import people
from tests.retention.yard import MINUTE, Sealed, Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

DAY = timedelta(days=1)
IN_FIVE_DAYS = 5 * DAY - timedelta(minutes=10)


@pytest.fixture
def officer(yard: Yard) -> Account:
    return people(yard.sites).officer


def erased(officer: Account, sealed: Sealed, reference: str = "DSR-1") -> Erasure:
    return erase.erase_segments(
        camera=sealed.row.camera, starts_at=sealed.row.starts_at, ends_at=sealed.row.ends_at,
        reference=reference, ground="subject", actor=officer, terminal="",
    )  # fmt: skip


def key_of(row: Segment | Quarantined) -> bytes:
    """The object's key as the register and the ring give it now."""
    row = type(row).objects.select_related("epoch").get(pk=row.pk)
    return keyfile.unwrap_key(rings.footage().get(row.epoch.key_id), bytes(row.wrapped_key))


class Killed(BaseException):
    """Stands in for kill -9: nothing catches it."""


# The last one comes once in a run.
STEPS = [
    "rekey.key", "rekey.uncommitted", "rekey.rows", "purge.rekey-new", "moved.journalled",
    "purge.rekey-moved", "purge.rekey-done", "purge.ratcheted",
]  # fmt: skip


@pytest.mark.parametrize(("step", "nth"), [(step, nth) for nth in (1, 2) for step in STEPS[: 9 - nth]])
def test_invariant_5_a_kill_at_any_step_of_a_new_key_loses_no_survivor(
    yard: Yard, officer: Account, step: str, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = [yard.segment(expires_in=IN_FIVE_DAYS), yard.segment(expires_in=6 * DAY)]
    staying = [yard.segment(expires_in=IN_FIVE_DAYS + n * MINUTE) for n in range(1, 6)]
    garbage = yard.quarantined(expires_in=IN_FIVE_DAYS)
    keys = {each.row.pk: key_of(each.row) for each in staying} | {garbage.pk: key_of(garbage)}
    for number, sealed in enumerate(doomed):
        erased(officer, sealed, f"DSR-{number}")
    old_keys = {sealed.row.epoch.key_id for sealed in doomed}
    seen: list[str] = []

    def die(name: str) -> None:
        seen.append(name)
        if name == step and seen.count(step) == nth:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(rekey, "BATCH", 2)
        for module in (rekey, moving, epochs, ratchet):
            patched.setattr(module, "reached", die)
        with pytest.raises(Killed):
            purge.purge_due(trigger=Trigger.REQUEST)
    PurgeRun.objects.update(lease_until=None, lease_token=None)  # as when it has run out

    for _tick in range(3):
        yard.move(MINUTE)
        purge.purge_due()

    assert not PurgeRun.objects.filter(is_open=True).exists()
    assert set(Segment.objects.values_list("pk", flat=True)) == {each.row.pk for each in staying}
    now = {each.row.pk: key_of(each.row) for each in staying} | {garbage.pk: key_of(garbage)}
    assert now == keys
    assert old_keys.isdisjoint(rings.footage().key_ids())
    assert not Epoch.objects.filter(state=EpochState.RETIRED).exists()
    assert not Epoch.objects.filter(state=EpochState.LIVE, needs_new_key=True).exists()
    assert Erasure.objects.exclude(done_at=None).count() == 2


def test_what_is_erased_after_the_plan_is_not_destroyed_by_that_run_and_not_spared_by_the_next(
    yard: Yard, officer: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, staying = (yard.segment(expires_in=IN_FIVE_DAYS + n * MINUTE) for n in range(3))
    erased(officer, first)
    made: list[str] = []

    def meanwhile(name: str) -> None:
        if name == "purge.rekey-new" and not made:
            yard.move(timedelta(seconds=1))
            erased(officer, second, "DSR-2")
            made.append(name)

    with monkeypatch.context() as patched:
        patched.setattr(rekey, "reached", meanwhile)
        purge.purge_due(trigger=Trigger.REQUEST)
    assert made
    between = Segment.objects.select_related("epoch").get(pk=second.row.pk).epoch
    assert between.state == EpochState.LIVE
    assert between.needs_new_key, "it took a new wrapping with it"
    assert Erasure.objects.get(reference="DSR-2").done_at is None
    yard.move(MINUTE)
    purge.purge_due()
    yard.move(MINUTE)
    purge.purge_due()
    assert Segment.objects.get().pk == staying.row.pk
    assert not rings.footage().has(between.key_id)
    assert Erasure.objects.filter(done_at=None).count() == 0


def test_invariant_7_a_clock_that_jumps_while_keys_are_made_anew_leaves_nothing_behind(
    yard: Yard, officer: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed, staying = (yard.segment(expires_in=IN_FIVE_DAYS + n * MINUTE) for n in range(2))
    kept = key_of(staying.row)
    erased(officer, doomed)
    jumped: list[str] = []

    def jump(name: str) -> None:
        if name == "purge.rekey-new" and not jumped:
            yard.jump(40 * DAY)
            jumped.append(name)

    with monkeypatch.context() as patched:
        patched.setattr(rekey, "reached", jump)
        purge.purge_due(trigger=Trigger.REQUEST)
    yard.jump(-40 * DAY)
    for _tick in range(3):
        purge.purge_due()
        yard.move(MINUTE)
    assert Segment.objects.get().pk == staying.row.pk
    assert key_of(staying.row) == kept


def test_a_row_that_a_shorter_rule_moves_comes_only_to_an_epoch_that_is_live(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.rule(30)
    sealed = yard.segment(expires_in=20 * DAY)
    kept = key_of(sealed.row)
    yard.rule(20, since=-MINUTE)
    real = vault.ensure_epoch
    retired: list[Epoch] = []

    def ensured(site_id: Any, expires_at: Any) -> Epoch:
        epoch = real(site_id, expires_at)
        if not retired:
            retired.append(epoch)
            vault.rekey_epoch(Epoch.objects.get(pk=epoch.pk))
        return epoch

    monkeypatch.setattr(vault, "ensure_epoch", ensured)
    assert shortening.apply_rules() == 1
    row = Segment.objects.select_related("epoch").get()
    assert row.epoch.state == EpochState.LIVE
    assert row.epoch_id != retired[0].pk
    assert key_of(row) == kept


def test_what_a_shorter_rule_leaves_behind_gets_a_new_key_and_its_hour_goes_on(yard: Yard) -> None:
    yard.rule(30)
    moved = yard.segment(expires_in=20 * DAY)
    staying = yard.segment(yard.cameras[1], expires_in=20 * DAY)
    kept, old = key_of(staying.row), moved.row.epoch
    yard.rule(20, camera=moved.row.camera, since=-MINUTE)

    purge.purge_due()

    old.refresh_from_db()
    assert old.state == EpochState.DESTROYED
    assert key_of(staying.row) == kept
    after = Segment.objects.select_related("epoch").get(pk=staying.row.pk)
    assert (after.epoch.expires_hour, after.expires_at) == (old.expires_hour, staying.row.expires_at)
    kinds = [line.kind for line in journal.read()]
    assert kinds == ["moved", "moved"]
    assert PurgeRun.objects.get().state == RunState.DONE
    yard.move(MINUTE)
    purge.purge_due()
    assert PurgeRun.objects.count() == 1, "and nothing is left to do"


def test_an_expiry_that_moves_within_its_hour_is_told_to_the_journal_too(yard: Yard) -> None:
    yard.rule(30)
    sealed = yard.segment(expires_in=MINUTE)
    yard.rule(29, since=-MINUTE)
    assert shortening.apply_rules() == 1
    (line,) = journal.read()
    row = Segment.objects.get()
    assert line.kind == "expiry"
    assert line.facts["objects"] == [["segment", str(sealed.row.pk), row.expires_at.isoformat()]]
    assert not Epoch.objects.filter(needs_new_key=True).exists()


def test_an_epoch_without_its_key_stops_nothing_else(yard: Yard, officer: Account) -> None:
    broken, fine = yard.segment(expires_in=IN_FIVE_DAYS), yard.segment(expires_in=6 * DAY)
    staying = yard.segment(expires_in=IN_FIVE_DAYS + MINUTE)
    erased(officer, broken)
    erased(officer, fine, "DSR-2")
    old, other = broken.row.epoch, fine.row.epoch
    rings.footage().remove_and_ratchet([old.key_id])
    Heartbeat.objects.update(footage_generation=rings.footage().generation)  # not a register put back
    with pytest.raises(KeyMissing):
        key_of(staying.row)
    purge.purge_due(trigger=Trigger.REQUEST)
    other.refresh_from_db()
    assert other.state == EpochState.DESTROYED
    assert Segment.objects.get().pk == staying.row.pk


def test_a_run_gives_few_epochs_new_keys_and_those_of_erasures_first(
    yard: Yard, officer: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "MOST_RETIRED", 2)
    left = [yard.segment(expires_in=n * DAY).row.epoch for n in range(3, 7)]
    Epoch.objects.filter(pk__in=[epoch.pk for epoch in left]).update(needs_new_key=True)
    doomed = yard.segment(expires_in=9 * DAY)
    erased(officer, doomed)

    purge.purge_due(trigger=Trigger.REQUEST)

    (run,) = PurgeRun.objects.all()
    assert set(run.retired_key_ids) == {doomed.row.epoch.key_id, left[0].key_id}
    for _tick in range(2):
        yard.move(MINUTE)
        purge.purge_due()
    assert not Epoch.objects.filter(needs_new_key=True).exists()
    assert not rings.footage().key_ids() & {epoch.key_id for epoch in left}
