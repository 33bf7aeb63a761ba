"""Where a backup's databases go: is there anything yet, and putting them in place, each in one step.

A database is put back whole in one rename (SQLite) or one transaction (PostgreSQL), and carries the row of
the unfinished restore from that moment on: whoever starts on it is refused until the restore is finished.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.loader import MigrationLoader

from accesslog.models import LogHead
from cctv.core import clock
from cctv.people.models import Account
from cctv.retention.backup import postgres, sqlite
from cctv.retention.backup.errors import BackupTooNew, OtherDatabase, RegisterNotEmpty
from cctv.retention.backup.manifest import Manifest
from cctv.retention.backup.models import Restore
from cctv.retention.backup.progress import Progress
from cctv.sites.models import Organisation
from cctv.vault.models import Epoch

MAIN, LOG = "default", "log"


def engine(alias: str) -> str:
    """The kind of database as manifests name it."""
    return "postgresql" if connections[alias].vendor == "postgresql" else "sqlite3"


def check(manifest: Manifest) -> None:
    """OtherDatabase, BackupTooNew when this code and these settings cannot take the backup."""
    for alias, copied in manifest.databases.items():
        if engine(alias) != copied.engine:
            raise OtherDatabase(f"{OtherDatabase.message} ({alias}: {copied.engine})")
        known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
        ours = {"cctv", "accesslog"}
        for app, name in copied.migrations:
            if app in ours and (app, name) not in known:
                raise BackupTooNew(f"{BackupTooNew.message} ({app} {name})")


def refuse_occupied(*, over: bool) -> None:
    """RegisterNotEmpty if there is a register or a log. `over`: SQLite files may be replaced."""
    if has_register() or has_log():
        if over and all(engine(alias) == "sqlite3" for alias in (MAIN, LOG)):
            return
        raise RegisterNotEmpty()


def has_register() -> bool:
    """Whether the main database knows anybody or anything."""
    return any(_has_rows(model._default_manager.exists) for model in _TELLING)


def has_log() -> bool:
    """Whether the log has an entry."""
    return _has_rows(lambda: LogHead.objects.filter(size__gt=0).exists())


_TELLING: tuple[Any, ...] = (Account, Organisation, Epoch)


def _has_rows(asked: Callable[[], bool]) -> bool:
    try:
        return asked()
    except DatabaseError:
        return False  # no such table: nothing was ever here


def put_register(folder: Path, manifest: Manifest, progress: Progress) -> None:
    """The main database, with the row of this restore in it."""
    copied = manifest.databases[MAIN]
    if copied.engine == "sqlite3":
        sqlite.put_back(MAIN, folder / f"{MAIN}.sqlite3", change=lambda raw: _insert(raw, manifest, progress))
        return
    postgres.make_schema(MAIN, copied.migrations)
    if Restore.objects.filter(pk=progress.restore_id).exists():
        return  # committed before the kill
    postgres.put_back(MAIN, folder, copied, after=lambda: _create(manifest, progress))


def put_log(folder: Path, manifest: Manifest) -> None:
    """The access log's database."""
    copied = manifest.databases[LOG]
    if copied.engine == "sqlite3":
        sqlite.put_back(LOG, folder / f"{LOG}.sqlite3")
        return
    postgres.make_schema(LOG, copied.migrations)
    if not has_log():
        postgres.put_back(LOG, folder, copied)


def migrate() -> None:
    """Bring both databases to this version's schema."""
    for alias in (MAIN, LOG):
        call_command("migrate", database=alias, interactive=False, verbosity=0)


# In plain SQL, because the backup's schema may be older than the model: these columns it has had from the
# beginning. A later column that must be given makes the restore's tests fail.
_ROW = "INSERT INTO cctv_restore (id, restored_at, backup_id, backup_made_at, replayed) "


def _create(manifest: Manifest, progress: Progress) -> None:
    made = clock.parse_rfc3339(manifest.made_at)
    with connections[MAIN].cursor() as cursor:
        cursor.execute(
            _ROW + "VALUES (%s, %s, %s, %s, '{}')", [progress.restore_id, clock.now(), manifest.id, made]
        )


def _insert(raw: sqlite3.Connection, manifest: Manifest, progress: Progress) -> None:
    made = clock.parse_rfc3339(manifest.made_at)
    values = [UUID(progress.restore_id).hex, _naive(clock.now()), manifest.uuid.hex, _naive(made)]
    raw.execute(_ROW + "VALUES (?, ?, ?, ?, '{}')", values)


def _naive(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
