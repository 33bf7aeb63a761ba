"""A disk that is really full: nothing is lost, nothing partial stays, and it goes on once there is room."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cctv.footage.models import Segment
from tests.faults.machine import Machine
from tests.faults.test_kill import memory
from tests.ingest.conftest import Yard, office, variant
from tests.media.clips import clip
from tests.servers import templates

__all__ = ["office", "variant"]

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.faults,
    pytest.mark.root,
]


@pytest.fixture
def small_disk(lethe_home: Path) -> Iterator[Path]:
    """The footage folder on a file system of 2 MiB."""
    folder = lethe_home / "footage"
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "lethe-small", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.fail("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_invariant_5_a_full_disk_keeps_the_source_and_leaves_nothing_partial(small_disk, office: Yard):
    data = clip(seconds=2, width=640, height=360, noise=90)
    assert len(data) > 2 << 20
    source, start = office.source(), office.began()
    path = office.put(office.name(start), data)
    office.sweep(source)
    assert source.last_error_code == "storage_full"
    assert path.exists()
    assert not office.objects()
    assert not Segment.objects.exists()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert office.sweep(source).outcomes == {"live": 1}
    assert source.last_error_code == ""
    assert not path.exists()


# ------------------------------------------------------------------ while a purge is under way


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """The world of the kill tests, its log on a disk of its own."""
    folder = Path(tempfile.mkdtemp(prefix="lethe-full-", dir=memory()))
    (folder / "machine" / "log").mkdir(parents=True)
    log, register = (
        folder / "machine" / "log" / "log.sqlite3",
        folder / "machine" / "home" / "db" / "l.sqlite3",
    )
    made = Machine(
        folder, LETHE_LOG_DATABASE_URL=f"sqlite:///{log}", LETHE_DATABASE_URL=f"sqlite:///{register}"
    )
    templates.begin("log", log)
    templates.begin("default", register)
    made.do("build")
    made.keep("base")
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def little_room(folder: Path, room: int) -> Iterator[None]:
    """The folder on a file system of its own, with `room` bytes left; then there is room again."""
    aside = folder.with_name(f"{folder.name}.aside")
    shutil.copytree(folder, aside)
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "lethe-small", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.fail("mounting a small file system needs root")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        with (folder / "ballast").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free - room)
        yield
        (folder / "ballast").unlink()
        shutil.rmtree(aside)
        shutil.copytree(folder, aside)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    shutil.rmtree(aside)


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("where", ["home/db", "log", "home/keys", "mirror"])
def test_invariant_5_a_purge_on_a_full_disk_does_nothing_by_half_and_goes_on_when_there_is_room(
    machine: Machine, where: str
) -> None:
    unfinished = 0
    for room in (0, 1 << 13, 3 << 13, 1 << 16, 1 << 18):
        machine.put_back("base")
        with little_room(machine.place / where, room):
            passed = machine.do("act", may_fail=True)["said"]
        unfinished += "run.done" not in passed
        machine.do("after", room=room)
    assert unfinished, "the disk was never full"
