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

import re
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

from accesslog import conf, spans
from accesslog.desk.probes import rows, run
from accesslog.spans import BUCKET_BITS, LONG_CLASS

BUCKET = f"(footage_from_us >> {BUCKET_BITS})"
MAX_ARMS = 300
# So many kinds are worth a list of their own; more are looked up entry by entry.
FEW_KINDS = 3
COLUMNS = {
    "actor": "actor_id", "camera": "camera_id", "site": "site_id", "purpose": "purpose",
    "case": "case_id", "terminal": "terminal",
}  # fmt: skip
# A list with fewer rows is short enough to be read whole; beyond the second, none is short.
_SHORT, _LONG = 1_500, 20_000
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
    """Lists in the order of entry numbers: conditions on `table`, each answered by `index`.

    `holds` are the parts of the question that they answer: names of ids, "sites", "footage", "kinds".
    """

    name: str
    table: str
    arms: tuple[Sql, ...]
    index: str
    holds: frozenset[str]
    loose: tuple[Sql, ...] = ()  # the same rows in fewer lists, in no order


class Search:
    """A question on its way to its answer; ask it for several places of the answer at once."""

    def __init__(self, question: Question) -> None:
        self._asked = question
        self._vendor = connections[conf.database()].vendor
        self._chosen: Driver | None = None
        self._whole: list[int] | None = None
        if question.low >= question.high or question.kinds == () or question.sites == ():
            self._whole = []

    @property
    def _sites(self) -> tuple[str, ...] | None:
        """The only sites that it can be about."""
        site = self._asked.equals.get("site")
        return self._asked.sites if site is None else (site,)

    @property
    def whole(self) -> list[int] | None:
        """After `find`: the whole answer, newest first, if a part of the question is rare."""
        return self._whole

    def find(self, *, low: int = 0, high: int | None = None, newest: bool = True, limit: int) -> list[int]:
        """At most `limit` numbers of matching entries in [low, high), each once, newest or oldest first."""
        asked = self._asked
        low, high = max(low, asked.low), asked.high if high is None else min(high, asked.high)
        if low >= high:
            return []
        with transaction.atomic(using=conf.database()):
            self._steer()
            if self._whole is None and self._chosen is None:
                self._choose()
            if self._whole is not None:
                within = [each for each in self._whole if low <= each < high]
                return within[:limit] if newest else within[::-1][:limit]
            assert self._chosen is not None
            return self._walk(self._chosen, low, high, "DESC" if newest else "ASC", limit)

    def _steer(self) -> None:
        """PostgreSQL: walk indexes in their order; a plan that sorts everything first is never the better."""
        if self._vendor == "postgresql":
            for name in (
                "bitmapscan",
                "seqscan",
                "hashjoin",
                "hashagg",
                "sort",
                "incremental_sort",
                "material",
            ):
                run(f"SET LOCAL enable_{name} = off")
            run("SET LOCAL max_parallel_workers_per_gather = 0")
            run("SET LOCAL jit = off")

    # ------------------------------------------------------------------ which list drives

    def _choose(self) -> None:
        """Take the whole answer if one list is short, else the shortest list to walk."""
        drivers = self._drivers()
        # That an entry is of one of many kinds hardly ever narrows anything.
        drivers = [each for each in drivers if each.name != "kinds" or len(each.arms) <= FEW_KINDS] or drivers
        if drivers[0].name != "all":
            for each in drivers:
                if (found := self._entries(each)) is not None:
                    self._whole = self._matching(found)
                    return
        self._chosen = drivers[0]
        if len(drivers) > 1:
            lengths = [self._length(each) for each in drivers]
            if min(lengths) < _LONG:
                self._chosen = drivers[lengths.index(min(lengths))]

    def _drivers(self) -> list[Driver]:
        asked, found = self._asked, []
        for name, value in asked.equals.items():
            if name == "actor" and self._sites is not None:
                arms = tuple(Sql("actor_id = %s AND site_id = %s", (value, each)) for each in self._sites)
                own = frozenset({"actor", "site", "sites"})
                found.append(Driver("actor", "log_index", arms, "log_index_by_actor_site", own))
            elif not (name == "camera" and asked.has_footage):
                column = COLUMNS[name]
                arm = Sql(f"{column} = %s", (value,))
                found.append(Driver(name, "log_index", (arm,), f"log_index_by_{name}", frozenset({name})))
        if asked.has_footage:
            found.append(self._footage(asked.equals.get("camera")))
        if asked.sites is not None and "site" not in asked.equals:
            arms = tuple(Sql("site_id = %s", (each,)) for each in asked.sites)
            found.append(Driver("sites", "log_index", arms, "log_index_by_site", frozenset({"sites"})))
        if asked.kinds is not None:
            arms = tuple(Sql("kind = %s", (each,)) for each in asked.kinds)
            found.append(Driver("kinds", "log_entry", arms, "log_entry_by_kind", frozenset({"kinds"})))
        if not found:
            found.append(Driver("all", "log_entry", (Sql(""),), "", frozenset()))
        return sorted(found, key=lambda each: _ORDER.index(each.name) if each.name in _ORDER else 0)

    def _entries(self, driver: Driver) -> set[int] | None:
        """The entries of a short list, None for a longer one."""
        text, values = self._any_order(driver, "entry_index")
        found = [row[0] for row in rows(f"{text} LIMIT {_SHORT}", values)] if text else []
        return set(found) if len(found) < _SHORT else None

    def _length(self, driver: Driver) -> int:
        """How many rows a list has, counted up to `_LONG`."""
        text, values = self._any_order(driver, "1")
        counted = f"SELECT count(*) FROM (SELECT 1 FROM ({text}) u LIMIT {_LONG}) c"
        return int(rows(counted, values)[0][0]) if text else 0

    def _any_order(self, driver: Driver, what: str) -> tuple[str, list[Any]]:
        within = _within(driver.table, self._asked.low, self._asked.high)
        arms = [self._select(driver, arm, within, what) for arm in driver.loose or driver.arms]
        return " UNION ALL ".join(each.text for each in arms), [v for each in arms for v in each.values]

    def _matching(self, entries: set[int]) -> list[int]:
        """Of these entries those that match the whole question, newest first."""
        if not entries:
            return []
        listed = ", ".join(f"({each})" for each in sorted(entries))
        where = self._has_row("c.n") if self._asked.needs_rows else Sql("")
        where &= self._of_kind("(SELECT e.kind FROM log_entry e WHERE e.entry_index = c.n)")
        there = "EXISTS (SELECT 1 FROM log_entry e WHERE e.entry_index = c.n)"
        matches = where.text or there
        text = f"WITH c(n) AS (VALUES {listed}) SELECT DISTINCT n FROM c WHERE {matches} ORDER BY n DESC"
        return [row[0] for row in rows(text, where.values)]

    def _of_kind(self, column: str) -> Sql:
        kinds = self._asked.kinds
        if kinds is None:
            return Sql("")
        return Sql(f"{column} IN ({', '.join(['%s'] * len(kinds))})", kinds)

    # ------------------------------------------------------------------ walking it

    def _walk(self, driver: Driver, low: int, high: int, order: str, limit: int) -> list[int]:
        within = _within(driver.table, low, high)
        end = f" ORDER BY entry_index {order}"
        cut = f"{end} LIMIT {limit}"
        check = Sql("")
        if self._vendor == "postgresql":
            # The lists are intersected within their indexes; only what is in all of them is looked at.
            rest, check = within & self._in_lists(driver, low, high), self._check(driver)
        else:
            rest = within & self._rest(driver)
        what = "DISTINCT entry_index" if driver.table == "log_index" else "entry_index"
        # Each arm comes in order and is cut, so that the whole is merged as it goes.
        arms = [self._select(driver, arm, rest, what, end if check.text else cut) for arm in driver.arms]
        text = arms[0].text
        if len(arms) > 1:
            parts = " UNION ALL ".join(f"SELECT * FROM ({each.text}) arm" for each in arms)
            text = f"SELECT DISTINCT entry_index FROM ({parts}) u{end if check.text else cut}"
        if check.text:
            text = f"SELECT entry_index FROM ({text}) n WHERE {check.text}{cut}"
        return [row[0] for row in rows(text, [value for each in (*arms, check) for value in each.values])]

    def _in_lists(self, driver: Driver, low: int, high: int) -> Sql:
        """That the other lists have an entry of the driver's, too: told by their indexes alone."""
        asked, found = self._asked, Sql("")

        def listed(table: str, condition: str, values: tuple[Any, ...]) -> Sql:
            within = _within("l", low, high)
            same = f"l.entry_index = {driver.table}.entry_index AND {within.text}"
            return Sql(
                f"EXISTS (SELECT 1 FROM {table} l WHERE {condition} AND {same})", (*values, *within.values)
            )

        for name, value in asked.equals.items():
            if name not in driver.holds:
                found &= listed("log_index", f"{COLUMNS[name]} = %s", (value,))
        if asked.sites is not None and "sites" not in driver.holds:
            marks = ", ".join(["%s"] * len(asked.sites))
            found &= listed("log_index", f"site_id IN ({marks})", asked.sites)
        if asked.kinds is not None and len(asked.kinds) <= FEW_KINDS and driver.table != "log_entry":
            found &= listed("log_entry", self._of_kind("l.kind").text, asked.kinds)
        return found

    def _check(self, driver: Driver) -> Sql:
        """What the lists leave open: that one row has it all, and kinds where they are many."""
        asked, found = self._asked, Sql("")
        parts = {*asked.equals, *(["sites"] if asked.sites is not None else [])}
        if (asked.has_footage and "footage" not in driver.holds) or not parts <= driver.holds:
            found &= self._has_row("n.entry_index")
        if asked.kinds is not None and len(asked.kinds) > FEW_KINDS and driver.table != "log_entry":
            found &= self._of_kind("(SELECT e.kind FROM log_entry e WHERE e.entry_index = n.entry_index)")
        return found

    def _select(self, driver: Driver, arm: Sql, rest: Sql, what: str, end: str = "") -> Sql:
        hint = f" INDEXED BY {driver.index}" if driver.index and self._vendor == "sqlite" else ""
        if hint and "span_class >=" in arm.text:
            hint = hint.replace("bucket", "long" if "camera" in driver.index else "long_span")
        where = arm & rest
        return Sql(f"SELECT {what} FROM {driver.table}{hint} WHERE {where.text}{end}", where.values)

    def _rest(self, driver: Driver) -> Sql:
        """What the driver's arms leave open."""
        if driver.table == "log_entry":
            if not self._asked.needs_rows:
                return Sql("")
            return self._has_row("log_entry.entry_index")
        rest = self._row_conditions(driver.holds)
        if self._asked.kinds is not None and len(self._asked.kinds) <= FEW_KINDS:
            same = "e.entry_index = log_index.entry_index"
            listed = self._of_kind("e.kind")
            return rest & Sql(
                f"EXISTS (SELECT 1 FROM log_entry e WHERE {listed.text} AND {same})", listed.values
            )
        # A scalar subquery: many kinds are told by the entry itself.
        return rest & self._of_kind(
            "(SELECT e.kind FROM log_entry e WHERE e.entry_index = log_index.entry_index)"
        )

    def _row_conditions(self, held: frozenset[str]) -> Sql:
        asked, found = self._asked, Sql("")
        for name, value in asked.equals.items():
            if name not in held:
                found &= Sql(f"{COLUMNS[name]} = %s", (value,))
        if asked.sites is not None and "sites" not in held:
            marks = ", ".join(["%s"] * len(asked.sites))
            found &= Sql(f"site_id IN ({marks})", asked.sites)
        if asked.has_footage and "footage" not in held:
            found &= self._overlap()
        return found

    def _has_row(self, entry: str) -> Sql:
        """Whether an entry has a search row that matches, looked up by the rows' primary key.

        The columns are hidden from the planners (`|| ''`, `+ 0`), who would rather read another list whole.
        """
        rows = self._row_conditions(frozenset())
        hidden = re.sub(r"\b(\w+_id|purpose|terminal)\b", r"(r.\1 || '')", rows.text)
        hidden = re.sub(r"\b(footage_\w+_us|span_class)\b", r"(r.\1 + 0)", hidden)
        within = f"r.id >= ({entry} << 16) AND r.id < (({entry} + 1) << 16)"
        return Sql(f"EXISTS (SELECT 1 FROM log_index r WHERE {within} AND {hidden})", rows.values)

    # ------------------------------------------------------------------ footage

    def _overlap(self) -> Sql:
        """Spans that overlap [starts, ends). An instant (a still) is in a span that starts with it."""
        asked, found = self._asked, Sql("span_class IS NOT NULL")
        if asked.ends_us is not None:
            found &= Sql("footage_from_us < %s", (asked.ends_us,))
        if asked.starts_us is not None:
            reaches = "(footage_to_us > %s OR footage_from_us = %s)"
            found &= Sql(reaches, (asked.starts_us, asked.starts_us))
        return found

    def _footage(self, camera: str | None) -> Driver:
        """The lists of one camera's footage, or of all."""
        of_camera = Sql("camera_id = %s", (camera,)) if camera else Sql("")
        short = of_camera & Sql(f"span_class < {LONG_CLASS}")
        overlap = self._overlap()
        arms = [Sql(f"{BUCKET} = %s", (each,)) & short & overlap for each in self._buckets(short)]
        found = [arm.values[0] for arm in arms]
        spread = Sql(f"{BUCKET} >= %s AND {BUCKET} <= %s", (min(found, default=0), max(found, default=-1)))
        if len(arms) > MAX_ARMS:
            # More than ten years of footage: the oldest buckets are read as one list, which is sorted.
            oldest = Sql(f"{BUCKET} <= %s", arms[-MAX_ARMS].values[:1]) & short & overlap
            arms = [*arms[1 - MAX_ARMS :], oldest]
        long = of_camera & Sql(f"span_class >= {LONG_CLASS}") & overlap
        loose = (spread & short & overlap, long)
        index = "log_index_by_camera_bucket" if camera else "log_index_by_bucket"
        own = frozenset({"footage", "camera"} if camera else {"footage"})
        return Driver("footage", "log_index", (*arms, long), index, own, loose)

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
        return [row[0] for row in rows(text, [*short.values, low, *short.values, high, high])]


def _within(table: str, low: int, high: int) -> Sql:
    return Sql(f"{table}.entry_index >= %s AND {table}.entry_index < %s", (low, high))
