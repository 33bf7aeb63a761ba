"""Sealed objects that no row names: deleted after their lease, and never in bulk."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest import admission, orphans, provisional
from cctv.ingest.errors import AdmissionStalled, TooManyOrphans
from cctv.ingest.models import Quarantined
from cctv.vault import services as vault
from cctv.vault.errors import StorageMismatch

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def orphan(office, count: int = 1, *, age_s: float = 7200) -> list[str]:
    """Objects as a killed admission leaves them."""
    names = []
    for _ in range(count):
        name, key = vault.object_name(), vault.new_object_key()
        with vault.writer(name, key, b"nobody's") as writer:
            writer.write(b"x" * 100)
        path = Path(office.home / "footage" / name)
        os.utime(path, (time.time() - age_s, time.time() - age_s))
        names.append(name)
    return names


def age_all(office) -> None:
    for path in (office.home / "footage").glob("??/*"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))


def hours_pass(monkeypatch, module=orphans, hours: float = 2) -> None:
    """What the process has seen lies this much further back; nobody can set that clock."""
    monkeypatch.setattr(module, "monotonic", lambda: time.monotonic() + hours * 3600)


def test_an_orphan_goes_and_everything_with_a_row_stays(office, variant, monkeypatch):
    office.admit(variant(0), start=office.began(5))
    office.admit(b"garbage")
    orphan(office)
    age_all(office)
    assert orphans.sweep().deleted == 0, "seen for the first time"
    hours_pass(monkeypatch)
    assert orphans.sweep().deleted == 1
    assert office.objects() == office.expected_objects()
    assert LogEntry.objects.filter(kind="ingest.orphans").count() == 1
    assert orphans.sweep().deleted == 0


def test_an_index_without_its_row_goes_too(office, monkeypatch):
    (name,) = orphan(office)
    with vault.writer(vault.part_name(name, "index"), vault.new_object_key(), b"index") as writer:
        writer.write(b"y")
    age_all(office)
    orphans.sweep()
    hours_pass(monkeypatch)
    orphans.sweep()
    assert office.objects() == set()


def test_what_is_being_admitted_right_now_is_left_alone(office, monkeypatch):
    orphan(office, age_s=60)
    orphans.sweep()
    hours_pass(monkeypatch)
    assert orphans.sweep().deleted == 0
    assert len(office.objects()) == 1


def test_invariant_7_an_emptied_register_does_not_wipe_the_archive(office, variant):
    for number in range(13):
        office.admit(variant(number, seconds=1, width=160, height=96), start=office.began(20 - number))
    age_all(office)
    before = office.objects()
    Segment.objects.all().delete()
    with pytest.raises(TooManyOrphans):
        orphans.sweep()
    assert office.objects() == before
    assert len(before) == 26


def test_invariant_7_the_wrong_storage_is_not_swept(office):
    orphan(office)
    (office.home / "footage" / "lethe-storage.json").unlink()
    with pytest.raises(StorageMismatch):
        orphans.sweep()
    assert len(list((office.home / "footage").glob("??/*"))) == 1


def test_a_row_that_appears_while_the_sweep_runs_saves_its_object(office, variant, monkeypatch):
    segment = office.admit(variant()).segment
    age_all(office)
    known, answers = orphans._unknown, [set(office.objects())]
    monkeypatch.setattr(orphans, "_unknown", lambda names: answers.pop() if answers else known(names))
    orphans.sweep()
    hours_pass(monkeypatch)
    answers.append(set(office.objects()))
    assert orphans.sweep().deleted == 0
    assert not answers
    assert vault.object_exists(segment.sealed_name)


def test_invariants_5_and_7_a_clock_that_jumps_between_sealing_and_commit_costs_no_recording(
    office, variant, monkeypatch
):
    row = admission._row

    def jump(draft, epoch):
        for _ in range(2):
            with clock.pretend(clock.now() + timedelta(hours=9)):
                assert orphans.sweep().deleted == 0
        return row(draft, epoch)

    monkeypatch.setattr(admission, "_row", jump)
    segment = office.admit(variant()).segment
    assert vault.object_exists(segment.sealed_name)


@pytest.mark.parametrize("garbage", [False, True])
def test_invariant_5_an_admission_that_stalled_for_the_lease_commits_nothing(
    office, variant, monkeypatch, garbage
):
    ensure, removed = vault.ensure_epoch, []

    def stall(*arguments):
        hours_pass(monkeypatch, provisional)
        return ensure(*arguments)

    monkeypatch.setattr(vault, "ensure_epoch", stall)
    with pytest.raises(AdmissionStalled):
        office.admit(b"garbage" if garbage else variant(), remove=lambda: removed.append(1))
    assert not Segment.objects.exists()
    assert not Quarantined.objects.exists()
    assert not removed
    assert office.objects() == set()
