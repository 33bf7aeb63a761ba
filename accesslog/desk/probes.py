"""Small questions that indexes answer by themselves, and the way to the log's database."""

# ruff: noqa: S608 - statements are put together of constants; what people ask goes in as parameters

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections

from accesslog import conf


def kinds_in_log() -> list[str]:
    """The kinds that the log holds, by one index probe each."""
    return [
        row[0]
        for row in rows(
            "WITH RECURSIVE k(kind) AS (SELECT min(kind) FROM log_entry UNION ALL SELECT "
            "(SELECT min(kind) FROM log_entry WHERE kind > k.kind) FROM k WHERE k.kind IS NOT NULL) "
            "SELECT kind FROM k WHERE kind IS NOT NULL"
        )
    ]


def first_at(time_us: int, *, end: int) -> int:
    """The first entry below `end` at or after a time, else `end`: a bisection within one statement."""
    text = (
        "WITH RECURSIVE s(low, high) AS (SELECT CAST(0 AS bigint), CAST(%s AS bigint) UNION ALL "
        "SELECT CASE WHEN e.time_us < %s THEN (low + high) / 2 + 1 ELSE low END, "
        "CASE WHEN e.time_us < %s THEN high ELSE (low + high) / 2 END "
        "FROM s LEFT JOIN log_entry e ON e.entry_index = (low + high) / 2 WHERE low < high) "
        "SELECT low FROM s WHERE low >= high"
    )
    return int(rows(text, [end, time_us, time_us])[0][0])


def people_of(entries: Sequence[int]) -> int:
    """How many people these entries are of."""
    if not entries:
        return 0
    listed = ", ".join(f"({int(each)})" for each in entries)
    return int(
        rows(
            f"WITH c(n) AS (VALUES {listed}) SELECT count(DISTINCT r.actor_id) FROM c "
            "JOIN log_index r ON r.id >= (c.n << 16) AND r.id < ((c.n + 1) << 16)"
        )[0][0]
    )


def rows(text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(text, list(values))
        return list(cursor.fetchall())


def run(text: str) -> None:
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(text)
