"""Destroying keys: irreversible, complete, and resumable from a kill at any step."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from cctv.vault.errors import KeyMissing, RingRolledBack, VaultWriteFailed
from cctv.vault.holders import Holder
from cctv.vault.keyring import Keyring
from cctv.vault.replica import Replica
from cctv.vault.rootfile import RootFile
from tests.vault.rings import child, killed_at, live_roots, make_ring, opens

RATCHET_STEPS = [
    "ratchet.begin",
    "ratchet.root",
    "keyring.written",
    "keyring.renamed",
    "keyring.durable",
    "ratchet.keyring",
    "ratchet.destroyed",
    "ratchet.kept-up",
    "ratchet.mirrored",
    "ratchet.released",
]
AFTER_RENAME = set(RATCHET_STEPS[3:])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "footage"


@pytest.fixture
def ring(folder: Path) -> Keyring:
    return make_ring(folder)


def snapshot(folder: Path, name: str) -> Path:
    """What an attacker copies: the whole key folder."""
    return Path(shutil.copytree(folder, folder.parent / name))


def test_invariant_4_removed_key_is_gone_and_the_others_stay(ring):
    kept, gone = ring.ensure("kept"), ring.ensure("gone")
    key = ring.get(kept)
    result = ring.remove_and_ratchet([gone])
    assert (result.generation_before, result.generation_after, result.removed) == (1, 2, (gone,))
    assert result.complete
    for reader in (ring, Keyring(ring.folder, "footage")):
        assert reader.get(kept) == key
        assert not reader.has(gone)
        with pytest.raises(KeyMissing):
            reader.get(gone)
    assert live_roots(ring.folder) == [2]


def test_invariant_4_no_earlier_keyring_opens_after_the_ratchet_but_did_with_its_root(ring):
    gone = ring.ensure("gone")
    before = snapshot(ring.folder, "before")
    assert gone in opens(before), "positive control: with root and keyring the copy opens"
    ring.remove_and_ratchet([gone])
    # The attacker has every earlier keyring and today's root file.
    shutil.copy(ring.folder / "root.key", before / "root.key")
    with pytest.raises(Exception, match="different generations"):
        opens(before)
    old_root = RootFile(before / "root.key")
    assert [root.generation for root in old_root.slots() if root] == [2]


def test_invariant_4_old_root_is_in_no_byte_of_the_root_file(ring):
    old = ring._replica.read().root.key
    assert old in (ring.folder / "root.key").read_bytes(), "positive control"
    ring.remove_and_ratchet([ring.ensure("gone")])
    data = (ring.folder / "root.key").read_bytes()
    assert old not in data
    assert not any(old[start : start + 8] in data for start in range(0, 32, 8))


def test_ratchet_is_idempotent_and_remembers_which_generation_took_the_keys(ring):
    one, two = ring.ensure("one"), ring.ensure("two")
    first = ring.remove_and_ratchet([one])
    ring.remove_and_ratchet([two])
    again = ring.remove_and_ratchet([one])
    assert (again.generation_before, again.generation_after) == (
        first.generation_before,
        first.generation_after,
    )
    assert again.removed == (one,)
    assert ring.generation == 3
    both = ring.remove_and_ratchet([one, two])
    assert (both.generation_before, both.generation_after, both.removed) == (1, 3, tuple(sorted((one, two))))


def test_nothing_to_remove_changes_nothing(ring):
    ring.ensure("kept")
    before = (ring.folder / "keyring").read_bytes()
    result = ring.remove_and_ratchet(["never was"])
    assert (result.generation_before, result.generation_after, result.removed) == (1, 1, ())
    assert (ring.folder / "keyring").read_bytes() == before


@pytest.mark.faults
@pytest.mark.parametrize("step", RATCHET_STEPS)
def test_invariant_5_kill_at_any_step_of_a_ratchet_keeps_the_survivors_and_can_be_finished(folder, step):
    ring = make_ring(folder)
    kept, gone = ring.ensure("kept"), ring.ensure("gone")
    key = ring.get(kept)
    ring.close()
    assert killed_at(folder, f"ratchet:{gone}", step)
    after = Keyring(folder, "footage")
    # Served only after the left-overs are settled: one root, that of the keyring.
    assert after.get(kept) == key
    assert live_roots(folder) == [after.generation] == [2 if step in AFTER_RENAME else 1]
    assert after.has(gone) == (step not in AFTER_RENAME)
    assert not (folder / "keyring.new").exists()
    result = after.remove_and_ratchet([gone])
    assert (result.generation_before, result.generation_after, result.removed) == (1, 2, (gone,))
    assert after.get(kept) == key
    assert after.key_ids() == {kept}


@pytest.mark.faults
@pytest.mark.parametrize("step", ["keyring.written", "keyring.renamed", "keyring.durable"])
def test_invariant_5_kill_while_a_key_is_added_loses_no_other_key(folder, step):
    ring = make_ring(folder)
    kept = ring.ensure("kept")
    ring.close()
    assert killed_at(folder, "ensure:new", step)
    after = Keyring(folder, "footage")
    assert after.has(kept)
    assert (after.find("new") is not None) == (step != "keyring.written")
    assert after.get(after.ensure("new"))
    assert len(after.key_ids()) == 2


@pytest.mark.faults
@pytest.mark.parametrize(
    "step", ["initialise.marked", "initialise.root", "keyring.written", "keyring.renamed", "keyring.durable"]
)
def test_kill_while_setting_up_does_not_lock_the_installation_out(folder, step):
    assert killed_at(folder, "initialise", step)
    again = Keyring(folder, "footage")
    if not again.exists():
        again.initialise()
    assert again.has(again.ensure("a"))
    assert not killed_at(folder, "ensure:b", "never")
    assert len(again.key_ids()) == 2


@pytest.mark.faults
@pytest.mark.parametrize("step", ["root.written", "keyring.renamed", "root.destroyed", "mirror.adopted"])
def test_kill_while_a_mirror_is_brought_forward_is_mended_by_the_next_one(tmp_path, step):
    mirror = tmp_path / "disk" / "footage"
    mirror.parent.mkdir()
    ring = make_ring(tmp_path / "footage", mirrors=[mirror])
    gone, kept = ring.ensure("gone"), ring.ensure("kept")
    ring.close()
    assert killed_at(ring.folder, f"ratchet:{gone}", step, [mirror])
    after = Keyring(ring.folder, "footage", mirrors=[mirror])
    result = after.remove_and_ratchet([gone])
    assert result.complete
    assert live_roots(mirror) == live_roots(ring.folder) == [2]
    assert opens(mirror) == {kept}


def test_failed_overwrite_of_the_old_root_is_an_error_and_done_before_anything_is_served(ring, monkeypatch):
    gone, kept = ring.ensure("gone"), ring.ensure("kept")

    overwrite = RootFile._overwrite

    def failing(self: RootFile, number: int, content: bytes) -> None:
        if content.startswith(b"lethe root void"):
            raise OSError(5, "Input/output error")
        overwrite(self, number, content)

    with monkeypatch.context() as patch:
        patch.setattr(RootFile, "_overwrite", failing)
        with pytest.raises(VaultWriteFailed):
            ring.remove_and_ratchet([gone])
        with pytest.raises(VaultWriteFailed):
            ring.get(kept)
    assert len(live_roots(ring.folder)) == 2
    assert ring.get(kept)
    assert live_roots(ring.folder) == [2]


# Other processes


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.faults
def test_invariant_4_no_other_process_gets_the_key_after_the_ratchet_returned(ring):
    gone = ring.ensure("gone")
    readers = [child(ring.folder, f"gets:{gone}") for _ in range(2)]
    assert [read_line(reader) for reader in readers] == ["started"] * 2
    time.sleep(0.3)
    result = ring.remove_and_ratchet([gone])
    returned_ns = time.time_ns()
    for reader in readers:
        name, last_ns = read_line(reader).split()
        assert name == "KeyMissing"
        assert 0 < int(last_ns) < returned_ns
        reader.communicate(timeout=20)
    assert len(result.holders) == 2
    assert result.complete


@pytest.mark.faults
def test_ratchet_waits_for_a_living_holder_until_it_has_let_go(ring):
    gone = ring.ensure("gone")
    holder = child(ring.folder, "hold")
    assert read_line(holder) == "holding"
    result = ring.remove_and_ratchet([gone])
    assert [(entry.pid, entry.confirmed) for entry in result.holders] == [(holder.pid, True)]
    holder.communicate("end\n", timeout=20)


@pytest.mark.faults
def test_ratchet_does_not_wait_for_a_dead_holder(ring):
    gone = ring.ensure("gone")
    holder = child(ring.folder, "hold")
    assert read_line(holder) == "holding"
    holder.kill()
    holder.communicate()
    assert len(list((ring.folder / "holders").glob("*.json"))) == 2
    started = time.monotonic()
    result = ring.remove_and_ratchet([gone])
    assert time.monotonic() - started < 2
    assert result.holders == []
    assert result.complete
    assert len(list((ring.folder / "holders").glob("*.json"))) == 1


def test_silent_holder_makes_the_ratchet_incomplete_not_endless(ring):
    gone = ring.ensure("gone")
    silent = Holder(ring.folder / "holders")
    result = ring.remove_and_ratchet([gone], holder_timeout_s=0.2)
    assert not result.complete
    assert [entry.confirmed for entry in result.holders] == [False]
    silent.announce(ring.generation)
    assert ring.remove_and_ratchet([gone]).complete
    silent.close()


# Mirrors


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def test_mirror_follows_every_key_and_every_ratchet(folder, disk):
    ring = make_ring(folder, mirrors=[disk / "footage"])
    gone, kept = ring.ensure("gone"), ring.ensure("kept")
    assert opens(disk / "footage") == {gone, kept}
    result = ring.remove_and_ratchet([gone])
    assert result.complete
    assert opens(disk / "footage") == {kept}
    assert live_roots(disk / "footage") == [2]
    assert not ring.mirror_states()[0].pending


def test_mirror_that_is_away_leaves_the_ratchet_pending_and_is_brought_forward_when_back(folder, disk):
    ring = make_ring(folder, mirrors=[disk / "footage"])
    gone = ring.ensure("gone")
    disk.rename(disk.parent / "away")
    kept = ring.ensure("kept")
    result = ring.remove_and_ratchet([gone])
    assert not result.complete
    assert [mirror.pending for mirror in result.mirrors] == [True]
    assert ring.mirror_states()[0].error
    # Through restarts too, and the mirror back with the old root never brings the key back.
    ring = Keyring(folder, "footage", mirrors=[disk / "footage"])
    assert ring.mirror_states()[0].pending
    (disk.parent / "away").rename(disk)
    assert gone in opens(disk / "footage")
    assert ring.get(kept)
    with pytest.raises(KeyMissing):
        ring.get(gone)
    assert ring.remove_and_ratchet([gone]).complete
    assert opens(disk / "footage") == {kept}
    assert live_roots(disk / "footage") == [2]


def test_unmounted_mirror_is_not_taken_for_a_new_one(folder, disk):
    ring = make_ring(folder, mirrors=[disk / "footage"])
    disk.rename(disk.parent / "away")
    disk.mkdir()
    ring.ensure("a")
    assert ring.mirror_states()[0].pending
    assert list(disk.iterdir()) == []


def test_mirror_taken_out_of_the_settings_still_counts_until_it_is_forgotten(folder, disk):
    make_ring(folder, mirrors=[disk / "footage"])
    shutil.rmtree(disk / "footage")
    ring = Keyring(folder, "footage")
    gone = ring.ensure("gone")
    assert not ring.remove_and_ratchet([gone]).complete
    ring.forget_mirror(disk / "footage")
    assert ring.remove_and_ratchet([gone]).complete


def test_mirror_of_another_installation_is_left_alone(folder, disk, tmp_path):
    other = make_ring(tmp_path / "other", mirrors=[disk / "footage"])
    theirs = other.ensure("theirs")
    ring = make_ring(folder, mirrors=[disk / "footage"])
    ring.ensure("ours")
    assert ring.mirror_states()[0].pending
    assert opens(disk / "footage") == {theirs}


def test_keyring_of_another_installation_alone_is_left_alone(folder, disk, tmp_path):
    other = make_ring(tmp_path / "other")
    (disk / "footage").mkdir()
    shutil.copy(other.folder / "keyring", disk / "footage" / "keyring")
    ring = make_ring(folder, mirrors=[disk / "footage"])
    assert ring.mirror_states()[0].pending
    assert (disk / "footage" / "keyring").read_bytes() == (other.folder / "keyring").read_bytes()
    assert not (disk / "footage" / "root.key").exists()


def test_primary_older_than_its_mirror_is_refused(folder, disk):
    ring = make_ring(folder, mirrors=[disk / "footage"])
    gone = ring.ensure("gone")
    old = snapshot(folder, "old")
    ring.remove_and_ratchet([gone])
    ring.close()
    shutil.rmtree(folder)
    old.rename(folder)  # the whole machine put back from a snapshot, root and all
    with pytest.raises(RingRolledBack):
        Keyring(folder, "footage", mirrors=[disk / "footage"]).get(gone)
    assert live_roots(disk / "footage") == [2]


def test_lost_primary_is_recovered_from_its_mirror_only_when_told_to(folder, disk):
    ring = make_ring(folder, mirrors=[disk / "footage"])
    key_id = ring.ensure("a")
    key = ring.get(key_id)
    ring.close()
    shutil.rmtree(folder)
    folder.mkdir()
    again = Keyring(folder, "footage", mirrors=[disk / "footage"])
    with pytest.raises(Exception, match="no keys"):
        again.get(key_id)
    again.recover_from(disk / "footage")
    assert again.get(key_id) == key


def test_recovery_never_takes_an_older_mirror_over_a_readable_primary(folder, disk):
    ring = make_ring(folder, mirrors=[disk / "footage"])
    gone = ring.ensure("gone")
    old = snapshot(disk / "footage", "old-mirror")
    ring.remove_and_ratchet([gone])
    with pytest.raises(RingRolledBack):
        ring.recover_from(old)
    assert not ring.has(gone)
    assert Replica(folder, "footage").read().content.header.generation == 2
