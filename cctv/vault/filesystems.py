"""Which file systems really overwrite in place, so that a key can be destroyed.

Tried with raw disk images: ext4 (ordered), xfs and btrfs without copy-on-write keep nothing of an
overwritten block; ext4 with data=journal keeps it in the journal, copy-on-write systems keep it
until the block is used again. What lies below the file system (flash translation, snapshots, thin
disks) cannot be seen from here, hence no more than "clear" is ever claimed.
"""

import array
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from cctv.vault.errors import UnsafeFileSystem

MOUNTS = Path("/proc/self/mounts")
EXT4_OPTIONS = "/proc/fs/ext4/{device}/options"
_COPY_ON_WRITE = {"bcachefs", "btrfs", "f2fs", "nilfs2", "zfs"}
_KNOWN_GOOD = {"ext2", "ext3", "ext4", "xfs", "btrfs"}
_JOURNALLED = {"ext3", "ext4"}
_FS_IOC_GETFLAGS = 0x80086601
_FS_JOURNAL_DATA = 0x00004000
_FS_NO_COPY_ON_WRITE = 0x00800000


@dataclass(frozen=True, slots=True)
class FileSystem:
    """Where a path lies. `options` holds the mount options, with ext4's unspoken defaults."""

    kind: str
    mount_point: str
    device: str
    options: frozenset[str]


def _unescape(text: str) -> str:
    for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, letter)
    return text


def _mounts(table: str) -> Iterator[FileSystem]:
    for line in table.splitlines():
        device, mount_point, kind, options, *_ = line.split(" ")
        yield FileSystem(kind, _unescape(mount_point), device, frozenset(options.split(",")))


def locate(path: Path, table: str) -> FileSystem | None:
    """The mount that holds `path` in a mounts table such as /proc/self/mounts; the later of equals wins."""
    found = None
    for mount in _mounts(table):
        if path.is_relative_to(mount.mount_point) and (
            found is None or len(mount.mount_point) >= len(found.mount_point)
        ):
            found = mount
    return found


def attributes(path: Path) -> int:
    """The inode's attribute flags (lsattr); 0 where the file system has none."""
    flags = array.array("l", [0])
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return 0
    try:
        fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, flags)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return flags[0]


def why_unsafe(found: FileSystem, flags: int) -> str:
    """Why overwriting in place keeps the old bytes there; empty when it does not, as far as is known."""
    named = {"kind": found.kind, "place": found.mount_point}
    if found.kind in _JOURNALLED and ("data=journal" in found.options or flags & _FS_JOURNAL_DATA):
        return _("%(kind)s on %(place)s writes all data to its journal (data=journal)") % named
    if found.kind in _COPY_ON_WRITE and not (found.kind == "btrfs" and flags & _FS_NO_COPY_ON_WRITE):
        return _("%(kind)s on %(place)s writes new data beside the old (copy-on-write)") % named
    return ""


def describe(path: Path) -> FileSystem | None:
    """The file system of an existing path on this machine; None where /proc does not tell."""
    try:
        found = locate(path.resolve(), MOUNTS.read_text())
    except OSError:
        return None
    if found is None or found.kind not in _JOURNALLED:
        return found
    try:
        # The mounts table leaves out what is the superblock's default; this file does not.
        spoken = Path(EXT4_OPTIONS.format(device=os.path.basename(found.device))).read_text().split()
    except OSError:
        return found
    return FileSystem(found.kind, found.mount_point, found.device, found.options | frozenset(spoken))


def refuse_unsafe(folder: Path) -> None:
    """UnsafeFileSystem if a key file in `folder` could not be overwritten for good."""
    found = describe(folder)
    if found is not None and (reason := why_unsafe(found, attributes(folder))):
        raise UnsafeFileSystem(f"{UnsafeFileSystem.message} ({folder}: {reason})")


def overwriting_is_proven(folder: Path) -> bool:
    """Whether `folder` lies on a file system on which the overwriting was verified."""
    found = describe(folder)
    return found is not None and found.kind in _KNOWN_GOOD and not why_unsafe(found, attributes(folder))
