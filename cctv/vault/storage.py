"""Where sealed objects lie: what every footage store can do, and the local folder.

A store belongs to one installation and carries its marker. The marker is looked at before anything
is written, deleted or listed, because a store that is not mounted looks like an empty folder: what
is "missing" there must not be believed, and what is new must not be written to the wrong disk
(invariant 7). Stores know ciphertext only.
"""

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.atomic import fsync_dir, write_atomic
from cctv.vault.errors import ObjectMissing, StorageFailed, StorageFull, StorageMismatch
from cctv.vault.names import SHARDS, all_parts, check_name, is_name
from cctv.vault.removal import Left, remove_from
from cctv.vault.steps import reached

MARKER = "lethe-storage.json"
MARKER_FORMAT = "lethe-storage/1"
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing says of an object."""

    name: str
    size_bytes: int
    modified_at: datetime


class ObjectSink(Protocol):
    """A new object being written: nobody sees it as whole before `commit` returns."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""

    def commit(self) -> None:
        """Make the object durable."""

    def abort(self) -> None:
        """Leave nothing behind; harmless after `commit` or a second time."""


def marker_content(installation: str) -> bytes:
    """The marker that says whose store this is."""
    record = {
        "format": MARKER_FORMAT,
        "installation": installation,
        "made_at": clock.rfc3339(clock.now()),
        "note": "Sealed footage of one Lethe installation. Do not edit, copy or delete single files here.",
    }
    return json.dumps(record, indent=1).encode() + b"\n"


def check_marker_content(content: bytes, installation: str, place: object) -> None:
    """StorageMismatch unless `content` is the marker of `installation`."""
    try:
        record = json.loads(content)
        found = record["installation"] if record["format"] == MARKER_FORMAT else None
    except (ValueError, KeyError, TypeError):
        found = None
    if found != installation:
        raise StorageMismatch(f"{StorageMismatch.message} ({place})")


class FootageStorage(Storage):
    """What the vault asks of a store. Names are those of `cctv.vault.names`."""

    def __init__(self, *, installation_id: Callable[[], str] | None = None) -> None:
        """`installation_id` says whose store it must be; by default the footage ring's identity."""
        from cctv.vault import rings

        self._installation_id = installation_id or rings.installation_id

    # How many bytes a reader in order may fetch ahead: only where a read costs a round trip.
    read_ahead_bytes = 0

    def is_empty(self) -> bool:
        """Whether there is nothing at all in it, of ours or of others; also when it does not exist yet."""
        raise NotImplementedError

    def initialise_storage(self) -> None:
        """Claim an empty store for this installation; StorageMismatch if there is anything in it."""
        raise NotImplementedError

    def check_marker(self) -> None:
        """StorageMismatch unless this is the installation's store."""
        raise NotImplementedError

    def create(self, name: str) -> ObjectSink:
        """Begin a new object."""
        raise NotImplementedError

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Ciphertext `[offset, offset + length)`, shorter only at the object's end. ObjectMissing."""
        raise NotImplementedError

    def size(self, name: str) -> int:
        """Bytes of ciphertext. ObjectMissing."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Delete the object and its parts, and make that durable; fine if they are gone already."""
        raise NotImplementedError

    def remove_many(self, names: Sequence[str]) -> Left:
        """As `remove` for each, and look for each again: those not verifiably gone, and why.

        StorageMismatch, before anything is deleted, where this is not the installation's store.
        """
        raise NotImplementedError

    def exists(self, name: str) -> bool:
        """Whether the object is there; StorageMismatch where nothing can be said about it."""
        raise NotImplementedError

    def iterate(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object of ours whose name begins with `prefix`; foreign files are passed over."""
        raise NotImplementedError

    def foreign(self) -> Iterator[str]:
        """What lies in the store and is not ours, by its path: counted and named, never touched."""
        raise NotImplementedError

    # Django's interface, over the same

    def delete(self, name: str) -> None:
        """As `remove`."""
        self.remove(name)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Names are random: they are never changed, and a taken one is an error."""
        return check_name(name)

    def _save(self, name: str, content: Any) -> str:
        sink = self.create(name)
        try:
            for piece in content.chunks():
                sink.write(piece)
            sink.commit()
        except BaseException:
            sink.abort()
            raise
        return name


class FootageFileStorage(FootageStorage):
    """A folder: the marker at its top, up to 256 folders of objects below, made as they are needed."""

    def __init__(self, location: str | Path, *, installation_id: Callable[[], str] | None = None) -> None:
        """Touches nothing yet."""
        super().__init__(installation_id=installation_id)
        self.folder = Path(location)
        # Identity of the marker's file when it was last read: device, inode, time.
        self._seen: tuple[int, int, int, str] | None = None

    def is_empty(self) -> bool:
        """Whether the folder is empty or absent."""
        return not self.folder.is_dir() or all(path.name == "lost+found" for path in self.folder.iterdir())

    def initialise_storage(self) -> None:
        """Claim an empty folder; claiming one's own again is fine."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self.folder / MARKER).exists():
            if not self.is_empty():
                raise StorageMismatch(f"{StorageMismatch.message} ({self.folder})")
            write_atomic(self.folder / MARKER, marker_content(self._installation_id()))
            reached("storage.marked")
        self.check_marker()

    def check_marker(self) -> None:
        """StorageMismatch unless the marker is there, is ours, and lies where it was."""
        try:
            stat = os.stat(self.folder / MARKER)
            seen = (stat.st_dev, stat.st_ino, stat.st_mtime_ns, self._installation_id())
            if seen == self._seen:
                return
            check_marker_content((self.folder / MARKER).read_bytes(), seen[3], self.folder)
        except OSError as error:
            raise StorageMismatch(f"{StorageMismatch.message} ({self.folder}: {error.strerror})") from error
        if self._seen is not None and self._seen[0] != seen[0]:
            # Ours by its marker, but not the disk we began with: perhaps an old copy of it.
            raise StorageMismatch(
                f"{StorageMismatch.message} ({self.folder}: another disk is mounted there)",
                hint=_("Mount the disk that was there before. If the change is meant, restart Lethe."),
            )
        self._seen = seen

    def create(self, name: str) -> "FileSink":
        """Begin a new object; StorageFull, StorageFailed."""
        self.check_marker()
        return FileSink(self, self._path(name))

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Ciphertext by pread: no position, no buffer, no second copy."""
        try:
            descriptor = os.open(self._path(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as error:
            raise StorageFailed(f"{StorageFailed.message} ({error.strerror})") from error
        try:
            data = os.pread(descriptor, length, offset)
            while len(data) < length:  # a read may be cut short, or end with the file
                more = os.pread(descriptor, length - len(data), offset + len(data))
                if not more:
                    break
                data += more
            return data
        except OSError as error:
            raise StorageFailed(f"{StorageFailed.message} ({error.strerror})") from error
        finally:
            os.close(descriptor)

    def size(self, name: str) -> int:
        """Bytes of ciphertext."""
        try:
            return os.stat(self._path(name)).st_size
        except FileNotFoundError:
            raise self._missing() from None

    def remove(self, name: str) -> None:
        """Unlink the object and its parts, and sync the folder once."""
        self.check_marker()
        removed = False
        for part in all_parts(check_name(name)):
            try:
                os.unlink(self._path(part))
                removed = True
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StorageFailed(f"{StorageFailed.message} ({error.strerror})") from error
        if removed:
            fsync_dir(self._path(name).parent)

    def remove_many(self, names: Sequence[str]) -> Left:
        """Folder by folder, each synced once."""
        self.check_marker()
        return remove_from(self.folder, names)

    def exists(self, name: str) -> bool:
        """Whether the file is there, on the right disk."""
        self.check_marker()
        return self._path(name).exists()

    def iterate(self, prefix: str = "") -> Iterator[StoredObject]:
        """Folder by folder, in order of names."""
        self.check_marker()
        for shard in SHARDS:
            if not (shard.startswith(prefix[:2]) and (self.folder / shard).is_dir()):
                continue
            for entry in sorted(os.scandir(self.folder / shard), key=lambda entry: entry.name):
                name = f"{shard}/{entry.name}"
                if is_name(name) and name.startswith(prefix) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):
                        stat = entry.stat(follow_symlinks=False)
                        yield StoredObject(name, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def foreign(self) -> Iterator[str]:
        """Files beside the folders of objects and within them; of other folders only the name."""
        self.check_marker()
        for top in sorted(os.scandir(self.folder), key=lambda entry: entry.name):
            if top.name not in SHARDS:
                if top.name not in {MARKER, "lost+found"}:
                    yield top.name
                continue
            if not top.is_dir(follow_symlinks=False):
                yield top.name
                continue
            for entry in os.scandir(top.path):
                if not (is_name(f"{top.name}/{entry.name}") and entry.is_file(follow_symlinks=False)):
                    yield f"{top.name}/{entry.name}"

    def _path(self, name: str) -> Path:
        return self.folder / check_name(name)

    def _missing(self) -> Exception:
        """An object is only missing if its store is there."""
        self.check_marker()
        return ObjectMissing()

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        file: IO[bytes] = self._path(name).open("rb")
        return File(file, name)


class FileSink:
    """An object on its way into a file: synced with its folder by `commit`, unlinked by `abort`."""

    def __init__(self, storage: FootageFileStorage, path: Path) -> None:
        """Creates the file; StorageFull, StorageFailed."""
        self._storage = storage
        self._path = path
        self._descriptor = -1
        with self._errors():
            try:
                self._descriptor = self._create()
            except FileNotFoundError:
                # The marker is there (it was just checked), so only this folder was never made.
                path.parent.mkdir(mode=0o700, exist_ok=True)
                fsync_dir(path.parent.parent)
                self._descriptor = self._create()

    def write(self, data: bytes, /) -> None:
        """Append ciphertext."""
        with self._errors():
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]

    def commit(self) -> None:
        """Sync file and folder; the disk must still be the right one."""
        with self._errors():
            os.fsync(self._descriptor)
            self._close()
            self._storage.check_marker()
            fsync_dir(self._path.parent)

    def abort(self) -> None:
        """Remove the partial file; a committed one stays."""
        if self._descriptor >= 0:
            self._close()
            self._path.unlink(missing_ok=True)

    def _create(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.abort()
            kind = StorageFull if error.errno in _FULL else StorageFailed
            raise kind(f"{kind.message} ({error.strerror})") from error
