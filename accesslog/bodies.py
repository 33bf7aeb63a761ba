"""Verification of what lies beside the entries: sealed bodies, search rows and prune marks.

A body may be missing only below a later prune entry that covers its kind, or within a later recovery, which
says for which entries there was nothing but the published files. Both are read from their own bodies, which
are kept for ever: a mark in the table without an entry that says so, and can be read, covers nothing.
An entry that was put back has the event id that follows from its leaf; one with an id of its own had a body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils.translation import gettext as _

from accesslog import conf, entry, findings, note, records
from accesslog.errors import EntryDamaged, KeyGone
from accesslog.events import KEPT_FOR_EVER, PRUNE, RECOVERED
from accesslog.models import ROWS_SHIFT
from accesslog.outside.anchors import Anchor
from accesslog.records import SearchRow
from accesslog.stores.base import SEARCH_COLUMNS

_SELECT = (
    "SELECT e.entry_index, e.event_id, e.kind, e.entry, b.sealed, b.key_id "
    "FROM log_entry e JOIN log_body b ON b.entry_index = e.entry_index "
)
_SEALED = f"{_SELECT}WHERE e.entry_index >= %s AND e.entry_index < %s ORDER BY e.entry_index"
_OF_KIND = f"{_SELECT}WHERE e.kind = %s ORDER BY e.entry_index"
# What a cell may raise that holds something else than the log writes.
STRANGE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
_EVENT_IDS = "SELECT entry_index, event_id FROM log_entry WHERE entry_index >= %s AND entry_index < %s"


class Bodies:
    """Checks bodies of chunk after chunk; `there` and `erased` count them."""

    def __init__(self, *, open_bodies: bool) -> None:
        self.open_bodies = open_bodies
        self.there = 0
        self.erased = 0
        self._below: dict[str, int] = {}  # kind ("" = any) -> entries below may have lost their body
        self._lost: list[tuple[int, int]] = []  # half-open spans of entries that were recovered without
        self.recovered: list[Anchor] = []  # the signed trees that recoveries went by
        self._read_again()

    def _read_again(self) -> None:
        """What may be missing, as the log says now."""
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
        gone = [(index, kind, leaf) for index, _time_us, kind, _data, leaf in rows if index not in found]
        if gone and self._unexplained(gone) is not None:
            self._read_again()  # a prune or a recovery may have been at work since
            unexplained = self._unexplained(gone)
            if unexplained is not None:
                raise findings.Mismatch(findings.body_missing(unexplained))
        self.erased += len(gone)

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
            if not _is(record.event_id, event_id):
                raise findings.Mismatch(findings.event_id(index, record.event_id, event_id))
            rows = search.get(index, [])
            if record.rows != rows and (rows or not self._may_be_pruned(index, kind)):
                raise findings.Mismatch(findings.search_rows_changed(index, record.rows, rows))
        return found

    def _may_be_pruned(self, index: int, kind: str) -> bool:
        """Whether a mark covers the entry; looked up again before it is denied."""
        if self._pruned(index, kind):
            return True
        self._read_again()
        return self._pruned(index, kind)

    def _pruned(self, index: int, kind: str) -> bool:
        below = max(self._below.get(kind, 0), self._below.get("", 0))
        return index < below and kind not in KEPT_FOR_EVER

    def _unexplained(self, gone: Sequence[tuple[int, str, bytes]]) -> int | None:
        """The first of these entries without bodies that neither a mark nor a recovery covers."""
        rest = [(index, leaf) for index, kind, leaf in gone if not self._pruned(index, kind)]
        if not rest:
            return None
        from accesslog.publish.recovery import event_id_of  # which imports what verifies

        own = dict(_query(_EVENT_IDS, rest[0][0], rest[-1][0] + 1))
        for index, leaf in rest:
            put_back = any(first <= index < end for first, end in self._lost)
            if not put_back or not _is(event_id_of(bytes(leaf)), own[index]):
                return index
        return None

    def _prune_marks(self) -> None:
        """Take what prune entries say, and hold the table of marks, which triggers go by, against it."""
        marks: dict[int, set[tuple[str, int]]] = {}
        for kind, below, index in _query("SELECT kind, below, entry_index FROM log_prune"):
            marks.setdefault(index, set()).add((kind, below))
        for index, body in _said(PRUNE):
            try:
                said = {(str(kind), int(body["below"])) for kind in body["kinds"] or [""]}
            except STRANGE as error:
                raise findings.Mismatch(findings.says_nothing(index, PRUNE, repr(error))) from error
            marked = marks.pop(index, set())
            if not marked <= said:
                raise findings.Mismatch(findings.mark(index, said, marked))
            for kind, below in marked:
                self._below[kind] = max(min(below, index), self._below.get(kind, 0))
        if marks:  # their entries say nothing any more, or never did
            some = min(marks, key=findings.number)
            raise findings.Mismatch(findings.mark(findings.number(some), set(), marks[some]))

    def _recoveries(self) -> None:
        """Take what recoveries say, each with the checkpoint whose root the tree must have."""
        self._lost, self.recovered = [], []
        for index, body in _said(RECOVERED):
            try:
                first, end = int(body["first"]), int(body["end"])
                checkpoint = _checkpoint(str(body["checkpoint"]))
            except note.NoteError as error:
                raise findings.Mismatch(findings.recovery_wrong(index, str(error))) from error
            except STRANGE as error:
                raise findings.Mismatch(findings.says_nothing(index, RECOVERED, repr(error))) from error
            if not 0 <= first <= end <= checkpoint.size <= index:
                raise findings.Mismatch(findings.recovery_wrong(index, f"{first}, {end}, {checkpoint.size}"))
            what = _("the recovery of entry %(n)d") % {"n": index}
            self.recovered.append(Anchor(checkpoint.size, checkpoint.root, what))
            self._lost.append((first, end))


def _checkpoint(text: str) -> note.Checkpoint:
    """What a recovery went by: a note that we signed, or its text that was remembered, but not yet signed.

    Anybody may copy a published note: that the tree has its root is compared as well. Raises NoteError.
    """
    if conf.folder() is None or "\n\n" not in text:
        checkpoint = note.parse_checkpoint(text.partition("\n\n")[0].rstrip("\n") + "\n")
        if conf.folder() is not None and checkpoint.origin != conf.signer().origin:
            raise note.NoteError(f"it is of {checkpoint.origin}")
        return checkpoint
    return note.verify_checkpoint(text, conf.signer().verifier_key())


def _said(kind: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(entry, body) of the entries of a kind whose key is still there. Raises Mismatch.

    The kind is a column that anybody with the database's password may change: the bytes must say it too.
    """
    for index, _event_id, _kind, data, sealed, key_id in _query(_OF_KIND, kind):
        try:
            public = entry.decode(findings.raw(data))
        except (entry.EntryError, TypeError) as error:
            raise findings.Mismatch(findings.undecodable(index, str(error))) from error
        if public.kind != kind:
            raise findings.Mismatch(findings.columns(index, public.kind, kind))
        with suppress(KeyGone):
            yield index, _record(index, data, sealed, key_id).body


def _is(expected: UUID, stored: Any) -> bool:
    """Whether a column holds this id, in the one spelling by which it is found."""
    return bool(stored == expected if isinstance(stored, UUID) else stored == expected.hex)


def _record(index: int, data: bytes, sealed: bytes, key_id: str) -> records.Record:
    """The record that an entry commits to. Raises KeyGone, and Mismatch for another one."""
    commitment = findings.raw(data)[-entry.COMMITMENT_BYTES :]
    try:
        return records.open_record(key_id=key_id, sealed=findings.raw(sealed), commitment=commitment)
    except EntryDamaged as error:
        raise findings.Mismatch(findings.body_changed(index, commitment, str(error.message))) from error
    except STRANGE as error:  # text in the place of bytes, or bytes in that of a key's name
        raise findings.Mismatch(findings.body_changed(index, commitment, repr(error))) from error


def _search_rows(start: int, end: int) -> dict[int, list[SearchRow]]:
    found: dict[int, list[SearchRow]] = {}
    columns = ", ".join(SEARCH_COLUMNS)
    statement = f"SELECT {columns} FROM log_index WHERE id >= %s AND id < %s ORDER BY id"  # noqa: S608
    for row in _query(statement, start << ROWS_SHIFT, end << ROWS_SHIFT):
        index = row[0] >> ROWS_SHIFT
        if row[1] != index:
            raise findings.Mismatch(findings.search_rows_changed(index, [index], [row[1]]))
        found.setdefault(index, []).append(row[2:])
    return found


def _query(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
