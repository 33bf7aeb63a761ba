"""The ledger as a file for spreadsheets: UTF-8 with a byte order mark, and nothing in it that calculates."""

import csv
import io
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

from cctv.ledger.models import LedgerLine

# A cell that begins like this is taken for a formula by one program or another.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")


def harmless(cell: str) -> str:
    """The cell as text: an apostrophe keeps spreadsheets from calculating it."""
    return f"'{cell}" if cell.lstrip(" \u00a0\u3000").startswith(_FORMULA) else cell


def rows(lines: Iterable[LedgerLine], *, language: str) -> Iterator[str]:
    """The file line by line, the head first; its own words in "ko", "ja" or "en", the lines' as they are."""
    with translation.override(language):
        first = _row(head())
    yield "\ufeff" + first
    for line in lines:
        with translation.override(language):  # not around the yield: it is another request's thread meanwhile
            row = _row(cells(line))
        yield row


def head() -> list[str]:
    """The statutory columns (KR form 3), and what automatic destruction adds."""
    return [
        _("No."), _("Act"), _("Date and time"), _("Site"), _("Recorded from"), _("Recorded to"), _("Item"),
        _("Form"), _("Handled by"), _("Purpose or reason"), _("Recipient or requester"), _("Ground"),
        _("Form of provision"), _("Cycle"), _("Checked at"), _("Log entry"),
    ]  # fmt: skip


def cells(line: LedgerLine) -> list[str]:
    """A line's cells; times on the site's clocks, with their distance from UTC."""
    zone = ZoneInfo(line.site.time_zone)
    moments = [
        "" if moment is None else moment.astimezone(zone).isoformat(" ", "seconds")
        for moment in (line.at, line.footage_from, line.footage_to, line.checked_at)
    ]
    return [
        line.number, str(line.get_kind_display()), moments[0], line.site.name, moments[1], moments[2],
        line.item, line.form, line.handler, line.reason, line.recipient, line.ground, line.provided_as,
        line.cycle, moments[3], "" if line.entry is None else str(line.entry),
    ]  # fmt: skip


def _row(row: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, row))
    return out.getvalue()
