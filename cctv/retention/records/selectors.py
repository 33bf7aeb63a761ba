"""What the page of records shows: by class how long and why, what is oldest, what ends next."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from accesslog import pruning
from accesslog.models import LogEntry
from accesslog.selectors import reading
from accesslog.types import from_us
from cctv.core import clock
from cctv.retention.records import ending, rules, services
from cctv.retention.records.extent import Extent, extent
from cctv.retention.records.models import RecordClass, RecordErasure, RecordRule


@dataclass(frozen=True, slots=True)
class Kept:
    """A class as it stands: the rule, the law's minimum, the oldest record, and the next end."""

    record_class: str
    label: str
    months: int
    is_default: bool
    # What is set is less than this jurisdiction asks for now, which counts instead; else "".
    said: int
    law: str
    reason: str
    least: rules.Least
    advised: rules.Least
    oldest_at: datetime | None
    next_month: str
    next_at: datetime
    next_records: int
    next_rows: int
    # The log was silent before what stays: nobody can tell when the entries before were made.
    waits: bool
    coming: RecordRule | None
    unfinished: RecordErasure | None


def kept(record_class: str, now: datetime | None = None) -> Kept:
    """One class. LogUnavailable."""
    now = now or clock.now()
    force = rules.in_force(record_class, now)
    oldest_at = oldest(record_class)
    coming = _next(record_class, pruning.first_kept_month(now, force.months), oldest_at)
    open_rows = RecordErasure.objects.filter(record_class=record_class).exclude(state=ending.DONE)
    return Kept(
        record_class=record_class,
        label=str(RecordClass(record_class).label),
        months=force.months,
        is_default=force.is_default,
        said=force.said,
        law=force.law,
        reason=force.reason,
        least=rules.least(record_class),
        advised=rules.advised(record_class),
        oldest_at=oldest_at,
        next_month=_plus(coming.kept_from, -1),
        next_at=max(now, pruning.month_start(_plus(coming.kept_from, force.months))),
        next_records=coming.records,
        next_rows=coming.rows,
        waits=not coming.is_empty and services.silent_before(coming.below),
        coming=rules.coming(record_class, now),
        unfinished=open_rows.order_by("started_at").first(),
    )


def oldest(record_class: str) -> datetime | None:
    """When the oldest entry of the class that still says something was made."""
    ends = RecordErasure.objects.filter(record_class=record_class).exclude(state=ending.STARTED)
    below = ends.aggregate(below=Max("below"))["below"] or 0
    first: int | None = None
    with reading():
        for kind in pruning.kinds_of(record_class):
            entries = LogEntry.objects.filter(kind=kind, index__gte=below)
            if first is not None:
                entries = entries.filter(index__lt=first)
            # In order of the index (kind, index): one look for each kind, however long the log is.
            found = entries.order_by("index").values_list("index", flat=True).first()
            first = first if found is None else found
        if first is None:
            return None
        return from_us(LogEntry.objects.values_list("time_us", flat=True).get(pk=first))


def _next(record_class: str, kept_from: str, oldest_at: datetime | None) -> Extent:
    """What ends next: now, with this month's end, or else when the oldest record's month is over."""
    due = extent(record_class, kept_from)
    if not due.is_empty:
        return due
    coming = extent(record_class, _plus(kept_from, 1))
    if coming.is_empty and oldest_at is not None:
        return extent(record_class, max(_plus(f"{oldest_at:%Y-%m}", 1), coming.kept_from))
    return coming


def _plus(month: str, months: int) -> str:
    """The month ("YYYY-MM") so many months later."""
    year, number = map(int, month.split("-"))
    count = year * 12 + number - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"
