"""Invariant 7 once more, as people meet it: five ways in which the world is wrong, and one alarm for each."""

import json
import logging
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from cctv.footage.models import Segment
from cctv.people.models import OutgoingMail
from cctv.retention import alarms, destroy, guards, headline, purge, selectors
from cctv.retention.models import Certificate, Heartbeat, PurgeItem, PurgeRun, RunState
from cctv.vault import rings
from cctv.vault import services as vault
from cctv.vault.models import Epoch
from tests.retention.people import People, people
from tests.retention.yard import MINUTE, Sealed, Yard

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.postgres_later,
]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites[:2])


def empty_the_register(yard: Yard) -> None:
    Segment.objects.all().delete()
    PurgeItem.objects.all().delete()
    Epoch.objects.all().delete()
    Heartbeat.objects.all().delete()


def empty_the_disk(yard: Yard) -> None:
    """The marker is there, the objects are not: another copy of the disk."""
    for shard in (yard.home / "footage").iterdir():
        if shard.is_dir():
            shutil.rmtree(shard)
            shard.mkdir()


def mount_anothers_disk(yard: Yard) -> None:
    (yard.home / "footage").rename(yard.home / "aside")
    (yard.home / "footage").mkdir()
    marker = {"format": "lethe-storage/1", "installation": "00" * 16}
    (yard.home / "footage" / "lethe-storage.json").write_text(json.dumps(marker))


WRONG: dict[str, tuple[Callable[[Yard], object], str]] = {
    "an empty database on a full disk": (empty_the_register, guards.EMPTIED),
    "an empty disk under a full database": (empty_the_disk, guards.STORE_EMPTIED),
    "the clock 40 days ahead": (lambda yard: yard.jump(40 * DAY), guards.CLOCK_STEPPED),
    "the machine started 40 days ahead": (lambda yard: yard.off(40 * DAY), guards.CLOCK_AHEAD),
    "the clock 2 days behind": (lambda yard: yard.jump(-2 * DAY), guards.CLOCK_BEHIND),
    "another installation's disk": (mount_anothers_disk, guards.STORAGE),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_invariant_7_a_wrong_world_destroys_nothing_and_gives_one_clear_alarm(
    yard: Yard, cast: People, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    sealed = [yard.segment(expires_in=step) for step in (-2 * HOUR, -MINUTE, HOUR, 20 * DAY, 60 * DAY)]
    keys, rows, files = rings.footage().key_ids(), Segment.objects.count(), yard.objects()
    spoil, code = WRONG[wrong]
    spoil(yard)
    kept = Segment.objects.count()
    stored = yard.objects() if code != guards.STORAGE else files
    with caplog.at_level(logging.WARNING):
        for _tick in range(4):
            purge.purge_due()
            yard.wait(MINUTE)

    assert rings.footage().key_ids() == keys
    assert Segment.objects.count() == kept == (0 if code == guards.EMPTIED else rows)
    if code == guards.STORAGE:
        shutil.rmtree(yard.home / "footage")
        (yard.home / "aside").rename(yard.home / "footage")
    assert yard.objects() == stored
    run = PurgeRun.objects.get()
    assert (run.state, run.pause_code) == (RunState.PAUSED, code)
    assert LogEntry.objects.filter(kind__startswith="purge.").values_list("kind", flat=True).get() == (
        "purge.paused"
    )
    assert [record.levelname for record in caplog.records if record.name.startswith("cctv")] == ["ERROR"]
    told = OutgoingMail.objects.filter(to=cast.officer)
    assert [mail.kind for mail in told] == ["purge.paused"]
    assert selectors.pause_sentence(run, sites=None) in told.get().text
    (cause,) = headline.causes(selectors.overview(sites=None), None)
    assert cause.code == "paused"
    assert len(sealed) == rows


def test_invariant_8_a_mail_to_one_sites_officer_tells_no_number_of_all_sites(
    yard: Yard, cast: People
) -> None:
    seoul = yard.segment(expires_in=-2 * HOUR).row.epoch
    facts = {"segments": 8000, "usual": 12, "largest": 12, "total": 20000}
    run = PurgeRun.objects.create(
        planned_at=yard.now, cutoff_at=yard.now, plan_sha256=b"", state=RunState.PAUSED,
        pause_code=guards.VOLUME, pause_facts=facts,
    )  # fmt: skip
    PurgeItem.objects.create(run=run, epoch=seoul, site=yard.sites[0], planned_segments=1)
    alarms.paused(run)
    assert "8000" in OutgoingMail.objects.get(to=cast.officer).text.replace(",", "")
    assert "8000" not in OutgoingMail.objects.get(to=cast.seoul_officer).text.replace(",", "")


def test_a_mail_names_times_on_the_officers_own_clocks(yard: Yard, cast: People) -> None:
    run = PurgeRun.objects.create(
        planned_at=yard.now, cutoff_at=yard.now, plan_sha256=b"", state=RunState.PAUSED,
        pause_code=guards.CLOCK_BEHIND,
        pause_facts={"now": "2026-11-21T20:00:00.000Z", "seen": "2026-11-21T22:00:00.000Z"},
    )  # fmt: skip
    alarms.paused(run)
    assert "05:00" in OutgoingMail.objects.get(to=cast.officer).text


def test_a_single_lost_object_is_no_empty_disk(yard: Yard) -> None:
    lost, other = yard.segment(expires_in=-2 * HOUR), yard.segment(expires_in=-2 * HOUR)
    vault.delete_object(lost.row.sealed_name)
    purge.purge_due()
    assert not Segment.objects.exists()
    assert other.row.sealed_name not in yard.objects()


def test_lost_objects_of_the_plan_beside_a_full_store_are_no_empty_disk(yard: Yard) -> None:
    lost = [yard.segment(expires_in=-2 * HOUR) for _n in range(3)]
    living = [yard.segment(expires_in=DAY) for _n in range(3)]
    for each in lost:
        vault.delete_object(each.row.sealed_name)
    purge.purge_due()
    assert Segment.objects.count() == len(living)


def test_invariant_7_an_empty_disk_that_is_filled_again_is_still_not_believed(yard: Yard) -> None:
    """New footage lies on the wrong disk by now; what was there before is not."""
    for step in (-2 * HOUR, -HOUR, DAY, 2 * DAY, 3 * DAY):
        yard.segment(expires_in=step)
    empty_the_disk(yard)
    yard.segment(expires_in=30 * DAY)
    purge.purge_due()
    assert PurgeRun.objects.get().pause_code == guards.STORE_EMPTIED
    assert Segment.objects.count() == 6


def test_a_person_may_let_rows_go_whose_disk_is_really_lost(yard: Yard) -> None:
    for step in (-2 * HOUR, -HOUR):
        yard.segment(expires_in=step)
    empty_the_disk(yard)
    purge.purge_due()
    run = PurgeRun.objects.get()
    PurgeRun.objects.filter(pk=run.pk).update(state=RunState.PLANNED, confirmed_at=yard.now)
    purge.purge_due()
    assert not Segment.objects.exists()


@pytest.mark.parametrize("apart", [-3 * MINUTE, 3 * MINUTE, -2 * DAY, 40 * DAY])
def test_invariant_7_a_clock_unlike_the_databases_destroys_nothing(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, apart: timedelta
) -> None:
    sealed = yard.segment(expires_in=-2 * HOUR)
    with monkeypatch.context() as wrong:
        wrong.setattr(guards, "database_clock", lambda: datetime.now(UTC) + apart)
        purge.purge_due()
        purge.purge_due()
        run = PurgeRun.objects.get()
        assert (run.state, run.pause_code) == (RunState.PAUSED, guards.CLOCK_APART)
        assert rings.footage().has(sealed.row.epoch.key_id)
    purge.purge_due()
    purge.purge_due()
    assert not Segment.objects.exists()


def test_the_database_is_asked_for_its_clock_where_it_has_one() -> None:
    from django.db import connection

    theirs = guards.database_clock()
    if connection.vendor == "postgresql":
        assert theirs is not None
        assert abs(theirs - datetime.now(UTC)) < MINUTE
    else:
        assert theirs is None


def saved_register(yard: Yard) -> Callable[[], None]:
    """A backup of the rows that a purge changes, and how to put it back without `restore`."""
    epochs, segments = list(Epoch.objects.all()), list(Segment.objects.all())
    heartbeats = list(Heartbeat.objects.all())

    def put_back() -> None:
        for model in (PurgeItem, Certificate, PurgeRun, Segment, Heartbeat, Epoch):
            model._default_manager.all().delete()
        Epoch.objects.bulk_create(epochs)
        Segment.objects.bulk_create(segments)
        Heartbeat.objects.bulk_create(heartbeats)

    return put_back


def test_invariant_7_a_register_put_back_from_a_backup_destroys_nothing_until_it_is_replayed(
    yard: Yard,
) -> None:
    yard.segment(expires_in=20 * MINUTE)
    living = yard.segment(expires_in=3 * HOUR)
    purge.purge_due()
    put_back = saved_register(yard)
    yard.move(2 * HOUR)
    purge.purge_due()
    assert set(Segment.objects.values_list("pk", flat=True)) == {living.row.pk}
    put_back()
    yard.boot = type(yard.boot)("restored", timedelta())
    yard.move(3 * HOUR)

    purge.purge_due()
    purge.purge_due()

    assert PurgeRun.objects.get().pause_code == guards.RESTORED
    assert rings.footage().has(living.row.epoch.key_id)
    assert living.row.sealed_name in yard.objects()
    assert Heartbeat.objects.get().footage_generation < rings.footage().generation, "not taken for granted"


def test_invariant_7_a_log_put_back_alone_is_noticed(yard: Yard) -> None:
    sealed = yard.segment(expires_in=-2 * HOUR)
    Heartbeat.objects.update(log_size=1000)
    purge.purge_due()
    assert PurgeRun.objects.get().pause_code == guards.RESTORED
    assert rings.footage().has(sealed.row.epoch.key_id)


def test_turning_the_root_for_another_reason_is_no_restored_register(yard: Yard) -> None:
    spare = rings.footage().add("spare")
    rings.footage().remove_and_ratchet([spare])
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.DONE
    assert Heartbeat.objects.get().footage_generation >= rings.footage().generation - 1
    yard.move(MINUTE)
    assert guards.register_restored() is None


def test_objects_that_will_not_go_give_one_mail_for_the_run(
    yard: Yard, cast: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destroy, "BATCH", 2)
    stuck: list[Sealed] = [yard.segment(expires_in=-2 * HOUR) for _n in range(3)]
    for each in stuck:
        yard.obstruct(each)
    for _tick in range(3):
        purge.purge_due()
        yard.move(MINUTE)
    mail = OutgoingMail.objects.get(to=cast.officer)
    assert mail.kind == "purge.item_failed"
    assert "3 objects" in mail.text


def test_a_new_installation_with_nothing_in_it_alarms_nobody(yard: Yard) -> None:
    purge.purge_due()
    assert not PurgeRun.objects.exists()


def test_an_installation_that_was_never_set_up_alarms_nobody(
    yard: Yard, tmp_path: Any, settings: Any
) -> None:
    settings.LETHE_HOME = tmp_path / "new"
    settings.LETHE_KEYS_ROOT = tmp_path / "new" / "keys"
    assert not rings.footage().exists()
    purge.purge_due()
    assert not PurgeRun.objects.exists()
