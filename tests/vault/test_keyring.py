"""The keyring: durable before used, shared by processes, and never silently new."""

import errno
import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from cctv.vault import keyfile
from cctv.vault.errors import (
    GenerationMismatch,
    KeyMissing,
    KeyringBroken,
    KeyringMissing,
    RootMissing,
    VaultBusy,
    VaultNotEmpty,
    VaultNotInitialised,
    VaultWriteFailed,
)
from cctv.vault.keyring import Keyring
from cctv.vault.locks import file_lock
from tests.vault.rings import child, live_roots, make_ring, opens


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "footage"


@pytest.fixture
def ring(folder: Path) -> Keyring:
    return make_ring(folder)


def reopened(ring: Keyring) -> Keyring:
    """The same ring, as another process would see it."""
    return Keyring(ring.folder, ring.ring)


def test_a_key_is_in_the_file_before_ensure_returns(ring):
    key_id = ring.ensure("epoch/seoul/2026-11-01T00")
    assert key_id in opens(ring.folder)
    assert len(ring.get(key_id)) == 32
    assert reopened(ring).get(key_id) == ring.get(key_id)


def test_ensure_gives_one_key_per_label_and_add_a_new_one(ring):
    first = ring.ensure("log/2026-11")
    assert ring.ensure("log/2026-11") == first == reopened(ring).ensure("log/2026-11")
    second = ring.add("log/2026-11")
    assert second != first
    assert ring.find("log/2026-11") == second
    assert ring.get(first) != ring.get(second)


def test_unknown_key_is_missing(ring):
    with pytest.raises(KeyMissing):
        ring.get("0" * 32)


def test_keys_of_another_process_are_seen_at_once(ring):
    other = reopened(ring)
    assert not ring.has(key_id := other.ensure("a")) or ring.has(key_id)
    assert ring.get(key_id) == other.get(key_id)
    assert ring.has(key_id)


def test_two_processes_and_threads_writing_at_once_lose_no_key(ring):
    children = [child(ring.folder, f"add-many:child{number}") for number in range(2)]
    mine = [ring.ensure(f"mine-{number}") for number in range(25)]
    threads = [threading.Thread(target=ring.ensure, args=(f"thread-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in children:
        out, err = process.communicate(timeout=60)
        assert "finished" in out, err
    expected = {f"child{process}-{number}" for process in range(2) for number in range(25)}
    expected |= {f"mine-{number}" for number in range(25)} | {f"thread-{number}" for number in range(8)}
    assert all(ring.find(label) for label in expected)
    assert len(ring.key_ids()) == len(expected)
    assert set(mine) <= ring.key_ids()


def test_concurrent_ensure_of_one_label_makes_one_key(ring):
    found: list[str] = []
    rings = [reopened(ring) for _ in range(6)]
    threads = [threading.Thread(target=lambda r=r: found.append(r.ensure("same"))) for r in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(opens(ring.folder)) == 1


def test_nothing_is_made_where_nothing_is(folder):
    empty = Keyring(folder, "footage")
    with pytest.raises(VaultNotInitialised):
        empty.ensure("a")
    folder.mkdir()
    with pytest.raises(VaultNotInitialised):
        empty.ensure("a")
    assert not (folder / "root.key").exists()
    assert not (folder / "keyring").exists()


def test_new_keys_are_never_made_over_an_existing_ring(ring):
    key_id = ring.ensure("a")
    with pytest.raises(VaultNotEmpty):
        reopened(ring).initialise()
    assert reopened(ring).has(key_id)


@pytest.mark.parametrize("name", ["root.key", "keyring", "mirrors.json", "something-else"])
def test_new_keys_are_never_made_beside_anything(folder, name):
    folder.mkdir()
    (folder / name).write_bytes(b"x")
    with pytest.raises(VaultNotEmpty):
        Keyring(folder, "footage").initialise()
    assert [path.name for path in folder.iterdir() if path.name != "lock"] == [name]


def test_missing_root_is_told_and_not_replaced(ring):
    (ring.folder / "root.key").rename(ring.folder.parent / "elsewhere")
    with pytest.raises(RootMissing):
        reopened(ring).key_ids()
    with pytest.raises(VaultNotEmpty):
        reopened(ring).initialise()
    assert not (ring.folder / "root.key").exists()


def test_missing_keyring_is_told_and_not_replaced(ring):
    (ring.folder / "keyring").rename(ring.folder.parent / "elsewhere")
    for keyring in (ring, reopened(ring)):
        with pytest.raises(KeyringMissing):
            keyring.key_ids()
    with pytest.raises(VaultNotEmpty):
        reopened(ring).initialise()


def test_older_generation_of_the_keyring_is_refused_and_destroys_nothing(ring):
    old = ring.ensure("old")
    shutil.copy(ring.folder / "keyring", ring.folder.parent / "older")
    ring.remove_and_ratchet([old])
    kept = ring.ensure("kept")
    shutil.copy(ring.folder / "keyring", ring.folder.parent / "current")
    shutil.copy(ring.folder.parent / "older", ring.folder / "keyring")
    with pytest.raises(GenerationMismatch):
        reopened(ring).key_ids()
    with pytest.raises(GenerationMismatch):
        ring.get(old)
    assert live_roots(ring.folder) == [2]
    shutil.copy(ring.folder.parent / "current", ring.folder / "keyring")
    assert reopened(ring).has(kept)


def test_altered_keyring_is_refused_whichever_byte_it_is(ring):
    ring.ensure("a")
    path = ring.folder / "keyring"
    good = path.read_bytes()
    for position in range(0, len(good), 7):
        bad = bytearray(good)
        bad[position] ^= 1
        path.write_bytes(bad)
        with pytest.raises((KeyringBroken, GenerationMismatch)):
            reopened(ring).key_ids()
    path.write_bytes(good)
    assert len(reopened(ring).key_ids()) == 1
    assert live_roots(ring.folder) == [1]


def test_keyring_of_another_ring_is_refused(ring, tmp_path):
    records = Keyring(tmp_path / "records", "records")
    records.initialise()
    for name in ("root.key", "keyring"):
        shutil.copy(tmp_path / "records" / name, ring.folder / name)
    with pytest.raises(KeyringBroken):
        reopened(ring).key_ids()


def test_full_disk_while_writing_leaves_the_old_ring(ring, monkeypatch):
    kept = ring.ensure("kept")
    before = (ring.folder / "keyring").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(VaultWriteFailed) as raised:
        ring.ensure("new")
    assert raised.value.status == 507
    monkeypatch.undo()
    assert (ring.folder / "keyring").read_bytes() == before
    assert not (ring.folder / "keyring.new").exists()
    assert reopened(ring).key_ids() == {kept}
    assert ring.ensure("new") in ring.key_ids()


@pytest.mark.faults
def test_full_disk_on_a_real_small_file_system(tmp_path):
    """/dev/full stands for the disk: the new keyring is written to it and fails as on a full disk."""
    ring = make_ring(tmp_path / "footage")
    kept = ring.ensure("kept")
    (ring.folder / "keyring.new").symlink_to("/dev/full")
    with pytest.raises(VaultWriteFailed):
        ring._replica.replace(b"x" * 100_000)
    assert reopened(ring).key_ids() == {kept}


def test_lock_that_cannot_be_had_is_an_error_that_says_so(ring):
    with file_lock(ring.folder / "lock"):
        started = time.monotonic()
        with pytest.raises(VaultBusy), file_lock(ring.folder / "lock", timeout_s=0.1):
            pass
        assert time.monotonic() - started < 5


def test_keys_are_in_no_text_and_not_clear_in_any_file(ring):
    key_id = ring.ensure("a")
    key = ring.get(key_id)
    root = ring._replica.read().root.key
    shown = f"{ring!r} {vars(ring)!r} {ring._memory!r} {ring._memory.valid()!r} {ring._replica.read()!r}"
    for secret in (key, root):
        for form in (secret.hex(), repr(secret), repr(bytearray(secret))):
            assert form[2:-1] not in shown
    for path in ring.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert key not in data
            assert (root in data) == (path.name == "root.key")


def test_key_files_are_private(ring):
    ring.ensure("a")
    for name in ("root.key", "keyring", "lock"):
        assert (ring.folder / name).stat().st_mode & 0o077 == 0
    assert ring.folder.stat().st_mode & 0o077 == 0


def test_root_file_is_never_renamed_and_keeps_its_inode(ring):
    before = (ring.folder / "root.key").stat()
    for number in range(3):
        ring.remove_and_ratchet([ring.ensure(f"{number}")])
    after = (ring.folder / "root.key").stat()
    assert (before.st_ino, before.st_size) == (after.st_ino, after.st_size) == (before.st_ino, 8192)


def test_content_survives_encoding_whole(ring):
    ring.remove_and_ratchet([ring.ensure("gone"), ring.ensure("gone too")])
    ring.ensure("label with a blank/and a slash")
    settled = ring._replica.read()
    assert (
        keyfile.decode(keyfile.encode(settled.content, settled.root.key), settled.root.key) == settled.content
    )


def test_closed_ring_reads_again_when_used(ring):
    key_id = ring.ensure("a")
    ring.close()
    assert not list((ring.folder / "holders").glob("*.json"))
    assert ring.has(key_id)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_starts_without_keys_and_leaves_its_parents_entry_alone(ring):
    key_id = ring.ensure("a")
    entry = ring._memory.holder_path()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        held = ring._memory.valid() is not None
        works = ring.has(key_id) and ring._memory.holder_path() != entry
        os.write(writer, f"{held} {works}".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reader, 100) == b"False True"
    os.close(reader)
    os.close(writer)
    assert entry.exists()
    assert ring.has(key_id)
