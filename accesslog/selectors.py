"""Reading the log: receipts, pages of entries, one entry. Selectors log nothing; views log first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import Exists, OuterRef, Q, QuerySet

from accesslog import receipts, registry, spans
from accesslog.errors import BodyGone, EntryDamaged, EntryNotFound, LogUnavailable
from accesslog.models import LogBody, LogEntry, LogIndex
from accesslog.stores.base import StoredEntry
from accesslog.types import Receipt, Scope, from_us, to_us

PAGE_SIZE = 50
# As `Filters.kind`: routine entries too. An empty kind leaves them out.
EVERY_KIND = "*"
ROW_FILTERS = ("actor", "camera", "site", "purpose", "case", "terminal")


@dataclass(frozen=True, slots=True)
class Filters:
    """A question to the log. Ids are those of the search rows; spans are half-open and aware."""

    actor: str = ""
    camera: str = ""
    site: str = ""
    purpose: str = ""
    case: str = ""
    terminal: str = ""
    kind: str = ""
    seen_from: datetime | None = None
    seen_to: datetime | None = None
    footage_from: datetime | None = None
    footage_to: datetime | None = None

    def given(self) -> dict[str, str]:
        """The filters that are set, as text."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
            if value
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry for a page. `body` is None when it was erased or is damaged; `problem` then says which."""

    index: int
    time: datetime
    kind: str
    leaf_hash: bytes
    body: Mapping[str, Any] | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Entries from the newest to the oldest; whether there is more on either side."""

    entries: Sequence[Listed]
    has_newer: bool
    has_older: bool


@contextmanager
def reading() -> Iterator[None]:
    """Turn the database's own failures into LogUnavailable."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise LogUnavailable() from error
    except DatabaseError as error:
        if "log_" in str(error):  # the tables are not there
            raise LogUnavailable() from error
        raise


def load_receipt(index: int) -> Receipt:
    """The receipt of an entry, checked. Raises EntryNotFound, BodyGone, EntryDamaged, LogUnavailable."""
    return receipts.of(stored_entry(index))


def stored_entry(index: int) -> StoredEntry:
    """An entry as it lies in the database. Raises EntryNotFound, LogUnavailable."""
    with reading():
        found = _stored([index])
    if not found:
        raise EntryNotFound()
    return found[0]


def visible(index: int, *, scope: Scope, filters: Filters | None = None) -> bool:
    """Whether the scope (and the question, if one is given) covers this entry."""
    with reading():
        return bool(_indexes(filters or Filters(), scope).filter(index=index).exists())


def entries(
    *,
    filters: Filters,
    scope: Scope,
    before: int | None = None,
    after: int | None = None,
    limit: int = PAGE_SIZE,
) -> Page:
    """A page of the answer: the newest below entry `before`, or the oldest above entry `after`."""
    with reading():
        found = _indexes(filters, scope)
        if after is not None:
            indexes = list(found.filter(index__gt=after).order_by("index")[: limit + 1])
            more, indexes = len(indexes) > limit, indexes[:limit][::-1]
            has_newer, has_older = more, _any(found.filter(index__lte=after))
        else:
            below = found if before is None else found.filter(index__lt=before)
            indexes = list(below.order_by("-index")[: limit + 1])
            has_older, indexes = len(indexes) > limit, indexes[:limit]
            has_newer = before is not None and _any(found.filter(index__gte=before))
        stored = _stored(indexes)
    return Page([listed(each) for each in stored], has_newer, has_older)


def listed(stored: StoredEntry) -> Listed:
    """An entry opened for a page; damage and erasure are said, never raised."""
    body: Mapping[str, Any] | None = None
    problem = ""
    try:
        body = receipts.opened(stored, receipts.decoded(stored)).body
    except BodyGone:
        problem = "erased"
    except EntryDamaged:
        problem = "damaged"
    return Listed(stored.index, from_us(stored.time_us), stored.kind, stored.leaf_hash, body, problem)


def first_index_at(time_us: int) -> int:
    """The index of the first entry at or after a time. Times never fall, so this bisects over the key."""
    low, high = 0, _end()
    while low < high:
        middle = (low + high) // 2
        found = LogEntry.objects.filter(index=middle).values_list("time_us", flat=True).first()
        if found is not None and found < time_us:
            low = middle + 1
        else:
            high = middle
    return low


def _end() -> int:
    last = LogEntry.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def _any(found: QuerySet[Any, int]) -> bool:
    return bool(found.exists())


def _indexes(filters: Filters, scope: Scope) -> QuerySet[Any, int]:
    """Indexes of the entries that match: from the search rows when they are needed, else from the entries."""
    rows = _row_condition(filters, scope)
    found: QuerySet[Any, int]
    if rows is None:
        entries_found = LogEntry.objects.all()
        if filters.kind and filters.kind != EVERY_KIND:
            entries_found = entries_found.filter(kind=filters.kind)
        elif not filters.kind:
            entries_found = entries_found.exclude(kind__in=registry.routine_kinds())
        found = entries_found.values_list("index", flat=True)
    else:
        rows_found = LogIndex.objects.filter(rows)
        if filters.kind and filters.kind != EVERY_KIND:
            same_kind = LogEntry.objects.filter(index=OuterRef("index"), kind=filters.kind)
            rows_found = rows_found.filter(Exists(same_kind))
        found = rows_found.values_list("index", flat=True).distinct()
    if filters.seen_from is not None:
        found = found.filter(index__gte=first_index_at(to_us(filters.seen_from)))
    if filters.seen_to is not None:
        found = found.filter(index__lt=first_index_at(to_us(filters.seen_to)))
    return found


def _row_condition(filters: Filters, scope: Scope) -> Q | None:
    condition = Q()
    for name in ROW_FILTERS:
        if value := getattr(filters, name):
            condition &= Q(**{name: value})
    if not scope.all_sites:
        condition &= Q(site__in=sorted(scope.sites))
    if filters.footage_from is not None or filters.footage_to is not None:
        condition &= _overlaps(filters.footage_from, filters.footage_to)
    return condition or None


def _overlaps(starts: datetime | None, ends: datetime | None) -> Q:
    condition = Q(span_class__isnull=False)
    ends_us = None if ends is None else to_us(ends)
    if starts is None:
        return condition & Q(footage_from_us__lt=ends_us)
    starts_us = to_us(starts)
    classes = Q()
    for number, lowest in spans.start_ranges(starts_us):
        one = Q(span_class=number)
        if lowest is not None:
            one &= Q(footage_from_us__gte=lowest)
        if ends_us is not None:
            one &= Q(footage_from_us__lt=ends_us)
        classes |= one
    # An instant (a still) is a span without length: it is in a span that starts with it.
    reaches = Q(footage_to_us__gt=starts_us) | Q(footage_from_us=starts_us)
    return condition & classes & reaches


def _stored(indexes: Sequence[int]) -> list[StoredEntry]:
    """Entries with their bodies, in the order of `indexes`."""
    bodies = {each.index: each for each in LogBody.objects.filter(index__in=indexes)}
    found = {}
    for each in LogEntry.objects.filter(index__in=indexes):
        body = bodies.get(each.index)
        found[each.index] = StoredEntry(
            each.index, each.event_id, each.time_us, each.kind, bytes(each.entry), bytes(each.leaf_hash),
            None if body is None else bytes(body.sealed), None if body is None else body.key_id,
        )  # fmt: skip
    return [found[index] for index in indexes if index in found]
