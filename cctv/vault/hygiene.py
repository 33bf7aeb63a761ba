"""Keeps keys and clear frames out of places where nobody looks for them: core dumps and swap.

A core dump would hold roots and frames in a file that no purge knows. Swapped pages outlive the
process on the disk; a process cannot forbid that without locking all its memory, so an active swap
is reported instead, for `doctor` and the certificate to say.
"""

import ctypes
import resource
from dataclasses import dataclass
from pathlib import Path

SWAPS = Path("/proc/swaps")
_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True, slots=True)
class Swap:
    """An active swap area. `leaves_memory` is False for compressed RAM (zram)."""

    device: str
    size_bytes: int
    used_bytes: int
    leaves_memory: bool


def harden_process() -> None:
    """No core dump of this process and its children, and no other process of this user may read it.

    Harmless to call again. A child that executes another program becomes dumpable anew but inherits
    the limit of zero bytes.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def is_hardened() -> bool:
    """Whether this process leaves no core dump."""
    dumpable = ctypes.CDLL(None, use_errno=True).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0)
    return resource.getrlimit(resource.RLIMIT_CORE)[0] == 0 and dumpable != 1


def active_swap(table: str | None = None) -> list[Swap]:
    """The swap areas in use, from /proc/swaps or the given text."""
    if table is None:
        try:
            table = SWAPS.read_text()
        except OSError:
            return []
    areas = []
    for line in table.splitlines()[1:]:
        device, _kind, size_kib, used_kib, *_ = line.split()
        areas.append(Swap(device, int(size_kib) * 1024, int(used_kib) * 1024, "zram" not in device))
    return areas
