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

from accesslog import conf, entry, merkle, records
from accesslog.errors import EntryDamaged, KeyGone
from accesslog.events import PRUNE
from accesslog.models import ROWS_SHIFT
from accesslog.records import SearchRow
from accesslog.selectors import reading
from accesslog.stores.base import SEARCH_COLUMNS

CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong. `index` is the entry, or the first of `until` - `index` suspects."""

    index: int
    what: str
    expected: str
    calculated: str
    advice: str
    until: int = 0


class Mismatch(Exception):
    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.what)


@dataclass(slots=True)
class Report:
    """What was verified."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    bodies: int = 0
    erased: int = 0
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Row:
    index: int
    event_id: UUID
    time_us: int
    kind: str
    entry: bytes
    leaf_hash: bytes
    sealed: bytes | None
    key_id: str | None


Mark = tuple[str, int, int]  # kind ("" = any), below, index of the prune entry


def verify(*, open_bodies: bool = True, progress: Callable[[int, int], None] | None = None) -> Report:
    """Verify all entries under the head as it is now. Raises LogUnavailable."""
    report = Report()
    with reading():
        try:
            _Run(report, open_bodies, progress).all()
        except Mismatch as mismatch:
            report.finding = mismatch.finding
    return report


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

    def all(self) -> None:
        size, stored, last_time_us = self._head()
        self.marks = self._marks()
        for rows, search in self._chunks(size):
            for row in rows:
                self._entry(row)
                self._body(row, search.get(row.index, []))
            if self.progress:
                self.progress(self.frontier.size, size)
        if self.frontier.size < size:
            raise Mismatch(_missing(self.frontier.size, size))
        self._compare_frontier(stored)
        if last_time_us != self.last_time_us:
            raise Mismatch(_head_time(size, self.last_time_us, last_time_us))
        self._nothing_beyond(size)
        self.report.size, self.report.root = size, self.frontier.root()

    # ------------------------------------------------------------------ reading

    def _query(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    def _head(self) -> tuple[int, merkle.Frontier, int]:
        rows = self._query("SELECT size, frontier, last_time_us FROM log_head WHERE id = 1")
        try:
            size, data, last_time_us = rows[0]
            return size, merkle.Frontier.from_bytes(size, bytes(data)), last_time_us
        except (IndexError, merkle.MerkleError) as error:
            raise Mismatch(_bad_head(str(error) if rows else _("there is no head"))) from error

    def _marks(self) -> list[Mark]:
        return [
            (kind, below, index)
            for kind, below, index in self._query(
                "SELECT p.kind, p.below, p.entry_index FROM log_prune p "
                "JOIN log_entry e ON e.entry_index = p.entry_index WHERE e.kind = %s", (PRUNE,)
            )  # fmt: skip
            if below <= index
        ]

    def _chunks(self, size: int) -> Iterator[tuple[list[Row], dict[int, list[SearchRow]]]]:
        at = 0
        while at < size:
            rows = [
                Row(r[0], r[1] if isinstance(r[1], UUID) else UUID(r[1]), r[2], r[3], r[4], r[5], r[6], r[7])
                for r in self._query(
                    "SELECT e.entry_index, e.event_id, e.time_us, e.kind, e.entry, e.leaf_hash, b.sealed, "
                    "b.key_id FROM log_entry e LEFT JOIN log_body b ON b.entry_index = e.entry_index "
                    "WHERE e.entry_index >= %s AND e.entry_index < %s ORDER BY e.entry_index LIMIT %s",
                    (at, size, CHUNK),
                )
            ]
            if not rows:
                return
            end = rows[-1].index + 1
            yield rows, self._search_rows(at, end) if self.open_bodies else {}
            at = end

    def _search_rows(self, start: int, end: int) -> dict[int, list[SearchRow]]:
        found: dict[int, list[SearchRow]] = {}
        columns = ", ".join(SEARCH_COLUMNS[1:])
        statement = f"SELECT {columns} FROM log_index WHERE id >= %s AND id < %s ORDER BY id"  # noqa: S608
        for row in self._query(statement, (start << ROWS_SHIFT, end << ROWS_SHIFT)):
            found.setdefault(row[0], []).append(row[1:])  # type: ignore[arg-type]
        return found

    # ------------------------------------------------------------------ checking

    def _entry(self, row: Row) -> None:
        expected = self.frontier.size
        if row.index != expected:
            raise Mismatch(_missing(expected, row.index))
        calculated = merkle.leaf_hash(row.entry)
        if calculated != row.leaf_hash:
            raise Mismatch(_leaf(row.index, bytes(row.leaf_hash), calculated))
        try:
            public = entry.decode(bytes(row.entry))
        except entry.EntryError as error:
            raise Mismatch(_undecodable(row.index, str(error))) from error
        if public.kind != row.kind or public.time_us != row.time_us:
            said = f"{public.kind} {public.time_us}"
            raise Mismatch(_columns(row.index, said, f"{row.kind} {row.time_us}"))
        if public.time_us < self.last_time_us:
            raise Mismatch(_time_fell(row.index, self.last_time_us, public.time_us))
        self.last_time_us = public.time_us
        self.commitment = public.commitment
        self.frontier.append(calculated)

    def _body(self, row: Row, search: list[SearchRow]) -> None:
        if row.sealed is None:
            self._erased(row)
            return
        if not self.open_bodies:
            self.report.bodies += 1
            return
        try:
            record = records.open_record(
                key_id=row.key_id or "", sealed=bytes(row.sealed), commitment=self.commitment
            )
        except KeyGone:
            self._erased(row)
            return
        except EntryDamaged as error:
            raise Mismatch(_body_changed(row.index, self.commitment, str(error.message))) from error
        self.report.bodies += 1
        if record.event_id != row.event_id:
            raise Mismatch(_event_id(row.index, record.event_id, row.event_id))
        if list(record.rows) != search and not (not search and self._covered(row)):
            raise Mismatch(_search_rows_changed(row.index, record.rows, search))
        if row.kind == PRUNE:
            self._prune_entry(row.index, record)

    def _erased(self, row: Row) -> None:
        if not self._covered(row):
            raise Mismatch(_body_missing(row.index))
        self.report.erased += 1

    def _covered(self, row: Row) -> bool:
        return any(row.index < below and kind in ("", row.kind) for kind, below, _index in self.marks)

    def _prune_entry(self, index: int, record: records.Record) -> None:
        """A prune mark may say only what its entry says."""
        said = {(kind, record.body["below"]) for kind in record.body["kinds"] or [""]}
        marked = {(kind, below) for kind, below, at in self.marks if at == index}
        if not marked <= said:
            raise Mismatch(_mark(index, said, marked))

    def _compare_frontier(self, stored: merkle.Frontier) -> None:
        for ours, theirs in zip(self.frontier.subtrees(), stored.subtrees(), strict=True):
            start, end, calculated = ours
            if calculated != theirs[2]:
                raise Mismatch(_tree(start, end, theirs[2], calculated))

    def _nothing_beyond(self, size: int) -> None:
        """Rows above the head: none, unless the head has moved meanwhile."""
        found = {}
        for table in ("log_entry", "log_body"):
            rows = self._query(f"SELECT max(entry_index) FROM {table}")  # noqa: S608
            found[table] = rows[0][0]
        now = self._query("SELECT size FROM log_head WHERE id = 1")[0][0]
        if now < size:
            raise Mismatch(_beyond(now, size - 1, now))
        for last in found.values():
            if last is not None and last >= now:
                raise Mismatch(_beyond(now, last, now))


def _keep() -> str:
    return _("Keep the database as it is, and compare it with a backup and with checkpoints kept elsewhere.")


def _missing(index: int, until: int) -> Finding:
    what = _("Entries are missing: the first of them is entry %(index)d.") % {"index": index}
    return Finding(index, what, _("entry %(n)d") % {"n": index},
                   _("nothing before entry %(n)d") % {"n": until}, _keep(), until)  # fmt: skip


def _leaf(index: int, stored: bytes, calculated: bytes) -> Finding:
    what = _("The bytes of entry %(index)d, or its leaf hash, were changed.") % {"index": index}
    return Finding(index, what, stored.hex(), calculated.hex(), _keep())


def _undecodable(index: int, why: str) -> Finding:
    what = _("Entry %(index)d is not an entry of a known version.") % {"index": index}
    return Finding(index, what, _("an entry of version %(n)d") % {"n": entry.VERSION}, why, _keep())


def _columns(index: int, said: str, stored: str) -> Finding:
    what = _("The kind or time that entry %(index)d is searched by differs from its bytes.") % {"index": index}
    return Finding(index, what, said, stored, _keep())


def _time_fell(index: int, last_us: int, time_us: int) -> Finding:
    what = _("Entry %(index)d is older than the entry before it: entries were reordered.") % {"index": index}
    return Finding(index, what, _("at least %(n)d µs") % {"n": last_us}, f"{time_us} µs", _keep())


def _body_changed(index: int, commitment: bytes, why: str) -> Finding:
    what = _("The body of entry %(index)d is not the one that was logged.") % {"index": index}
    return Finding(index, what, commitment.hex(), why, _keep())


def _body_missing(index: int) -> Finding:
    what = _("The body of entry %(index)d is gone, and no prune entry covers it.") % {"index": index}
    advice = _("Look for who deleted it, and restore the log database from a backup.")
    return Finding(index, what, _("a sealed body, or a later prune entry"), _("neither"), advice)


def _event_id(index: int, said: UUID, stored: UUID) -> Finding:
    what = _("The event id of entry %(index)d was changed.") % {"index": index}
    return Finding(index, what, str(said), str(stored), _keep())


def _search_rows_changed(index: int, said: Any, stored: Any) -> Finding:
    what = _("The search rows of entry %(index)d were changed, so a search may not find it.") % {"index": index}
    return Finding(index, what, str(list(said)), str(stored), _keep())


def _mark(index: int, said: Any, marked: Any) -> Finding:
    what = _("The prune marks of entry %(index)d allow more than the entry says.") % {"index": index}
    return Finding(index, what, str(sorted(said)), str(sorted(marked)), _keep())


def _tree(start: int, end: int, stored: bytes, calculated: bytes) -> Finding:
    what = _("Between entries %(first)d and %(last)d, entries were rewritten or reordered with their leaf hashes.")
    return Finding(start, what % {"first": start, "last": end - 1}, stored.hex(), calculated.hex(), _keep(), end)


def _head_time(size: int, entry_us: int, head_us: int) -> Finding:
    what = _("The head's time is not that of the last entry.")
    return Finding(max(size - 1, 0), what, f"{entry_us} µs", f"{head_us} µs", _keep())


def _bad_head(why: str) -> Finding:
    what = _("The head of the log is missing or malformed.")
    return Finding(0, what, _("one head that fits its size"), why, _keep())


def _beyond(size: int, last: int, now: int) -> Finding:
    what = _("There are entries beyond the head: the head was set back to %(size)d.") % {"size": size}
    return Finding(now, what, _("at least %(n)d entries under the head") % {"n": last + 1}, str(size), _keep())
