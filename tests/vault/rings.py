"""Helpers of the keyring tests."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cctv.vault.keyring import Keyring
from cctv.vault.replica import Replica
from cctv.vault.rootfile import SLOT_BYTES, decode

ROOT_FOLDER = Path(__file__).parent.parent.parent


def make_ring(folder: Path, *, mirrors: Sequence[Path] = ()) -> Keyring:
    """A new ring."""
    ring = Keyring(folder, "footage", mirrors=mirrors)
    ring.initialise()
    return ring


def child(folder: Path, action: str, step: str = "-", mirrors: Sequence[Path] = ()) -> subprocess.Popen[str]:
    """Start a process that does `action` and kills itself at `step`."""
    command = [sys.executable, "-m", "tests.vault.crash_child", str(folder), action, step, *map(str, mirrors)]
    return subprocess.Popen(
        command,
        cwd=ROOT_FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_at(folder: Path, action: str, step: str, mirrors: Sequence[Path] = ()) -> bool:
    """Run `action` to its death; False if it never came to that step."""
    process = child(folder, action, step, mirrors)
    out, err = process.communicate(timeout=60)
    if process.returncode == -9:
        return True
    assert "finished" in out, err
    return False


def live_roots(folder: Path) -> list[int]:
    """The generations whose roots lie readable in the folder's root file."""
    data = (folder / "root.key").read_bytes()
    slots = [decode(data[start : start + SLOT_BYTES]) for start in range(0, len(data), SLOT_BYTES)]
    return sorted(root.generation for root in slots if root)


def opens(folder: Path, ring: str = "footage") -> frozenset[str]:
    """The keys that an attacker gets out of a folder (a copy of one) with our own code."""
    return frozenset(Replica(folder, ring).read().content.keys)
