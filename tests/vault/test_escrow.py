"""The offline recovery key: opens the records when all roots are lost, and nothing that was destroyed."""

import io
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyrage
import pytest
from django.core.management import CommandError, call_command

from accesslog.models import LogEntry
from accesslog.services import close
from cctv.vault import escrow, escrowfile, rings, steps
from cctv.vault import services as vault
from cctv.vault.errors import GenerationMismatch, KeyMissing
from cctv.vault.escrow import EscrowUnreadable, RecoveryKeyInvalid
from cctv.vault.keyring import Keyring
from tests.vault.rings import killed_at, opens

pytestmark = pytest.mark.django_db(databases=["default", "log"], transaction=True)

STEPS = ["escrow.begin", "escrow.written", "escrow.overwritten", "escrow.replaced", "escrow.recorded"]


@pytest.fixture(autouse=True)
def _log_lets_go():
    yield
    close()


@pytest.fixture
def disks(lethe_home: Path, settings: Any, tmp_path: Path) -> tuple[Path, Path]:
    """A mirror's disk and one that gets the escrow only, both in the settings."""
    mirror, stick = tmp_path / "mirror", tmp_path / "stick"
    for disk in (mirror, stick):
        disk.mkdir()
    settings.LETHE_KEY_MIRRORS, settings.LETHE_ESCROW_FOLDERS = [str(mirror)], [str(stick)]
    vault.initialise()
    return mirror, stick


@pytest.fixture
def key(disks) -> str:
    """The private part of the recovery key that is set."""
    public, private = escrow.recovery_keypair()
    assert not any(state.pending for state in escrow.set_recipient(public))
    return private


def places(lethe_home: Path, disks: tuple[Path, Path]) -> list[Path]:
    return [lethe_home / "keys" / "records", *(disk / "records" for disk in disks)]


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("vault", *arguments, stdout=out)
    return out.getvalue()


def test_every_place_holds_the_root_for_the_recovery_key_and_the_stick_no_root(disks, key, lethe_home):
    for folder in places(lethe_home, disks):
        root = escrow.open(folder, key)
        assert (root.ring_id, root.generation) == (rings.records().ring_id, 1)
        assert (folder / "escrow.age").stat().st_size > 8192
        assert escrow.open(folder / "escrow.age", f" {key}\n") == root
    assert [state.current for state in escrow.states()] == [True, True, True]
    assert not (disks[1] / "records" / "root.key").exists()
    assert not list(lethe_home.rglob("footage/escrow*"))
    assert LogEntry.objects.filter(kind="vault.recovery_key").count() == 1


def test_the_age_library_alone_opens_it(disks, key):
    import json

    clear = pyrage.decrypt(
        (disks[1] / "records" / "escrow.age").read_bytes(), [pyrage.x25519.Identity.from_str(key)]
    )
    assert json.loads(clear)["generation"] == 1


def test_invariant_4_a_ratchet_of_the_records_replaces_every_escrow(disks, key, lethe_home):
    hold = vault.new_hold_key(uuid4())
    before = {folder: (folder / "escrow.age").read_bytes() for folder in places(lethe_home, disks)}
    old_root = escrow.open(disks[1] / "records", key)
    inodes = {folder: open_descriptor(folder / "escrow.age") for folder in before}
    old_keyring = disks[1] / "old"
    shutil.copytree(disks[1] / "records", old_keyring)
    assert vault.destroy_record_keys([hold]).complete
    for folder, data in before.items():
        assert escrow.open(folder, key).generation == 2
        with inodes[folder] as file:  # the old file's own blocks, not only its name
            assert file.read() != data
    lost = Keyring(lethe_home / "attacker", "records")
    lost.folder.mkdir()
    lost.recover_from(old_keyring, root=old_root)
    assert lost.has(hold), "positive control: an escrow that somebody copied opens what it knew"
    lost.close()
    with pytest.raises(GenerationMismatch):
        Keyring(lethe_home / "attacker", "records").recover_from(
            old_keyring, root=escrow.open(disks[0] / "records", key)
        )


def open_descriptor(path: Path) -> Any:
    return path.open("rb")


def test_with_the_machine_lost_stick_and_recovery_key_bring_the_records_back(disks, key, lethe_home):
    key_id, sealed = vault.seal_record("request/1", b"Kim Mina", context=b"c")
    gone = vault.new_hold_key(uuid4())
    vault.destroy_record_keys([gone])
    for ring in rings.both():
        ring.close()
    shutil.rmtree(lethe_home / "keys")
    shutil.rmtree(disks[0])
    disks[0].mkdir()
    (lethe_home / "keys" / "records").mkdir(parents=True)
    rings._rings.clear()
    stick = disks[1] / "records"
    rings.records().recover_from(stick, root=escrow.open(stick, key))
    assert vault.open_record(key_id, sealed, context=b"c") == b"Kim Mina"
    with pytest.raises(KeyMissing):
        rings.records().get(gone)
    assert escrow.recipient(), "and it is escrowed again at once"
    assert [state.generation for state in escrow.states()] == [2, 2, 2]


def test_a_mirror_whose_root_is_lost_is_enough_with_the_recovery_key(disks, key, lethe_home):
    hold = vault.new_hold_key(uuid4())
    rings.records().close()
    shutil.rmtree(lethe_home / "keys" / "records")
    (lethe_home / "keys" / "records").mkdir()
    mirror = disks[0] / "records"
    (mirror / "root.key").unlink()
    ring = rings.records()
    ring.recover_from(mirror, root=escrow.open(mirror, key))
    assert ring.has(hold)
    assert opens(mirror, "records") == ring.key_ids()


def test_an_escrow_folder_that_is_away_leaves_the_destruction_pending(disks, key):
    hold = vault.new_hold_key(uuid4())
    stick = disks[1]
    stick.rename(stick.parent / "away")
    result = vault.destroy_record_keys([hold])
    assert not result.complete
    assert [state.path for state in result.mirrors if state.pending] == [str(stick / "records")]
    assert [state.current for state in escrow.states()] == [True, True, False]
    assert "PENDING" in run("status")
    assert "MISSING" in run("status")
    (stick.parent / "away").rename(stick)
    assert "OLD, generation 1" in run("status")
    assert vault.destroy_record_keys([hold]).complete
    assert escrow.open(stick / "records", key).generation == 2
    assert "PENDING" not in run("status")


def test_a_mirror_is_not_taken_for_an_escrow_folder(disks, key, settings):
    settings.LETHE_ESCROW_FOLDERS = [str(disks[0])]
    rings.records().sync_mirrors()
    states = {state.path: state.pending for state in rings.records().mirror_states()}
    assert states[str(disks[1] / "records")] is False, "known until it is forgotten"
    assert (disks[0] / "records" / "root.key").exists()
    assert any(state.pending and "root" in state.error for state in rings.records().mirror_states())


def test_another_recovery_key_takes_the_place_of_the_old_one(disks, key, lethe_home):
    public, private = escrow.recovery_keypair()
    escrow.set_recipient(public)
    for folder in places(lethe_home, disks):
        assert escrow.open(folder, private).generation == 1
        with pytest.raises(EscrowUnreadable):
            escrow.open(folder, key)


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS)
def test_invariant_5_a_renewal_killed_at_any_step_is_mended_by_the_next_use(disks, key, lethe_home, step):
    hold, kept = vault.new_hold_key(uuid4()), vault.new_hold_key(uuid4())
    secret = rings.records().get(kept)
    rings.records().close()
    assert killed_at(lethe_home, f"ratchet-records:{hold}", step, list(disks[:1]))
    rings._rings.clear()
    assert rings.records().get(kept) == secret
    folder = lethe_home / "keys" / "records"
    assert escrow.open(folder, key).generation == 2, "the first use renews it"
    assert not (folder / "escrow.age.new").exists()
    assert vault.destroy_record_keys([hold]).complete
    assert all(state.current for state in escrow.states())


def test_a_damaged_escrow_is_renewed(disks, key, lethe_home):
    folder = lethe_home / "keys" / "records"
    (folder / "escrow.age").write_bytes(b"nonsense")
    assert not escrow.states()[0].current
    vault.sync_mirrors()
    assert escrow.open(folder, key).generation == 1


@pytest.mark.parametrize("identity", ["", "AGE-SECRET-KEY-1", "age1xyz"])
def test_what_is_no_private_key_opens_nothing(disks, key, identity):
    with pytest.raises(EscrowUnreadable):
        escrow.open(disks[0] / "records", identity)


def test_another_private_key_opens_nothing(disks, key):
    with pytest.raises(EscrowUnreadable):
        escrow.open(disks[0] / "records", escrow.recovery_keypair()[1])


def test_what_is_no_public_key_is_refused_and_nothing_logged(disks):
    for wrong in ("", "age1xyz", escrow.recovery_keypair()[1]):
        with pytest.raises(RecoveryKeyInvalid):
            escrow.set_recipient(wrong)
    assert escrow.recipient() == ""
    assert not LogEntry.objects.filter(kind="vault.recovery_key").exists()


# The command


def test_the_command_shows_the_private_part_once_and_keeps_it_nowhere(disks, lethe_home):
    assert "escrow: none" in run("status")
    said = run("recovery-key")
    [private] = [word for word in said.split() if word.startswith("AGE-SECRET-KEY-1")]
    assert escrow.open(disks[0] / "records", private).generation == 1
    for folder in (lethe_home, *disks):
        for path in folder.rglob("*"):
            assert path.is_dir() or private.encode() not in path.read_bytes()
    assert "AGE-SECRET" not in run("status")
    assert "generation 1" in run("status")


def test_the_command_does_not_replace_a_key_by_accident(disks, key):
    known = escrow.recipient()
    with pytest.raises(CommandError, match="--replace"):
        run("recovery-key")
    assert escrow.recipient() == known
    public, private = escrow.recovery_keypair()
    assert "AGE-SECRET" not in run("recovery-key", "--public", public, "--replace")
    assert escrow.open(disks[1] / "records", private).generation == 1
    with pytest.raises(CommandError, match="recovery_key_invalid"):
        run("recovery-key", "--public", "age1xyz", "--replace")


def test_facts_name_nothing_where_the_file_is_not_what_was_written(tmp_path):
    assert escrowfile.facts(tmp_path) is None


@pytest.mark.faults
@pytest.mark.parametrize(
    "step", ["escrow.logged", "escrow.recipient", "escrow.written", "escrow.overwritten"]
)
def test_setting_a_recovery_key_killed_at_any_step_is_done_by_setting_it_again(disks, lethe_home, step):
    public, private = escrow.recovery_keypair()
    rings.records().close()
    steps_before = list(steps._listeners)

    def listener(reached: str) -> None:
        if reached == step:
            steps._listeners[:] = steps_before
            raise KeyboardInterrupt  # nothing in the code catches it

    steps._listeners.append(listener)
    with pytest.raises(KeyboardInterrupt):
        escrow.set_recipient(public)
    rings._rings.clear()
    assert not any(state.pending for state in escrow.set_recipient(public))
    assert [escrow.open(folder, private).generation for folder in places(lethe_home, disks)] == [1, 1, 1]
