"""What is true of this machine and its key folders: for `doctor` and the certificates to say.

Nothing here judges beyond what was measured: where a question cannot be answered the answer is
"unknown" or empty, never a guess.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from cctv.vault import doors, escrow, filesystems, hygiene, rings, rootfile
from cctv.vault.escrowfile import NAME as ESCROW
from cctv.vault.filesystems import FileSystem
from cctv.vault.mirrors import MirrorState

CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
# Less free than this, in bytes or as a share, is little.
LOW_BYTES, LOW_SHARE = 1 << 30, 0.05
_IN_MEMORY = {"tmpfs", "ramfs"}
_ON_DISK = {
    "ext2",
    "ext3",
    "ext4",
    "xfs",
    "btrfs",
    "f2fs",
    "zfs",
    "bcachefs",
    "vfat",
    "exfat",
    "ntfs",
    "ntfs3",
}
_ROOT_MAGICS = (b"lethe root live\x01", b"lethe root void\x01")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something of this installation lies. `what`: "keys:footage", "keys:records", "mirror:<ring>",
    "footage", "database:<alias>". `file_system` is None where the path is not there or /proc does not tell.
    `unsafe` says why an overwritten block may survive; empty when it does not, as far as is known.
    """

    what: str
    path: Path
    file_system: FileSystem | None
    unsafe: str
    overwriting_is_proven: bool


def places() -> list[Place]:
    """Key folders, their mirrors, the footage store (a local one) and the databases' files."""
    found = []
    for ring in rings.both():
        found.append(_place(f"keys:{ring.ring}", ring.folder))
        found += [_place(f"mirror:{ring.ring}", mirror) for mirror in ring.mirror_folders()]
    options = settings.STORAGES["footage"].get("OPTIONS", {})
    if (location := options.get("location")) and "bucket_name" not in options:
        found.append(_place("footage", Path(str(location))))
    for alias, database in settings.DATABASES.items():
        if database["ENGINE"].endswith("sqlite3"):
            found.append(_place(f"database:{alias}", Path(str(database["NAME"])).parent))
    return found


def _place(what: str, path: Path) -> Place:
    if not path.exists():
        return Place(what, path, None, "", overwriting_is_proven=False)
    found = filesystems.describe(path)
    unsafe = filesystems.why_unsafe(found, filesystems.attributes(path)) if found else ""
    return Place(what, path, found, unsafe, filesystems.overwriting_is_proven(path))


@dataclass(frozen=True, slots=True)
class StoreRoom:
    """Room in the footage store. `kind`: "disk"; "bucket", whose room is not ours to see; "away"."""

    kind: str
    free_bytes: int = 0
    total_bytes: int = 0

    @property
    def share(self) -> float:
        """Which share of it is free, 0 to 1."""
        return self.free_bytes / self.total_bytes if self.total_bytes else 0.0

    @property
    def used_percent(self) -> int:
        """How full it is, 0 to 100."""
        return round(100 * (1 - self.share))

    @property
    def is_low(self) -> bool:
        """Whether the doctor would say so too."""
        return self.kind == "disk" and (self.free_bytes < LOW_BYTES or self.share < LOW_SHARE)


def store_room() -> StoreRoom:
    """How much room the footage store has, as far as this machine can tell."""
    folder = getattr(doors.footage_storage(), "folder", None)
    if folder is None:
        return StoreRoom("bucket")
    try:
        found = os.statvfs(folder)
    except OSError:
        return StoreRoom("away")
    return StoreRoom("disk", found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def keeps_clear_remains(path: Path | str) -> str:
    """Whether a clear file that lay there and was unlinked may still be read below the file system.

    "no": in memory, and never swapped to a disk; "yes": on a disk, where unlinking is not erasing;
    "unknown": not there, on another machine, or in memory that may have been swapped out.
    """
    folder = Path(path)
    found = filesystems.describe(folder) if folder.exists() else None
    if found is None:
        return "unknown"
    if found.kind in _IN_MEMORY:
        return "unknown" if found.kind == "tmpfs" and _may_be_swapped(found) else "no"
    return "yes" if found.kind in _ON_DISK or found.device.startswith("/dev/") else "unknown"


def _may_be_swapped(found: FileSystem) -> bool:
    return "noswap" not in found.options and bool(swap_on_disk())


def swap_on_disk() -> list[hygiene.Swap]:
    """Swap areas to which keys and clear frames may be written out."""
    return [area for area in hygiene.active_swap() if area.leaves_memory]


@dataclass(frozen=True, slots=True)
class CoreDumps:
    """`disabled`: this process leaves none; `pattern` is where the machine puts those of others."""

    disabled: bool
    pattern: str


def core_dumps() -> CoreDumps:
    """Whether a crash would leave keys in a file. Every process of Lethe hardens itself at its start."""
    try:
        pattern = CORE_PATTERN.read_text().strip()
    except OSError:
        pattern = ""
    return CoreDumps(hygiene.is_hardened(), pattern)


def open_to_others() -> list[Path]:
    """Root keys and escrows, here and in mirrors, that other users may read or change, by themselves or
    because their folder may be changed by others."""
    found = []
    for ring in rings.both():
        for folder in (ring.folder, *ring.mirror_folders()):
            for path, forbidden in (
                (folder, stat.S_IWGRP | stat.S_IWOTH),
                (folder / "root.key", stat.S_IRWXG | stat.S_IRWXO),
                (folder / ESCROW, stat.S_IRWXG | stat.S_IRWXO),
            ):
                if path.exists() and path.stat().st_mode & forbidden:
                    found.append(path)
    return found


def pending_mirrors() -> list[tuple[str, MirrorState]]:
    """By ring: mirrors and escrow folders that have not confirmed how the ring stands now."""
    return [(ring.ring, state) for ring in rings.both() for state in ring.mirror_states() if state.pending]


@dataclass(frozen=True, slots=True)
class EscrowFacts:
    """`recipient` is empty when no recovery key is set. `behind`: folders without the ring's escrow."""

    recipient: str
    generation: int
    behind: tuple[Path, ...]
    oldest_generation: int


def escrow_facts() -> EscrowFacts:
    """How the escrow stands; `oldest_generation` is the oldest that lies in a known place (0: in none)."""
    states = escrow.states() if escrow.recipient() else []
    behind = tuple(state.folder for state in states if not state.current)
    generations = [state.generation for state in states if state.generation]
    return EscrowFacts(escrow.recipient(), rings.records().generation, behind, min(generations, default=0))


def secrets_in(folder: Path) -> Iterator[Path]:
    """Files below `folder` that no backup may hold: root keys (by their content) and escrows (by name)."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and (path.name.startswith(ESCROW) or _is_root(path)):
            yield path


def _is_root(path: Path) -> bool:
    if path.stat().st_size != rootfile.SLOT_BYTES * rootfile.SLOTS:
        return False
    with path.open("rb") as file:
        first = file.read(rootfile.SLOT_BYTES)
        return first.startswith(_ROOT_MAGICS) or file.read(16).startswith(_ROOT_MAGICS)
