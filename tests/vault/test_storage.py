"""Stores of sealed objects: the local folder and a real S3 server, by the same tests."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile

from cctv.core import clock
from cctv.vault.errors import ObjectMissing, StorageFailed, StorageFull, StorageMismatch
from cctv.vault.names import new_name, part_name
from cctv.vault.s3storage import PART_BYTES, FootageS3Storage
from cctv.vault.storage import MARKER, FootageFileStorage, FootageStorage
from tests.servers.s3 import ACCESS_KEY, REGION, SECRET_KEY

OURS, THEIRS = "a" * 32, "b" * 32


def file_storage(folder: Path, *, installation: str = OURS) -> FootageFileStorage:
    return FootageFileStorage(folder, installation_id=lambda: installation)


def s3_storage(s3, bucket: str, *, installation: str = OURS, **options) -> FootageS3Storage:
    return FootageS3Storage(
        installation_id=lambda: installation,
        **{
            "bucket_name": bucket,
            "endpoint_url": s3.endpoint,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "region_name": REGION,
            **options,
        },
    )


@pytest.fixture
def local(tmp_path: Path) -> FootageFileStorage:
    storage = file_storage(tmp_path / "footage")
    storage.initialise_storage()
    return storage


@pytest.fixture(scope="module")
def shared_bucket(s3) -> str:
    """One for all tests: the server keeps volumes for each bucket, and soon has none left."""
    return s3.new_bucket()


@pytest.fixture
def remote(s3, shared_bucket) -> FootageS3Storage:
    storage = s3_storage(s3, shared_bucket, location=f"lethe/{uuid4().hex}")
    storage.initialise_storage()
    return storage


@pytest.fixture(params=["local", pytest.param("remote", marks=pytest.mark.servers)])
def store(request) -> FootageStorage:
    return request.getfixturevalue(request.param)


def put(store: FootageStorage, content: bytes, name: str | None = None) -> str:
    name = name or new_name()
    sink = store.create(name)
    sink.write(content)
    sink.commit()
    return name


def test_object_is_read_by_ranges(store):
    content = os.urandom(300_000)
    name = put(store, content)
    assert store.size(name) == len(content)
    assert store.exists(name)
    for offset, length in ((0, 56), (1000, 200_000), (299_990, 10), (299_990, 100), (0, 300_000)):
        assert store.read_range(name, offset, length) == content[offset : offset + length]
    assert store.read_range(name, 300_000, 10) == b""


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, 2 * PART_BYTES + 12345])
def test_objects_of_every_size_are_whole(store, size):
    content = os.urandom(size)
    name = new_name()
    sink = store.create(name)
    for start in range(0, size, 700_001):
        sink.write(content[start : start + 700_001])
    sink.commit()
    assert store.size(name) == size
    tail = max(0, size - 1000)
    assert store.read_range(name, tail, 1000) == content[tail:]
    assert store.read_range(name, 0, 1000) == content[:1000]


@pytest.mark.parametrize("size", [100, PART_BYTES + 100])
def test_abandoned_object_leaves_nothing(store, size):
    name = new_name()
    sink = store.create(name)
    sink.write(os.urandom(size))
    sink.abort()
    sink.abort()
    assert not store.exists(name)
    assert list(store.iterate()) == []


def test_deleting_takes_parts_along_is_idempotent_and_leaves_others(store):
    gone, kept = put(store, b"media"), put(store, b"kept")
    for part in ("index", "thumb"):
        put(store, b"part", part_name(gone, part))
    store.remove(gone)
    store.remove(gone)
    assert [entry.name for entry in store.iterate()] == [kept]
    assert not store.exists(part_name(gone, "thumb"))


def test_missing_object_says_so(store):
    for act in (store.size, lambda name: store.read_range(name, 0, 10)):
        with pytest.raises(ObjectMissing):
            act(new_name())
    assert not store.exists(new_name())


def test_listing_gives_names_sizes_and_times_in_order(store):
    names = sorted(put(store, b"x" * number) for number in range(1, 6))
    listed = list(store.iterate())
    assert [entry.name for entry in listed] == names
    assert sorted(entry.size_bytes for entry in listed) == [1, 2, 3, 4, 5]
    assert all(abs(entry.modified_at - clock.now()) < timedelta(minutes=5) for entry in listed)
    assert [entry.name for entry in store.iterate(names[0][:2])] == [
        n for n in names if n[:2] == names[0][:2]
    ]


@pytest.mark.parametrize(
    "name", ["../secret", "ab/../../x", "/etc/passwd", MARKER, "ab/short", "", "ab/" + "0" * 31]
)
def test_only_names_of_ours_are_taken(store, name):
    for act in (store.create, store.size, store.remove, store.exists, lambda n: store.read_range(n, 0, 1)):
        with pytest.raises(ValueError, match="not the name"):
            act(name)


def test_django_interface_stores_the_same_bytes(store):
    name = store.save(new_name(), ContentFile(b"ciphertext"))
    with store.open(name) as file:
        assert file.read() == b"ciphertext"
    store.delete(name)
    assert not store.exists(name)


# The marker: invariant 7


def acts(store: FootageStorage, name: str):
    return {
        "create": lambda: store.create(new_name()),
        "remove": lambda: store.remove(name),
        "iterate": lambda: list(store.iterate()),
        "exists": lambda: store.exists(name),
    }


ACTS = ["create", "remove", "iterate", "exists"]


@pytest.fixture
def strange_local(local: FootageFileStorage) -> tuple[FootageFileStorage, str]:
    return file_storage(local.folder, installation=THEIRS), put(local, b"theirs")


@pytest.mark.parametrize("act", ACTS)
def test_invariant_7_another_installations_folder_is_left_alone(strange_local, act):
    store, name = strange_local
    before = sorted(path.name for path in store.folder.rglob("*"))
    with pytest.raises(StorageMismatch):
        acts(store, name)[act]()
    assert sorted(path.name for path in store.folder.rglob("*")) == before
    with pytest.raises(StorageMismatch):
        store.initialise_storage()


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", ["absent", "empty"])
def test_invariant_7_unmounted_folder_is_not_used(local, act, state):
    name = put(local, b"x")
    local.folder.rename(local.folder.parent / "elsewhere")
    if state == "empty":
        local.folder.mkdir()
    for store in (local, file_storage(local.folder)):
        with pytest.raises(StorageMismatch):
            acts(store, name)[act]()
    assert not local.folder.exists() or list(local.folder.iterdir()) == []


@pytest.mark.servers
@pytest.mark.parametrize("act", ACTS)
def test_invariant_7_another_installations_bucket_is_left_alone(remote, s3, shared_bucket, act):
    name = put(remote, b"theirs")
    store = s3_storage(s3, shared_bucket, location=remote.location, installation=THEIRS)
    with pytest.raises(StorageMismatch):
        acts(store, name)[act]()
    with pytest.raises(StorageMismatch):
        store.initialise_storage()
    assert remote.exists(name)


@pytest.mark.servers
@pytest.mark.parametrize("act", ACTS)
def test_invariant_7_bucket_without_a_marker_is_not_used(s3, shared_bucket, act):
    store = s3_storage(s3, shared_bucket, location="empty")
    with pytest.raises(StorageMismatch):
        acts(store, new_name())[act]()
    assert s3.client().list_objects_v2(Bucket=shared_bucket, Prefix="empty/")["KeyCount"] == 0


def test_store_is_claimed_only_when_empty_and_again_by_its_owner(store):
    name = put(store, b"x")
    store.initialise_storage()
    assert store.exists(name)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "lethe-storage/1"}', b'{"format":1}'])
def test_damaged_marker_is_no_marker(local, content):
    (local.folder / MARKER).write_bytes(content)
    with pytest.raises(StorageMismatch):
        local.create(new_name())


def test_foreign_files_are_neither_claimed_over_nor_listed_nor_touched(local, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "holiday.mp4").write_bytes(b"x")
    with pytest.raises(StorageMismatch):
        file_storage(tmp_path / "other").initialise_storage()
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["holiday.mp4"]
    (local.folder / "ab").mkdir()
    (local.folder / "ab" / "holiday.mp4").write_bytes(b"x")
    (local.folder / "notes.txt").write_bytes(b"x")
    assert list(local.iterate()) == []


@pytest.fixture
def other_device(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    places = [Path("/dev/shm"), Path(tempfile.gettempdir())]
    others = [each for each in places if each.is_dir() and each.stat().st_dev != tmp_path.stat().st_dev]
    if not others:
        pytest.skip("needs a second file system, at /dev/shm or for temporary files")
    folder = Path(tempfile.mkdtemp(dir=others[0]))
    yield folder
    shutil.rmtree(folder)


def test_invariant_7_a_copy_of_the_disk_mounted_in_its_place_is_noticed(tmp_path, other_device):
    first = tmp_path / "disk"
    file_storage(first).initialise_storage()
    shutil.copytree(first, other_device / "copy")
    place = tmp_path / "mounted"
    place.symlink_to(first)
    store = file_storage(place)
    name = put(store, b"x")
    place.unlink()
    place.symlink_to(other_device / "copy")
    for _ in range(2):
        with pytest.raises(StorageMismatch, match="another disk"):
            store.remove(name)
    assert (first / name).exists()


# Failing disks and servers


def test_full_disk_is_told_and_the_partial_object_removed(local, monkeypatch):
    sink = local.create(name := new_name())
    sink.write(b"x" * 100_000)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageFull) as raised:
        sink.commit()
    assert raised.value.status == 507
    monkeypatch.undo()
    assert not local.exists(name)


@pytest.mark.faults
def test_really_full_disk(local):
    """/dev/full answers every write as a full disk does."""
    sink = local.create(name := new_name())
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, sink._descriptor)
    os.close(full)
    with pytest.raises(StorageFull):
        sink.write(b"x" * 1_000_000)
    assert not (local.folder / name).exists()


def test_failing_disk_is_told_from_a_full_one(local, monkeypatch):
    sink = local.create(new_name())

    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(StorageFailed):
        sink.commit()


def test_taken_name_is_never_written_over(local):
    name = put(local, b"first")
    with pytest.raises(StorageFailed):
        local.create(name)
    assert local.read_range(name, 0, 10) == b"first"


def test_a_folder_is_made_by_its_first_object(local):
    name = new_name()
    assert not (local.folder / name[:2]).exists()
    put(local, b"x", name)
    assert local.exists(name)


def test_files_are_private(local):
    name = put(local, b"x")
    assert (local.folder / name).stat().st_mode & 0o077 == 0


@pytest.mark.servers
def test_wrong_secret_of_an_s3_server_is_an_error(s3, shared_bucket):
    with pytest.raises(StorageFailed):
        s3_storage(s3, shared_bucket, secret_key="wrong").initialise_storage()


@pytest.mark.servers
def test_s3_server_that_is_down_is_an_error_soon(s3, shared_bucket):
    store = s3_storage(s3, shared_bucket, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(StorageFailed):
        store.check_marker()


@pytest.mark.servers
def test_uploads_left_by_a_dead_process_are_found_and_aborted(remote):
    sink = remote.create(new_name())
    sink.write(os.urandom(PART_BYTES + 1))  # and then the process dies
    assert remote.abort_unfinished(before=clock.now() - timedelta(hours=1)) == 0
    assert remote.abort_unfinished(before=clock.now() + timedelta(hours=1)) == 1
    assert list(remote.iterate()) == []


@pytest.mark.servers
def test_s3_memory_stays_bounded_while_writing(remote):
    sink = remote.create(new_name())
    for _ in range(40):
        sink.write(bytes(1 << 20))
        assert len(sink._buffer) < PART_BYTES
    sink.commit()
