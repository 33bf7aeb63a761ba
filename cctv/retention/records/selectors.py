"""What the page of records shows: by class how long and why, what is oldest, what ends next."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from accesslog import pruning
from accesslog.models import LogEntry
from accesslog.selectors import reading
from accesslog.types import from_us
from cctv.core import clock
from cctv.retention.records import ending, rules
from cctv.retention.records.extent import extent
from cctv.retention.records.models import RecordClass, RecordErasure, RecordRule


@dataclass(frozen=True, slots=True)
class Kept:
    """A class as it stands: the rule, the law's minimum, the oldest record, and the next end."""

    record_class: str
    label: str
    months: int
    is_default: bool
    reason: str
    least: rules.Least
    advised: rules.Least
    oldest_at: datetime | None
    next_month: str
    next_at: datetime
    next_records: int
    next_rows: int
    coming: RecordRule | None
    unfinished: RecordErasure | None


def kept(record_class: str, now: datetime | None = None) -> Kept:
    """One class. LogUnavailable."""
    now = now or clock.now()
    force = rules.in_force(record_class, now)
    month = pruning.first_kept_month(now, force.months)
    due = extent(record_class, month)
    next_month = month if not due.is_empty else _month_after(month)
    coming = due if not due.is_empty else extent(record_class, next_month)
    open_rows = RecordErasure.objects.filter(record_class=record_class).exclude(state=ending.DONE)
    return Kept(
        record_class=record_class,
        label=str(RecordClass(record_class).label),
        months=force.months,
        is_default=force.rule is None,
        reason=force.reason,
        least=rules.least(record_class),
        advised=rules.advised(record_class),
        oldest_at=oldest(record_class),
        next_month=_month_before(next_month),
        next_at=now if not due.is_empty else _first_of_next(now),
        next_records=coming.records,
        next_rows=coming.rows,
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


def _month_after(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def _month_before(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year - (number == 1):04d}-{12 if number == 1 else number - 1:02d}"


def _first_of_next(now: datetime) -> datetime:
    return pruning.month_start(_month_after(f"{now:%Y-%m}"))
