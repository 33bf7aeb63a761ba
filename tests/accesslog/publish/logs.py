"""Logs for these tests: quickly filled, wound back as a restored backup is, and computed over by hand."""

import contextlib
import os
import sqlite3
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import connections, transaction

from accesslog import conf, entry, merkle, services
from accesslog.models import LogEntry
from accesslog.records import new_event_id
from accesslog.stores import open_store
from accesslog.stores.base import Changes, EntryRow, Head
from tests.emptying import triggers_aside

COPIED = ("log_entry", "log_body", "log_index", "log_prune", "log_checkpoint", "log_head")


def fill(count: int) -> None:
    """Add `count` entries without bodies, in one commit: as the writer would, but quickly."""
    services.close()
    store = open_store(conf.database(), 5)
    head = store.begin()
    tree = merkle.Frontier.from_bytes(head.size, head.frontier)
    changes, now = Changes(head), max(time.time_ns() // 1000, head.last_time_us)
    for _ in range(count):
        data = entry.encode(b"test.noted", now, os.urandom(32))
        leaf = merkle.leaf_hash(data)
        changes.entries.append(EntryRow(tree.size, new_event_id(), now, "test.noted", data, leaf))
        tree.append(leaf)
    changes.head = Head(tree.size, tree.to_bytes(), now)
    store.commit(changes)
    store.close()


def stored() -> list[bytes]:
    """The bytes of all entries."""
    return [bytes(data) for data in LogEntry.objects.order_by("index").values_list("entry", flat=True)]


def root_by_hand(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, as it is defined there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + root_by_hand(leaves[:k]) + root_by_hand(leaves[k:])).digest()


def tiles_by_hand(entries: list[bytes]) -> dict[str, bytes]:
    """Every tile and bundle of the tree over these entries, by path, from the specification's formulas."""
    leaves = [sha256(b"\x00" + each).digest() for each in entries]
    found: dict[str, bytes] = {}
    level = 0
    while hashes := [
        root_by_hand(leaves[n * 256**level : (n + 1) * 256**level]) for n in range(len(leaves) // 256**level)
    ]:
        for n in range((len(hashes) + 255) // 256):
            part = hashes[n * 256 : n * 256 + 256]
            found[_name(str(level), n, len(part))] = b"".join(part)
        level += 1
    for n in range((len(entries) + 255) // 256):
        some = entries[n * 256 : n * 256 + 256]
        data = b"".join(len(each).to_bytes(2, "big") + each for each in some)
        found[_name("entries", n, len(some))] = data
    return found


def _name(level: str, number: int, width: int) -> str:
    digits = f"{number:03d}" if number < 1000 else f"x{number // 1000:03d}/{number % 1000:03d}"
    return f"tile/{level}/{digits}" + ("" if width == 256 else f".p/{width}")


def tiles_in(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, by path."""
    found = [path for path in (folder / "tile").rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


class Backup:
    """The log's database as it was when this was made; `put_back` is what a restore does to it."""

    def __init__(self, folder: Path) -> None:
        services.close()
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._path = folder / "backup.sqlite3"
        if connections["log"].vendor == "sqlite":
            _copy(connections["log"].settings_dict["NAME"], self._path)
            return
        with connections["log"].cursor() as cursor:
            for table in COPIED:
                cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
                self._rows[table] = cursor.fetchall()

    def put_back(self) -> None:
        services.close()
        if connections["log"].vendor == "sqlite":
            _copy(self._path, connections["log"].settings_dict["NAME"])
            return
        log = connections["log"]
        with transaction.atomic(using="log"), triggers_aside(log), log.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(COPIED)}")
            for table, rows in reversed(self._rows.items()):
                marks = ", ".join(["%s"] * len(rows[0])) if rows else ""
                for row in rows:
                    cursor.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608


def _copy(source: Path | str, target: Path | str) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as one,
        contextlib.closing(sqlite3.connect(target)) as two,
    ):
        one.backup(two)
