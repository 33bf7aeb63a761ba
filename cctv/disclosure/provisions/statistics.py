"""A year of provision in numbers, for publication: no names, no cameras, no cases.

One or two requests of a kind may point at a person where somebody knows of them. So such a number is not told
("1 or 2"), and recipients and grounds that are as rare stand together in one row that does not name them.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from cctv.disclosure.exports.grounds import ground_text
from cctv.disclosure.exports.models import ActKind, Export, ExportAct, ExportState, RecipientKind, Urgency
from cctv.disclosure.provisions.selectors import HANDED_OVER, VIOLATIONS, SiteIds
from cctv.ledger.models import LedgerLine
from cctv.ledger.table import harmless
from cctv.sites.models import Site

# A number below is not told, unless it is 0.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the statistics: what is counted, and how many."""

    name: str
    count: int

    @property
    def is_few(self) -> bool:
        """Whether the number is too small to be told."""
        return 0 < self.count < FEWEST


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that belong together."""

    title: str
    rows: list[Row]


def years(*, allowed: SiteIds) -> list[int]:
    """The years of which there is something, the newest first."""
    return sorted(set(_exports(allowed, None).values_list("year", flat=True)), reverse=True)


def statistics(*, allowed: SiteIds, site: Site | None, year: int) -> list[Part]:
    """Of what was asked for in the year, in the site's calendar; in the language in force."""
    exports = _exports(allowed, site).filter(year=year)
    copies = LedgerLine.objects.filter(HANDED_OVER, year=year)
    if allowed is not None:
        copies = copies.filter(site_id__in=allowed)
    if site is not None:
        copies = copies.filter(site=site)
    return [
        Part(_("Requests"), _requests(exports, copies.count())),
        Part(_("By recipient"), _folded(_by_recipient(exports))),
        Part(_("By ground"), _folded(_by_ground(exports))),
        Part(_("Urgent"), _urgent(exports)),
    ]


def _exports(allowed: SiteIds, site: Site | None) -> "QuerySet[Export]":
    found = Export.objects.exclude(state=ExportState.DRAFT)
    if allowed is not None:
        found = found.filter(site_id__in=allowed)
    return found if site is None else found.filter(site=site)


def _requests(exports: "QuerySet[Export]", copies: int) -> list[Row]:
    approved = _with_act(exports, ActKind.APPROVED) | _with_act(exports, ActKind.CONFIRMED)
    open_states = (ExportState.ASKED, ExportState.RETURNED)
    return [
        Row(_("Asked for"), exports.count()),
        Row(_("Approved"), len(approved)),
        Row(_("Refused"), exports.filter(state=ExportState.REJECTED).count()),
        Row(_("Withdrawn"), exports.filter(state=ExportState.WITHDRAWN).count()),
        Row(_("Not decided yet"), exports.filter(state__in=open_states).count()),
        Row(_("Copies handed over"), copies),
    ]


def _with_act(exports: "QuerySet[Export]", kind: ActKind) -> set[UUID]:
    return set(ExportAct.objects.filter(export__in=exports, kind=kind).values_list("export_id", flat=True))


def _by_recipient(exports: "QuerySet[Export]") -> list[Row]:
    counted = dict(exports.order_by().values_list("recipient_kind").annotate(n=Count("pk")))
    return [Row(str(kind.label), counted[kind]) for kind in RecipientKind if kind in counted]


def _by_ground(exports: "QuerySet[Export]") -> list[Row]:
    rows = exports.order_by().values_list("site__jurisdiction", "ground").annotate(n=Count("pk"))
    counted: dict[str, int] = {}
    for law, ground, count in rows:
        text = ground_text(law, ground)
        counted[text] = counted.get(text, 0) + count
    return [Row(text, counted[text]) for text in sorted(counted)]


def _folded(rows: list[Row]) -> list[Row]:
    """The rare ones as one row, without their names."""
    told = [row for row in rows if not row.is_few]
    rare = sum(row.count for row in rows if row.is_few)
    return [*told, Row(_("Others, one or two each"), rare)] if rare else told


def _urgent(exports: "QuerySet[Export]") -> list[Row]:
    urgent = exports.exclude(urgency=Urgency.NONE)
    return [
        Row(_("Released before approval"), urgent.count()),
        Row(_("Approved afterwards"), urgent.filter(urgency=Urgency.APPROVED).count()),
        Row(_("Not approved: violations"), urgent.filter(urgency__in=VIOLATIONS).count()),
    ]


def table(parts: list[Part], *, year: int, where: str, language: str) -> Iterator[str]:
    """The statistics as CSV, with a byte order mark; `parts` in the same language."""
    with translation.override(language):
        yield "\ufeff" + _line([_("Year"), _("Sites"), _("What"), _("Item"), _("Number")])
    for part in parts:
        for row in part.rows:
            with translation.override(language):
                number = _("1 or 2") if row.is_few else str(row.count)
            yield _line([str(year), where, part.title, row.name, number])


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, cells))
    return out.getvalue()
