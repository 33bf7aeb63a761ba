"""Who holds a ring's keys in memory, and whether they have let go of the old ones.

Each process with keys in memory keeps a file open and locked: the kernel drops the lock when the
process dies, so a dead holder is told from a silent one without trusting process ids. The file says
up to which generation its process has forgotten everything older.
"""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.01
NOTHING_HELD = 2**62  # later than any generation


@dataclass(frozen=True, slots=True)
class HolderResult:
    """What a holder answered to a ratchet; `confirmed` is False when it stayed silent within the limit."""

    host: str
    pid: int
    generation: int
    confirmed: bool


class Holder:
    """This process's own entry. Not shared with forked children: they call `abandon`."""

    def __init__(self, folder: Path) -> None:
        """Register, holding nothing yet (generation 0 means: nothing is known of what is held)."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}.json"
        while True:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            # Between opening and locking, somebody may have taken the file for a dead holder's.
            with contextlib.suppress(FileNotFoundError):
                if self.path.stat().st_ino == os.fstat(self._descriptor).st_ino:
                    break
            os.close(self._descriptor)
        self.generation = -1
        self.announce(0)

    def announce(self, generation: int) -> None:
        """Say that nothing older than `generation` is held any more."""
        if generation == self.generation:
            return
        record = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "generation": generation,
            "seen_at_us": time.time_ns() // 1000,
        }
        # One write of fixed length: a reader never sees half a record.
        os.pwrite(self._descriptor, json.dumps(record).ljust(200).encode(), 0)
        self.generation = generation

    def close(self) -> None:
        """Nothing is held any more."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def abandon(self) -> None:
        """In a forked child: the entry stays the parent's."""
        os.close(self._descriptor)


def living(folder: Path, *, besides: Path | None = None) -> list[HolderResult]:
    """The living holders and what they say; files of dead ones are removed."""
    found = []
    for path in sorted(folder.glob("*.json")):
        if path == besides:
            continue
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found.append(_read(os.pread(descriptor, 200, 0)))
        else:
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
    return found


def _read(record: bytes) -> HolderResult:
    try:
        said = json.loads(record)
        return HolderResult(said["host"], said["pid"], said["generation"], False)
    except ValueError:  # locked, but it has not written yet
        return HolderResult("", 0, 0, False)


def wait_for(
    folder: Path, generation: int, *, besides: Path | None, timeout_s: float
) -> Sequence[HolderResult]:
    """Wait until every living holder has let go of all before `generation`, no longer than `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        holders = living(folder, besides=besides)
        if all(holder.generation >= generation for holder in holders) or time.monotonic() >= deadline:
            return [
                HolderResult(holder.host, holder.pid, holder.generation, holder.generation >= generation)
                for holder in holders
            ]
        time.sleep(POLL_S)
