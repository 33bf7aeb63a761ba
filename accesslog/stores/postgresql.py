"""PostgreSQL: the head row is locked by SELECT ... FOR UPDATE, the batch goes in one round trip."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
from django.db import DatabaseError, connections

from accesslog.stores import base
from accesslog.stores.base import Changes, Head, StoredEntry

CONNECT_TIMEOUT_S = 3

# READ COMMITTED whatever the project uses: the snapshot must be taken after the lock.
_BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; "
    "SELECT size, frontier, last_time_us FROM log_head WHERE id = 1 FOR UPDATE"
)
_FIND = (
    "SELECT e.entry_index, e.event_id, e.time_us, e.kind, e.entry, e.leaf_hash, b.sealed, b.key_id "
    "FROM log_entry e LEFT JOIN log_body b ON b.entry_index = e.entry_index WHERE e.event_id = ANY(%b)"
)
# One statement for all tables: each more costs a caller who is alone a tenth of a millisecond.
_WRITE = (
    "WITH entries AS (INSERT INTO log_entry (entry_index, event_id, time_us, kind, entry, leaf_hash) "  # noqa: S608
    "SELECT * FROM unnest(%b::bigint[], %b::uuid[], %b::bigint[], %b::text[], %b::bytea[], %b::bytea[])), "
    "bodies AS (INSERT INTO log_body (entry_index, sealed, key_id) "
    "SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::text[])), "
    f"rows AS (INSERT INTO log_index ({', '.join(base.SEARCH_COLUMNS)}) SELECT * FROM unnest(%b::bigint[], "
    "%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], "
    "%b::bigint[], %b::smallint[])) "
    "UPDATE log_head SET size = %b, frontier = %b, last_time_us = %b WHERE id = 1"
)


class PostgresqlStore:
    """See accesslog.stores.base.Store."""

    def __init__(self, alias: str, patience_s: float) -> None:
        wrapper: Any = connections.create_connection(alias)
        wrapper.settings_dict = copy.deepcopy(wrapper.settings_dict)
        options = wrapper.settings_dict["OPTIONS"]
        options.pop("pool", None)
        options.setdefault("connect_timeout", CONNECT_TIMEOUT_S)
        # A host that vanished must not hold the writer for the kernel's quarter of an hour.
        options.setdefault("tcp_user_timeout", int(patience_s * 1000))
        self._wrapper = wrapper
        with self._translated():
            wrapper.ensure_connection()
            self._raw: psycopg.Connection[Any] = wrapper.connection
            self._cursor = psycopg.Cursor(self._raw)
            patience = f"{int(patience_s * 1000)}ms"
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
                self._cursor.execute("SELECT set_config(%s, %s, false)", (name, patience))
            self._cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )

    def begin(self) -> Head:
        with self._translated():
            self._cursor.execute(_BEGIN)
            self._cursor.nextset()
            row = self._cursor.fetchone()
        if row is None:
            raise base.StoreConflict("the log has no head")
        return Head(row[0], bytes(row[1]), row[2])

    def find(self, event_ids: Sequence[UUID]) -> dict[UUID, StoredEntry]:
        with self._translated():
            self._cursor.execute(_FIND, (list(event_ids),))
            rows = [StoredEntry(*row) for row in self._cursor.fetchall()]
        return {row.event_id: row for row in rows}

    def was_published(self) -> bool:
        with self._translated():
            self._cursor.execute("SELECT 1 FROM log_checkpoint LIMIT 1")
            return self._cursor.fetchone() is not None

    def commit(self, changes: Changes) -> None:
        head = changes.head
        values = [
            *_columns(changes.entries, 6),
            *_columns(changes.bodies, 3),
            *_columns(changes.rows, len(base.SEARCH_COLUMNS)),
            *(head.size, head.frontier, head.last_time_us),
        ]
        with self._translated(), self._raw.pipeline():
            self._cursor.execute(_WRITE, values, prepare=True)
            self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        with contextlib.suppress(psycopg.Error):
            if not self._raw.closed:
                self._cursor.execute("ROLLBACK")

    def close(self) -> None:
        with contextlib.suppress(psycopg.Error, DatabaseError):
            self._wrapper.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.IntegrityError as error:
            raise base.StoreConflict(str(error)) from error
        except psycopg.DataError as error:
            raise base.StoreRefused(str(error)) from error
        except (psycopg.Error, DatabaseError) as error:
            raw = getattr(self, "_raw", None)
            if raw is not None and (raw.closed or raw.broken):
                raise base.StoreStale(str(error)) from error
            raise base.StoreUnavailable(str(error)) from error


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
