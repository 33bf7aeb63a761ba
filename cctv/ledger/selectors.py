"""Reads of the ledger."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from cctv.ledger.models import LedgerLine
from cctv.sites.models import Site
from cctv.sites.selectors import common_zone

SiteIds = frozenset[UUID] | None


@dataclass(frozen=True, slots=True)
class Question:
    """Which lines: of a kind ("" any), of a site (None any), from a day to a day (both included)."""

    kind: str = ""
    site: Site | None = None
    first_day: date | None = None
    last_day: date | None = None


def sites(allowed: SiteIds) -> "QuerySet[Site]":
    """The sites whose lines may be read."""
    return Site.objects.all() if allowed is None else Site.objects.filter(pk__in=allowed)


def lines(*, allowed: SiteIds, asked: Question = Question()) -> "QuerySet[LedgerLine]":
    """Lines of the sites that may be read, newest first. Days are those of `clocks`."""
    found = LedgerLine.objects.select_related("site__organisation")
    if allowed is not None:
        found = found.filter(site_id__in=allowed)
    if asked.kind:
        found = found.filter(kind=asked.kind)
    if asked.site is not None:
        found = found.filter(site=asked.site)
    zone = clocks(allowed, asked.site)
    if asked.first_day is not None:
        found = found.filter(at__gte=_midnight(asked.first_day, zone))
    if asked.last_day is not None:
        found = found.filter(at__lt=_midnight(asked.last_day + timedelta(days=1), zone))
    return found


def clocks(allowed: SiteIds, site: Site | None) -> ZoneInfo:
    """By whose clocks days are reckoned: the site's, else those that the sites have in common, else UTC."""
    return ZoneInfo(site.time_zone) if site else common_zone(allowed)


def below(found: "QuerySet[LedgerLine]", number: tuple[int, int]) -> "QuerySet[LedgerLine]":
    """Those before the line with this year and sequence."""
    year, sequence = number
    return found.filter(Q(year__lt=year) | Q(year=year, sequence__lt=sequence))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
