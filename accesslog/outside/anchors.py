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

from django.db import connections
from django.utils.translation import gettext as _

from accesslog import conf, note
from accesslog.errors import AccessLogError

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


class AnchorUnusable(AccessLogError):
    """The file holds no checkpoint, or one of another log."""

    code = "log.anchor_unusable"
    status = 400
    message = _("This file holds no checkpoint.")
    hint = _("Give a checkpoint as it was mailed or published, or “size …” and “root …” (hexadecimal).")


@dataclass(frozen=True, slots=True)
class Anchor:
    """`root` None: only the time is known. `kept` anchors lie outside the log's database."""

    size: int
    root: bytes | None
    what: str
    time_us: int | None = None
    kept: bool = False


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
    """What the signer remembers as the last it signed; nothing where nothing is published."""
    from accesslog.publish import state

    folder = conf.folder()
    known = None if folder is None else state.load(folder)
    if known is None or not known.size:
        return []
    return [Anchor(known.size, known.root, _("the signer's memory"), known.time_us or None, kept=True)]


def stored(after: int, upto: int) -> Iterator[Anchor]:
    """The checkpoints in the database with after < size <= upto, smallest first."""
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(
            "SELECT size, root, time_us FROM log_checkpoint WHERE size > %s AND size <= %s ORDER BY size",
            [after, upto],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    for size, root, time_us in rows:
        yield Anchor(size, bytes(root), _("the checkpoint of %(n)d entries") % {"n": size}, time_us)


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
            found += [(*row, bool(before)) for row in cursor.fetchall()]
    return min(found, default=None)
