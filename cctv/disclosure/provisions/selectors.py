"""Reads of the register of provisions: every copy that left, a line of the ledger and the export behind it.

A copy by link has a line of its own, one on a medium has the medium's; media that belong to no export are
there too. Days are those of the site's clocks, or of those that the sites have in common.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from cctv.disclosure.exports.models import Export, Urgency
from cctv.disclosure.handing.models import HandOver, RecipientNotice
from cctv.ledger import selectors as ledger
from cctv.ledger.models import LedgerKind, LedgerLine
from cctv.sites.models import Site

SiteIds = frozenset[UUID] | None
VIOLATIONS = (Urgency.REFUSED, Urgency.LATE)
# A copy for the organisation itself is a use. The end of a package is a line of its export, and no copy.
HANDED_OVER = Q(source__startswith="export ", kind=LedgerKind.PROVIDE) | Q(
    source__startswith="medium ", kind=LedgerKind.PROVIDE
)
PROVIDED = HANDED_OVER | Q(source__startswith="export ", kind=LedgerKind.USE)
_OF_EXPORT = re.compile(r"export (\S+) copy \d+")
_OF_MEDIUM = re.compile(r"medium (\S+) provided \d+")


@dataclass(frozen=True, slots=True)
class Question:
    """Which provisions; what is left open asks for all."""

    site: Site | None = None
    first_day: date | None = None
    last_day: date | None = None
    recipient_kind: str = ""
    ground: str = ""
    urgent: bool = False

    @property
    def of_exports(self) -> bool:
        """Whether only an export can answer it."""
        return bool(self.recipient_kind or self.ground or self.urgent)


@dataclass(frozen=True, slots=True)
class Provision:
    """A copy that left: its line, and the export that it was made for (None for other media)."""

    line: LedgerLine
    export: Export | None

    @property
    def is_violation(self) -> bool:
        """Urgent, and nobody approved it in time."""
        return self.export is not None and self.export.urgency in VIOLATIONS


def provisions(*, allowed: SiteIds, asked: Question) -> "QuerySet[LedgerLine]":
    """Their lines, newest first."""
    days = ledger.Question(site=asked.site, first_day=asked.first_day, last_day=asked.last_day)
    found = ledger.lines(allowed=allowed, asked=days).filter(PROVIDED)
    if asked.of_exports:
        found = found.filter(pk__in=_answering(found, asked))
    return found


def with_exports(lines: Iterable[LedgerLine]) -> list[Provision]:
    """The lines with the exports behind them, in a handful of queries."""
    rows = list(lines)
    exports = _exports_of(line.source for line in rows)
    return [Provision(line, exports.get(line.source)) for line in rows]


def _answering(found: "QuerySet[LedgerLine]", asked: Question) -> list[UUID]:
    """The lines whose export is what was asked for: some thousands of a year at most."""
    sources = dict(found.values_list("source", "pk"))
    exports = _exports_of(sources)
    return [sources[source] for source, export in exports.items() if _answers(export, asked)]


def _answers(export: Export, asked: Question) -> bool:
    return (
        (not asked.recipient_kind or export.recipient_kind == asked.recipient_kind)
        and (not asked.ground or export.ground == asked.ground)
        and (not asked.urgent or bool(export.urgency))
    )


def _exports_of(sources: Iterable[str]) -> dict[str, Export]:
    """By a line's source."""
    numbers: dict[str, str] = {}
    media: dict[str, str] = {}
    for source in sources:
        if (of_export := _OF_EXPORT.fullmatch(source)) is not None:
            numbers[source] = of_export[1]
        elif (of_medium := _OF_MEDIUM.fullmatch(source)) is not None:
            media[source] = of_medium[1]
    rows = HandOver.objects.filter(medium__number__in=set(media.values()))
    by_medium = dict(rows.values_list("medium__number", "export__number"))
    numbers |= {source: by_medium[number] for source, number in media.items() if number in by_medium}
    wanted = Export.objects.filter(number__in=set(numbers.values())).select_related("site", "case")
    exports = {export.number: export for export in wanted}
    return {source: exports[number] for source, number in numbers.items() if number in exports}


def notices(*, sites: SiteIds) -> "QuerySet[RecipientNotice]":
    """Those of the sites (None: all), what is still to be told first."""
    found = RecipientNotice.objects.select_related(
        "export__site__organisation", "export__case", "camera", "told_by"
    )
    return found if sites is None else found.filter(export__site_id__in=sites)


def waiting(*, sites: SiteIds) -> int:
    """How many recipients are still to be told."""
    return notices(sites=sites).filter(told_at=None).count()


def grounds_used(jurisdictions: Sequence[str]) -> list[tuple[str, str]]:
    """Code and words of every ground of these laws, each code once."""
    from cctv.disclosure.exports.grounds import grounds_of

    known: dict[str, str] = {}
    for law in jurisdictions:
        for each in grounds_of(law):
            known.setdefault(each.code, str(each.text))
    return list(known.items())
