"""Mirrors that are ahead of their primary, or know what it never did: nothing is overwritten."""

import shutil
from pathlib import Path

import pytest

from cctv.vault import steps
from cctv.vault.errors import RingForked, RingRolledBack
from cctv.vault.keyfile import RATCHETS_KEPT
from cctv.vault.keyring import Keyring
from tests.vault.rings import make_ring, opens


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "footage"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def put_back_while_away(folder: Path, disk: Path) -> tuple[Keyring, str, str]:
    """The machine as it was before one key was destroyed and another made; its mirror is not mounted."""
    ring = make_ring(folder, mirrors=[disk / "footage"])
    gone = ring.ensure("gone")
    old = shutil.copytree(folder, folder.parent / "old")
    since = ring.ensure("since")
    ring.remove_and_ratchet([gone])
    ring.close()
    shutil.rmtree(folder)
    old.rename(folder)
    disk.rename(disk.parent / "away")
    return Keyring(folder, "footage", mirrors=[disk / "footage"]), gone, since


@pytest.mark.parametrize("change", ["sync", "ensure", "destroy"])
def test_invariant_5_a_newer_mirror_that_comes_back_late_is_never_overwritten(folder, disk, change):
    ring, gone, since = put_back_while_away(folder, disk)
    assert ring.get(gone)  # nothing tells yet that this is an old copy
    (disk.parent / "away").rename(disk)
    theirs = (disk / "footage" / "keyring").read_bytes()
    changes = {
        "sync": ring.sync_mirrors,
        "ensure": lambda: ring.ensure("new"),
        "destroy": lambda: ring.remove_and_ratchet([gone]),
    }
    ours = (folder / "keyring").read_bytes()
    with pytest.raises(RingRolledBack):
        changes[change]()
    assert (disk / "footage" / "keyring").read_bytes() == theirs
    assert (folder / "keyring").read_bytes() == ours
    assert opens(disk / "footage") == {since}
    with pytest.raises(RingRolledBack):
        ring.get(gone)  # and it stops: not even what was open in memory is served on
    ring.recover_from(disk / "footage")
    assert ring.key_ids() == {since}


def test_invariant_5_a_newer_mirror_that_comes_back_between_look_and_write_is_left_alone(folder, disk):
    ring, gone, since = put_back_while_away(folder, disk)

    def back(step: str) -> None:
        if step == "keyring.durable" and not disk.exists():
            (disk.parent / "away").rename(disk)

    steps.listen(back)
    try:
        ring.ensure("new")
    finally:
        steps._listeners.remove(back)
    assert opens(disk / "footage") == {since}
    with pytest.raises(RingRolledBack):
        ring.get(gone) and ring.ensure("another")


@pytest.mark.parametrize("made", [2, 20])
def test_invariant_5_an_old_primary_that_went_on_never_overwrites_what_only_its_mirror_has(
    folder, disk, made
):
    ring, gone, since = put_back_while_away(folder, disk)
    for number in range(made):  # until it is as far as its mirror, or farther than it remembers
        ring.remove_and_ratchet([ring.ensure(str(number))], holder_timeout_s=0)
    (disk.parent / "away").rename(disk)
    (state,) = ring.sync_mirrors()
    assert state.pending
    assert str(RingForked.message) in state.error
    assert opens(disk / "footage") == {since}
    assert not ring.remove_and_ratchet([gone]).complete, "nothing is said of a mirror that does not follow"


def test_mirror_that_was_away_for_longer_than_destructions_are_remembered_is_brought_forward(folder, disk):
    ring = make_ring(folder, mirrors=[disk / "footage"])
    gone = ring.ensure("gone")
    disk.rename(disk.parent / "away")
    ring.remove_and_ratchet([gone])
    for number in range(RATCHETS_KEPT + 1):
        ring.remove_and_ratchet([ring.ensure(str(number))])
    (disk.parent / "away").rename(disk)
    assert [state.pending for state in ring.sync_mirrors()] == [False]
    assert opens(disk / "footage") == frozenset()
