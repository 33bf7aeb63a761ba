"""The small charts of a review: how a site's viewings of a month fall on hours, people, cameras, purposes.

Geometry is x in percent, so that drawings stretch with the page, and y in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Count, Exists, ExpressionWrapper, F, Max, OuterRef
from django.utils.translation import gettext as _

from accesslog import conf, selectors
from accesslog.models import LogEntry
from accesslog.review import services
from accesslog.review.roles import ReviewSite
from accesslog.types import from_us

TOP_PX, BASE_PX = 12, 92
FILL = 0.78
MOST_BARS = 8
_HALF_HOUR_US = 1_800_000_000  # some zones are half an hour off


@dataclass(frozen=True, slots=True)
class HourBar:
    """One hour of the day."""

    hour: int
    count: int
    x: float
    centre: float
    width: float
    y: float
    height: float

    @property
    def labelled(self) -> bool:
        return self.hour % 6 == 0


@dataclass(frozen=True, slots=True)
class Bar:
    """One person, camera or purpose; `width` in percent of the longest."""

    id: str
    label: str
    count: int
    width: float


@dataclass(frozen=True, slots=True)
class Charts:
    """All of them. `people` is None for readers who may not see persons."""

    total: int
    hours: Sequence[HourBar]
    top: int
    people: Sequence[Bar] | None
    cameras: Sequence[Bar]
    purposes: Sequence[Bar]


def charts(site: ReviewSite, first: int, end: int, *, personal: bool) -> Charts:
    """The charts of a site's entries [first, end): viewings and whatever else ACCESSLOG_REVIEWED names."""
    with selectors.reading():
        counts = _hours(site, first, end)
        top = max(2, max(counts.values(), default=0))
        hours = [_hour_bar(hour, counts.get(hour, 0), top) for hour in range(24)]
        return Charts(
            sum(counts.values()), hours, top,
            _bars(site, first, end, "actor") if personal else None,
            _bars(site, first, end, "camera"), _bars(site, first, end, "purpose"),
        )  # fmt: skip


def _hours(site: ReviewSite, first: int, end: int) -> dict[int, int]:
    rows = services.rows_of(site.id, first, end).filter(index=OuterRef("index"))
    found = (
        LogEntry.objects.filter(
            Exists(rows), index__gte=first, index__lt=end, kind__in=conf.reviewed_kinds()
        )
        .annotate(
            slot=ExpressionWrapper(F("time_us") / _HALF_HOUR_US, output_field=BigIntegerField())
        )
        .values_list("slot")
        .annotate(n=Count("index"))
        .order_by()
    )  # fmt: skip
    zone, counts = ZoneInfo(site.zone), dict[int, int]()
    for slot, count in found:
        hour = from_us(int(slot) * _HALF_HOUR_US).astimezone(zone).hour
        counts[hour] = counts.get(hour, 0) + count
    return counts


def _hour_bar(hour: int, count: int, top: int) -> HourBar:
    slot, height = 100 / 24, (BASE_PX - TOP_PX) * count / top
    return HourBar(
        hour, count, round(hour * slot, 2), round((hour + FILL / 2) * slot, 2), round(slot * FILL, 2),
        round(BASE_PX - height, 1), round(height, 1),
    )  # fmt: skip


def _bars(site: ReviewSite, first: int, end: int, field: str) -> list[Bar]:
    """The most frequent values of a search column, named as the newest entry names them; the rest summed."""
    found = list(
        services.reviewed_rows(site.id, first, end)
        .filter(**{f"{field}__isnull": False})
        .values_list(field)
        .annotate(n=Count("index", distinct=True), last=Max("index"))
        .order_by("-n", field)
    )
    most = max((count for _value, count, _last in found), default=0)
    bars = [
        Bar(value, _label(field, value, last), count, round(100 * count / most, 1))
        for value, count, last in found[:MOST_BARS]
    ]
    if rest := sum(count for _value, count, _last in found[MOST_BARS:]):
        label = _("%(n)d others together") % {"n": len(found) - MOST_BARS}
        bars.append(Bar("", label, rest, round(min(100.0, 100 * rest / most), 1)))
    return bars


def _label(field: str, value: str, index: int) -> str:
    """What the entry calls it; its id where the entry's body is gone."""
    body = selectors.listed(selectors.stored_entry(index)).body or {}
    named = [body.get(field), *(body.get(f"{field}s") or ())]
    for each in named:
        if isinstance(each, Mapping) and value in (each.get("id"), each.get("code")):
            return str(_first(each) or value)
    return value


def _first(thing: Mapping[str, Any]) -> Any:
    return thing.get("name") or thing.get("text")
