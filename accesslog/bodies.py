"""Verification of what lies beside the entries: sealed bodies, search rows and prune marks.

A body may be missing only below a later prune entry that covers its kind, or within a later recovery, which
says for which entries there was nothing but the published files. Both are read from their own bodies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connections

from accesslog import conf, entry, findings, records
from accesslog.errors import EntryDamaged, KeyGone
from accesslog.events import PRUNE, RECOVERED
from accesslog.models import ROWS_SHIFT
from accesslog.records import SearchRow
from accesslog.stores.base import SEARCH_COLUMNS

_SELECT = (
    "SELECT e.entry_index, e.event_id, e.kind, e.entry, b.sealed, b.key_id "
    "FROM log_entry e JOIN log_body b ON b.entry_index = e.entry_index "
)
_SEALED = f"{_SELECT}WHERE e.entry_index >= %s AND e.entry_index < %s ORDER BY e.entry_index"
_OF_KIND = f"{_SELECT}WHERE e.kind = %s ORDER BY e.entry_index"


class Bodies:
    """Checks bodies of chunk after chunk; `there` and `erased` count them."""

    def __init__(self, *, open_bodies: bool) -> None:
        self.open_bodies = open_bodies
        self.there = 0
        self.erased = 0
        self._below: dict[str, int] = {}  # kind ("" = any) -> entries below may have lost their body
        self._lost: list[tuple[int, int]] = []  # half-open spans of entries that were recovered without
        self._prune_marks()
        self._recoveries()

    def check(self, rows: Sequence[tuple[int, int, str, bytes, bytes]]) -> None:
        """Check the bodies of consecutive entries (entry_index, _, kind, …). Raises Mismatch."""
        start, end = rows[0][0], rows[-1][0] + 1
        if not self.open_bodies:
            statement = "SELECT count(*) FROM log_body WHERE entry_index >= %s AND entry_index < %s"
            if _query(statement, start, end)[0][0] == len(rows):
                self.there += len(rows)
                return
            statement = "SELECT entry_index FROM log_body WHERE entry_index >= %s AND entry_index < %s"
            found = {index for (index,) in _query(statement, start, end)}
        else:
            found = self._open(start, end)
        self.there += len(found)
        for index, _time_us, kind, _data, _leaf in rows:
            if index not in found:
                if not self._covered(index, kind):
                    raise findings.Mismatch(findings.body_missing(index))
                self.erased += 1

    def _open(self, start: int, end: int) -> set[int]:
        """Open each body; the entries that have one whose key is still there."""
        search = _search_rows(start, end)
        found = set()
        for index, event_id, kind, data, sealed, key_id in _query(_SEALED, start, end):
            try:
                record = _record(index, data, sealed, key_id)
            except KeyGone:
                continue
            found.add(index)
            stored_id = event_id if isinstance(event_id, UUID) else UUID(event_id)
            if record.event_id != stored_id:
                raise findings.Mismatch(findings.event_id(index, record.event_id, stored_id))
            rows = search.get(index, [])
            if record.rows != rows and not (not rows and self._covered(index, kind)):
                raise findings.Mismatch(findings.search_rows_changed(index, record.rows, rows))
        return found

    def _covered(self, index: int, kind: str) -> bool:
        return (
            index < self._below.get(kind, 0)
            or index < self._below.get("", 0)
            or any(first <= index < end for first, end in self._lost)
        )

    def _prune_marks(self) -> None:
        """Take the marks that look back, each of which must say what its entry says."""
        marks: dict[int, set[tuple[str, int]]] = {}
        statement = (
            "SELECT p.kind, p.below, p.entry_index FROM log_prune p "
            "JOIN log_entry e ON e.entry_index = p.entry_index WHERE e.kind = %s"
        )
        for kind, below, index in _query(statement, PRUNE):
            if below <= index:
                marks.setdefault(index, set()).add((kind, below))
                self._below[kind] = max(below, self._below.get(kind, 0))
        for index, _event_id, _kind, data, sealed, key_id in _query(_OF_KIND, PRUNE):
            try:
                body = _record(index, data, sealed, key_id).body
            except KeyGone:
                continue
            said = {(kind, body["below"]) for kind in body["kinds"] or [""]}
            marked = marks.get(index, set())
            if not marked <= said:
                raise findings.Mismatch(findings.mark(index, said, marked))

    def _recoveries(self) -> None:
        for index, _event_id, _kind, data, sealed, key_id in _query(_OF_KIND, RECOVERED):
            try:
                body = _record(index, data, sealed, key_id).body
            except KeyGone:
                continue
            self._lost.append((int(body["first"]), min(int(body["end"]), index)))


def _record(index: int, data: bytes, sealed: bytes, key_id: str) -> records.Record:
    """The record that an entry commits to. Raises KeyGone, and Mismatch for another one."""
    commitment = bytes(data[-entry.COMMITMENT_BYTES :])
    try:
        return records.open_record(key_id=key_id, sealed=bytes(sealed), commitment=commitment)
    except EntryDamaged as error:
        raise findings.Mismatch(findings.body_changed(index, commitment, str(error.message))) from error


def _search_rows(start: int, end: int) -> dict[int, list[SearchRow]]:
    found: dict[int, list[SearchRow]] = {}
    columns = ", ".join(SEARCH_COLUMNS[1:])
    statement = f"SELECT {columns} FROM log_index WHERE id >= %s AND id < %s ORDER BY id"  # noqa: S608
    for row in _query(statement, start << ROWS_SHIFT, end << ROWS_SHIFT):
        found.setdefault(row[0], []).append(row[1:])
    return found


def _query(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
