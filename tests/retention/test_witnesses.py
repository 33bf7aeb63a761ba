"""Invariants 5, 7: an older register is noticed before it destroys what it forgot; a kill is no such."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from accesslog.models import LogEntry
from cctv.core.ids import new_id
from cctv.footage.models import ErasedSpan, Segment
from cctv.ingest import orphans
from cctv.people.models import OutgoingMail
from cctv.retention import erase, guards, headline, purge, selectors
from cctv.retention.backup import restoring
from cctv.retention.backup.models import Restore
from cctv.retention.holds import services, upkeep
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.retention.models import Erasure, Heartbeat, PurgeRun, RunState
from cctv.retention.reconcile import codes
from cctv.retention.reconcile import services as fsck
from cctv.vault import journal, keyring, rings
from cctv.vault import services as vault
from cctv.vault.models import Epoch
from tests.retention.holds.conftest import woken
from tests.retention.holds.court import DAY, HOUR, TERMINAL, Court, court
from tests.retention.yard import MINUTE, Sealed, Yard

__all__ = ["court", "woken"]
pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

KEPT_ROWS: tuple[Any, ...] = (Segment, Epoch, Hold, HeldObject, Erasure, ErasedSpan, Heartbeat)


class Killed(BaseException):
    """What a kill -9 leaves: nothing after it runs."""


def saved_register() -> Callable[[], None]:
    """A copy of the rows that matter here, and how to put them back by hand."""
    rows = {model: list(model._default_manager.all()) for model in KEPT_ROWS}
    cameras = list(Hold.cameras.through._default_manager.all())

    def put_back() -> None:
        Hold.cameras.through._default_manager.all().delete()
        for model in (HeldObject, Hold, Erasure, ErasedSpan, Segment, Epoch, Heartbeat):
            model._default_manager.all().delete()
        for model in KEPT_ROWS:
            model._default_manager.bulk_create(rows[model])
        Hold.cameras.through._default_manager.bulk_create(cameras)

    return put_back


def keys_by(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have keys made at the yard's time."""
    monkeypatch.setattr(keyring, "_now_us", lambda: int(yard.now.timestamp() * 1_000_000))


def test_invariant_5_a_register_put_back_before_a_root_has_turned_forgets_no_hold(court: Court) -> None:
    sealed = court.yard.segment(expires_in=3 * HOUR)
    court.purge()
    put_back = saved_register()
    hold = court.place(sealed).hold
    put_back()
    assert not Hold.objects.exists()

    court.expire(5 * HOUR)

    assert PurgeRun.objects.get().pause_code == guards.RESTORED
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    assert rings.footage().has(sealed.row.epoch.key_id)
    restoring.replay_only()
    assert guards.in_doubt() is None
    court.expire(2 * HOUR)
    assert court.held(hold) == {sealed.row.pk}
    assert sealed.row.sealed_name in court.yard.objects()


def confirmed(court: Court, hold: Hold) -> None:
    services.confirm_hold(hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL)


def prolonged(court: Court, hold: Hold) -> None:
    until = hold.until + 30 * DAY
    services.extend_until(
        hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, until=until, reason="x"
    )


def released(court: Court, hold: Hold) -> None:
    services.release_hold(hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, reason="x")


def took_more(court: Court, hold: Hold) -> None:
    court.recorded(hold.starts_at + MINUTE)
    upkeep.extend_holds(full=True)


def erased(court: Court, hold: Hold) -> None:
    sealed = court.yard.segment(court.yard.cameras[1], expires_in=3 * HOUR)
    span: dict[str, Any] = {"starts_at": sealed.row.starts_at, "ends_at": sealed.row.ends_at}
    erase.erase_segments(
        camera=sealed.row.camera, **span, reference="R-1", ground="subject", actor=court.people.officer,
        terminal=TERMINAL,
    )  # fmt: skip


@pytest.mark.parametrize("happened", [confirmed, prolonged, released, took_more, erased])
def test_invariant_7_a_register_that_does_not_know_what_the_journal_tells_of_is_noticed(
    court: Court, happened: Callable[[Court, Hold], None]
) -> None:
    sealed = court.recorded(court.yard.now - 20 * DAY)
    by = court.people.operator if happened is confirmed else court.people.approver
    hold = court.place(sealed, by=by, ends_at=sealed.row.ends_at + HOUR).hold
    court.purge()
    put_back = saved_register()
    happened(court, hold)
    assert guards.register_restored() is None, "a register that knows it is no older copy"
    put_back()
    tripped = guards.register_restored()
    assert tripped is not None
    assert (tripped.code, tripped.facts["what"]) == (guards.RESTORED, "journal")
    court.yard.move(MINUTE)
    assert guards.register_restored() is not None, "a heartbeat does not take it for granted"


def test_invariant_7_a_register_that_lacks_epochs_recorded_since_is_noticed(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_by(yard, monkeypatch)
    monkeypatch.setattr(orphans, "lease_s", lambda: 0.0)
    yard.move(MINUTE)
    put_back = saved_register()
    yard.move(30 * MINUTE)
    since = yard.segment(expires_in=40 * DAY)
    yard.move(30 * MINUTE)
    assert guards.register_restored() is None
    put_back()
    overdue = yard.segment(expires_in=-2 * HOUR)
    for _ in range(3):
        purge.purge_due()
        yard.move(MINUTE)
    assert PurgeRun.objects.get().pause_code == guards.RESTORED
    assert rings.footage().has(overdue.row.epoch.key_id)
    assert orphans.sweep().objects == 0, "what the older register does not know is left alone"
    assert since.row.sealed_name in yard.objects()
    restoring.replay_only()
    purge.purge_due()
    purge.purge_due(trigger="manual")
    assert not rings.footage().has(overdue.row.epoch.key_id)


def test_invariant_5_a_key_that_a_kill_left_without_its_row_holds_up_nothing(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_by(yard, monkeypatch)
    yard.move(MINUTE)
    yard.wait(MINUTE)
    key_id = rings.footage().ensure(f"epoch/{yard.sites[0].pk}/{yard.now + 9 * DAY:%Y-%m-%dT%H}")
    rings.records().ensure(f"hold/{new_id()}")
    yard.wait(10 * HOUR)  # the machine stays down
    assert guards.register_restored() is None
    sealed = yard.segment(expires_in=-2 * HOUR)
    rings.footage().ensure(f"epoch/{yard.sites[1].pk}/{yard.now + 9 * DAY:%Y-%m-%dT%H}")
    assert guards.register_restored() is None, "its row may come in a moment"
    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.DONE
    assert not rings.footage().has(sealed.row.epoch.key_id)
    assert rings.footage().has(key_id)


def test_invariant_5_an_erasure_killed_after_its_line_in_the_journal_holds_up_nothing(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = court.yard.segment(expires_in=3 * HOUR)

    def reached(step: str) -> None:
        if step == "erase.journalled":
            raise Killed

    span: dict[str, Any] = {"starts_at": sealed.row.starts_at, "ends_at": sealed.row.ends_at}
    told: dict[str, Any] = {
        "reference": "R-1",
        "ground": "subject",
        "actor": court.people.officer,
        "terminal": TERMINAL,
    }
    with monkeypatch.context() as patch:
        patch.setattr(erase, "reached", reached)
        with pytest.raises(Killed):
            erase.erase_segments(camera=sealed.row.camera, **span, **told)
    assert [line.kind for line in journal.read()] == ["erased"]
    assert not ErasedSpan.objects.exists()
    court.purge()
    assert Erasure.objects.get().applied_at is not None
    assert not Segment.objects.exists()


def test_invariant_7_a_journal_that_cannot_be_read_leaves_everything_alone_until_it_is_mended(
    court: Court,
) -> None:
    court.place(court.recorded(court.yard.now - 20 * DAY))
    overdue = court.yard.segment(court.yard.cameras[2], expires_in=-2 * HOUR)
    whole = journal.path().read_bytes()
    journal.path().write_bytes(whole[:200] + b"x" + whole[201:])
    for _ in range(3):
        court.purge()
        court.yard.move(MINUTE)
    run = PurgeRun.objects.get()
    assert run.pause_code == guards.JOURNAL
    assert "damaged" in guards.sentence(run.pause_code, run.pause_facts)
    assert overdue.row.sealed_name in court.yard.objects()
    journal.path().write_bytes(whole)
    court.purge()
    court.purge()
    assert overdue.row.sealed_name not in court.yard.objects()


# ------------------------------------------------------------------ an unfinished restore


def _stray() -> str:
    """An object of the store that no row names."""
    name = vault.object_name()
    writer = vault.writer(name, vault.new_object_key(), vault.context(new_id(), "media"))
    writer.write(b"x" * 100)
    writer.close()
    return name


def test_invariant_5_nothing_ends_while_a_restore_is_unfinished(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = court.yard
    monkeypatch.setattr(orphans, "lease_s", lambda: 0.0)
    kept = yard.segment(yard.cameras[1], expires_in=29 * DAY)
    overdue = yard.segment(yard.cameras[1], expires_in=-MINUTE)
    stray = _stray()
    hold = court.place(court.recorded(yard.now - 20 * DAY), until=yard.now + HOUR).hold
    yard.move(2 * HOUR)
    yard.rule(1, camera=yard.cameras[1], since=-HOUR)
    erasure = erase._decide(
        {"camera": kept.row.camera, "starts_at": kept.row.starts_at, "ends_at": kept.row.ends_at,
         "reference": "R-1"}, None, ground="subject", actor=court.people.officer, terminal=TERMINAL,
    )  # fmt: skip
    row = Restore.objects.create(backup_id=UUID(int=7), backup_made_at=yard.now)

    for _ in range(3):
        court.purge()
        orphans.sweep()
        yard.move(MINUTE)
    looked = fsck.check(repair=[codes.ORPHAN_OBJECT])

    assert sum(looked.counts[codes.ORPHAN_OBJECT].values()) == 1
    assert looked.error_code == "repair_refused"
    assert not PurgeRun.objects.exists()
    assert {overdue.row.sealed_name, kept.row.sealed_name, stray} <= yard.objects()
    assert Hold.objects.get(pk=hold.pk).state == HoldState.ACTIVE
    erasure.refresh_from_db()
    assert erasure.applied_at is None
    assert Segment.objects.get(pk=kept.row.pk).expires_at == kept.row.expires_at
    shown = headline.causes(selectors.overview(sites=None), None)[0]
    assert (shown.code, shown.tone) == ("restore", "bad")
    assert "manage.py restore" in shown.todo

    row.finished_at = yard.now
    row.save()
    court.purge()
    assert overdue.row.sealed_name not in yard.objects()
    assert Hold.objects.get(pk=hold.pk).state == HoldState.ENDED


def test_invariant_5_a_run_that_a_backup_caught_halfway_waits_for_the_restore_too(yard: Yard) -> None:
    sealed = yard.segment(expires_in=-2 * HOUR)
    Heartbeat.objects.update(log_size=10_000)
    purge.purge_due()
    PurgeRun.objects.update(state=RunState.STARTED)
    Restore.objects.create(backup_id=UUID(int=7), backup_made_at=yard.now)
    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.STARTED
    assert rings.footage().has(sealed.row.epoch.key_id)


# ------------------------------------------------------------------ holds that cannot be looked after


def test_invariant_5_holds_that_cannot_be_looked_after_stop_destruction_and_everybody_is_told_once(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    overdue: Sealed = court.yard.segment(court.yard.cameras[2], expires_in=-2 * HOUR)
    court.place(court.recorded(court.yard.now - 20 * DAY))
    OutgoingMail.objects.all().delete()

    def look(*_args: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(upkeep, "_look", look)
        court.purge()
        assert not PurgeRun.objects.exists(), "what is over in a moment alarms nobody"
        for _ in range(4):
            court.yard.move(MINUTE)
            court.purge()
        run = PurgeRun.objects.get()
        assert (run.state, run.pause_code) == (RunState.PAUSED, guards.UNTENDED)
        assert "No space left on device" in guards.sentence(run.pause_code, run.pause_facts)
        assert overdue.row.sealed_name in court.yard.objects()
        shown = headline.causes(selectors.overview(sites=None), None)[0]
        assert shown.code == "paused"
        assert "No space left on device" in shown.what
        assert "once holds can be looked after" in shown.todo
        told = OutgoingMail.objects.filter(to=court.people.officer).get()
        assert "No space left on device" in told.text
        assert LogEntry.objects.filter(kind="purge.paused").count() == 1

    court.purge()
    assert overdue.row.sealed_name not in court.yard.objects()
    assert PurgeRun.objects.filter(state=RunState.DONE).exists()
    assert not Heartbeat.objects.exclude(untended="").exists()
    assert not selectors.overview(sites=None).paused
