"""A file of a folder as something to be taken in: read once, checked, removed last."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
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

    def pieces(self, on_piece: Callable[[], None] | None = None) -> Iterator[bytes]:
        """The content in pieces of 1 MiB. Raises StillGrowing when the file is not the one that was found."""
        try:
            descriptor = os.open(self.found.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise StillGrowing from None
        except OSError as error:
            raise FolderUnreadable from error
        try:
            while True:
                try:
                    piece = os.read(descriptor, PIECE_BYTES)
                except OSError as error:
                    raise FolderUnreadable from error
                if not piece:
                    return
                yield piece
                if on_piece is not None:
                    on_piece()
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


def source_file(path: Path) -> SourceFile:
    """The file at `path` as it is now; raises FolderUnreadable when there is no regular file."""
    found = look_at(path, path.name)
    if found is None:
        raise FolderUnreadable
    return SourceFile(found)
