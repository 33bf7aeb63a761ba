"""The doctor's look at the keys: each thing that breaks a promise is found, and only then."""

import shutil

import pytest

from cctv.core.doctor import Severity
from cctv.vault import doctor, escrow, filesystems, hygiene, rings
from cctv.vault import services as vault

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def codes(check, severity=None):
    return {each.code for each in check() if severity is None or each.severity == severity}


def bad(check):
    return codes(check, Severity.BAD)


@pytest.fixture
def installed(lethe_home, settings, request):
    request.getfixturevalue("_log_apart")
    settings.LETHE_KEY_MIRRORS = [str(lethe_home / "mirror")]
    (lethe_home / "mirror").mkdir()
    vault.initialise()
    return lethe_home


def test_a_new_installation_has_nothing_bad(installed):
    for check in (
        doctor.keys,
        doctor.permissions,
        doctor.mirrors,
        doctor.recovery_key,
        doctor.memory,
        doctor.store,
    ):
        assert not bad(check), check


def test_a_root_key_that_others_may_read_is_bad(installed):
    (installed / "keys" / "footage" / "root.key").chmod(0o640)
    assert bad(doctor.permissions) == {"keys.permissions"}


def test_a_copy_of_the_root_beside_it_is_found_whatever_its_name(installed):
    shutil.copyfile(installed / "keys" / "records" / "root.key", installed / "keys" / "records" / "old.bin")
    assert bad(doctor.keys) == {"keys.copied"}


@pytest.mark.parametrize("sign", [".git", ".stfolder"])
def test_keys_in_a_folder_that_is_copied_elsewhere_are_found(installed, sign):
    assert not bad(doctor.keys)
    (installed / sign).mkdir()
    assert bad(doctor.keys) == {"keys.copied"}


def test_a_backup_programs_folder_is_told_by_its_name(tmp_path):
    keys = tmp_path / "Backups of today" / "keys"
    keys.mkdir(parents=True)
    assert doctor.synced_parent(keys) == tmp_path / "Backups of today"


@pytest.mark.parametrize(
    ("kind", "options", "severity"),
    [
        ("ext4", "rw,data=journal", Severity.BAD),
        ("btrfs", "rw", Severity.BAD),
        ("tmpfs", "rw", Severity.BAD),
        ("overlay", "rw", Severity.WARN),
        ("ext4", "rw", Severity.OK),
    ],
)
def test_the_file_system_under_the_keys_is_judged(installed, monkeypatch, kind, options, severity):
    table = installed / "mounts"
    table.write_text(f"/dev/x / {kind} {options} 0 0\n")
    monkeypatch.setattr(filesystems, "MOUNTS", table)
    monkeypatch.setattr(filesystems, "attributes", lambda path: 0)
    found = {each.severity for each in doctor.keys() if each.code == "keys.file_system"}  # noqa: SIM118
    assert found == {severity}


def test_a_mirror_on_the_same_disk_and_one_that_is_away_are_found(installed):
    assert codes(doctor.mirrors) == {"keys.mirror_same_disk"}
    shutil.rmtree(installed / "mirror")
    vault.sync_mirrors()
    assert bad(doctor.mirrors) == {"keys.mirror_pending"}


@pytest.mark.usefixtures("_log_apart", "lethe_home")
def test_no_mirror_and_no_recovery_key_are_told():
    vault.initialise()
    assert codes(doctor.mirrors) == {"keys.no_mirror"}
    (finding,) = doctor.recovery_key()
    assert finding.severity == Severity.WARN
    escrow.set_recipient(escrow.recovery_keypair()[0])
    (finding,) = doctor.recovery_key()
    assert finding.severity == Severity.OK
    (rings.records().folder / "escrow.age").unlink()
    (finding,) = doctor.recovery_key()
    assert finding.severity == Severity.WARN


def test_swap_on_a_disk_is_told_and_compressed_memory_is_not(installed, monkeypatch):
    swap = hygiene.Swap("/dev/sda2", 1 << 30, 0, leaves_memory=True)
    monkeypatch.setattr(hygiene, "active_swap", lambda: [swap])
    assert "memory.swap" in codes(doctor.memory, Severity.WARN)
    zram = hygiene.Swap("/dev/zram0", 1 << 30, 0, leaves_memory=False)
    monkeypatch.setattr(hygiene, "active_swap", lambda: [zram])
    assert "memory.swap" in codes(doctor.memory, Severity.OK)
