"""A file of a folder as something to be taken in: read, checked, removed last."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from cctv.core.atomic import fsync_dir
from cctv.ingest.closed import Found, look_at
from cctv.ingest.errors import FolderUnreadable, SourceStays, StillGrowing

PIECE_BYTES = 1 << 20


class SourceFile:
    """One file that a recorder has finished, identified by inode, size and modification time."""

    def __init__(self, found: Found) -> None:
        """`found` is the file as the sweep saw it."""
        self.found = found

    @property
    def modified_at(self) -> datetime:
        """When the recorder last wrote it, by the file system's clock."""
        return datetime.fromtimestamp(self.found.mtime_ns / 1e9, UTC)

    @contextmanager
    def opened(self, on_read: Callable[[], None] | None = None) -> "Iterator[OpenedFile]":
        """The file for reading; `on_read` is called now and then. Raises StillGrowing when it is gone."""
        try:
            descriptor = os.open(self.found.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise StillGrowing from None
        except OSError as error:
            raise FolderUnreadable from error
        try:
            yield OpenedFile(self, descriptor, on_read)
        finally:
            with suppress(OSError):
                os.close(descriptor)

    def verify(self) -> None:
        """Raise StillGrowing unless the file is as it was when it was found."""
        now = look_at(self.found.path, self.found.name)
        if now is None or now.state != self.found.state:
            raise StillGrowing

    def remove(self) -> None:
        """Take the file away durably, unless it was replaced or written on meanwhile.

        A missing file is fine: it was removed before. Raises SourceStays when it cannot be deleted.
        """
        now = look_at(self.found.path, self.found.name)
        if now is None or now.state != self.found.state:
            return
        try:
            self.found.path.unlink()
            fsync_dir(self.found.path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise SourceStays from error


class OpenedFile:
    """A source file's content through one descriptor: what was probed is what is sealed."""

    def __init__(self, file: SourceFile, descriptor: int, on_read: Callable[[], None] | None) -> None:
        """`descriptor` stays its opener's to close."""
        self._file = file
        self._descriptor = descriptor
        self._on_read = on_read
        self.size = file.found.size
        self.reader = _Reader(self)

    def verify(self) -> None:
        """Raise StillGrowing unless the file is as it was when it was found."""
        self._file.verify()

    def pieces(self) -> Iterator[bytes]:
        """The whole content in pieces of 1 MiB."""
        offset = 0
        while piece := self.at(offset, PIECE_BYTES):
            offset += len(piece)
            yield piece

    def at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; raises FolderUnreadable when the disk fails."""
        if self._on_read is not None:
            self._on_read()
        try:
            return os.pread(self._descriptor, size, offset)
        except OSError as error:
            raise FolderUnreadable from error


class _Reader:
    """Position and size over `OpenedFile.at`, for the scanner and the packet copy."""

    def __init__(self, file: OpenedFile) -> None:
        self._file = file
        self._position = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = {0: 0, 1: self._position, 2: self._file.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._file.size - self._position if size < 0 else size
        data = self._file.at(self._position, max(0, wanted))
        self._position += len(data)
        return data


def source_file(path: Path) -> SourceFile:
    """The file at `path` as it is now; raises FolderUnreadable when there is no regular file."""
    found = look_at(path, path.name)
    if found is None:
        raise FolderUnreadable
    return SourceFile(found)
