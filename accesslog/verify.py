"""Verification of the whole log from its database, with flat memory.

Checked for every entry, in order: the index follows the one before; the bytes have the stored leaf hash and
decode; kind and time columns say what the bytes say; times never fall; the body, where there is one, is the
one committed to, with its event id and search rows; a body that is not there is covered by a later prune
entry. Then: the tree over all entries has the frontier of the head. The first failure ends the run.

What this cannot see is a log that was cut back together with its head: that takes a checkpoint kept outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils.translation import gettext as _

from accesslog import conf, entry, findings, merkle, records
from accesslog.errors import EntryDamaged, KeyGone
from accesslog.events import PRUNE
from accesslog.models import ROWS_SHIFT
from accesslog.records import SearchRow
from accesslog.selectors import reading
from accesslog.stores.base import SEARCH_COLUMNS

CHUNK = 5000


@dataclass(slots=True)
class Report:
    """What was verified."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    bodies: int = 0
    erased: int = 0
    finding: findings.Finding | None = None


# entry_index, event_id, time_us, kind, entry, leaf_hash, sealed or None, key_id or None. A plain tuple: a
# million objects with names would cost as much as their hashes.
Row = tuple[int, Any, int, str, bytes, bytes, bytes | None, str | None]
Mark = tuple[str, int, int]  # kind ("" = any), below, index of the prune entry


def verify(*, open_bodies: bool = True, progress: Callable[[int, int], None] | None = None) -> Report:
    """Verify all entries under the head as it is now. Raises LogUnavailable."""
    report = Report()
    with reading():
        try:
            _Run(report, open_bodies, progress).all()
        except findings.Mismatch as mismatch:
            report.finding = mismatch.finding
    return report


_SELECT = (
    "SELECT e.entry_index, e.event_id, e.time_us, e.kind, e.entry, e.leaf_hash, b.sealed, b.key_id "
    "FROM log_entry e LEFT JOIN log_body b ON b.entry_index = e.entry_index "
    "WHERE e.entry_index >= %s AND e.entry_index < %s ORDER BY e.entry_index LIMIT %s"
)


class _Run:
    def __init__(
        self, report: Report, open_bodies: bool, progress: Callable[[int, int], None] | None
    ) -> None:
        self.report = report
        self.open_bodies = open_bodies
        self.progress = progress
        self.connection = connections[conf.database()]
        self.frontier = merkle.Frontier()
        self.last_time_us = 0
        self.kinds: dict[str, bytes] = {}

    def all(self) -> None:
        size, stored, last_time_us = self._head()
        self.marks = self._marks()
        for rows, search in self._chunks(size):
            for row in rows:
                self._entry(row)
                self._body(row, search.get(row[0], []))
            if self.progress:
                self.progress(self.frontier.size, size)
        if self.frontier.size < size:
            raise findings.Mismatch(findings.missing(self.frontier.size, size))
        self._compare_frontier(stored)
        if last_time_us != self.last_time_us:
            raise findings.Mismatch(findings.head_time(size, self.last_time_us, last_time_us))
        self._nothing_beyond(size)
        self.report.size, self.report.root = size, self.frontier.root()

    # ------------------------------------------------------------------ reading

    def _query(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def _head(self) -> tuple[int, merkle.Frontier, int]:
        rows = self._query("SELECT size, frontier, last_time_us FROM log_head WHERE id = 1")
        try:
            size, data, last_time_us = rows[0]
            return size, merkle.Frontier.from_bytes(size, bytes(data)), last_time_us
        except (IndexError, merkle.MerkleError) as error:
            raise findings.Mismatch(
                findings.bad_head(str(error) if rows else _("there is no head"))
            ) from error

    def _marks(self) -> list[Mark]:
        return [
            (kind, below, index)
            for kind, below, index in self._query(
                "SELECT p.kind, p.below, p.entry_index FROM log_prune p "
                "JOIN log_entry e ON e.entry_index = p.entry_index WHERE e.kind = %s",
                (PRUNE,),
            )
            if below <= index
        ]

    def _chunks(self, size: int) -> Iterator[tuple[list[Row], dict[int, list[SearchRow]]]]:
        at = 0
        while at < size:
            rows: list[Row] = self._query(_SELECT, (at, size, CHUNK))
            if not rows:
                return
            end = rows[-1][0] + 1
            yield rows, self._search_rows(at, end) if self.open_bodies else {}
            at = end

    def _search_rows(self, start: int, end: int) -> dict[int, list[SearchRow]]:
        found: dict[int, list[SearchRow]] = {}
        columns = ", ".join(SEARCH_COLUMNS[1:])
        statement = f"SELECT {columns} FROM log_index WHERE id >= %s AND id < %s ORDER BY id"  # noqa: S608
        for row in self._query(statement, (start << ROWS_SHIFT, end << ROWS_SHIFT)):
            found.setdefault(row[0], []).append(row[1:])
        return found

    # ------------------------------------------------------------------ checking

    def _entry(self, row: Row) -> None:
        index, _event_id, time_us, kind, data, leaf, _sealed, _key_id = row
        if index != self.frontier.size:
            raise findings.Mismatch(findings.missing(self.frontier.size, index))
        calculated = merkle.leaf_hash(data)
        if calculated != leaf:
            raise findings.Mismatch(findings.leaf(index, bytes(leaf), calculated))
        if self._spelt(kind, time_us, data) != data:
            raise findings.Mismatch(_misspelt(index, kind, time_us, data))
        if time_us < self.last_time_us:
            raise findings.Mismatch(findings.time_fell(index, self.last_time_us, time_us))
        self.last_time_us = time_us
        self.frontier.append(calculated)

    def _spelt(self, kind: str, time_us: int, data: bytes) -> bytes:
        """The bytes of an entry with these columns and the commitment of `data`; b"" if there are none."""
        try:
            if kind not in self.kinds:
                self.kinds[kind] = entry.check_kind(kind)
            return entry.encode(self.kinds[kind], time_us, data[-entry.COMMITMENT_BYTES :])
        except (entry.EntryError, OverflowError):
            return b""

    def _body(self, row: Row, search: list[SearchRow]) -> None:
        index, event_id, _time_us, kind, data, _leaf, sealed, key_id = row
        if sealed is None:
            self._erased(index, kind)
            return
        if not self.open_bodies:
            self.report.bodies += 1
            return
        commitment = data[-entry.COMMITMENT_BYTES :]
        try:
            record = records.open_record(key_id=key_id or "", sealed=bytes(sealed), commitment=commitment)
        except KeyGone:
            self._erased(index, kind)
            return
        except EntryDamaged as error:
            raise findings.Mismatch(findings.body_changed(index, commitment, str(error.message))) from error
        self.report.bodies += 1
        stored_id = event_id if isinstance(event_id, UUID) else UUID(event_id)
        if record.event_id != stored_id:
            raise findings.Mismatch(findings.event_id(index, record.event_id, stored_id))
        if record.rows != search and not (not search and self._covered(index, kind)):
            raise findings.Mismatch(findings.search_rows_changed(index, record.rows, search))
        if kind == PRUNE:
            self._prune_entry(index, record)

    def _erased(self, index: int, kind: str) -> None:
        if not self._covered(index, kind):
            raise findings.Mismatch(findings.body_missing(index))
        self.report.erased += 1

    def _covered(self, index: int, kind: str) -> bool:
        return any(index < below and each in ("", kind) for each, below, _index in self.marks)

    def _prune_entry(self, index: int, record: records.Record) -> None:
        """A prune mark may say only what its entry says."""
        said = {(kind, record.body["below"]) for kind in record.body["kinds"] or [""]}
        marked = {(kind, below) for kind, below, at in self.marks if at == index}
        if not marked <= said:
            raise findings.Mismatch(findings.mark(index, said, marked))

    def _compare_frontier(self, stored: merkle.Frontier) -> None:
        for ours, theirs in zip(self.frontier.subtrees(), stored.subtrees(), strict=True):
            start, end, calculated = ours
            if calculated != theirs[2]:
                raise findings.Mismatch(findings.tree(start, end, theirs[2], calculated))

    def _nothing_beyond(self, size: int) -> None:
        """Rows above the head: none, unless the head has moved meanwhile."""
        found = {}
        for table in ("log_entry", "log_body"):
            rows = self._query(f"SELECT max(entry_index) FROM {table}")  # noqa: S608
            found[table] = rows[0][0]
        now = self._query("SELECT size FROM log_head WHERE id = 1")[0][0]
        if now < size:
            raise findings.Mismatch(findings.beyond(now, size - 1, now))
        for last in found.values():
            if last is not None and last >= now:
                raise findings.Mismatch(findings.beyond(now, last, now))


def _misspelt(index: int, kind: str, time_us: int, data: bytes) -> findings.Finding:
    """Why columns and bytes differ: the bytes are no entry, or they are another one."""
    try:
        public = entry.decode(bytes(data))
    except entry.EntryError as error:
        return findings.undecodable(index, str(error))
    return findings.columns(index, f"{public.kind} {public.time_us}", f"{kind} {time_us}")
