"""An answer taken out: as a table for spreadsheets, or on paper, with what was asked and under which root.

Taking out is logged with the number of entries, durably, before the first byte (see accesslog.desk.views).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accesslog import presenting, proofs, registry, selectors, sentences
from accesslog.errors import EventRefused
from accesslog.selectors import Listed

CSV, PDF = "csv", "pdf"
# Paper is set within the request: half a thousand entries are some thirty pages, and under a second.
MOST = {CSV: 50_000, PDF: 500}
PRINTED_HASH = 16
CHUNK = 250
# A cell that begins like this is taken for a formula by one program or another.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
_BLANK = " \u00a0\u3000"
_WITHIN = re.compile(f'([;\t\r\n|][{_BLANK}"]*)(?=[{re.escape("".join(_FORMULA))}])')


@dataclass(frozen=True, slots=True)
class Answer:
    """What is taken out: entry numbers newest first, whether there were more, and what stands at the head."""

    numbers: Sequence[int]
    cut: bool
    question: str
    asked: int
    at: datetime
    zone: tzinfo
    personal: bool

    def head(self) -> list[tuple[str, str]]:
        """(label, text): the question, who can check it, and what is not in it."""
        now = proofs.head()
        facts = [
            (_("Question"), self.question),
            (_("Times by the clocks of"), str(getattr(self.zone, "key", "") or self.zone)),
            (_("Taken out"), _moment(self.at, self.zone)),
            (_("Logged as entry"), str(self.asked)),
            (_("Entries"), str(len(self.numbers))),
            (_("Size of the log"), str(now.size)),
            (_("Root of the log (SHA-256)"), now.root().hex()),
        ]
        if self.cut:
            left = _("Only the newest %(count)d entries are here; there are more. Ask about a shorter time.")
            facts.append((_("Not complete"), left % {"count": len(self.numbers)}))
        if not self.personal:
            facts.append((_("Left out"), _("People and terminals: your role does not show them.")))
        return facts


def csv_parts(answer: Answer, *, language: str) -> Iterator[str]:
    """The file piece by piece: a byte order mark and the head, then the entries by some hundreds.

    The head is made before the first piece is asked for: a log that cannot be read is an error, not half a
    file. The others are made while the answer is on its way, so they choose language and clocks themselves.
    """
    head = "\ufeff" + "".join(_line(each) for each in [*map(list, answer.head()), [], _titles()])

    def pieces() -> Iterator[str]:
        yield head
        for start in range(0, len(answer.numbers), CHUNK):
            with translation.override(language), timezone.override(answer.zone):
                opened = selectors.opened(answer.numbers[start : start + CHUNK])
                piece = "".join(_line(_cells(each, answer)) for each in opened)
            yield piece

    return pieces()


def _titles() -> list[str]:
    return [
        _("Entry"), _("Logged"), _("What happened"), _("Kind"), _("Person"), _("Role"), _("Terminal"),
        _("Site"), _("Camera"), _("Footage from"), _("Footage until"), _("Purpose"), _("Case"),
        _("Leaf hash"),
    ]  # fmt: skip


def pdf_rows(answer: Answer) -> tuple[list[tuple[str, float]], list[list[str]]]:
    """(title, share of the width) of the columns, and the rows.

    Of the leaf hash only its beginning: the entry's number finds the rest, and nobody types 64 digits.
    """
    columns = [
        (_("Entry"), 0.1), (_("Logged"), 0.19), (_("What happened"), 0.49), (_("Leaf hash, beginning"), 0.22),
    ]  # fmt: skip
    rows = [
        [
            str(entry.index),
            _moment(entry.time, answer.zone),
            told(entry, answer.personal),
            f"{entry.leaf_hash.hex()[:PRINTED_HASH]}…",
        ]
        for entry in selectors.opened(answer.numbers)
    ]
    return columns, rows


def told(entry: Listed, personal: bool) -> str:
    """The entry as plain text."""
    if entry.body is None:
        return presenting.problem(entry)
    try:
        return sentences.sentence(entry.body, entry.kind, personal=personal)
    except EventRefused:
        return _("An event of the kind %(kind)s.") % {"kind": entry.kind}


def harmless(cell: str) -> str:
    """The cell as text: an apostrophe keeps spreadsheets from calculating it.

    The same within the cell after what some programs take for the comma: to them, a cell begins there.
    """
    cell = _WITHIN.sub(r"\1'", cell)
    cell = sentences.visible(cell)
    return f"'{cell}" if cell.lstrip(_BLANK).startswith(_FORMULA) else cell


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(each) for each in cells])
    return line.getvalue()


def _cells(entry: Listed, answer: Answer) -> list[str]:
    shown = _shown(entry, answer.personal)
    actor = shown.get("actor") or {}
    zone = sentences.zone_of(shown) if shown else answer.zone
    camera = shown.get("camera") or shown.get("cameras") or ""
    return [
        str(entry.index), _moment(entry.time, answer.zone), told(entry, answer.personal), entry.kind,
        _text(actor, zone), _role(actor),
        *(_text(shown.get(name, ""), zone) for name in ("terminal", "site")), _text(camera, zone),
        *(_iso(shown.get(name), answer.zone) for name in ("from", "to")),
        *(_text(shown.get(name, ""), zone) for name in ("purpose", "case")), entry.leaf_hash.hex(),
    ]  # fmt: skip


def _shown(entry: Listed, personal: bool) -> dict[str, Any]:
    """The fields of the body that the reader may see."""
    try:
        hidden = frozenset() if personal else registry.get(entry.kind).personal
    except EventRefused:
        return {}
    return {name: value for name, value in (entry.body or {}).items() if name not in hidden}


def _role(actor: Any) -> str:
    role = actor.get("role") if isinstance(actor, dict) else ""
    return sentences.show("role", role, UTC) if role else ""


def _text(value: Any, zone: tzinfo) -> str:
    return sentences.show("", value, zone) if value not in ("", None, [], {}) else ""


def _iso(value: Any, zone: tzinfo) -> str:
    if isinstance(value, str) and sentences.MOMENT.match(value):
        return _moment(datetime.fromisoformat(value), zone)
    return ""


def _moment(moment: datetime, zone: tzinfo) -> str:
    """Local time with its distance from UTC."""
    return timezone.localtime(moment, zone).isoformat(" ", "seconds")
