"""Anchors: what is known of the log from elsewhere, to compare the entries with.

An anchor says "of so many entries, this was the root", and often when. Checkpoints lie beside the log and
under a file's name outside; the signer remembers the last one; a witness saw it by its own clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils.translation import gettext as _

from accesslog import conf, findings, note
from accesslog.errors import AccessLogError, SignerStateDamaged
from accesslog.events import LOSS_ACCEPTED

# How far an entry's time may lie beside the time of what covers it: publishing takes a second, witnesses are
# asked each minute, and clocks that are kept right differ by less.
TOLERANCE_US = 300_000_000
_BARE = re.compile(
    r"size[ :=]+(?P<size>\d{1,19})\b.{0,400}?root(?: hash)?[ :=]+(?P<root>[0-9a-f]{64})\b", re.I | re.S
)
_NOTE = re.compile(
    r"^[^\n]{1,255}\n\d{1,19}\n[A-Za-z0-9+/]{43}=\n(?:[^\n]+\n)*\n(?:\u2014 \S+ [A-Za-z0-9+/=]+\n)+", re.M
)
MAX_FILE_BYTES = 1_000_000
PAGE = 1000


class AnchorUnusable(AccessLogError):
    """The file holds no checkpoint, or one of another log."""

    code = "log.anchor_unusable"
    status = 400
    message = _("This file holds no checkpoint.")
    hint = _("Give a checkpoint as it was mailed or published, or “size …” and “root …” (hexadecimal).")


@dataclass(frozen=True, slots=True)
class Anchor:
    """`root` None: only the time is known. `kept` anchors lie outside the log's database.

    `folder` has the published files that lead to it. `stored`: a row of log_checkpoint.
    """

    size: int
    root: bytes | None
    what: str
    time_us: int | None = None
    kept: bool = False
    folder: Path | None = None
    stored: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """What was signed before `time_us` of more than `kept` and up to `size` entries is perhaps lost."""

    kept: int
    size: int
    time_us: int

    def covers(self, size: int, time_us: int) -> bool:
        return self.kept < size <= self.size and time_us <= self.time_us


def from_file(path: Path) -> list[Anchor]:
    """The checkpoints in a file, with whatever text around them. Raises AnchorUnusable.

    A checkpoint of this log must have its signature; one that is only "size and root" is taken as it is.
    """
    try:
        data = path.read_bytes()[:MAX_FILE_BYTES]
    except OSError as error:
        raise AnchorUnusable(
            _("%(path)s cannot be read: %(error)s") % {"path": path, "error": error}
        ) from error
    text = _unquoted(data.decode("utf-8", "replace").replace("\r\n", "\n"))
    found = [_of_note(each.group(), path.name) for each in _NOTE.finditer(text + "\n")]
    if not found:
        found = [
            Anchor(int(each["size"]), bytes.fromhex(each["root"]), path.name, kept=True)
            for each in _BARE.finditer(text)
        ]
    if not found:
        raise AnchorUnusable()
    return found


def _unquoted(text: str) -> str:
    """Without what mail programs put before lines, and without spaces at the ends of lines."""
    return "\n".join(re.sub(r"^(?:> ?)+|^ {1,8}", "", line).rstrip() for line in text.split("\n"))


def _of_note(text: str, name: str) -> Anchor:
    vkey = conf.signer().verifier_key()
    try:
        checkpoint = note.verify_checkpoint(text, vkey)
    except note.NoteError as error:
        raise AnchorUnusable(
            _("The checkpoint in %(name)s is not one of this log: %(error)s.")
            % {"name": name, "error": error},
            hint=_("It was altered, or it is of another installation. The key of this log is %(key)s.")
            % {"key": vkey},
        ) from error
    return Anchor(checkpoint.size, checkpoint.root, name, kept=True)


def of_signer() -> list[Anchor]:
    """What the signer remembers as the last it signed; nothing where nothing is known of that."""
    known = _memory()
    if known is None or not known.size or known.origin not in ("", conf.signer().origin):
        return []
    return [Anchor(known.size, known.root, _("the signer's memory"), known.time_us or None, kept=True)]


def _memory() -> Any:
    from accesslog.publish import state  # which imports what verifies

    folder = conf.folder()
    try:
        return None if folder is None else state.load(folder)
    except (SignerStateDamaged, OSError):
        return None


def losses() -> list[Loss]:
    """The losses that were accepted, as the memory knows them and the log says.

    The memory is unsigned: one that no entry tells of, and that is not owed to the log, excuses nothing.
    """
    from accesslog.publish.state import about

    known, found = _memory(), []
    for each in known.lost if known is not None else ():
        try:
            said = about(LOSS_ACCEPTED, int(each["size"]), bytes.fromhex(each["root"]))
            kept, size = int(each["kept"]), int(each["size"])
        except (KeyError, TypeError, ValueError):
            continue
        times = _rows(
            "SELECT time_us FROM log_entry WHERE kind = %s AND event_id = %s",
            LOSS_ACCEPTED, UUID(said) if _is_postgresql() else UUID(said).hex,
        )  # fmt: skip
        if times:
            found.append(Loss(kept, size, findings.number(times[0][0])))
        elif any(owed["event_id"] == said for owed in known.pending):
            found.append(Loss(kept, size, 2**63))
    return found


def stored(upto: int) -> Iterator[Anchor]:
    """The checkpoints in the database of at most `upto` entries, smallest first. Raises Mismatch."""
    least = "SELECT size, root, time_us FROM log_checkpoint WHERE size <= %s "
    rows = _rows(f"{least} ORDER BY size LIMIT {PAGE}", upto)
    while rows:
        for size, root, time_us in rows:
            if size < 0 or not isinstance(time_us, int) or not isinstance(root, bytes | memoryview):
                raise findings.Mismatch(findings.row_changed(size, _("size, root and time"), f"{time_us}"))
            what = _("the checkpoint of %(n)d entries") % {"n": size}
            yield Anchor(size, bytes(root), what, time_us, stored=True)
        rows = _rows(f"{least} AND size > %s ORDER BY size LIMIT {PAGE}", upto, rows[-1][0])


def row_wrong(size: int) -> findings.Finding | None:
    """Whether the row of this checkpoint is not what was signed."""
    rows = _rows("SELECT size, root, note FROM log_checkpoint WHERE size = %s", size)
    return _row_wrong(*rows[0]) if rows and conf.folder() is not None else None


def rows_wrong() -> findings.Finding | None:
    """The first row of a checkpoint that is not what was signed."""
    statement = "SELECT size, root, note FROM log_checkpoint"
    rows = _rows(f"{statement} ORDER BY size LIMIT {PAGE}")
    while rows:
        for row in rows:
            if found := _row_wrong(*row):
                return found
        rows = _rows(f"{statement} WHERE size > %s ORDER BY size LIMIT {PAGE}", rows[-1][0])
    return None


def _row_wrong(size: int, root: Any, text: Any) -> findings.Finding | None:
    try:
        said = note.verify_checkpoint(text, conf.signer().verifier_key())
    except (note.NoteError, TypeError, AttributeError) as error:
        return findings.note_wrong(size, str(error))
    if said.size == size and isinstance(root, bytes | memoryview) and said.root == bytes(root):
        return None
    stored = bytes(root).hex() if isinstance(root, bytes | memoryview) else str(root)
    return findings.row_changed(size, f"{said.size} {said.root.hex()}", f"{size} {stored}")


def beyond(size: int, losses: list[Loss]) -> tuple[int, bool] | None:
    """(size, whether it is a witness's) of something stored that was signed of more entries than there are.

    What a loss that was accepted explains does not count. Raises Mismatch.
    """
    for table in ("log_checkpoint", "log_cosignature"):
        for signed, time_us in _rows(
            f"SELECT size, time_us FROM {table} WHERE size > %s ORDER BY size DESC",  # noqa: S608
            size,
        ):
            if not isinstance(signed, int) or not isinstance(time_us, int):
                raise findings.Mismatch(findings.strange(size, f"{table}: {signed}, {time_us}"))
            if not any(each.covers(signed, time_us) for each in losses):
                return signed, table == "log_cosignature"
    return None


def _is_postgresql() -> bool:
    return connections[conf.database()].vendor == "postgresql"


def _rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def misdated() -> tuple[int, int, str, int, bool] | None:
    """The first entry whose time does not fit when a witness saw it, by the witness's own clock.

    (entry, its time, the witness, the witness's time, whether the entry is the later one). Compared in the
    database, where there is a signature a minute; only those of witnesses that are configured count.
    """
    from accesslog.outside import witness

    names = [each.name for each in witness.configured()]
    if not names:
        return None
    marks = ", ".join(["%s"] * len(names))
    found: list[tuple[int, int, str, int, bool]] = []
    for before, wrong in ((1, f"e.time_us > c.time_us + {TOLERANCE_US}"),
                          (0, f"e.time_us < c.time_us - {TOLERANCE_US}")):  # fmt: skip
        with connections[conf.database()].cursor() as cursor:
            cursor.execute(
                "SELECT e.entry_index, e.time_us, c.witness, c.time_us FROM log_cosignature c "  # noqa: S608
                f"JOIN log_entry e ON e.entry_index = c.size - {before} "
                f"WHERE c.witness IN ({marks}) AND {wrong} ORDER BY c.size LIMIT 1",
                names,
            )
            for row in cursor.fetchall():
                if not isinstance(row[3], int):
                    raise findings.Mismatch(findings.cosignature_wrong(row[0] + before, row[2], f"{row[3]}"))
                found.append((*row, bool(before)))
    return min(found, default=None)
