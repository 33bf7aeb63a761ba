"""The marker file that says whose folder this is.

A wrong disk mounted at the folder's path, or two installations that watch the same share, would turn
one camera's footage into another's. Lethe writes `.lethe-source` into each folder once; from then on a
folder without it, or with another's, is refused and nothing in it is touched.
"""

import json
import os
from pathlib import Path
from uuid import UUID

from cctv.core.atomic import write_atomic
from cctv.ingest.errors import FolderUnreadable, ForeignFolder, MarkerMissing

NAME = ".lethe-source"
MAX_BYTES = 4096


def write(folder: Path, *, installation: str, source_id: UUID) -> None:
    """Mark the folder as this source's. Raises ForeignFolder if it has another owner, FolderUnreadable."""
    try:
        check(folder, installation=installation, source_id=source_id)
    except MarkerMissing:
        text = json.dumps({"lethe": 1, "installation": installation, "source": str(source_id)}) + "\n"
        try:
            write_atomic(folder / NAME, text.encode(), mode=0o644)
        except OSError as error:
            raise FolderUnreadable from error


def check(folder: Path, *, installation: str, source_id: UUID) -> None:
    """Raise FolderUnreadable, MarkerMissing or ForeignFolder unless the folder is this source's."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        if not folder.is_dir():
            raise FolderUnreadable from None
        raise MarkerMissing from None
    except OSError as error:
        raise FolderUnreadable from error
    try:
        data = os.read(descriptor, MAX_BYTES)
    except OSError:  # a folder of that name
        raise ForeignFolder from None
    finally:
        os.close(descriptor)
    try:
        found = json.loads(data)
        owner = (found["installation"], found["source"])
    except (ValueError, KeyError, TypeError):
        raise ForeignFolder from None
    if owner != (installation, str(source_id)):
        raise ForeignFolder


def is_foreign(folder: Path, *, installation: str, source_id: UUID) -> bool:
    """Whether the folder carries a marker that is not this source's, or one that cannot be read."""
    try:
        check(folder, installation=installation, source_id=source_id)
    except MarkerMissing:
        return False
    except FolderUnreadable:
        return os.path.lexists(folder / NAME)
    except ForeignFolder:
        return True
    return False


def remove(folder: Path, *, installation: str, source_id: UUID) -> None:
    """Take the marker away when the source is retired, if it is ours; trouble with the folder is ignored."""
    try:
        check(folder, installation=installation, source_id=source_id)
        (folder / NAME).unlink()
    except (FolderUnreadable, MarkerMissing, ForeignFolder, OSError):
        return
