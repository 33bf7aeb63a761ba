"""SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE.

Each table gets its rows by one statement: Python's sqlite3 gives up the interpreter lock at every step, and
under thirty waiting threads getting it back costs more than the insert.
"""

from __future__ import annotations

import contextlib
import copy
import os
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connections

from accesslog.stores import base
from accesslog.stores.base import Changes, EntryRow, Head, StoredEntry

MAX_ROWS_PER_STATEMENT = 64
CACHED_STATEMENTS = 4 * MAX_ROWS_PER_STATEMENT + 16

_TABLES = {
    "log_entry": EntryRow._fields,
    "log_body": ("entry_index", "sealed", "key_id"),
    "log_index": base.SEARCH_COLUMNS,
}
_SELECT_HEAD = "SELECT size, frontier, last_time_us FROM log_head WHERE id = 1"
_UPDATE_HEAD = "UPDATE log_head SET size = ?, frontier = ?, last_time_us = ? WHERE id = 1"
_FIND = (
    "SELECT e.entry_index, e.event_id, e.time_us, e.kind, e.entry, e.leaf_hash, b.sealed, b.key_id "
    "FROM log_entry e LEFT JOIN log_body b ON b.entry_index = e.entry_index WHERE e.event_id IN (%s)"
)


@lru_cache(maxsize=CACHED_STATEMENTS)
def _insert(table: str, count: int) -> str:
    columns = _TABLES[table]
    row = f"({','.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {','.join([row] * count)}"  # noqa: S608


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise base.StoreConflict(str(error)) from error
    except (sqlite3.DataError, sqlite3.InterfaceError, OverflowError) as error:
        raise base.StoreRefused(str(error)) from error
    except (sqlite3.Error, DatabaseError) as error:
        raise base.StoreUnavailable(str(error)) from error


class SqliteStore:
    """See accesslog.stores.base.Store."""

    def __init__(self, alias: str, patience_s: float) -> None:
        wrapper: Any = connections.create_connection(alias)
        wrapper.settings_dict = copy.deepcopy(wrapper.settings_dict)
        wrapper.settings_dict["OPTIONS"].update(timeout=patience_s, cached_statements=CACHED_STATEMENTS)
        self._path = str(wrapper.settings_dict["NAME"])
        self._identity = self._file_identity()
        with _translated():
            wrapper.ensure_connection()
            self._raw: sqlite3.Connection = wrapper.connection
            mode = self._raw.execute("PRAGMA journal_mode=WAL").fetchone()
            self._raw.execute("PRAGMA synchronous=FULL")
        self._wrapper = wrapper
        if mode != ("wal",):
            self.close()
            raise base.StoreUnavailable(f"SQLite keeps the journal mode {mode} instead of WAL")

    def begin(self) -> Head:
        # A deleted or replaced file would go on taking entries that nobody ever finds again.
        if self._file_identity() != self._identity:
            raise base.StoreStale(f"the file {self._path} was replaced")
        with _translated():
            self._raw.execute("BEGIN IMMEDIATE")
            row = self._raw.execute(_SELECT_HEAD).fetchone()
        if row is None:
            raise base.StoreConflict("the log has no head")
        return Head(*row)

    def find(self, event_ids: Sequence[UUID]) -> dict[UUID, StoredEntry]:
        found = {}
        with _translated():
            for at in range(0, len(event_ids), MAX_ROWS_PER_STATEMENT):
                part = event_ids[at : at + MAX_ROWS_PER_STATEMENT]
                marks = ",".join("?" * len(part))
                for row in self._raw.execute(_FIND % marks, [each.hex for each in part]):
                    stored = StoredEntry(row[0], UUID(row[1]), *row[2:])
                    found[stored.event_id] = stored
        return found

    def was_published(self) -> bool:
        with _translated():
            return self._raw.execute("SELECT 1 FROM log_checkpoint LIMIT 1").fetchone() is not None

    def commit(self, changes: Changes) -> None:
        with _translated():
            self._add("log_entry", [(row[0], row[1].hex, *row[2:]) for row in changes.entries])
            self._add("log_body", changes.bodies)
            self._add("log_index", changes.rows)
            head = changes.head
            self._raw.execute(_UPDATE_HEAD, (head.size, head.frontier, head.last_time_us))
            self._raw.execute("COMMIT")

    def _add(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for at in range(0, len(rows), MAX_ROWS_PER_STATEMENT):
            part = rows[at : at + MAX_ROWS_PER_STATEMENT]
            self._raw.execute(_insert(table, len(part)), list(chain.from_iterable(part)))

    def rollback(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error, DatabaseError):
            self._wrapper.close()

    def _file_identity(self) -> tuple[int, int] | None:
        if self._path.startswith("file:") or self._path == ":memory:":
            return None
        try:
            status = os.stat(self._path)
        except OSError as error:
            # Connecting would quietly make an empty file in its place.
            raise base.StoreStale(f"the file {self._path} is not there") from error
        return status.st_dev, status.st_ino
