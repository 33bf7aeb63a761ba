"""A file lock between processes and threads, with a time limit."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from cctv.vault.errors import VaultBusy, VaultWriteFailed

LOCK_TIMEOUT_S = 30.0


@contextlib.contextmanager
def file_lock(path: Path, *, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold the exclusive lock on `path` (made if absent); VaultBusy when it cannot be had in time.

    The kernel drops it when the process dies, so a lock never outlives its holder. Every call opens
    the file anew, which makes it exclude other threads of this process as well. Not reentrant.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise VaultWriteFailed(f"{VaultWriteFailed.message} ({path}: {error.strerror})") from error
    try:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise VaultBusy() from None
                time.sleep(0.002)
        yield
    finally:
        # Said explicitly: a child forked meanwhile shares the descriptor, and would share the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
