"""Finding the entries that answer a question, newest or oldest first, in any log that fits on a disk.

A question is a conjunction: ids, a span of footage, sites, kinds, a range of numbers. Each part alone is
a list that an index keeps in the order of entry numbers (or a few such lists, the *arms*, to be merged). The
shortest list *drives*; the other parts are looked up entry by entry, until the page is full. So the cost
follows the rarest part, not the size of the log.

Footage is kept in buckets of 2**40 µs (12.7 days) by its start: whatever overlaps [a, b) starts in a bucket
of that range, or in the one before it, unless it is longer than LONG_CLASS allows; those few have an index of
their own. Hand-written SQL, because the order of execution is the point.
"""

# ruff: noqa: S608 - statements are put together of constants; what people ask goes in as parameters

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

from accesslog import conf, spans
from accesslog.spans import BUCKET_BITS, LONG_CLASS

BUCKET = f"(footage_from_us >> {BUCKET_BITS})"
MAX_ARMS = 300
COLUMNS = {
    "actor": "actor_id", "camera": "camera_id", "site": "site_id", "purpose": "purpose",
    "case": "case_id", "terminal": "terminal",
}  # fmt: skip
# With how many entries a list is short enough to drive without looking at the others.
_SHORT, _LONG = 256, 20_000
# What drives when every list is long, the likely shortest first.
_ORDER = ("case", "camera", "footage", "actor", "terminal", "purpose", "site", "sites", "kinds")


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition with its parameters."""

    text: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: Sql) -> Sql:
        if not (self.text and other.text):
            return self if self.text else other
        return Sql(f"{self.text} AND {other.text}", (*self.values, *other.values))


@dataclass(frozen=True, slots=True)
class Question:
    """A question in the log's own terms. `equals`: name (see COLUMNS) to id; `kinds` None is any kind.

    `sites` are those that the reader may see, None for all. Entry numbers lie in [low, high).
    """

    equals: dict[str, str]
    sites: tuple[str, ...] | None
    starts_us: int | None
    ends_us: int | None
    kinds: tuple[str, ...] | None
    low: int
    high: int

    @property
    def has_footage(self) -> bool:
        return self.starts_us is not None or self.ends_us is not None

    @property
    def needs_rows(self) -> bool:
        return bool(self.equals) or self.sites is not None or self.has_footage


@dataclass(frozen=True, slots=True)
class Driver:
    """Lists in the order of entry numbers: conditions on `table`, each answered by `index`."""

    name: str
    table: str
    arms: tuple[Sql, ...]
    index: str


def find(question: Question, *, newest: bool, limit: int) -> list[int]:
    """At most `limit` numbers of matching entries, each once, from the newest or the oldest on."""
    if question.low >= question.high or question.kinds == () or question.sites == ():
        return []
    return _Search(question).find(newest=newest, limit=limit)


def kinds_in_log() -> list[str]:
    """The kinds that the log holds, by one index probe each."""
    return [
        row[0]
        for row in _rows(
            "WITH RECURSIVE k(kind) AS (SELECT min(kind) FROM log_entry UNION ALL SELECT "
            "(SELECT min(kind) FROM log_entry WHERE kind > k.kind) FROM k WHERE k.kind IS NOT NULL) "
            "SELECT kind FROM k WHERE kind IS NOT NULL"
        )
    ]


class _Search:
    """One question on its way to an answer."""

    def __init__(self, question: Question) -> None:
        self._asked = question
        self._vendor = connections[conf.database()].vendor
        self._range = Sql("{0}.entry_index >= %s AND {0}.entry_index < %s", (question.low, question.high))

    def find(self, *, newest: bool, limit: int) -> list[int]:
        with transaction.atomic(using=conf.database()):
            self._steer()
            driver = self._driver()
            if not driver.arms:
                return []
            return self._walk(driver, "DESC" if newest else "ASC", limit)

    def _steer(self) -> None:
        """PostgreSQL: walk indexes in their order; a plan that sorts everything first is never the better."""
        if self._vendor == "postgresql":
            for name in ("bitmapscan", "seqscan", "hashjoin", "hashagg"):
                _run(f"SET LOCAL enable_{name} = off")
            _run("SET LOCAL max_parallel_workers_per_gather = 0")
            _run("SET LOCAL jit = off")

    # ------------------------------------------------------------------ which list drives

    def _driver(self) -> Driver:
        drivers = self._drivers()
        if len(drivers) > 1:
            for each in drivers:
                if self._length(each, _SHORT) < _SHORT:
                    return each
            lengths = [self._length(each, _LONG) for each in drivers]
            if min(lengths) < _LONG:
                return drivers[lengths.index(min(lengths))]
        return drivers[0]

    def _drivers(self) -> list[Driver]:
        asked, found = self._asked, []
        for name, value in asked.equals.items():
            if not (name == "camera" and asked.has_footage):
                column = COLUMNS[name]
                arm = Sql(f"{column} = %s", (value,))
                found.append(Driver(name, "log_index", (arm,), f"log_index_by_{name}"))
        if asked.has_footage:
            found.append(self._footage(asked.equals.get("camera")))
        if asked.sites is not None and "site" not in asked.equals:
            arms = tuple(Sql("site_id = %s", (each,)) for each in asked.sites)
            found.append(Driver("sites", "log_index", arms, "log_index_by_site"))
        if asked.kinds is not None:
            arms = tuple(Sql("kind = %s", (each,)) for each in asked.kinds)
            found.append(Driver("kinds", "log_entry", arms, "log_entry_by_kind"))
        if not found:
            found.append(Driver("all", "log_entry", (Sql(""),), ""))
        return sorted(found, key=lambda each: _ORDER.index(each.name) if each.name in _ORDER else 0)

    def _length(self, driver: Driver, most: int) -> int:
        """How many rows a list has, counted up to `most`."""
        arms = [self._select(driver, arm, self._in_range(driver.table), "") for arm in driver.arms]
        if not arms:
            return 0
        inner = " UNION ALL ".join(each.text for each in arms)
        values = [value for each in arms for value in each.values]
        counted = f"SELECT count(*) FROM (SELECT 1 FROM ({inner}) u LIMIT {most}) c"
        return int(_rows(counted, values)[0][0])

    # ------------------------------------------------------------------ walking it

    def _walk(self, driver: Driver, order: str, limit: int) -> list[int]:
        rest = self._in_range(driver.table) & self._rest(driver)
        # PostgreSQL merges ordered arms as it goes; SQLite would collect them whole, so each is cut there.
        cut = f" ORDER BY entry_index {order} LIMIT {limit}"
        lazy = self._vendor == "postgresql" or len(driver.arms) == 1
        arms = [self._select(driver, arm, rest, "" if lazy else cut) for arm in driver.arms]
        if len(arms) == 1:
            text = arms[0].text.replace("SELECT entry_index", "SELECT DISTINCT entry_index", 1) + cut
        else:
            parts = [each.text if lazy else f"SELECT * FROM ({each.text})" for each in arms]
            text = f"SELECT DISTINCT entry_index FROM ({' UNION ALL '.join(parts)}) u{cut}"
        return [row[0] for row in _rows(text, [value for each in arms for value in each.values])]

    def _select(self, driver: Driver, arm: Sql, rest: Sql, end: str) -> Sql:
        hint = f" INDEXED BY {driver.index}" if driver.index and self._vendor == "sqlite" else ""
        if driver.name == "footage" and self._vendor == "sqlite" and "span_class >=" in arm.text:
            hint = " INDEXED BY log_index_by_long_span"
        where = arm & rest
        distinct = "SELECT DISTINCT entry_index" if end else "SELECT entry_index"
        return Sql(f"{distinct} FROM {driver.table}{hint} WHERE {where.text}{end}", where.values)

    def _in_range(self, table: str) -> Sql:
        return Sql(self._range.text.format(table), self._range.values)

    def _rest(self, driver: Driver) -> Sql:
        """What the driver's arms leave open."""
        if driver.table == "log_entry":
            if not self._asked.needs_rows:
                return Sql("")
            rows = self._row_conditions("", alias="r.")
            within = "r.id >= (log_entry.entry_index << 16) AND r.id < ((log_entry.entry_index + 1) << 16)"
            return Sql(f"EXISTS (SELECT 1 FROM log_index r WHERE {within} AND {rows.text})", rows.values)
        rest = self._row_conditions(driver.name)
        kinds = self._asked.kinds
        if kinds is None:
            return rest
        marks = ", ".join(["%s"] * len(kinds))
        # A scalar subquery, so that nothing joins (and sorts) the whole lists.
        own = "(SELECT e.kind FROM log_entry e WHERE e.entry_index = log_index.entry_index)"
        return rest & Sql(f"{own} IN ({marks})", kinds)

    def _row_conditions(self, driving: str, alias: str = "") -> Sql:
        asked, found = self._asked, Sql("")
        for name, value in asked.equals.items():
            if name != driving and not (driving == "footage" and name == "camera"):
                found &= Sql(f"{alias}{COLUMNS[name]} = %s", (value,))
        if asked.sites is not None and driving != "sites":
            marks = ", ".join(["%s"] * len(asked.sites))
            found &= Sql(f"{alias}site_id IN ({marks})", asked.sites)
        if asked.has_footage and driving != "footage":
            found &= self._overlap(alias)
        return found

    # ------------------------------------------------------------------ footage

    def _overlap(self, alias: str = "") -> Sql:
        """Spans that overlap [starts, ends). An instant (a still) is in a span that starts with it."""
        asked, found = self._asked, Sql(f"{alias}span_class IS NOT NULL")
        if asked.ends_us is not None:
            found &= Sql(f"{alias}footage_from_us < %s", (asked.ends_us,))
        if asked.starts_us is not None:
            reaches = f"({alias}footage_to_us > %s OR {alias}footage_from_us = %s)"
            found &= Sql(reaches, (asked.starts_us, asked.starts_us))
        return found

    def _footage(self, camera: str | None) -> Driver:
        """The lists of one camera's footage, or of all."""
        of_camera = Sql("camera_id = %s", (camera,)) if camera else Sql("")
        short = of_camera & Sql(f"span_class < {LONG_CLASS}")
        overlap = self._overlap()
        arms = [Sql(f"{BUCKET} = %s", (each,)) & short & overlap for each in self._buckets(short)]
        if len(arms) > MAX_ARMS:
            # More than ten years of footage: the oldest buckets are read as one list, which is sorted.
            oldest = Sql(f"{BUCKET} <= %s", arms[-MAX_ARMS].values[:1]) & short & overlap
            arms = [*arms[1 - MAX_ARMS :], oldest]
        arms.append(of_camera & Sql(f"span_class >= {LONG_CLASS}") & overlap)
        index = "log_index_by_camera_bucket" if camera else "log_index_by_bucket"
        return Driver("footage", "log_index", tuple(arms), index)

    def _buckets(self, short: Sql) -> list[int]:
        """The buckets of the span that hold anything, by one index probe each, oldest first."""
        asked = self._asked
        reach = spans.LIMITS_US[LONG_CLASS - 1]
        low = -(2**22) if asked.starts_us is None else (asked.starts_us - reach) >> BUCKET_BITS
        high = 2**23 if asked.ends_us is None else (asked.ends_us - 1) >> BUCKET_BITS
        index = "log_index_by_camera_bucket" if "camera_id" in short.text else "log_index_by_bucket"
        hint = f" INDEXED BY {index}" if self._vendor == "sqlite" else ""
        least, next_one = (
            f"SELECT {BUCKET} FROM log_index{hint} WHERE {short.text} AND {BUCKET} {beyond} "
            f"ORDER BY {BUCKET} LIMIT 1"
            for beyond in (">= %s", "> b.n")
        )
        text = (
            f"WITH RECURSIVE b(n) AS (SELECT ({least}) UNION ALL SELECT ({next_one}) FROM b "
            "WHERE b.n IS NOT NULL AND b.n < %s) SELECT n FROM b WHERE n IS NOT NULL AND n <= %s"
        )
        return [row[0] for row in _rows(text, [*short.values, low, *short.values, high, high])]


def _rows(text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(text, list(values))
        return list(cursor.fetchall())


def _run(text: str) -> None:
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(text)
