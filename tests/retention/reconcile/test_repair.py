"""Repairs do what they were told and no more: logged first, never held, never more than half."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.footage.models import Segment
from cctv.retention.backup.models import Restore
from cctv.retention.holds.models import HoldState
from cctv.retention.reconcile import codes, repairs, services
from cctv.vault import rings
from cctv.vault import services as vault
from cctv.vault.models import Epoch, EpochState
from tests.retention.reconcile.damage import DAY, HOUR, age, hold, orphan, path
from tests.retention.yard import Sealed, Yard

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]


def some(yard: Yard, count: int = 4, **kwargs: Any) -> list[Sealed]:
    return [yard.segment(expires_in=5 * DAY, **kwargs) for _ in range(count)]


def told() -> list[dict[str, Any]]:
    """Bodies of the entries about repairs."""
    indexes = LogEntry.objects.filter(kind="fsck.repaired").order_by("index").values_list("index", flat=True)
    return [dict(load_receipt(index).body) for index in indexes]


def test_a_missing_object_never_removes_its_row_unasked(yard: Yard) -> None:
    lost, *_rest = some(yard)
    path(yard, lost.row.sealed_name).unlink()
    services.check(repair=codes.REPAIRABLE - {codes.OBJECT_MISSING})
    assert Segment.objects.filter(pk=lost.row.pk).exists()


def test_a_missing_object_takes_its_row_off_when_told_and_the_log_says_which(yard: Yard) -> None:
    lost, *_rest = some(yard)
    path(yard, lost.row.sealed_name).unlink()
    run = services.check(repair=[codes.OBJECT_MISSING])
    assert run.repaired == {codes.OBJECT_MISSING: 1}
    assert not Segment.objects.filter(pk=lost.row.pk).exists()
    assert Segment.objects.count() == 3
    assert not [name for name in yard.objects() if name.startswith(lost.row.sealed_name)], "parts go with it"
    (entry,) = told()
    assert entry["camera"]["code"] == lost.row.camera.code
    assert len(entry["spans"]) == 1
    assert entry["from"] == entry["spans"][0][0]
    assert run.findings.get().repaired_at is not None


def test_invariant_5_a_held_row_stays_whatever_is_told(yard: Yard) -> None:
    held, ended, *_rest = some(yard, 5)
    hold(yard, held)
    past = hold(yard, ended)
    past.state = HoldState.RELEASED
    past.save()
    for sealed in (held, ended):
        path(yard, sealed.row.sealed_name).unlink()
    run = services.check(repair=codes.REPAIRABLE)
    assert Segment.objects.filter(pk__in=[held.row.pk, ended.row.pk]).count() == 2
    assert codes.OBJECT_MISSING not in run.repaired
    assert told() == [], "and no entry says that they go"


def test_a_hold_placed_while_the_repair_runs_is_honoured(yard: Yard, monkeypatch) -> None:
    lost, *_rest = some(yard)
    path(yard, lost.row.sealed_name).unlink()
    monkeypatch.setattr(repairs, "reached", lambda _name: hold(yard, lost))
    services.check(repair=[codes.OBJECT_MISSING])
    assert Segment.objects.filter(pk=lost.row.pk).exists()


def test_an_object_that_comes_back_keeps_its_row(yard: Yard, monkeypatch) -> None:
    lost, *_rest = some(yard)
    file = path(yard, lost.row.sealed_name)
    file.unlink()
    monkeypatch.setattr(repairs, "reached", lambda _name: file.write_bytes(lost.ciphertext))
    services.check(repair=[codes.OBJECT_MISSING])
    assert Segment.objects.filter(pk=lost.row.pk).exists()
    assert file.exists()


def test_orphans_go_when_told_and_young_ones_stay(yard: Yard) -> None:
    some(yard)
    old, young = orphan(yard), orphan(yard, age_by=timedelta(minutes=10))
    assert services.check(repair=[codes.OBJECT_MISSING]).repaired == {}
    assert path(yard, old).exists()
    run = services.check(repair=[codes.ORPHAN_OBJECT])
    assert run.repaired == {codes.ORPHAN_OBJECT: 1}
    assert not path(yard, old).exists()
    assert path(yard, young).exists()
    assert told()[0]["names"] == [old]


def test_a_lost_small_picture_is_made_again_by_its_job(yard: Yard) -> None:
    sealed, *_rest = some(yard)
    for part in ("index", "thumb"):
        path(yard, vault.part_name(sealed.row.sealed_name, part)).unlink()
    run = services.check(repair=[codes.PART_MISSING])
    assert run.repaired == {codes.PART_MISSING: 1}, (
        "an index cannot be made again without opening the footage"
    )
    assert Segment.objects.get(pk=sealed.row.pk).thumb_size_bytes == 0


def test_a_part_of_nothing_goes_alone(yard: Yard) -> None:
    sealed, *_rest = some(yard)
    Segment.objects.filter(pk=sealed.row.pk).update(thumb_size_bytes=0)
    age(yard)
    services.check(repair=[codes.ORPHAN_PART])
    left = {name for name in yard.objects() if name.startswith(sealed.row.sealed_name)}
    assert left == {sealed.row.sealed_name, f"{sealed.row.sealed_name}.index"}


def test_rows_of_destroyed_keys_go_with_their_ciphertext(yard: Yard) -> None:
    some(yard)
    dead = yard.segment(expires_in=9 * DAY)
    rings.footage().remove_and_ratchet([dead.row.epoch.key_id])
    Epoch.objects.filter(pk=dead.row.epoch_id).update(state=EpochState.DESTROYED, destroyed_at=yard.now)
    run = services.check(repair=[codes.ROW_OF_DESTROYED])
    assert run.repaired == {codes.ROW_OF_DESTROYED: 1}
    assert Segment.objects.count() == 4
    assert not [name for name in yard.objects() if name.startswith(dead.row.sealed_name)]


def test_an_unknown_key_goes_only_when_its_hour_is_over(yard: Yard) -> None:
    for days in range(1, 6):
        yard.segment(expires_in=days * DAY)
    over = rings.footage().ensure(f"epoch/{yard.sites[0].pk}/{yard.now - 2 * DAY:%Y-%m-%dT%H}")
    coming = rings.footage().ensure(f"epoch/{yard.sites[0].pk}/{yard.now + 9 * DAY:%Y-%m-%dT%H}")
    yard.move(4 * HOUR)
    run = services.check(repair=[codes.KEY_UNKNOWN])
    assert run.repaired == {codes.KEY_UNKNOWN: 1}
    assert not rings.footage().has(over)
    assert rings.footage().has(coming)


def test_invariant_7_an_empty_disk_under_a_full_register_repairs_nothing(yard: Yard) -> None:
    sealed = some(yard)
    for each in sealed[:3]:
        path(yard, each.row.sealed_name).unlink()
    run = services.check(repair=[codes.OBJECT_MISSING])
    assert run.error_code == "repair_refused"
    assert "3 of 4 rows" in run.error
    assert Segment.objects.count() == 4
    assert run.counts[codes.OBJECT_MISSING], "the findings are told all the same"


def test_invariant_7_an_empty_register_over_a_full_disk_repairs_nothing(yard: Yard) -> None:
    some(yard)
    age(yard)
    Segment.objects.all().delete()
    before = yard.objects()
    assert services.check(repair=[codes.ORPHAN_OBJECT]).error_code == "repair_refused"
    assert yard.objects() == before


@pytest.mark.parametrize("trouble", ["clock back", "clock ahead", "restore"])
def test_invariant_7_nothing_is_repaired_while_a_guard_stands(yard: Yard, trouble: str) -> None:
    some(yard)
    name = orphan(yard, age_by=50 * DAY)
    if trouble == "restore":
        Restore.objects.create(backup_id=yard.sites[0].pk, backup_made_at=yard.now)
    else:
        yard.jump(-2 * DAY if trouble == "clock back" else 2 * DAY)
    run = services.check(repair=[codes.ORPHAN_OBJECT])
    assert run.error_code == "repair_refused"
    assert path(yard, name).exists()


def test_no_repair_without_its_entry(yard: Yard, monkeypatch) -> None:
    from accesslog.errors import LogUnavailable

    some(yard)
    name = orphan(yard)

    def down(**_fields: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(repairs, "append", down)
    run = services.check(repair=[codes.ORPHAN_OBJECT])
    assert run.error_code
    assert path(yard, name).exists()


def test_what_cannot_be_repaired_is_refused_by_name(yard: Yard) -> None:
    for code in (codes.FOREIGN_FILE, codes.HASH_DIFFERS, codes.KEY_MISSING, codes.HELD_KEY_MISSING):
        with pytest.raises(ValueError, match=code):
            services.check(repair=[code])


def test_the_command_says_what_is_wrong_and_its_status_counts(yard: Yard, capsys) -> None:
    import json

    lost, *_rest = some(yard)

    def status(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            call_command("fsck", *arguments)
        return int(str(ended.value.code))

    assert status() == 0
    assert "Everything fits." in capsys.readouterr().out
    path(yard, lost.row.sealed_name).unlink()
    assert status("--site", "osaka") == 0
    assert status("--json") == 1
    told_json = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told_json["counts"] == {codes.OBJECT_MISSING: 1}
    assert status("--repair", codes.OBJECT_MISSING) == 0
    assert "Repaired: 1" in capsys.readouterr().out
    assert status() == 0


def test_what_has_expired_makes_no_loss_look_small(yard: Yard) -> None:
    living = some(yard, 6)
    for _ in range(12):
        yard.segment(expires_in=-HOUR)
    for sealed in living[:4]:
        path(yard, sealed.row.sealed_name).unlink()
    run = services.check(repair=[codes.OBJECT_MISSING])
    assert run.error_code == "repair_refused"
    assert Segment.objects.count() == 18
