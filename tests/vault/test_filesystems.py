"""Which file systems are refused for keys."""

from pathlib import Path

import pytest

from cctv.vault import filesystems
from cctv.vault.errors import UnsafeFileSystem
from cctv.vault.filesystems import FileSystem, locate, why_unsafe
from cctv.vault.keyring import Keyring

TABLE = """\
/dev/sda1 / ext4 rw,relatime 0 0
/dev/sdb1 /srv/keys xfs rw 0 0
/dev/sdc1 /srv/keys/deep btrfs rw,space_cache 0 0
tmpfs /srv/with\\040blank tmpfs rw 0 0
/dev/sdd1 /srv/keys ext4 rw,data=journal 0 0
"""
NO_COW = 0x00800000
JOURNAL_DATA = 0x00004000


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/lethe", "ext4"),
        ("/srv/keys/deep/er", "btrfs"),
        ("/srv/keys", "ext4"),
        ("/srv/keysring", "ext4"),
        ("/srv/with blank/x", "tmpfs"),
    ],
)
def test_the_mount_that_holds_a_path_is_found(path, kind):
    found = locate(Path(path), TABLE)
    assert found is not None
    assert found.kind == kind


def test_a_later_mount_over_the_same_point_wins():
    found = locate(Path("/srv/keys"), TABLE)
    assert found is not None
    assert "data=journal" in found.options


@pytest.mark.parametrize(
    ("kind", "options", "flags", "safe"),
    [
        ("ext4", "rw", 0, True),
        ("ext4", "rw,data=ordered", 0, True),
        ("ext4", "rw,data=journal", 0, False),
        ("ext3", "rw,data=journal", 0, False),
        ("ext4", "rw", JOURNAL_DATA, False),
        ("xfs", "rw", 0, True),
        ("tmpfs", "rw", 0, True),
        ("overlay", "rw", 0, True),
        ("btrfs", "rw", 0, False),
        ("btrfs", "rw", NO_COW, True),
        ("zfs", "rw", 0, False),
        ("f2fs", "rw", 0, False),
        ("bcachefs", "rw", NO_COW, False),
    ],
)
def test_what_keeps_overwritten_bytes_is_unsafe(kind, options, flags, safe):
    found = FileSystem(kind, "/", "/dev/x", frozenset(options.split(",")))
    assert (why_unsafe(found, flags) == "") == safe


def test_no_keys_are_made_on_an_unsafe_file_system(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 {tmp_path / 'keys'} zfs rw 0 0\n")
    monkeypatch.setattr(filesystems, "MOUNTS", mounts)
    with pytest.raises(UnsafeFileSystem, match="copy-on-write"):
        Keyring(tmp_path / "keys", "footage").initialise()
    assert not list(tmp_path.rglob("root.key"))
    assert not filesystems.overwriting_is_proven(tmp_path / "keys")


def test_ext4s_unspoken_default_is_read_from_its_own_table(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sda1 / ext4 rw 0 0\n")
    (tmp_path / "sda1").mkdir()
    (tmp_path / "sda1" / "options").write_text("rw\ndata=journal\n")
    monkeypatch.setattr(filesystems, "MOUNTS", mounts)
    monkeypatch.setattr(filesystems, "EXT4_OPTIONS", str(tmp_path / "{device}" / "options"))
    with pytest.raises(UnsafeFileSystem):
        filesystems.refuse_unsafe(tmp_path)


def test_this_machine_can_be_described(tmp_path):
    found = filesystems.describe(tmp_path)
    assert found is not None
    assert found.kind
    assert isinstance(filesystems.attributes(tmp_path), int)
