"""One PostgreSQL database to files and back, by COPY alone: no client program has to be installed.

All tables are read in one REPEATABLE READ transaction, hence at one moment, and nobody waits for it.
Going back, the empty database gets the schema that the backup had (by its own list of migrations), then
the rows; everything is one transaction, and the caller's own step is part of it.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from cctv.retention.backup.errors import BackupFailed
from cctv.retention.backup.manifest import Copied

_MIGRATIONS = "django_migrations"
_HEAD = "log_head"
# The log's triggers look at other tables: a prune mark comes after the entry that it names.
_FIRST = ("log_entry", "log_body", "log_index")
_PIECE = 1 << 18


def copy_out(alias: str, folder: Path) -> tuple[Copied, tuple[int, bytes] | None]:
    """Copy every table to `<folder>/<alias>/<table>.copy`; for a log also its head's size and frontier."""
    place = folder / alias
    place.mkdir(mode=0o700)
    wrapper: Any = connections.create_connection(alias)
    try:
        wrapper.ensure_connection()
        raw: psycopg.Connection[Any] = wrapper.connection
        raw.autocommit = False
        raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        tables = {table: _columns(raw, table) for table in _tables(raw)}
        for table, columns in tables.items():
            _write(raw, table, columns, place / f"{table}.copy")
        migrations = raw.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        head = None
        if _HEAD in tables:
            size, frontier = raw.execute("SELECT size, frontier FROM log_head WHERE id = 1").fetchone() or (
                0,
                b"",
            )
            head = int(size), bytes(frontier)
        raw.rollback()
        return Copied("postgresql", [list(row) for row in migrations], tables), head
    except (psycopg.Error, OSError) as error:
        raise BackupFailed(f"{BackupFailed.message} ({alias}: {error})") from error
    finally:
        wrapper.close()


def make_schema(alias: str, migrations: Iterable[list[str]]) -> None:
    """Bring the database to the schema of those migrations; what is beyond them comes afterwards."""
    executor = MigrationExecutor(connections[alias])
    wanted = {(app, name) for app, name in migrations}
    nodes = [node for node in wanted if node in executor.loader.graph.nodes]
    last = [
        node
        for node in nodes
        if not any(child.key in wanted for child in executor.loader.graph.node_map[node].children)
    ]
    executor.migrate(sorted(last))


def put_back(alias: str, folder: Path, copied: Copied, *, after: Callable[[], None] | None = None) -> None:
    """Load the rows into a database that has their schema and nothing else; `after` commits with them."""
    with transaction.atomic(using=alias):
        connection: Any = connections[alias]
        connection.ensure_connection()
        raw: psycopg.Connection[Any] = connection.connection
        tables = [table for table in copied.tables if table not in (_MIGRATIONS, _HEAD)]
        for table in tables:
            # What migrations have written comes again with the backup; elsewhere there is nothing to delete.
            raw.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for table in sorted(tables, key=lambda name: (name not in _FIRST, name)):
            _read(raw, table, copied.tables[table], folder / alias / f"{table}.copy")
        if _HEAD in copied.tables:
            _move_head(raw, copied.tables[_HEAD], folder / alias / f"{_HEAD}.copy")
        for table in tables:
            _move_counters(raw, table, copied.tables[table])
        if after is not None:
            after()


def _tables(raw: "psycopg.Connection[Any]") -> list[str]:
    rows = raw.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    )
    return [str(name) for (name,) in rows]


def _columns(raw: "psycopg.Connection[Any]", table: str) -> list[str]:
    rows = raw.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    )
    return [str(name) for (name,) in rows]


def _write(raw: "psycopg.Connection[Any]", table: str, columns: list[str], path: Path) -> None:
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(*_names(table, columns))
    with path.open("xb") as file, raw.cursor() as cursor, cursor.copy(statement) as copy:
        for piece in copy:
            file.write(piece)


def _read(raw: "psycopg.Connection[Any]", table: str, columns: list[str], path: Path) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(*_names(table, columns))
    with path.open("rb") as file, raw.cursor() as cursor, cursor.copy(statement) as copy:
        while piece := file.read(_PIECE):
            copy.write(piece)


def _names(table: str, columns: list[str]) -> tuple[sql.Composable, sql.Composable]:
    return sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))


def _move_head(raw: "psycopg.Connection[Any]", columns: list[str], path: Path) -> None:
    """The head's one row is there already and may only grow: the copied row is laid over it."""
    staged = "restored_head"
    raw.execute(f"CREATE TEMPORARY TABLE {staged} (LIKE {_HEAD}) ON COMMIT DROP")
    _read(raw, staged, columns, path)
    raw.execute(
        f"UPDATE {_HEAD} h SET size = r.size, frontier = r.frontier, last_time_us = r.last_time_us "  # noqa: S608
        f"FROM {staged} r WHERE r.id = h.id AND r.size > h.size"
    )


def _move_counters(raw: "psycopg.Connection[Any]", table: str, columns: list[str]) -> None:
    """Let each counter go on behind the highest number that was loaded."""
    for column in columns:
        row = raw.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column]).fetchone()
        if row and row[0]:
            raw.execute(
                sql.SQL("SELECT setval(%s, COALESCE((SELECT max({}) FROM {}), 0) + 1, false)").format(
                    sql.Identifier(column), sql.Identifier(table)
                ),
                [row[0]],
            )
