"""Invariant 7: a wrong clock, a wrong mount, an emptied register or an unusual plan destroys nothing."""

import shutil
from datetime import timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from cctv.core import boot, clock
from cctv.footage.models import Segment
from cctv.retention import guards, plan, purge
from cctv.retention.models import Heartbeat, PurgeRun, RunState
from cctv.vault import rings
from cctv.vault import services as vault
from tests.retention.yard import MINUTE, REAL_BOOT, REAL_CLOCK, Sealed, Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def untouched(yard: Yard, sealed: list[Sealed]) -> bool:
    """Whether rows, objects and keys are all still there."""
    rows = Segment.objects.count() == len(sealed)
    keys = all(rings.footage().has(each.row.epoch.key_id) for each in sealed)
    return rows and keys and len(yard.objects()) == 3 * len(sealed)


def paused_code() -> str:
    run = PurgeRun.objects.get(is_open=True)
    assert run.state == RunState.PAUSED
    return run.pause_code


def entries_of(kind: str) -> int:
    return LogEntry.objects.filter(kind=kind).count()


@pytest.mark.parametrize(
    ("how", "code"), [("off", guards.CLOCK_AHEAD), ("jump", guards.CLOCK_STEPPED)], ids=["reboot", "running"]
)
def test_invariant_7_clock_40_days_ahead_destroys_nothing_until_it_is_mended(
    yard: Yard, how: str, code: str
) -> None:
    sealed = [yard.segment(expires_in=DAY * n) for n in range(1, 4)]

    getattr(yard, how)(40 * DAY)
    for _tick in range(3):
        purge.purge_due()
        assert untouched(yard, sealed)
    assert paused_code() == code
    assert entries_of("purge.paused") == 1, "one alarm, not one for each tick"
    assert entries_of("purge.start") == 0

    yard.jump(-40 * DAY)
    purge.purge_due()
    assert untouched(yard, sealed)
    assert PurgeRun.objects.get().state == RunState.ABANDONED
    assert not PurgeRun.objects.filter(is_open=True).exists()


def test_invariant_7_clock_2_days_behind_destroys_nothing_and_goes_on_when_it_is_right_again(
    yard: Yard,
) -> None:
    old = yard.segment(expires_in=-49 * HOUR)
    yard.jump(-2 * DAY)

    purge.purge_due()
    purge.purge_due()

    assert untouched(yard, [old])
    assert paused_code() == guards.CLOCK_BEHIND
    yard.jump(2 * DAY)
    purge.purge_due()
    purge.purge_due()
    assert not Segment.objects.exists()


def test_invariant_7_a_clock_behind_alarms_even_when_nothing_is_due(yard: Yard) -> None:
    sealed = yard.segment(expires_in=HOUR)
    yard.jump(-DAY)
    purge.purge_due()
    assert paused_code() == guards.CLOCK_BEHIND
    assert untouched(yard, [sealed])


def test_a_wrong_clock_is_not_trusted_while_nothing_is_due(yard: Yard) -> None:
    sealed = yard.segment(expires_in=50 * DAY)
    yard.off(40 * DAY)
    purge.purge_due()
    assert Heartbeat.objects.get().at == yard.now - 40 * DAY, "else the jump would be forgotten"
    yard.off(20 * DAY)
    purge.purge_due()
    assert paused_code() == guards.CLOCK_AHEAD
    assert untouched(yard, [sealed])


def test_invariant_7_a_clock_9_hours_ahead_within_one_boot_destroys_nothing(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the machine's own clocks: the wall clock jumps, the time since the boot does not."""
    monkeypatch.setattr(clock, "now", REAL_CLOCK)
    monkeypatch.setattr(boot, "read", REAL_BOOT)
    yard.now = now = clock.now()
    Heartbeat.objects.all().delete()
    purge.purge_due()
    sealed = [yard.segment(expires_in=8 * HOUR) for _n in range(3)]

    with clock.pretend(now + 9 * HOUR):
        purge.purge_due()
        assert paused_code() == guards.CLOCK_STEPPED
        assert untouched(yard, sealed)

    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.ABANDONED
    assert untouched(yard, sealed)


@pytest.mark.parametrize("step", [3 * MINUTE, 9 * HOUR, 30 * HOUR])
def test_invariant_7_a_step_forward_pauses_until_a_person_vouches_for_the_clock(
    yard: Yard, step: timedelta
) -> None:
    sealed = yard.segment(expires_in=MINUTE)
    yard.jump(step)
    purge.purge_due()
    assert paused_code() == guards.CLOCK_STEPPED
    assert untouched(yard, [sealed])
    assert PurgeRun.objects.get().pause_facts["due"] == clock.rfc3339(yard.now - step)
    guards.beat(yard.now, vouched=True)
    purge.purge_due()
    purge.purge_due()
    assert not Segment.objects.exists()


def test_a_clock_that_ntp_slews_and_a_purge_that_slept_while_the_machine_ran_need_nobody(yard: Yard) -> None:
    yard.segment(expires_in=HOUR)
    yard.wait(3 * DAY)
    yard.jump(MINUTE)
    purge.purge_due()
    assert not Segment.objects.exists(), "three days of silence, but the time since the boot vouches for them"


def test_invariant_7_a_clock_that_creeps_ahead_in_small_steps_is_not_believed_for_ever(yard: Yard) -> None:
    sealed = yard.segment(expires_in=HOUR)
    for _tick in range(3):
        yard.wait(MINUTE)
        yard.jump(timedelta(seconds=50))
        purge.purge_due()
    yard.segment(expires_in=-MINUTE)
    purge.purge_due()
    assert paused_code() == guards.CLOCK_STEPPED
    assert sealed.row.pk in set(Segment.objects.values_list("pk", flat=True))
    guards.beat(yard.now, vouched=True)
    assert guards.clock_unsure(yard.now) is None


def test_each_of_several_machines_is_held_against_its_own_boot(yard: Yard) -> None:
    sealed = yard.segment(expires_in=8 * HOUR)
    here, other = yard.boot, boot.Boot("another machine", 90 * DAY)
    yard.boot = other
    purge.purge_due()
    yard.boot = here
    purge.purge_due()
    yard.boot = other
    yard.jump(9 * HOUR)
    purge.purge_due()
    assert paused_code() == guards.CLOCK_STEPPED
    assert untouched(yard, [sealed])


def test_a_night_switched_off_needs_nobody(yard: Yard) -> None:
    yard.segment(expires_in=HOUR)
    yard.off(14 * HOUR)
    purge.purge_due()
    assert not Segment.objects.exists()


@pytest.mark.parametrize("how", ["missing", "another installation's", "unmounted"])
def test_invariant_7_without_its_own_storage_nothing_is_destroyed(yard: Yard, how: str) -> None:
    sealed = [yard.segment(expires_in=-2 * HOUR), yard.segment(expires_in=-MINUTE)]
    footage, aside = yard.home / "footage", yard.home / "aside"
    if how == "unmounted":
        footage.rename(aside)
        footage.mkdir()
    else:
        shutil.copy(footage / "lethe-storage.json", aside)
        (footage / "lethe-storage.json").unlink()
        if how != "missing":
            (footage / "lethe-storage.json").write_text('{"format": "lethe-storage/1", "installation": "00"}')

    purge.purge_due()
    purge.purge_due()

    assert paused_code() == guards.STORAGE
    assert Segment.objects.count() == 2
    assert all(rings.footage().has(each.row.epoch.key_id) for each in sealed)
    if how == "unmounted":
        footage.rmdir()
        aside.rename(footage)
    else:
        shutil.copy(aside, footage / "lethe-storage.json")
    assert untouched(yard, sealed)
    purge.purge_due()
    yard.move(MINUTE)
    purge.purge_due()
    assert not Segment.objects.exists()


def test_invariant_7_a_disk_that_goes_away_in_mid_run_keeps_the_rows(yard: Yard, monkeypatch: Any) -> None:
    """Even with a store that takes an empty mount point for its own and finds nothing there."""
    sealed = [yard.segment(expires_in=-MINUTE * n) for n in (5, 4, 3)]
    footage, aside = yard.home / "footage", yard.home / "aside"

    def unmount(_names: list[str]) -> dict[str, Any]:
        footage.rename(aside)
        footage.mkdir()
        return {}

    with monkeypatch.context() as gullible:
        gullible.setattr(vault, "delete_objects", unmount)
        purge.purge_due()
    run = PurgeRun.objects.get()
    assert (run.is_open, run.error_code) == (True, "storage_mismatch")
    assert Segment.objects.count() == 3

    footage.rmdir()
    aside.rename(footage)
    assert untouched(yard, sealed)
    purge.purge_due()
    assert not Segment.objects.exists()
    assert PurgeRun.objects.get().state == RunState.DONE


def test_invariant_7_an_emptied_register_over_a_full_store_keeps_the_keys(yard: Yard) -> None:
    sealed = yard.segment(expires_in=timedelta(minutes=20))
    Segment.objects.all().delete()
    yard.move(2 * HOUR)

    purge.purge_due()

    assert paused_code() == guards.EMPTIED
    assert rings.footage().has(sealed.row.epoch.key_id)
    assert len(yard.objects()) == 3


def test_a_fresh_installation_with_much_expired_footage_purges_without_asking(
    yard: Yard, monkeypatch: Any
) -> None:
    monkeypatch.setattr(guards, "FEW_SEGMENTS", 2)
    for _n in range(5):
        yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.DONE
    assert not Segment.objects.exists()


def test_a_plan_far_above_the_usual_waits_for_a_person(yard: Yard, monkeypatch: Any) -> None:
    monkeypatch.setattr(guards, "FEW_SEGMENTS", 2)
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    yard.move(MINUTE)
    sealed = [yard.segment(expires_in=-2 * HOUR) for _n in range(6)]

    purge.purge_due()

    assert paused_code() == guards.VOLUME
    assert untouched(yard, sealed)
    assert PurgeRun.objects.get(is_open=True).pause_facts["segments"] == 6


def test_a_usual_plan_beside_much_living_footage_does_not_wait(yard: Yard, monkeypatch: Any) -> None:
    monkeypatch.setattr(guards, "FEW_SEGMENTS", 2)
    monkeypatch.setattr(guards, "UNUSUAL", 3)
    for _n in range(2):
        yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    yard.move(MINUTE)
    for _n in range(5):
        yard.segment(expires_in=-2 * HOUR)
    for _n in range(6):
        yard.segment(expires_in=5 * DAY)
    purge.purge_due()
    assert Segment.objects.count() == 6, "5 are more than usual, but neither 3 times as many nor half of all"


def test_every_guard_has_a_sentence_for_its_facts() -> None:
    moment = clock.rfc3339(clock.now())
    facts = {"now": moment, "seen": moment, "error": "x", "segments": 1, "usual": 1, "total": 1, "largest": 1}
    facts["due"] = moment
    soft = (guards.CLOCK_AHEAD, guards.CLOCK_STEPPED, guards.VOLUME)
    for code in (*soft, *guards.HARD):
        assert len(guards.sentence(code, facts)) > len(code) + 10


def test_an_hour_in_which_something_still_lives_keeps_its_key_and_shows_it(yard: Yard) -> None:
    sealed = yard.segment(expires_in=-2 * HOUR)
    Segment.objects.filter(pk=sealed.row.pk).update(expires_at=yard.now + HOUR)
    purge.purge_due()
    assert untouched(yard, [sealed])
    assert plan.blocked_epochs(yard.now).count() == 1


def test_a_clock_that_is_mended_after_a_jump_lets_destruction_go_on(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log and admissions carry the jumped time for ever; the heartbeat of this boot knows better."""
    yard.segment(expires_in=-timedelta(minutes=2))
    jumped = yard.now + timedelta(days=40)
    yard.jump(timedelta(days=40))
    purge.purge_due()
    Segment.objects.update(ingested_at=jumped)
    monkeypatch.setattr(guards, "_log_time", lambda: jumped)
    yard.jump(-timedelta(days=40))
    purge.purge_due()
    purge.purge_due()
    assert not Segment.objects.exists()


def test_after_a_reboot_a_person_says_which_of_clock_and_log_is_right(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.segment(expires_in=-timedelta(minutes=2))
    jumped = yard.now + timedelta(days=40)
    monkeypatch.setattr(guards, "_log_time", lambda: jumped)
    yard.off(timedelta(minutes=5))
    purge.purge_due()
    run = PurgeRun.objects.get()
    assert (run.state, run.pause_code) == (RunState.PAUSED, guards.CLOCK_DOUBTED)
    assert run.pause_code not in guards.HARD
    assert Segment.objects.exists()


def test_content_that_a_person_has_told_to_be_lost_is_not_looked_for_again(yard: Yard) -> None:
    first = [yard.segment(expires_in=-timedelta(minutes=2)) for _ in range(3)]
    later = [yard.segment(expires_in=timedelta(minutes=10)) for _ in range(3)]
    for each in (*first, *later):
        for path in yard.home.joinpath("footage").glob(f"{each.row.sealed_name}*"):
            path.unlink()
    purge.purge_due()
    run = PurgeRun.objects.get()
    assert run.pause_code == guards.STORE_EMPTIED
    PurgeRun.objects.filter(pk=run.pk).update(state=RunState.PLANNED, confirmed_at=yard.now)
    purge.purge_due()
    yard.move(timedelta(minutes=11))
    purge.purge_due()
    assert not Segment.objects.exists(), "one word is enough for all that had come in by then"

    anew = [yard.segment(expires_in=timedelta(days=1)) for _ in range(3)]
    Segment.objects.update(ingested_at=yard.now)
    for each in anew:
        for path in yard.home.joinpath("footage").glob(f"{each.row.sealed_name}*"):
            path.unlink()
    yard.move(timedelta(days=1, minutes=1))
    purge.purge_due()
    assert PurgeRun.objects.filter(is_open=True, pause_code=guards.STORE_EMPTIED).exists()
