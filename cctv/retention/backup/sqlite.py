"""One SQLite database to a file and back, while others go on writing.

The online backup API copies a committed state page by page; in WAL mode readers hold up nobody. The copy
is one file in the rollback-journal mode, so that nothing beside it belongs to it.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import connections

from cctv.core.atomic import fsync_dir
from cctv.retention.backup.errors import BackupFailed
from cctv.retention.backup.manifest import Copied

COMPANIONS = ("-wal", "-shm", "-journal")


def path_of(alias: str) -> Path:
    """Where the database of that alias lies."""
    return Path(str(connections[alias].settings_dict["NAME"]))


def copy_out(alias: str, folder: Path) -> tuple[Copied, tuple[int, bytes] | None]:
    """Copy the database to `<folder>/<alias>.sqlite3`; for a log also its head's size and frontier."""
    target = folder / f"{alias}.sqlite3"
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{path_of(alias)}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            source.execute("PRAGMA busy_timeout = 10000")
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise BackupFailed(f"{BackupFailed.message} ({alias}: {verdict})")
            return Copied("sqlite3", _migrations(copy)), _head(copy)
    except (sqlite3.Error, OSError) as error:
        raise BackupFailed(f"{BackupFailed.message} ({alias}: {error})") from error


def put_back(alias: str, source: Path, *, change: Callable[[sqlite3.Connection], None] | None = None) -> None:
    """Put a copy in the place of the database in one rename; `change` is made within it before that.

    Nobody may have the database open: what lies there is removed with its journals first.
    """
    target = path_of(alias)
    connections[alias].close()
    coming = target.with_name(f"{target.name}.restoring")
    for leftover in [coming, *(coming.with_name(coming.name + end) for end in COMPANIONS)]:
        leftover.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, coming)
    if change is not None:
        with contextlib.closing(sqlite3.connect(coming)) as database, database:
            change(database)
    with coming.open("rb") as file:
        os.fsync(file.fileno())
    # An old write-ahead log beside a new database would be taken for its own.
    for end in COMPANIONS:
        target.with_name(target.name + end).unlink(missing_ok=True)
    fsync_dir(target.parent)
    coming.replace(target)
    fsync_dir(target.parent)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A copy, to look into."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        yield database


def _migrations(database: sqlite3.Connection) -> list[list[str]]:
    return [list(row) for row in database.execute("SELECT app, name FROM django_migrations ORDER BY id")]


def _head(database: sqlite3.Connection) -> tuple[int, bytes] | None:
    tables: list[Any] = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'log_head'").fetchall()
    if not tables:
        return None
    size, frontier = database.execute("SELECT size, frontier FROM log_head WHERE id = 1").fetchone()
    return int(size), bytes(frontier)
