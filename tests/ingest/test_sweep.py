"""Watched folders: what is finished comes in, what is foreign stays, and no trouble spreads."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest import admission, marker, sweep
from cctv.ingest.closed import Found, Settling, is_open_for_writing, look_at, walk
from cctv.ingest.lease import Lease
from cctv.ingest.models import Quarantined
from tests.media.clips import clip

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def test_finished_files_become_segments_and_leave_the_folder(office, variant):
    source, starts = office.source(), [office.began(10), office.began(9)]
    for number, start in enumerate(starts):
        office.put(office.name(start), variant(number))
    swept = office.sweep(source)
    assert swept.outcomes == {"live": 2}
    assert [segment.starts_at for segment in Segment.objects.order_by("starts_at")] == starts
    assert {segment.ingested_from for segment in Segment.objects.all()} == {"folder"}
    assert [file.name for file in walk(office.drop).files] == []
    assert source.last_error == ""
    assert source.last_segment_at == starts[1] + timedelta(seconds=2)
    assert source.last_lag_ms == pytest.approx(9 * 60_000, abs=60_000)


def test_mediamtx_and_frigate_folders(office, variant):
    start = office.began(10)
    office.gate.code = "gate"
    mediamtx = office.source(layout="mediamtx", camera_names={"site/north/gate": "gate"})
    office.put(
        f"site/north/gate/{start.astimezone(ZoneInfo('Asia/Seoul')):%Y-%m-%d_%H-%M-%S}-500000.mp4", variant(0)
    )
    assert office.sweep(mediamtx).outcomes == {"live": 1}
    folder = office.home / "drop" / "frigate"
    folder.mkdir()
    office.drop = folder
    frigate = office.source(layout="frigate", folder=str(folder), name="Frigate")
    office.put(f"recordings/{start:%Y-%m-%d/%H}/yard/{start:%M.%S}.mp4", variant(1))
    assert office.sweep(frigate).outcomes == {"live": 1}
    found = {segment.camera.code: segment.starts_at for segment in Segment.objects.select_related("camera")}
    assert found == {"gate": start + timedelta(milliseconds=500), "yard": start}


def test_an_hour_that_happened_twice_is_settled_by_the_modification_time(office, variant, monkeypatch):
    source = office.source(time_zone="Europe/Berlin", camera=office.gate)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 25, 4, tzinfo=UTC))
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    office.put("out_2026-10-25_02-30-00.mp4", variant(), mtime=second + timedelta(seconds=3))
    office.sweep(source)
    assert Segment.objects.get().starts_at == second


@pytest.mark.parametrize(
    "name", ["gate/x.mp4.tmp", "gate/x.mp4.part", "gate/incomplete.mp4", "gate/2026-11-14_10-02-03.mp4_"]
)
def test_names_of_unfinished_files_are_left_alone(office, variant, name):
    office.put(name, variant())
    assert office.sweep(office.source()).outcomes == {}
    assert (office.drop / name).exists()
    assert not Quarantined.objects.exists()


def test_a_file_that_still_grows_waits(office, variant):
    source, data = office.source(settle_seconds=1), variant()
    path = office.put(office.name(office.began()), data[:5000], settled=False)
    assert office.sweep(source).waiting == 1
    with path.open("ab") as file:
        file.write(data[5000:])
    assert office.sweep(source).waiting == 1
    time.sleep(1.1)
    assert office.sweep(source).outcomes == {"live": 1}


def test_a_file_that_is_open_for_writing_waits_however_quiet_it_is(office, variant):
    source = office.source()
    path = office.put(office.name(office.began()), variant())
    with path.open("ab"):
        assert is_open_for_writing(path)
        assert office.sweep(source).waiting == 1
    assert office.sweep(source).outcomes == {"live": 1}


def seen(path: Path) -> Found:
    found = look_at(path, path.name)
    assert found is not None
    return found


def test_a_file_from_the_future_settles_too(tmp_path):
    path, settling = tmp_path / "x.mp4", Settling()
    path.write_bytes(b"x")
    later = time.time() + 9999
    os.utime(path, (later, later))
    assert not settling.is_closed(seen(path), 0.2)
    time.sleep(0.25)
    assert settling.is_closed(seen(path), 0.2)


def test_a_file_that_changes_while_it_is_read_is_left_in_place(office, variant, monkeypatch):
    from cctv.ingest.files import OpenedFile

    source, read = office.source(), OpenedFile.pieces
    path = office.put(office.name(office.began()), variant())

    def pieces(self):
        yield from read(self)
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(OpenedFile, "pieces", pieces)
    assert office.sweep(source).waiting == 1
    assert path.exists()
    assert not Segment.objects.exists()
    assert not office.objects()


def test_an_unknown_camera_is_quarantined_and_comes_in_once_it_is_mapped(office, variant):
    from cctv.ingest import quarantine

    source, start = office.source(), office.began()
    office.put(office.name(start, camera="porch"), variant())
    assert office.sweep(source).outcomes == {"quarantined": 1}
    row = Quarantined.objects.get()
    assert (row.reason_code, row.camera) == ("unknown_camera", None)
    assert not list(office.drop.rglob("*.mp4"))
    source.camera_names = {"porch": "yard"}
    source.save()
    admitted = quarantine.retry(actor=office.admin, terminal="", row=Quarantined.objects.get())
    assert admitted.outcome == "live"
    assert (Segment.objects.get().camera, Segment.objects.get().starts_at) == (office.yard, start)
    assert not Quarantined.objects.exists()
    assert office.objects() == office.expected_objects()


def test_a_name_that_cannot_be_read_is_quarantined_with_its_reason(office, variant):
    source = office.source()
    office.put("gate/holiday.mp4", variant())
    office.sweep(source)
    row = Quarantined.objects.get()
    assert (row.reason_code, row.original_name, row.source) == ("unparsable_name", "gate/holiday.mp4", source)


def test_foreign_files_are_reported_and_left(office):
    source = office.source()
    for name in ("readme.txt", "gate/thumb.jpg", "gate/list.csv"):
        office.put(name, b"not ours")
    swept = office.sweep(source)
    assert (swept.foreign, source.foreign_files) == (3, 3)
    assert len(walk(office.drop).files) == 3


def test_links_are_not_followed(office, variant, tmp_path):
    source, secret = office.source(), tmp_path / "elsewhere"
    secret.mkdir()
    (secret / "2026-11-14_10-02-03.mp4").write_bytes(variant())
    (office.drop / "gate").symlink_to(secret)
    (office.drop / "yard_2026-11-14_10-02-03.mp4").symlink_to(secret / "2026-11-14_10-02-03.mp4")
    assert office.sweep(source).outcomes == {}
    assert len(list(secret.iterdir())) == 1


def test_one_bad_file_stops_no_other(office, variant, monkeypatch):
    source = office.source()
    for number in range(3):
        office.put(office.name(office.began(10 - number)), variant(number))
    place, seen = admission.take_in, []

    def take_in(incoming, arrival, **more):
        seen.append(incoming.original_name)
        if len(seen) == 2:
            raise RuntimeError("a defect that this file alone meets")
        return place(incoming, arrival, **more)

    monkeypatch.setattr(admission, "take_in", take_in)
    swept = office.sweep(source)
    assert (swept.outcomes, swept.failed) == ({"live": 2}, 1)
    assert source.last_error_code == "internal"
    assert (office.drop / seen[1]).exists()


def test_an_unreadable_folder_stops_no_other(office, variant, monkeypatch):
    source = office.source()
    office.put(office.name(office.began()), variant())
    (office.drop / "aaa").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("aaa"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert office.sweep(source).outcomes == {"live": 1}
    assert source.last_error_code == "folder_unreadable"


def test_trouble_of_the_storage_is_shown_on_the_source_and_nothing_is_touched(office, variant):
    source = office.source()
    path = office.put(office.name(office.began()), variant())
    marker_file = office.home / "footage" / "lethe-storage.json"
    away = marker_file.rename(office.home / "away")
    swept = office.sweep(source)
    assert swept.outcomes == {}
    assert source.last_error_code == "storage_mismatch"
    assert path.exists()
    assert sweep.sweep_source(source_id=source.pk) is None, "a pause follows"
    away.rename(marker_file)
    assert office.sweep(source).outcomes == {"live": 1}
    assert source.last_error == ""


def test_a_file_that_cannot_be_deleted_is_shown_because_clear_footage_lies_there(
    office, variant, monkeypatch
):
    source = office.source()
    path = office.put(office.name(office.began()), variant())

    unlink = Path.unlink

    def refuse(self, missing_ok=False):
        if office.drop in self.parents:
            raise PermissionError(13, "Permission denied")
        unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        office.sweep(source)
    assert source.last_error_code == "source_stays"
    assert Segment.objects.count() == 1
    assert path.exists()
    assert office.sweep(source).outcomes == {"duplicate": 1}
    assert not path.exists()


# The marker of the folder


def test_invariant_7_a_folder_that_lost_its_marker_is_refused(office, variant):
    source = office.source()
    office.sweep(source)
    assert (office.drop / marker.NAME).exists()
    (office.drop / marker.NAME).unlink()
    path = office.put(office.name(office.began()), variant())
    assert office.sweep(source).outcomes == {}
    assert source.last_error_code == "marker_missing"
    assert path.exists()


def test_invariant_7_another_sources_folder_is_refused(office, variant):
    first = office.source()
    office.sweep(first)
    other = office.home / "drop" / "other"
    office.drop.rename(other)
    second = office.source(name="Second", folder=str(other))
    path = other / office.name(office.began())
    path.parent.mkdir()
    path.write_bytes(variant())
    office.sweep(second)
    assert second.last_error_code == "foreign_folder"
    assert path.exists()


def test_invariant_7_a_folder_of_another_installation_is_refused(office):
    source = office.source()
    marker.write(office.drop, installation="somebody else's", source_id=source.pk)
    office.sweep(source)
    assert source.last_error_code == "foreign_folder"


def test_a_missing_folder_is_shown(office):
    source = office.source()
    office.drop.rename(office.home / "gone")
    office.sweep(source)
    assert source.last_error_code == "folder_unreadable"


# Several workers


def test_one_worker_sweeps_a_source_at_a_time(office, variant):
    source = office.source()
    office.put(office.name(office.began()), variant())
    held = Lease(source.pk)
    assert held.acquire()
    assert office.sweep(source) is None
    held.release()
    assert office.sweep(source).outcomes == {"live": 1}


def test_a_lease_of_a_killed_worker_runs_out(office, monkeypatch):
    source = office.source()
    assert Lease(source.pk).acquire()
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=31))
    assert Lease(source.pk).acquire()


def test_a_lease_from_a_clock_that_ran_ahead_does_not_last(office, monkeypatch):
    source, now = office.source(), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=3))
    assert Lease(source.pk).acquire()
    monkeypatch.setattr(clock, "now", lambda: now)
    assert Lease(source.pk).acquire()


def test_a_long_backlog_is_taken_in_portions(office, variant):
    source = office.source()
    for number in range(3):
        office.put(office.name(office.began(10 - number)), variant(number))
    swept = office.sweep(source, budget_s=0)
    assert swept.more
    assert office.sweep(source).outcomes == {"live": 3}


def test_a_retired_source_is_left_alone(office, variant):
    source = office.source(retired_at=clock.now())
    path = office.put(office.name(office.began()), variant())
    assert office.sweep(source) is None
    assert path.exists()


# Invariant 2


@pytest.mark.django_db(databases=["default", "log"], transaction=True)
def test_invariant_2_no_clear_frame_remains_in_any_file_of_the_home(office):
    """Known runs of the clip's packets are looked for in every file: objects, databases, WAL, drop folder."""
    from django.conf import settings

    source, start = office.source(), office.began()
    data = clip(seconds=3, audio="aac", noise=30)
    office.put(office.name(start), data)
    office.put("gate/holiday.mp4", clip(seconds=2, noise=30, first_number=500))
    office.put(office.name(office.began(5)), data[: len(data) // 2])
    assert office.sweep(source).outcomes == {"live": 1, "quarantined": 2}
    wanted = [data[place : place + 48] for place in range(200, len(data) - 48, len(data) // 200)]
    places = [path for path in office.home.rglob("*") if path.is_file()]
    database = str(settings.DATABASES["default"]["NAME"])
    # Only this process's: another one's write-ahead log comes and goes.
    places += [*Path(database).parent.glob(f"{Path(database).name}*")] if "/" in database else []
    assert len(places) > 5
    for path in places:
        content = path.read_bytes()
        assert not any(run in content for run in wanted), f"clear footage in {path}"
    # The control: the search would find it.
    (office.home / "control").write_bytes(b"x" * 999 + data)
    assert any(run in (office.home / "control").read_bytes() for run in wanted)
