"""A disk that is really full: nothing is lost, nothing partial stays, and it goes on once there is room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cctv.footage.models import Segment
from tests.ingest.conftest import Yard, office, variant
from tests.media.clips import clip

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
