"""Verification of the whole log from its database, with flat memory, in one pass.

Checked of every entry, in order: the index follows the one before; the bytes have the stored leaf hash and
decode; kind and time columns say what the bytes say; times never fall; a body that is not there is covered by
a later prune entry or a recovery. Of the tree: its root at every checkpoint, at what the signer remembers and
at checkpoints kept elsewhere, and its frontier at the head. Times lie between those of the checkpoints and
witnesses around them. With `open_bodies` each body is the one committed to, with its event id and search
rows.

The first failure ends the run; a moved clock is told only if there is nothing worse. What this cannot see
without a checkpoint kept elsewhere is a log that was cut back together with all its checkpoints.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import OperationalError, connections
from django.utils.translation import gettext as _

from accesslog import conf, entry, findings, merkle
from accesslog.bodies import STRANGE as STRANGE
from accesslog.bodies import Bodies
from accesslog.models import ROWS_SHIFT
from accesslog.outside import anchors
from accesslog.outside.anchors import TOLERANCE_US, Anchor
from accesslog.selectors import reading

CHUNK = 4096  # a power of two: whole subtrees are added to the tree

# entry_index, time_us, kind, entry, leaf_hash. A plain tuple: a million objects with names would cost as
# much as their hashes.
Row = tuple[int, int, str, bytes, bytes]
_SELECT = (
    "SELECT entry_index, time_us, kind, entry, leaf_hash FROM log_entry "
    "WHERE entry_index >= %s AND entry_index < %s ORDER BY entry_index"
)
_TAIL = entry.COMMITMENT_BYTES


@dataclass(slots=True)
class Report:
    """What was verified: `anchors` counts the signed roots that were recalculated."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    bodies: int = 0
    erased: int = 0
    anchors: int = 0
    finding: findings.Finding | None = None
    against: Anchor | None = None  # what the finding was found by, if it was a checkpoint
    away: list[tuple[Path, str]] = field(default_factory=list)  # folders that could not be read, and why


def verify(
    *,
    open_bodies: bool = True,
    kept: Sequence[Anchor] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Verify all entries under the present head, and against `kept` checkpoints. Raises LogUnavailable."""
    with reading():
        try:
            return _verified(open_bodies, kept, progress)
        except OperationalError as error:
            if "decode" not in str(error):
                raise
            with any_text():  # a cell of SQLite that is no UTF-8
                return _verified(open_bodies, kept, progress)


def _verified(
    open_bodies: bool, kept: Sequence[Anchor], progress: Callable[[int, int], None] | None
) -> Report:
    report = Report()
    run = None
    try:
        run = _Run(report, open_bodies, kept, progress)
        run.all()
    except findings.Mismatch as mismatch:
        report.finding, report.against = mismatch.finding, mismatch.against
    except STRANGE as error:
        report.finding = findings.strange(run.frontier.size if run else 0, f"{type(error).__name__}: {error}")
    return report


@contextmanager
def any_text() -> Iterator[None]:
    """Read texts from SQLite whatever their bytes are: they are to be found wrong, not to stop the run."""
    connection: Any = connections[conf.database()]
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    database = connection.connection
    before = database.text_factory
    database.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
    try:
        yield
    finally:
        database.text_factory = before


class _Run:
    def __init__(
        self,
        report: Report,
        open_bodies: bool,
        kept: Sequence[Anchor],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.report = report
        self.progress = progress
        report.size = self._size()
        # Remembered before the head is read: the head is never behind what was signed.
        self.bodies = Bodies(open_bodies=open_bodies)
        self.kept = [*kept, *anchors.of_signer()]
        self.losses = anchors.losses()
        self.frontier = merkle.Frontier()
        self.last_time_us = 0
        self.good = 0  # the size of the last anchor whose root was right
        self.due: list[Anchor] = []  # anchors that the next entry may not be older than
        self.clock: findings.Finding | None = None
        self.kinds: dict[str, bytes] = {}

    def all(self) -> None:
        size, stored, last_time_us = self._head()
        self.report.size = size
        for each in self.kept:
            if each.size > size:
                raise findings.Mismatch(findings.cut_back(size, each.size, each.what, each.root), each)
        # A recovery that was logged since the head was read went by what the next run compares.
        said = [*self.kept, *(each for each in self.bodies.recovered if each.size <= size)]
        said.sort(key=lambda each: each.size)
        waiting = heapq.merge(said, anchors.stored(size), key=lambda each: each.size)
        anchor: Anchor | None = next(waiting, None)
        for rows in self._chunks(size):
            block = self._check(rows)
            self.bodies.check(rows)
            for each in self.due:
                self._clock_was_behind(each, rows[0])
            self.due.clear()
            end = self.frontier.size + len(rows)
            while anchor is not None and anchor.size <= end:
                self._anchor(anchor, rows, block)
                anchor = next(waiting, None)
            block.add_to(self.frontier)
            if self.progress:
                self.progress(self.frontier.size, size)
        self._end(size, stored, last_time_us)

    def _end(self, size: int, stored: merkle.Frontier, last_time_us: int) -> None:
        if self.frontier.size < size:
            raise findings.Mismatch(findings.missing(self.frontier.size, size))
        self._compare_frontier(stored)
        if last_time_us != self.last_time_us:
            raise findings.Mismatch(findings.head_time(size, self.last_time_us, last_time_us))
        self._nothing_beyond(size)
        self.report.root = self.frontier.root()
        self.report.bodies, self.report.erased = self.bodies.there, self.bodies.erased
        self._witnesses_clocks()
        if self.clock is not None:
            raise findings.Mismatch(self.clock)

    # ------------------------------------------------------------------ reading

    def _query(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with connections[conf.database()].cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def _head(self) -> tuple[int, merkle.Frontier, int]:
        rows = self._query("SELECT size, frontier, last_time_us FROM log_head WHERE id = 1")
        try:
            size, data, last_time_us = rows[0]
            return size, merkle.Frontier.from_bytes(size, findings.raw(data)), last_time_us
        except STRANGE as error:
            raise findings.Mismatch(
                findings.bad_head(str(error) if rows else _("there is no head"))
            ) from error

    def _size(self) -> int:
        """What the head says, before anything is known of it."""
        rows = self._query("SELECT size FROM log_head WHERE id = 1")
        return findings.number(rows[0][0]) if rows else 0

    def _chunks(self, size: int) -> Iterator[list[Row]]:
        for at in range(0, size, CHUNK):
            rows: list[Row] = _fetch(_SELECT, (at, min(at + CHUNK, size)))
            if not rows:
                return
            yield rows

    # ------------------------------------------------------------------ entries

    def _check(self, rows: list[Row]) -> merkle.Block:
        """Check a chunk as a whole; if anything is wrong, again one by one, to name the first."""
        start = self.frontier.size
        try:
            hashes = self._hashes(start, rows)
        except STRANGE:
            hashes = None
        if hashes is None:
            self._name_the_first(start, rows)
            raise findings.Mismatch(findings.strange(start, ""))
        self.last_time_us = rows[-1][1]
        return merkle.Block(hashes)

    def _hashes(self, start: int, rows: list[Row]) -> list[bytes] | None:
        """The leaf hashes of a chunk; None if anything is wrong in it, or one of STRANGE."""
        indexes, times, kinds, entries, leaves = zip(*rows, strict=True)
        hashes = [sha256(b"\x00" + data).digest() for data in entries]
        heads = self._heads(kinds)
        spelt = [
            heads[kind] + time_us.to_bytes(8, "big") + data[-_TAIL:]
            for kind, time_us, data in zip(kinds, times, entries, strict=True)
        ]
        ordered = list(times)
        ordered.sort()
        fits = (
            indexes == tuple(range(start, start + len(rows)))
            and hashes == list(leaves)
            and spelt == list(entries)
            and ordered == list(times)
            and times[0] >= self.last_time_us
        )
        return hashes if fits else None

    def _name_the_first(self, start: int, rows: list[Row]) -> None:
        for at, row in enumerate(rows):
            try:
                self._one(start + at, row)
            except findings.Mismatch:
                if at:
                    self.bodies.check(rows[:at])  # one of an earlier entry comes first
                raise

    def _heads(self, kinds: Sequence[str]) -> dict[str, bytes]:
        """What comes before the time in an entry of each kind. Raises EntryError."""
        for kind in set(kinds) - self.kinds.keys():
            name = entry.check_kind(kind)
            self.kinds[kind] = b"%c%c%b" % (entry.VERSION, len(name), name)
        return self.kinds

    def _one(self, expected: int, row: Row) -> None:
        index, time_us, kind, data, leaf = row
        if index != expected:
            raise findings.Mismatch(findings.missing(expected, index))
        if any(not isinstance(each, bytes | memoryview) for each in row[3:]):
            raise findings.Mismatch(findings.undecodable(index, _("text in the place of bytes")))
        calculated = merkle.leaf_hash(bytes(data))
        if calculated != leaf:
            raise findings.Mismatch(findings.leaf(index, bytes(leaf), calculated))
        try:
            public = entry.decode(bytes(data))
        except entry.EntryError as error:
            raise findings.Mismatch(findings.undecodable(index, str(error))) from error
        if (public.kind, public.time_us) != (kind, time_us):
            said = f"{public.kind} {public.time_us}"
            raise findings.Mismatch(findings.columns(index, said, f"{kind} {time_us}"))
        if time_us < self.last_time_us:
            raise findings.Mismatch(findings.time_fell(index, self.last_time_us, time_us))
        self.last_time_us = time_us

    # ------------------------------------------------------------------ anchors

    def _anchor(self, anchor: Anchor, rows: list[Row], block: merkle.Block) -> None:
        start = self.frontier.size
        if anchor.root is not None:
            calculated = self.frontier.root_with(block, anchor.size - start)
            if calculated != anchor.root:
                self._another_root(anchor, anchor.root, calculated)
                return
            self.good = anchor.size
            self.report.anchors += 1
        if anchor.time_us is None or self.clock is not None:
            return
        # Times never fall, so the entries on both sides of the bound stand for all.
        last, first = anchor.size - 1, anchor.size
        if last >= start and rows[last - start][1] > anchor.time_us + TOLERANCE_US:
            self._clock_was_ahead(anchor, start, rows)
        elif start <= first < start + len(rows):
            self._clock_was_behind(anchor, rows[first - start])
        else:
            self.due.append(anchor)  # the next chunk begins with it

    def _another_root(self, anchor: Anchor, root: bytes, calculated: bytes) -> None:
        """Raise Mismatch, unless the row is of a branch whose loss was accepted."""
        if anchor.stored:
            if any(each.covers(anchor.size, anchor.time_us or 0) for each in self.losses):
                return
            if wrong := anchors.row_wrong(anchor.size):
                raise findings.Mismatch(wrong)
        found = findings.rewritten(self.good, anchor.size, anchor.what, root, calculated)
        raise findings.Mismatch(found, anchor)

    def _clock_was_ahead(self, anchor: Anchor, start: int, rows: list[Row]) -> None:
        latest = anchor.time_us or 0
        first = next(row for row in rows if row[1] > latest + TOLERANCE_US)
        self.clock = findings.clock_ahead(first[0], anchor.what, first[1], latest)

    def _clock_was_behind(self, anchor: Anchor, row: Row) -> None:
        earliest = anchor.time_us or 0
        if self.clock is None and row[1] < earliest - TOLERANCE_US:
            self.clock = findings.clock_behind(row[0], anchor.what, row[1], earliest)

    def _witnesses_clocks(self) -> None:
        """Entries beside when witnesses saw them; what checkpoints found, if it is earlier, counts."""
        found = anchors.misdated()
        if found is None or (self.clock is not None and self.clock.index <= found[0]):
            return
        index, entry_us, name, seen_us, later = found
        what = _("the witness %(name)s") % {"name": name}
        if later:
            statement = "SELECT min(entry_index) FROM log_entry WHERE entry_index <= %s AND time_us > %s"
            first = self._query(statement, (index, seen_us + TOLERANCE_US))[0][0]
            entry_us = self._query("SELECT time_us FROM log_entry WHERE entry_index = %s", (first,))[0][0]
            self.clock = findings.clock_ahead(first, what, entry_us, seen_us)
        else:
            self.clock = findings.clock_behind(index, what, entry_us, seen_us)

    # ------------------------------------------------------------------ the head

    def _compare_frontier(self, stored: merkle.Frontier) -> None:
        for ours, theirs in zip(self.frontier.subtrees(), stored.subtrees(), strict=True):
            start, end, calculated = ours
            if calculated != theirs[2]:
                raise findings.Mismatch(findings.tree(start, end, theirs[2], calculated))

    def _nothing_beyond(self, size: int) -> None:
        """Rows above the head: none, unless the head has moved meanwhile."""
        rows = [
            self._query(f"SELECT min({key}), max({key}) FROM {table}")[0]  # noqa: S608
            for table, key in (("log_entry", "entry_index"), ("log_body", "entry_index"), ("log_index", "id"))
        ]
        signed = anchors.beyond(size, self.losses)
        now = self._query("SELECT size FROM log_head WHERE id = 1")[0][0]
        if now < size:
            raise findings.Mismatch(findings.beyond(now, size - 1, now))
        for (first, last), shift in zip(rows, (0, 0, ROWS_SHIFT), strict=True):
            if first is not None and (first < 0 or last >> shift >= now):
                raise findings.Mismatch(findings.beyond(now, last >> shift if first >= 0 else first, now))
        if signed is not None and signed[0] > now:
            what = _("a witness's signature of %(n)d entries") if signed[1] else ""
            what = (what or _("the checkpoint of %(n)d entries")) % {"n": signed[0]}
            wrong = None if signed[1] else anchors.row_wrong(signed[0])
            raise findings.Mismatch(wrong or findings.cut_back(now, signed[0], what))


def _fetch(statement: str, parameters: tuple[int, ...]) -> list[Any]:
    """Rows, many at a time; from PostgreSQL in binary, which spares both sides a fifth of their work."""
    connection: Any = connections[conf.database()]
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())
    import psycopg

    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as binary:
        binary.execute(statement, parameters, binary=True)
        return binary.fetchall()
