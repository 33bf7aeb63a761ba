"""Reading the log: receipts, pages of entries, one entry. Selectors log nothing; views log first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError

from accesslog import receipts, registry
from accesslog.desk import groups, probes, search
from accesslog.desk.filters import EVERY_KIND as EVERY_KIND
from accesslog.desk.filters import GROUP
from accesslog.desk.filters import Filters as Filters
from accesslog.desk.search import Question, Search
from accesslog.errors import BodyGone, EntryDamaged, EntryNotFound, LogUnavailable
from accesslog.models import LogBody, LogEntry
from accesslog.stores.base import StoredEntry
from accesslog.types import Receipt, Scope, from_us, to_us

PAGE_SIZE = 50
ROW_FILTERS = tuple(search.COLUMNS)
ALL = 2**47  # above every entry: a search row's id has 63 bits, of which 16 number the rows of an entry


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
    """Entries from the newest to the oldest; whether there is more on either side.

    `whole` are the numbers of the whole answer, newest first, where they are few enough to be known.
    """

    entries: Sequence[Listed]
    has_newer: bool
    has_older: bool
    whole: Sequence[int] | None = None


@contextmanager
def reading() -> Iterator[None]:
    """Turn the database's own failures into LogUnavailable."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise LogUnavailable() from error
    except IntegrityError:
        raise  # a rule of the log was broken: no trouble of the database's
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
        asked = _question(filters or Filters(kind=EVERY_KIND), scope)
        return Search(replace(asked, low=max(asked.low, index), high=min(asked.high, index + 1))).find(
            limit=1
        ) == [index]


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
        asked = Search(_question(filters, scope))
        if after is not None:
            indexes = asked.find(low=after + 1, newest=False, limit=limit + 1)
            more, indexes = len(indexes) > limit, indexes[:limit][::-1]
            has_newer, has_older = more, bool(asked.find(high=after + 1, limit=1))
        else:
            indexes = asked.find(high=before, limit=limit + 1)
            has_older, indexes = len(indexes) > limit, indexes[:limit]
            has_newer = before is not None and bool(asked.find(low=before, newest=False, limit=1))
        stored = _stored(indexes)
    return Page([listed(each) for each in stored], has_newer, has_older, asked.whole)


def numbers(*, filters: Filters, scope: Scope, before: int | None = None, limit: int) -> list[int]:
    """Numbers of the newest matching entries below `before`, at most `limit`; nothing is opened."""
    with reading():
        return Search(_question(filters, scope)).find(high=before, limit=limit)


def people(indexes: Sequence[int]) -> int:
    """How many people these entries are of."""
    with reading():
        return probes.people_of(indexes)


def opened(indexes: Sequence[int]) -> list[Listed]:
    """These entries, opened, in this order; one that is not there is left out."""
    with reading():
        return [listed(each) for each in _stored(indexes)]


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
    return probes.first_at(time_us, end=_end())


def newest_of(kind: str, number: int) -> datetime | None:
    """When the `number`-th newest entry of a kind was logged, None if there are fewer."""
    with reading():
        times = LogEntry.objects.filter(kind=kind).order_by("-index").values_list("time_us", flat=True)
        found = times[number - 1 : number].first()
    return None if found is None else from_us(found)


def _end() -> int:
    last = LogEntry.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def _question(filters: Filters, scope: Scope) -> Question:
    """The question as the search takes it, within what the reader may see."""
    equals = {name: value for name in ROW_FILTERS if (value := getattr(filters, name))}
    sites = None if scope.all_sites else tuple(sorted(scope.sites))
    if sites is not None and "site" in equals:
        sites = None if equals["site"] in sites else ()
    return Question(
        equals=equals,
        sites=sites,
        starts_us=None if filters.footage_from is None else to_us(filters.footage_from),
        ends_us=None if filters.footage_to is None else to_us(filters.footage_to),
        kinds=_kinds(filters.kind),
        low=0 if filters.seen_from is None else first_index_at(to_us(filters.seen_from)),
        high=ALL if filters.seen_to is None else first_index_at(to_us(filters.seen_to)),
    )


def _kinds(asked: str) -> tuple[str, ...] | None:
    """The kinds that are asked for, None for any."""
    if asked == EVERY_KIND:
        return None
    if asked and not asked.startswith(GROUP):
        return (asked,)
    found = probes.kinds_in_log()
    if asked:
        wanted = groups.group(asked.removeprefix(GROUP))
        return tuple(each for each in found if wanted is not None and wanted.holds(each))
    routine = set(registry.routine_kinds())
    kept = tuple(each for each in found if each not in routine)
    return None if len(kept) == len(found) else kept


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
