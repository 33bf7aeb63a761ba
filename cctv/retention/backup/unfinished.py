"""Backups that are not complete: who writes one now, and what is removed when that fails."""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.utils.translation import gettext as _

from cctv.core.atomic import fsync_dir
from cctv.core.errors import LetheError
from cctv.retention.backup.errors import BackupFailed, BackupInterrupted
from cctv.retention.backup.models import Backup

log = logging.getLogger("cctv.retention")


@contextmanager
def being_written(partial: Path) -> Iterator[None]:
    """Hold a lock on the folder, where its disk has locks; it ends with the process, however that ends."""
    held = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(held)
        yield
    finally:
        os.close(held)


def is_being_written(partial: Path) -> bool:
    """Whether a process holds the lock."""
    try:
        asked = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    try:
        return not _lock(asked)
    finally:
        os.close(asked)


def _lock(descriptor: int) -> bool:
    """False when somebody else holds it. A disk without locks refuses nobody."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def undone_on_error(row: Backup, partial: Path) -> Iterator[None]:
    """Remove what was written, and end the row, when the block fails: BackupFailed, BackupInterrupted."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise BackupInterrupted(f"{BackupInterrupted.message} {_undo(row, partial)}") from error
    except LetheError as error:
        error.message = f"{error.message} {_undo(row, partial)}"
        raise
    except OSError as error:
        reason = f"{BackupFailed.message} ({partial}: {error.strerror})"
        raise BackupFailed(f"{reason} {_undo(row, partial)}") from error
    except Exception:
        _undo(row, partial)
        raise


def _undo(row: Backup, partial: Path) -> str:
    """What became of it, as a sentence."""
    from cctv.retention.backup.ending import forget

    folder = Path(row.place)
    try:
        for each in (partial, folder):
            if each.is_dir():
                shutil.rmtree(each)
                fsync_dir(each.parent)
        forget(backup_id=str(row.pk), how="unfinished")
    except Exception as error:
        log.error("the unfinished backup %s could not be removed or noted: %s", partial, error)
        said: str = _("What was written could not be removed or noted: run “backup DEST --prune” later.")
        return said
    return _("What had been written of it was removed.")
