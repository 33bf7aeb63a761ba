"""What publishing reads of the log's database, in pieces: memory stays flat whatever the log's size."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db import connections

from accesslog import conf, merkle
from accesslog.errors import LogDamaged
from accesslog.models import LogCheckpoint, LogEntry, LogHead
from accesslog.selectors import reading

CHUNK = 4096
PAGE = 100


def head() -> merkle.Frontier:
    """The head's frontier. Raises LogUnavailable, LogDamaged."""
    with reading():
        row = LogHead.objects.filter(id=1).values_list("size", "frontier").first()
    try:
        if row is None:
            raise merkle.MerkleError("there is no head")
        return merkle.Frontier.from_bytes(row[0], bytes(row[1]))
    except merkle.MerkleError as error:
        raise LogDamaged() from error


def size() -> int:
    """How many entries there are. Raises LogUnavailable."""
    with reading():
        return LogHead.objects.values_list("size", flat=True).first() or 0


def leaves(start: int, end: int) -> Iterator[bytes]:
    """The leaf hashes of [start, end). Raises LogDamaged where one is missing."""
    for _entry, leaf in _rows("''", start, end):
        yield leaf


def root_at(size: int) -> bytes:
    """The root over the first `size` entries, from their leaf hashes. Raises LogDamaged, LogUnavailable."""
    tree = merkle.Frontier()
    for leaf in leaves(0, size):
        tree.append(leaf)
    return tree.root()


def entries(start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """(entry, leaf hash) of [start, end). Raises LogDamaged where one is missing."""
    return _rows("entry", start, end)


def _rows(what: str, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    statement = (
        f"SELECT entry_index, {what}, leaf_hash FROM log_entry "  # noqa: S608  # one of two words of ours
        "WHERE entry_index >= %s AND entry_index < %s ORDER BY entry_index"
    )
    at = start
    while at < end:
        with reading(), connections[conf.database()].cursor() as cursor:
            cursor.execute(statement, (at, min(at + CHUNK, end)))
            rows = cursor.fetchall()
        for index, entry, leaf in rows:
            if index != at:
                raise LogDamaged()
            yield bytes(entry) if entry else b"", bytes(leaf)
            at += 1
        if not rows:
            raise LogDamaged()


def time_of(index: int) -> int:
    """The time of an entry in microseconds; 0 if there is none. Raises LogUnavailable."""
    with reading():
        return LogEntry.objects.filter(index=index).values_list("time_us", flat=True).first() or 0


def event_ids(start: int, end: int) -> Iterator[tuple[int, UUID, bytes]]:
    """(index, event id, leaf hash) of the entries in [start, end). Raises LogUnavailable."""
    for at in range(start, end, CHUNK):
        with reading():
            rows = LogEntry.objects.filter(index__gte=at, index__lt=min(at + CHUNK, end)).order_by("index")
            found = list(rows.values_list("index", "event_id", "leaf_hash"))
        yield from ((index, event_id, bytes(leaf)) for index, event_id, leaf in found)


def newest_checkpoint(*, upto: int | None = None) -> LogCheckpoint | None:
    """The last checkpoint that the database knows, of at most `upto` entries. Raises LogUnavailable."""
    with reading():
        rows = LogCheckpoint.objects.order_by("-size")
        return (rows if upto is None else rows.filter(size__lte=upto)).first()


def checkpoints_beyond(size: int) -> Iterator[LogCheckpoint]:
    """Those of more than `size` entries, the greatest first. Raises LogUnavailable."""
    rows = LogCheckpoint.objects.filter(size__gt=size).order_by("-size")
    with reading():
        found = list(rows[:PAGE])
    while found:
        yield from found
        with reading():
            found = list(rows.filter(size__lt=found[-1].size)[:PAGE])


def note_checkpoint(*, size: int, root: bytes, time_us: int, note: str) -> None:
    """Keep a checkpoint's note. Of two processes the first says it. Raises LogUnavailable."""
    with reading():
        row = LogCheckpoint(size=size, root=root, time_us=time_us, note=note)
        LogCheckpoint.objects.bulk_create([row], ignore_conflicts=True)
