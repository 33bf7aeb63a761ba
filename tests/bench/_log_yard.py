"""A log of any size, laid straight into its tables: what `log_search` looks through.

Who works where, how often and on what follows few-and-many (Zipf) shares over four years. Entries have their
public bytes and leaf hashes, but no bodies: a search never opens more than the fifty entries of its page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction

from accesslog import entry, spans
from accesslog.stores.base import SEARCH_COLUMNS

BLOCK = 50_000
SITES, CAMERAS, PEOPLE, TERMINALS, PURPOSES, CASES = 12, 240, 80, 60, 8, 20_000
STARTS_US = 1_640_995_200_000_000  # 2022-01-01
YEARS_US = 4 * 365 * 86_400_000_000
MINUTE_US, DAY_US = 60_000_000, 86_400_000_000
# kind: share, has a person, has cameras, minutes of footage
KINDS: dict[str, tuple[float, bool, bool, float]] = {
    "view.covered": (0.60, True, True, 1),
    "thumbs.covered": (0.12, True, True, 8),
    "vault.job": (0.08, False, True, 1),
    "account.signed_in": (0.06, True, False, 0),
    "viewing.opened": (0.04, True, True, 30),
    "viewing.closed": (0.04, True, True, 30),
    "still.covered": (0.03, True, True, 0),
    "log.queried": (0.02, True, False, 0),
    "purge.done": (0.005, False, True, 1_440),
    "access.refused": (0.003, True, True, 10),
    "hold.placed": (0.0015, True, True, 3_000),
    "role.granted": (0.0004, True, False, 0),
    "camera.changed": (0.0001, True, False, 0),
}
ENTRY_COLUMNS = ("entry_index", "event_id", "time_us", "kind", "entry", "leaf_hash")


def name(of: str, number: int) -> str:
    """An id as long as those of the register."""
    text = sha256(f"{of}{number}".encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


def shares(count: int) -> Any:
    """Few have much, many have little."""
    weights = 1 / np.arange(1, count + 1) ** 0.8
    return weights / weights.sum()


IDS = {
    "actor": [name("person", number) for number in range(PEOPLE)],
    "camera": [name("camera", number) for number in range(CAMERAS)],
    "site": [name("site", number) for number in range(SITES)],
    "purpose": [f"purpose-{number}" for number in range(PURPOSES)],
    "case": [f"{2022 + number % 4}-{number}" for number in range(CASES)],
    "terminal": [f"10.20.{number // 16}.{number % 16}" for number in range(TERMINALS)],
}


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of log_entry and of log_index, in the order of their columns."""

    entries: list[tuple[Any, ...]]
    rows: list[tuple[Any, ...]]


def site_of(camera: int) -> int:
    return camera % SITES


def blocks(count: int, *, seed: int = 7) -> Iterator[Block]:
    """The whole log, `BLOCK` entries at a time."""
    random = np.random.default_rng(seed)
    kinds = list(KINDS)
    weights = np.array([KINDS[kind][0] for kind in kinds])
    for first in range(0, count, BLOCK):
        size = min(BLOCK, count - first)
        times = STARTS_US + np.sort(random.integers(0, YEARS_US // count * size, size))
        times += first * (YEARS_US // count)
        yield _block(
            first, times.tolist(), random.choice(len(kinds), size, p=weights / weights.sum()), random
        )


def _block(first: int, times: list[int], kinds: Any, random: Any) -> Block:
    size = len(times)
    names = list(KINDS)
    cameras = random.choice(CAMERAS, size, p=shares(CAMERAS)).tolist()
    people = random.choice(PEOPLE // SITES + 1, size, p=shares(PEOPLE // SITES + 1)).tolist()
    purposes = random.choice(PURPOSES, size, p=shares(PURPOSES)).tolist()
    cases = random.choice(CASES, size).tolist()
    ages = (random.exponential(2 * DAY_US, size) + MINUTE_US).astype(np.int64).tolist()
    lengths = random.exponential(1.0, size).tolist()
    ids, commitments = random.bytes(16 * size), random.bytes(32 * size)
    block = Block([], [])
    for n, time_us in enumerate(times):
        index, kind = first + n, names[kinds[n]]
        event_id = (time_us // 1000) << 80 | int.from_bytes(ids[16 * n : 16 * n + 10])
        public = entry.encode(kind.encode(), time_us, commitments[32 * n : 32 * n + 32])
        leaf = sha256(b"\x00" + public).digest()
        block.entries.append((index, event_id, time_us, kind, public, leaf))
        # A case is on every fourth entry, and cases come in time.
        case = IDS["case"][(cases[n] % 40 + index // 1000) % CASES] if n % 4 == 0 else None
        actor = (people[n] * SITES + site_of(cameras[n])) % PEOPLE
        starts = (time_us - ages[n]) // MINUTE_US * MINUTE_US
        block.rows.extend(
            _rows(index, kind, cameras[n], actor, IDS["purpose"][purposes[n]], case, starts, lengths[n])
        )
    return block


def _rows(
    index: int,
    kind: str,
    camera: int,
    person: int,
    purpose: str,
    case: str | None,
    starts: int,
    length: float,
) -> list[tuple[Any, ...]]:
    """The search rows of one entry; some kinds have several."""
    _, has_person, has_camera, minutes = KINDS[kind]
    actor, terminal = (
        (IDS["actor"][person], IDS["terminal"][person % TERMINALS]) if has_person else (None, None)
    )
    if not has_camera:
        return [(index << 16, index, actor, None, None, None, None, terminal, None, None, None)]
    ends = starts + (MINUTE_US if minutes == 1 else int(minutes * length * MINUTE_US))
    why = (purpose, case) if has_person else (None, None)
    several = 3 if kind in ("viewing.opened", "hold.placed") else 12 if kind == "purge.done" else 1
    found = []
    for row in range(several):
        at = (camera + row * SITES) % CAMERAS
        where = (IDS["camera"][at], IDS["site"][site_of(at)])
        span = (starts, ends, spans.span_class(ends - starts))
        found.append((index << 16 | row, index, actor, *where, *why, terminal, *span))
    return found


def fill(connection: Any, count: int) -> None:
    """Put `count` entries into the empty log of this connection; secondary indexes are made at the end."""
    indexes = _indexes(connection)
    with connection.cursor() as cursor:
        _stop_triggers(cursor, connection.vendor)
        for statement in [f"DROP INDEX {name}" for name, _ in indexes]:
            cursor.execute(statement)
    for block in blocks(count):
        for table, columns, rows in (
            ("log_entry", ENTRY_COLUMNS, block.entries),
            ("log_index", SEARCH_COLUMNS, block.rows),
        ):
            (_copy if connection.vendor == "postgresql" else _insert)(connection, table, columns, rows)
    with connection.cursor() as cursor:
        for _, statement in indexes:
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("UPDATE log_head SET size = %s", [count])
            cursor.execute("VACUUM (ANALYZE) log_entry")
            cursor.execute("VACUUM (ANALYZE) log_index")


def _indexes(connection: Any) -> list[tuple[str, str]]:
    """(name, statement) of every index that no constraint needs."""
    from accesslog.models import LogEntry, LogIndex

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT indexname, indexdef FROM pg_indexes")
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
        found = dict(cursor.fetchall())
    names = [each.name for model in (LogEntry, LogIndex) for each in model._meta.indexes]
    return [(name, found[name]) for name in names]


def _stop_triggers(cursor: Any, vendor: str) -> None:
    if vendor == "postgresql":
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '512MB'")
    else:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (trigger,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {trigger}")
        cursor.execute("PRAGMA synchronous = OFF")


def _copy(connection: Any, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with cursor.cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(_with_uuid(row, UUID) if table == "log_entry" else row)


def _insert(connection: Any, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    with transaction.atomic(using=connection.alias):
        made = [_with_uuid(row, lambda int: f"{int:032x}") for row in rows] if table == "log_entry" else rows
        connection.connection.executemany(into, made)


def _with_uuid(row: tuple[Any, ...], made: Any) -> tuple[Any, ...]:
    return (row[0], made(int=row[1]), *row[2:])
