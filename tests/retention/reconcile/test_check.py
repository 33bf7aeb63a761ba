"""A check names exactly what does not fit between register, store and keyring, and changes nothing."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from accesslog.models import LogEntry
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import destroy, purge
from cctv.retention.reconcile import codes, services
from cctv.retention.reconcile.models import Depth, FsckFinding, FsckRun
from cctv.vault import doors, rings
from cctv.vault import services as vault
from cctv.vault.models import Epoch, EpochState
from tests.retention.reconcile.damage import DAY, HOUR, age, hold, orphan, path
from tests.retention.yard import MINUTE, Yard

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]


def found(run: FsckRun) -> dict[str, list[str]]:
    """Names by code."""
    assert run.error_code == "", run.error
    names: dict[str, list[str]] = {}
    for finding in run.findings.all():
        names.setdefault(finding.code, []).append(finding.name)
    return names


def state(yard: Yard) -> tuple[set[str], set[UUID]]:
    rows = set(Segment.objects.values_list("pk", flat=True)) | set(
        Quarantined.objects.values_list("pk", flat=True)
    )
    return yard.objects(), rows


@pytest.mark.parametrize("depth", Depth.values)
def test_a_healthy_installation_has_no_findings_at_any_depth(yard: Yard, depth: str) -> None:
    for camera in yard.cameras:
        yard.segment(camera, expires_in=5 * DAY)
    yard.quarantined(expires_in=3 * DAY)
    age(yard)
    run = services.check(depth=depth)
    assert found(run) == {}
    assert (run.rows, run.stored, run.keys) == (5, 13, 3)
    entry = LogEntry.objects.get(kind="fsck.done")
    assert entry.index == run.entry


def test_what_is_gone_from_the_store_is_named_with_camera_and_span(yard: Yard) -> None:
    kept, lost = (yard.segment(expires_in=5 * DAY) for _ in range(2))
    other = yard.quarantined(expires_in=5 * DAY)
    for name in (lost.row.sealed_name, other.sealed_name):
        path(yard, name).unlink()
    run = services.check()
    assert sorted(found(run)[codes.OBJECT_MISSING]) == sorted([lost.row.sealed_name, other.sealed_name])
    finding = FsckFinding.objects.get(name=lost.row.sealed_name)
    assert finding.camera == lost.row.camera
    assert finding.facts["from"] == lost.row.starts_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    assert run.counts[codes.OBJECT_MISSING] == {str(lost.row.camera.site_id): 2}
    assert kept.row.sealed_name not in str(found(run))


def test_parts_that_are_gone_or_belong_to_nothing_are_named(yard: Yard) -> None:
    one, two = (yard.segment(expires_in=5 * DAY) for _ in range(2))
    path(yard, vault.part_name(one.row.sealed_name, "index")).unlink()
    Segment.objects.filter(pk=two.row.pk).update(thumb_size_bytes=0)
    assert found(services.check()) == {codes.PART_MISSING: [f"{one.row.sealed_name}.index"]}, (
        "a job may be at it"
    )
    age(yard)
    assert found(services.check())[codes.ORPHAN_PART] == [f"{two.row.sealed_name}.thumb"]


def test_sizes_are_looked_at_from_the_second_depth_on(yard: Yard) -> None:
    sealed = yard.segment(expires_in=5 * DAY)
    whole = path(yard, sealed.row.sealed_name)
    whole.write_bytes(whole.read_bytes()[:-1])
    assert found(services.check()) == {}
    assert found(services.check(depth=Depth.SIZE)) == {codes.SIZE_DIFFERS: [sealed.row.sealed_name]}
    assert found(services.check(depth=Depth.HASH)) == {codes.SIZE_DIFFERS: [sealed.row.sealed_name]}


def test_every_byte_is_read_at_the_last_depth_without_any_key(yard: Yard, monkeypatch) -> None:
    sealed, _good = yard.segment(expires_in=5 * DAY, size=3 << 20), yard.segment(expires_in=5 * DAY)
    file = path(yard, sealed.row.sealed_name)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    monkeypatch.setattr(doors, "for_system", None)
    assert found(services.check(depth=Depth.SIZE)) == {}
    assert found(services.check(depth=Depth.HASH)) == {codes.HASH_DIFFERS: [sealed.row.sealed_name]}


def test_an_object_without_a_row_is_named_once_it_is_older_than_any_admission(yard: Yard) -> None:
    yard.segment(expires_in=5 * DAY)
    old, _young = orphan(yard), orphan(yard, age_by=10 * MINUTE)
    assert found(services.check()) == {codes.ORPHAN_OBJECT: [old]}


def test_expired_footage_on_its_way_out_is_no_finding(yard: Yard) -> None:
    sealed = yard.segment(expires_in=-MINUTE)
    path(yard, sealed.row.sealed_name).unlink()  # the purge deletes objects first
    assert found(services.check()) == {}


def test_held_footage_is_missed_even_after_its_retention(yard: Yard) -> None:
    sealed = yard.segment(expires_in=-MINUTE)
    made = hold(yard, sealed)
    path(yard, sealed.row.sealed_name).unlink()
    run = services.check()
    assert found(run) == {codes.OBJECT_MISSING: [sealed.row.sealed_name]}
    assert run.findings.get().facts["held"] == [made.number]


def test_keys_and_epochs_that_do_not_know_each_other_are_named(yard: Yard) -> None:
    yard.segment(expires_in=5 * DAY)
    lost = yard.segment(yard.cameras[2], expires_in=9 * DAY).row.epoch
    lone = rings.footage().ensure(f"epoch/{yard.sites[0].pk}/2026-01-01T00")
    assert found(services.check()) == {}, "a key is made before its row"
    yard.move(4 * HOUR)
    rings.footage().remove_and_ratchet([lost.key_id])
    assert found(services.check()) == {codes.KEY_MISSING: [lost.key_id], codes.KEY_UNKNOWN: [lone]}


def test_a_destroyed_key_that_is_back_is_the_first_thing_said(yard: Yard) -> None:
    epoch = yard.segment(expires_in=5 * DAY).row.epoch
    Epoch.objects.filter(pk=epoch.pk).update(state=EpochState.DESTROYED, destroyed_at=yard.now)
    run = services.check()
    assert codes.KEY_OF_DESTROYED in found(run)
    assert next(iter(codes.KINDS)) == codes.KEY_OF_DESTROYED


def test_rows_under_a_destroyed_key_are_named_unless_held(yard: Yard) -> None:
    one, two = yard.segment(expires_in=5 * DAY), yard.segment(expires_in=5 * DAY)
    hold(yard, two)
    rings.footage().remove_and_ratchet([one.row.epoch.key_id])
    Epoch.objects.update(state=EpochState.DESTROYED, destroyed_at=yard.now)
    assert found(services.check()) == {codes.ROW_OF_DESTROYED: [one.row.sealed_name]}


def test_a_hold_without_its_key_is_named(yard: Yard) -> None:
    hold(yard, yard.segment(expires_in=5 * DAY), key=False)
    assert found(services.check()) == {codes.HELD_KEY_MISSING: ["H-2026-0001"]}


def test_foreign_files_are_counted_and_named_and_left_alone(yard: Yard) -> None:
    name = yard.segment(expires_in=5 * DAY).row.sealed_name
    strange = [path(yard, "holiday.mp4"), path(yard, f"{name[:2]}/.nfs001"), path(yard, "mine")]
    strange[0].write_bytes(b"1")
    strange[1].write_bytes(b"2")
    (strange[2] / "deep").mkdir(parents=True)
    run = services.check(repair=codes.REPAIRABLE)
    assert sorted(found(run)[codes.FOREIGN_FILE]) == sorted([f"{name[:2]}/.nfs001", "holiday.mp4", "mine"])
    assert run.foreign == 3
    assert all(each.exists() for each in strange)


def test_one_site_alone_is_looked_at_when_asked(yard: Yard) -> None:
    seoul, osaka = (
        yard.segment(yard.cameras[0], expires_in=5 * DAY),
        yard.segment(yard.cameras[2], expires_in=5 * DAY),
    )
    for sealed in (seoul, osaka):
        path(yard, sealed.row.sealed_name).unlink()
    orphan(yard)
    run = services.check(site=yard.sites[1])
    assert found(run) == {codes.OBJECT_MISSING: [osaka.row.sealed_name]}
    assert run.keys == 1


def test_invariant_7_a_store_that_is_not_there_is_one_error_and_no_findings(yard: Yard) -> None:
    yard.segment(expires_in=5 * DAY)
    (yard.home / "footage").rename(yard.home / "elsewhere")
    (yard.home / "footage").mkdir()
    run = services.check(repair=[codes.OBJECT_MISSING])
    assert (run.error_code, run.findings.count(), Segment.objects.count()) == ("storage_mismatch", 0, 1)


def test_a_check_changes_nothing(yard: Yard) -> None:
    gone = yard.segment(expires_in=5 * DAY)
    yard.segment(expires_in=6 * DAY)
    path(yard, gone.row.sealed_name).unlink()
    orphan(yard)
    before = state(yard)
    services.check(depth=Depth.HASH)
    assert state(yard) == before
    assert not LogEntry.objects.filter(kind="fsck.repaired").exists()


def test_a_check_between_the_steps_of_a_purge_finds_nothing(yard: Yard, monkeypatch) -> None:
    for hours in (2, 3):
        yard.segment(expires_in=-hours * HOUR)
    yard.segment(expires_in=5 * DAY)
    age(yard)
    seen: list[dict[str, list[str]]] = []

    def look(name: str) -> None:
        if name.startswith("purge."):
            seen.append(found(services.check()))

    for module in (purge, destroy):
        monkeypatch.setattr(module, "reached", look)
    purge.purge_due()
    assert len(seen) > 2
    assert all(each == {} for each in seen)


def test_of_very_many_the_first_are_named_and_all_are_counted(yard: Yard, monkeypatch) -> None:
    monkeypatch.setattr(services, "KEPT", 3)
    for number in range(7):
        path(yard, f"strange-{number}").write_bytes(b"")
    run = services.check()
    assert run.counts == {codes.FOREIGN_FILE: {"": 7}}
    assert 3 <= run.findings.count() <= 5


def test_a_night_has_one_check_and_a_week_one_of_all_sizes(yard: Yard) -> None:
    depths = []
    for _hour in range(24 * 9):
        if (run := services.check_when_due()) is not None:
            depths.append(run.depth)
        yard.move(HOUR)
    assert depths[0] == Depth.SIZE
    assert 2 <= depths.count(Depth.SIZE) <= 3
    assert 8 <= len(depths) <= 11


def test_reading_stays_below_its_rate() -> None:
    from cctv.vault.inspection import Throttle

    passed = [0.0]
    throttle = Throttle(1000, clock=lambda: passed[0], sleep=lambda s: passed.__setitem__(0, passed[0] + s))
    for _ in range(10):
        throttle.spend(500)
    assert passed[0] == pytest.approx(4.5)
    assert timedelta(seconds=passed[0]) < 5 * timedelta(seconds=1)


def test_a_check_of_one_site_does_not_stand_for_that_of_all(yard: Yard) -> None:
    yard.segment(expires_in=9 * DAY)
    assert services.check_when_due() is not None
    yard.move(timedelta(hours=25))
    services.check(site=yard.sites[0])
    assert services.check_when_due() is not None


def test_a_check_that_was_killed_is_closed_by_the_next_one(yard: Yard) -> None:
    yard.segment(expires_in=9 * DAY)
    killed = FsckRun.objects.create(depth=Depth.SIZE, started_at=yard.now)
    assert services.check_when_due() is None, "it may still be at it"
    yard.move(timedelta(hours=25))
    assert services.check_when_due() is not None
    killed.refresh_from_db()
    assert killed.error_code == "interrupted"
    assert killed.finished_at is not None


def test_a_check_that_is_interrupted_ends_with_a_sentence(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(services, "_walk", interrupted)
    with pytest.raises(CommandError, match="interrupted") as caught:
        call_command("fsck")
    assert caught.value.returncode == 130
    assert FsckRun.objects.get().error_code == "interrupted"
