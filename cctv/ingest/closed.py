"""Which files of a folder the recorder has finished.

Names tell first: recorders and copy programs mark work in progress by suffix or prefix. Then the file
must not have changed for the settle time of its source, by its own clock or by what this process has
seen of it (a file from the future would otherwise never settle). Last, where the system can tell,
nobody may have it open for writing: a quiet camera may write less than once in the settle time.
"""

import fcntl
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

UNFINISHED_SUFFIXES = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".mp4_", ".dav_", ".lock")
UNFINISHED_PREFIXES = ("incomplete.",)
MAX_DEPTH = 10
# A settled file is forgotten after this long, should it never be taken over.
FORGET_AFTER_S = 86_400


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file below a source's folder: `path` absolute, `name` relative with "/"."""

    path: Path
    name: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: tuple[int, int]

    @property
    def state(self) -> tuple[int, int, tuple[int, int]]:
        """What changes when the recorder writes on."""
        return self.size, self.mtime_ns, self.inode


Stop = Callable[[Path], bool]


@dataclass(slots=True)
class Listing:
    """What lies below a folder: files, and the names of what could not be read and of what must not be."""

    files: list[Found] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def walk(folder: Path, *, stop: Stop | None = None) -> Listing:
    """All regular files below `folder` in order of their names; links and hidden entries are not followed.

    A folder below it for which `stop` is true is noted and not entered. What cannot be read is noted and
    stops nothing else; raises OSError when `folder` itself cannot be listed.
    """
    listing = Listing()
    listing.files.extend(_walk(folder, "", listing, stop, 0))
    listing.files.sort(key=lambda file: file.name)
    return listing


def stroll(folder: Path, *, stop: Stop | None = None) -> Iterator[Found]:
    """The same files one by one in no order: whoever needs a few does not list a whole disk."""
    return _walk(folder, "", Listing(), stop, 0)


def _walk(folder: Path, prefix: str, listing: Listing, stop: Stop | None, depth: int) -> Iterator[Found]:
    with os.scandir(folder) as entries:
        if prefix and stop is not None and stop(folder):
            listing.refused.append(prefix.rstrip("/"))
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            name = prefix + entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    if depth < MAX_DEPTH:
                        yield from _walk(Path(entry.path), f"{name}/", listing, stop, depth + 1)
                    continue
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError:
                listing.unreadable.append(name)
                continue
            if stat.S_ISREG(facts.st_mode):
                yield _found(Path(entry.path), name, facts)


def look_at(path: Path, name: str) -> Found | None:
    """The file as it is now, or None when it is gone or no regular file."""
    try:
        facts = path.lstat()
    except OSError:
        return None
    return _found(path, name, facts) if stat.S_ISREG(facts.st_mode) else None


def _found(path: Path, name: str, facts: os.stat_result) -> Found:
    return Found(
        path, name, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, (facts.st_dev, facts.st_ino)
    )


def named_unfinished(name: str) -> bool:
    """Whether the name itself says that the file is still being written."""
    last = name.rpartition("/")[2].lower()
    return last.endswith(UNFINISHED_SUFFIXES) or last.startswith(UNFINISHED_PREFIXES)


class Settling:
    """Remembers when this process first saw each file in its present state. Safe to share between threads."""

    def __init__(self) -> None:
        """Nothing has been seen yet."""
        self._seen: dict[Path, tuple[object, float]] = {}
        self._lock = threading.Lock()

    def is_closed(self, file: Found, settle_s: float) -> bool:
        """Whether the recorder has finished the file."""
        if named_unfinished(file.name):
            return False
        changed_ns = max(file.mtime_ns, file.ctime_ns)
        old = time.time_ns() - changed_ns >= settle_s * 1e9
        return (self._unchanged_for(file) >= settle_s or old) and not is_open_for_writing(file.path)

    def _unchanged_for(self, file: Found) -> float:
        now = time.monotonic()
        with self._lock:
            state, since = self._seen.get(file.path, (None, now))
            if state != file.state:
                self._seen[file.path] = (file.state, now)
                if len(self._seen) > 10_000:
                    self._seen = {k: v for k, v in self._seen.items() if now - v[1] < FORGET_AFTER_S}
                return 0.0
            return now - since

    def forget(self, path: Path) -> None:
        """The file has been dealt with."""
        with self._lock:
            self._seen.pop(path, None)


def is_open_for_writing(path: Path) -> bool:
    """Whether some process of this machine has the file open for writing; False when that cannot be told.

    Linux grants a read lease only on files that nobody has open for writing (fcntl(2), F_SETLEASE).
    The lease is given back at once. The signal that a lease broken meanwhile would send is turned into
    one that is ignored by default.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except (OSError, AttributeError):
        return False
    else:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
    finally:
        os.close(descriptor)
