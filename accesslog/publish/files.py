"""Files that are whole or not there, also after a power cut, and a lock between processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

GROUP = 128
FEW = 8
THREADS = 8
LEFT_S = 3600.0
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}")
FILE_MODE = 0o644  # nothing here is secret; a web server may hand it out


class Busy(Exception):
    """Another process holds the lock."""


def fsync_dir(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Batch:
    """Writes of many files, each in one rename; the folders are synced once, by `settle`.

    A file is durable when `settle` has returned. Files are synced in groups, after all of a group were
    written. Raises OSError.
    """

    def __init__(self) -> None:
        self._folders: set[Path] = set()
        self._known: set[Path] = set()
        self._unsynced: list[tuple[Path, Path]] = []

    def write(self, path: Path, data: bytes) -> None:
        """Write `data` beside `path`; it takes the name once it is synced."""
        self._make(path.parent)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        self._unsynced.append((temporary, path))
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except BaseException:
            self._abandon()
            raise
        if len(self._unsynced) >= GROUP:
            self._sync()

    def settle(self) -> None:
        """Make all files and their names durable."""
        self._sync()
        for folder in sorted(self._folders):
            fsync_dir(folder)
        self._folders.clear()

    def _sync(self) -> None:
        try:
            self._fsync([temporary for temporary, _path in self._unsynced])
            for temporary, path in self._unsynced:
                temporary.replace(path)
                self._folders.add(path.parent)
        except BaseException:
            self._abandon()
            raise
        self._unsynced.clear()

    def _fsync(self, paths: list[Path]) -> None:
        """Many at once: the file system then writes its journal once for several files (measured: 5-16 ×)."""
        if len(paths) <= FEW:
            for path in paths:
                _fsync(path)
            return
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(_fsync, paths):
                pass

    def _abandon(self) -> None:
        for temporary, _path in self._unsynced:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        self._unsynced.clear()

    def _make(self, folder: Path) -> None:
        """Make the folder and those above it, and remember which names are new."""
        if folder in self._known:
            return
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
            self._folders.add(folder.parent)
        self._known.add(folder)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, data: bytes) -> None:
    """Replace one file durably. The folder must be there. Raises OSError."""
    batch = Batch()
    batch.write(path, data)
    batch.settle()


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half written anywhere below; what cannot be removed stays."""
    for root, _folders, names in os.walk(folder):
        for name in names:
            if _TEMPORARY.fullmatch(name):
                with contextlib.suppress(OSError):
                    path = Path(root, name)
                    if time.time() - path.stat().st_mtime > LEFT_S:
                        path.unlink()


def remove_folder(folder: Path) -> None:
    """Remove a folder of files, if it is there; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        for each in folder.iterdir():
            each.unlink(missing_ok=True)
        folder.rmdir()


@contextlib.contextmanager
def lock(path: Path, *, patience_s: float) -> Iterator[None]:
    """Hold the exclusive lock on `path`; Busy when it cannot be had in time, OSError without the folder.

    The kernel drops it when the process dies. Other threads of this process are kept out as well.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy(str(path)) from None
                time.sleep(0.01)
        yield
    finally:
        # Said explicitly: a child forked meanwhile shares the descriptor, and would share the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
