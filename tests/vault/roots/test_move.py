"""Moving a root from its file to OpenBao: no key is lost, and the file's root is destroyed."""

from pathlib import Path

import pytest

from cctv.vault import keyfile
from cctv.vault.keyring import Keyring
from cctv.vault.roots.errors import MoveRefused, MoveUnfinished
from cctv.vault.roots.move import to_openbao
from tests.vault.rings import child as file_child
from tests.vault.rings import make_ring, opens
from tests.vault.roots.child import moving
from tests.vault.roots.hosts import Where, killed_at

pytestmark = pytest.mark.slow

STEPS = [
    "move.begin",
    "move.sealed",
    "move.written",
    "bao.raised",
    "bao.trimmed",
    "move.stored",
    "move.mirror-destroyed",
    "move.keyring-gone",
    "move.destroyed",
]
STORED_FROM = STEPS.index("move.written")


@pytest.fixture
def mirrored(where: Where, tmp_path: Path) -> Where:
    (tmp_path / "disk").mkdir()
    return Where(
        where.folder, where.bao, where.s3, where.bucket, where.prefix, (str(tmp_path / "disk" / "footage"),)
    )


@pytest.fixture
def ring(mirrored: Where) -> Keyring:
    return make_ring(Path(mirrored.folder), mirrors=[Path(mirrored.mirrors[0])])


def test_every_key_comes_along_and_no_root_stays(mirrored, ring, tmp_path):
    key_ids = [ring.ensure(label) for label in ("one", "two", "three")]
    keys = [ring.get(key_id) for key_id in key_ids]
    ring_id, root = ring.ring_id, ring._replica.read().root.key
    ring.close()
    assert root in (Path(mirrored.mirrors[0]) / "root.key").read_bytes(), "positive control"
    assert to_openbao(moving(mirrored))
    moved = mirrored.ring()
    assert [moved.get(key_id) for key_id in key_ids] == keys
    assert (moved.ring_id, moved.generation) == (ring_id, 2)
    assert not list(tmp_path.rglob("root.key"))
    assert not any(root in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not to_openbao(moving(mirrored)), "nothing is left to move"
    moved.sync_mirrors()
    assert not any(state.pending for state in moved.mirror_states())
    moved.close()


def test_what_was_made_before_the_move_is_known(mirrored, ring):
    """Below the file system its root may remain: no more may be claimed for it than before."""
    before = ring.ensure("before")
    ring.close()
    to_openbao(moving(mirrored))
    moved = mirrored.ring()
    after = moved.ensure("after")
    since_us = moved.root_facts().since_us
    made = {key_id: key.made_at_us for key_id, key in mirrored.opened(mirrored.stored()).keys.items()}
    assert made[before] < since_us < made[after]
    moved.remove_and_ratchet([before])
    assert moved.root_facts().since_us == since_us
    moved.close()


def test_invariant_4_the_old_keyring_with_the_old_file_of_today_opens_nothing(mirrored, ring, tmp_path):
    ring.ensure("kept")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "keyring").write_bytes((ring.folder / "keyring").read_bytes())
    (copy / "root.key").write_bytes((ring.folder / "root.key").read_bytes())
    assert opens(copy), "positive control: whoever kept the root opens it"
    (copy / "root.key").unlink()
    ring.close()
    to_openbao(moving(mirrored))
    with pytest.raises(Exception, match="root key file is missing"):
        opens(copy)


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS)
def test_invariant_5_kill_at_any_step_of_the_move_loses_no_key(mirrored, ring, step):
    kept = ring.ensure("kept")
    key = ring.get(kept)
    ring.close()
    assert killed_at(mirrored, "move", step)
    root_is_there = (Path(mirrored.folder) / "root.key").exists()
    if root_is_there:
        with pytest.raises(MoveUnfinished):
            mirrored.ring().get(kept)
        if STEPS.index(step) < STORED_FROM:
            as_before = Keyring(Path(mirrored.folder), "footage", mirrors=[Path(mirrored.mirrors[0])])
            assert as_before.get(kept) == key
            as_before.close()
    to_openbao(moving(mirrored))
    moved = mirrored.ring()
    assert moved.get(kept) == key
    assert moved.root_facts(ask=True).destroyed_before is True
    moved.close()


@pytest.mark.parametrize("where", ["bucket"], indirect=True)
def test_keys_made_after_a_move_was_left_off_come_along(mirrored, ring):
    """The file's ring went on, for the bucket's was never served."""
    early, purged = ring.ensure("early"), ring.ensure("purged")
    data = (Path(mirrored.folder) / "keyring").read_bytes()
    ring.close()
    assert killed_at(mirrored, "move", "move.written")
    assert (Path(mirrored.folder) / "keyring").read_bytes() == data
    abandoned = mirrored.stored()
    ring = Keyring(Path(mirrored.folder), "footage", mirrors=[Path(mirrored.mirrors[0])])
    late = ring.ensure("late")
    ring.remove_and_ratchet([purged])
    ring.close()
    assert to_openbao(moving(mirrored))
    moved = mirrored.ring()
    assert moved.key_ids() == {early, late}
    with pytest.raises(Exception, match="different generations"):
        mirrored.opened(abandoned)
    moved.close()


def test_a_running_lethe_is_not_moved_under(mirrored, ring):
    ring.ensure("kept")
    ring.close()
    holder = file_child(Path(mirrored.folder), "hold")
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "holding"
    with pytest.raises(MoveRefused, match="still running"):
        to_openbao(moving(mirrored))
    holder.communicate("end\n", timeout=20)
    assert to_openbao(moving(mirrored))


def test_a_mirror_that_is_away_keeps_its_root_so_nothing_is_moved(mirrored, ring):
    kept = ring.ensure("kept")
    ring.close()
    mirror = Path(mirrored.mirrors[0])
    mirror.rename(mirror.with_name("unplugged"))
    with pytest.raises(MoveRefused):
        to_openbao(moving(mirrored))
    ring = Keyring(Path(mirrored.folder), "footage", mirrors=[mirror])
    assert ring.get(kept)
    assert keyfile.split((Path(mirrored.folder) / "keyring").read_bytes())[0] == b""
    ring.close()


@pytest.mark.parametrize("where", ["bucket"], indirect=True)
def test_a_ring_that_is_in_use_there_is_not_overwritten(mirrored, ring, tmp_path):
    ring.ensure("kept")
    ring.close()
    other = Where(
        str(tmp_path / "other" / "footage"), mirrored.bao, mirrored.s3, mirrored.bucket, mirrored.prefix
    )
    shared = other.ring()
    shared.initialise()
    theirs = shared.ensure("theirs")
    with pytest.raises(MoveRefused):
        to_openbao(moving(mirrored))
    assert shared.get(theirs)
    shared.close()
