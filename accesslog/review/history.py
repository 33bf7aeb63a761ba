"""What a rule may ask about the time before an entry: a few bounded questions to the search rows.

Everything is asked about entries before a given one, so a rule gives the same answer whenever it is run.
What is remembered between entries is bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from accesslog.models import LogEntry, LogIndex
from accesslog.selectors import first_index_at
from accesslog.types import to_us

MOST_COUNTED = 10_000
REMEMBERED = 20_000
_HOUR_US = 3_600_000_000
_FIELDS = ("actor", "camera", "site", "purpose", "case", "terminal")


@dataclass(frozen=True, slots=True)
class Row:
    """A search row of an entry; "" and None where it says nothing."""

    index: int
    actor: str = ""
    camera: str = ""
    site: str = ""
    purpose: str = ""
    case: str = ""
    terminal: str = ""
    footage_from_us: int | None = None
    footage_to_us: int | None = None


def rows_of(found: QuerySet[LogIndex]) -> list[Row]:
    """Search rows as values."""
    columns = ("index", *_FIELDS, "footage_from_us", "footage_to_us")
    rows = []
    for index, *texts, starts, ends in found.order_by("id").values_list(*columns):
        named = dict(zip(_FIELDS, (text or "" for text in texts), strict=True))
        rows.append(Row(index=index, footage_from_us=starts, footage_to_us=ends, **named))
    return rows


class _Remembered(OrderedDict[Any, Any]):
    """The most recently used answers."""

    def keep(self, key: Any, value: Any) -> Any:
        self[key] = value
        self.move_to_end(key)
        if len(self) > REMEMBERED:
            self.popitem(last=False)
        return value


class History:
    """The log before an entry."""

    def __init__(self) -> None:
        self._starts = _Remembered()
        self._days = _Remembered()

    def index_at(self, time_us: int) -> int:
        """The first entry at or after a time; hours are remembered, so neighbours cost little."""
        hour = time_us // _HOUR_US
        if time_us % _HOUR_US == 0:
            return self._hour(hour)
        low, high = self._hour(hour), self._hour(hour + 1)
        while low < high:
            middle = (low + high) // 2
            found = LogEntry.objects.filter(index=middle).values_list("time_us", flat=True).first()
            if found is not None and found < time_us:
                low = middle + 1
            else:
                high = middle
        return low

    def count(
        self, *, kinds: Collection[str], since: datetime, before: int, actor: str = "", camera: str = "",
        terminal: str = "",
    ) -> int:  # fmt: skip
        """How many entries of these kinds there were from `since` on, before an entry; 10,000 at most."""
        found = _rows(kinds, self.index_at(to_us(since)), before)
        for name, value in (("actor", actor), ("camera", camera), ("terminal", terminal)):
            if value:
                found = found.filter(**{name: value})
        return found.values("index").distinct()[:MOST_COUNTED].count()

    def incidents(
        self, *, kinds: Collection[str], camera: str, since: datetime, before: int, most: int = 50
    ) -> list[Row]:
        """The newest rows of these kinds about a camera from `since` on."""
        found = _rows(kinds, self.index_at(to_us(since)), before).filter(camera=camera)
        newest = found.order_by("-index").values_list("id", flat=True)[:most]
        return rows_of(LogIndex.objects.filter(id__in=list(newest)))

    def seconds(
        self, *, kinds: Collection[str], actor: str, day: date, zone: tzinfo, before: int,
        running: bool = False,
    ) -> int:  # fmt: skip
        """Footage in seconds that a person's entries of these kinds cover on a day, before an entry.

        `running`: the entry before `before` is of that day, so its end need not be looked for.
        """
        starts = self._midnight(day, zone)
        ends = before if running else self._midnight(day + timedelta(days=1), zone)
        key = (actor, day, str(zone), tuple(sorted(kinds)))
        until = min(ends, before)
        upto, total_us = self._days.get(key, (starts, 0))
        if until < upto:  # asked again about an earlier entry: counted anew, remembered is the later one
            return _covered_us(kinds, actor, starts, until) // 1_000_000
        if until > upto:
            total_us += _covered_us(kinds, actor, upto, until)
        self._days.keep(key, (until, total_us))
        return int(total_us) // 1_000_000

    def _midnight(self, day: date, zone: tzinfo) -> int:
        return self.index_at(to_us(datetime.combine(day, time(), tzinfo=zone)))

    def _hour(self, hour: int) -> int:
        if (known := self._starts.get(hour)) is not None:
            return int(known)
        found = first_index_at(hour * _HOUR_US)
        # The end of the log is no hour's final place: more may come before that hour is over.
        if LogEntry.objects.filter(index=found).exists():
            self._starts.keep(hour, found)
        return found


def _rows(kinds: Collection[str], first: int, before: int) -> QuerySet[LogIndex]:
    same_kind = LogEntry.objects.filter(index=OuterRef("index"), kind__in=sorted(kinds))
    return LogIndex.objects.filter(Exists(same_kind), index__gte=first, index__lt=before)


def _covered_us(kinds: Collection[str], actor: str, first: int, before: int) -> int:
    found = _rows(kinds, first, before).filter(actor=actor, footage_from_us__isnull=False)
    total = found.aggregate(us=Sum(F("footage_to_us") - F("footage_from_us")))["us"]
    return int(total or 0)
