"""What doctor and certificates may say of this machine."""

import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from cctv.vault import escrow, facts, filesystems, hygiene, rings
from cctv.vault import services as vault
from cctv.vault.escrowplaces import RECIPIENT
from cctv.vault.filesystems import FileSystem


def lies_on(monkeypatch, kind: str, *options: str, device: str = "none") -> None:
    monkeypatch.setattr(
        filesystems, "describe", lambda path: FileSystem(kind, "/srv", device, frozenset(options))
    )


def swap(monkeypatch, *devices: str) -> None:
    areas = [hygiene.Swap(device, 1, 0, leaves_memory="zram" not in device) for device in devices]
    monkeypatch.setattr(hygiene, "active_swap", lambda: areas)


@pytest.mark.parametrize(
    ("kind", "options", "device", "swapped", "answer"),
    [
        ("tmpfs", [], "tmpfs", [], "no"),
        ("tmpfs", [], "tmpfs", ["/dev/zram0"], "no"),
        ("tmpfs", [], "tmpfs", ["/dev/sda3"], "unknown"),
        ("tmpfs", ["noswap"], "tmpfs", ["/dev/sda3"], "no"),
        ("ramfs", [], "ramfs", ["/dev/sda3"], "no"),
        ("ext4", [], "/dev/sda1", [], "yes"),
        ("zfs", [], "pool/drop", [], "yes"),
        ("overlay", [], "overlay", [], "unknown"),
        ("strangefs", [], "/dev/sdb", [], "yes"),
        ("nfs4", [], "server:/drop", [], "unknown"),
        ("fuse.sshfs", [], "host:", [], "unknown"),
    ],
)
def test_a_source_folder_keeps_clear_remains(monkeypatch, tmp_path, kind, options, device, swapped, answer):
    lies_on(monkeypatch, kind, *options, device=device)
    swap(monkeypatch, *swapped)
    assert facts.keeps_clear_remains(str(tmp_path)) == answer


def test_a_folder_that_is_not_there_is_unknown_and_this_machines_are_told():
    assert facts.keeps_clear_remains("/nowhere/at/all") == "unknown"
    found = filesystems.describe(Path("/dev/shm"))
    if found is not None and found.kind == "tmpfs" and not facts.swap_on_disk():
        assert facts.keeps_clear_remains("/dev/shm") == "no"


def test_the_places_of_an_installation_are_described(keys, settings, tmp_path):
    (tmp_path / "disk").mkdir()
    settings.LETHE_KEY_MIRRORS = [str(tmp_path / "disk")]
    rings.footage().sync_mirrors()
    found = {place.what: place for place in facts.places()}
    assert set(found) >= {"keys:footage", "keys:records", "mirror:footage", "mirror:records", "footage"}
    assert found["keys:footage"].path == keys / "keys" / "footage"
    assert found["keys:footage"].file_system == filesystems.describe(keys)
    assert found["mirror:footage"].path == tmp_path / "disk" / "footage"
    assert found["mirror:records"].file_system is None, "not there yet"


def test_an_unsafe_place_is_told_with_its_reason(keys, monkeypatch):
    lies_on(monkeypatch, "ext4", "data=journal")
    assert "data=journal" in facts.places()[0].unsafe
    assert not facts.places()[0].overwriting_is_proven


def test_a_root_or_a_key_folder_that_others_may_read_or_change_is_named(keys):
    assert facts.open_to_others() == []
    root, folder = rings.footage().folder / "root.key", rings.records().folder
    root.chmod(0o640)
    folder.chmod(0o770)
    assert facts.open_to_others() == [root, folder]


def test_mirrors_that_have_not_confirmed_are_named_by_ring(keys, settings, tmp_path):
    settings.LETHE_KEY_MIRRORS = [str(tmp_path / "away" / "disk")]
    assert [(ring, state.path) for ring, state in facts.pending_mirrors()] == [
        (ring, str(tmp_path / "away" / "disk" / ring)) for ring in ("footage", "records")
    ]


def test_a_missing_and_an_old_escrow_are_told(keys, settings, tmp_path):
    assert facts.escrow_facts() == facts.EscrowFacts("", 1, (), 0)
    public, _ = escrow.recovery_keypair()
    folder = rings.records().folder
    (folder / RECIPIENT).write_text(public)
    rings.records().sync_mirrors()
    assert facts.escrow_facts() == facts.EscrowFacts(public, 1, (), 1)
    (tmp_path / "stick").mkdir()
    settings.LETHE_ESCROW_FOLDERS = [str(tmp_path / "stick")]
    vault.sync_mirrors()
    (tmp_path / "stick").rename(tmp_path / "away")
    vault.destroy_record_keys([vault.new_hold_key(uuid4())])
    shutil.copytree(tmp_path / "away", tmp_path / "stick")
    assert facts.escrow_facts() == facts.EscrowFacts(public, 2, (tmp_path / "stick" / "records",), 1)


def test_core_dumps_and_swap_are_told(monkeypatch):
    assert facts.core_dumps().disabled == hygiene.is_hardened()
    swap(monkeypatch, "/dev/sda3", "/dev/zram0")
    assert [area.device for area in facts.swap_on_disk()] == ["/dev/sda3"]


def test_roots_and_escrows_inside_a_backup_set_are_found_by_content_and_name(keys, tmp_path):
    backup = tmp_path / "backup"
    (backup / "deep").mkdir(parents=True)
    shutil.copy(rings.footage().folder / "keyring", backup / "keyring")
    (backup / "other").write_bytes(bytes(8192))
    assert list(facts.secrets_in(backup)) == []
    shutil.copy(rings.footage().folder / "root.key", backup / "deep" / "innocent.bin")
    (backup / "escrow.age").write_bytes(b"age")
    assert list(facts.secrets_in(backup)) == [backup / "deep" / "innocent.bin", backup / "escrow.age"]
