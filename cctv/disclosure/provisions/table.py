"""The register of provisions as a file for spreadsheets: UTF-8 with a mark, nothing in it that calculates."""

import csv
import io
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

from cctv.disclosure.provisions.selectors import Provision
from cctv.ledger.table import harmless


def rows(found: Iterable[Provision], *, language: str) -> Iterator[str]:
    """Line by line, the head first; its own words in "ko", "ja" or "en", the lines' as they are."""
    with translation.override(language):
        first = _row(_head())
    yield "\ufeff" + first
    for each in found:
        with translation.override(language):
            row = _row(_cells(each))
        yield row


def _head() -> list[str]:
    return [
        _("No."), _("Date and time"), _("Site"), _("Export"), _("Case"), _("Recipient"),
        _("Kind of recipient"), _("Ground"), _("Purpose or reason"), _("Item"), _("Form"),
        _("Form of provision"), _("Recorded from"), _("Recorded to"), _("Handled by"), _("Urgent"),
        _("Log entry"),
    ]  # fmt: skip


def _cells(each: Provision) -> list[str]:
    line, export = each.line, each.export
    zone = ZoneInfo(line.site.time_zone)
    moments = [
        "" if moment is None else moment.astimezone(zone).isoformat(" ", "seconds")
        for moment in (line.at, line.footage_from, line.footage_to)
    ]
    return [
        line.number, moments[0], line.site.name, export.number if export else "",
        export.case.number if export else "", line.recipient,
        str(export.get_recipient_kind_display()) if export else "", line.ground, line.reason, line.item,
        line.form, line.provided_as, moments[1], moments[2], line.handler,
        str(export.get_urgency_display()) if export and export.urgency else "",
        "" if line.entry is None else str(line.entry),
    ]  # fmt: skip


def _row(row: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, row))
    return out.getvalue()
