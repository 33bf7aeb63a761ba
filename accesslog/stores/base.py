"""What every store does, and the words for what can go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID

from accesslog.records import SearchRow

SEARCH_COLUMNS = (
    "id", "entry_index", "actor_id", "camera_id", "site_id", "purpose", "case_id", "terminal",
    "footage_from_us", "footage_to_us", "span_class",
)  # fmt: skip


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked by somebody else, or refused to work."""


class StoreStale(StoreUnavailable):
    """The connection is dead, or its file is not the log's any more: a new connection may work."""


class StoreConflict(Exception):
    """A row is there already, or a trigger refused: the head does not fit the entries."""


class StoreRefused(Exception):
    """A value that the database does not take."""


class Head(NamedTuple):
    size: int
    frontier: bytes
    last_time_us: int


class EntryRow(NamedTuple):
    entry_index: int
    event_id: UUID
    time_us: int
    kind: str
    entry: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it lies in the database, with its sealed body if that is still there."""

    index: int
    event_id: UUID
    time_us: int
    kind: str
    entry: bytes
    leaf_hash: bytes
    sealed: bytes | None
    key_id: str | None


@dataclass(slots=True)
class Changes:
    """What one commit adds."""

    head: Head
    entries: list[EntryRow] = field(default_factory=list)
    bodies: list[tuple[int, bytes, str]] = field(default_factory=list)
    rows: list[tuple[int, int, *SearchRow]] = field(default_factory=list)


class Store(Protocol):
    """One connection; not safe for several threads."""

    def begin(self) -> Head:
        """Open a transaction and lock the head. Raises StoreUnavailable, StoreConflict without a head."""

    def find(self, event_ids: Sequence[UUID]) -> dict[UUID, StoredEntry]:
        """Entries that are there already, under the lock."""

    def was_published(self) -> bool:
        """Whether the database has any checkpoint, under the lock."""

    def commit(self, changes: Changes) -> None:
        """Write and commit; durable when it returns."""

    def rollback(self) -> None:
        """Give the lock back without a change. Never raises."""

    def close(self) -> None:
        """Never raises."""
