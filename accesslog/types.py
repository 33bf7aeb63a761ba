"""The small value types that callers and the log exchange. Imports no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from accesslog.canonical import JSON

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MAX_ID_LENGTH = 64
MAX_ROWS_PER_ENTRY = 4096
TEXT_FIELDS = ("actor", "camera", "site", "purpose", "case", "terminal")


def to_us(moment: datetime) -> int:
    """Integer microseconds since 1970-01-01 UTC of an aware datetime."""
    if moment.tzinfo is None:
        raise ValueError(f"expected an aware datetime, got the naive {moment.isoformat()}")
    return (moment - EPOCH) // MICROSECOND


def from_us(time_us: int) -> datetime:
    """The aware UTC datetime of `time_us` microseconds since 1970."""
    return EPOCH + timedelta(microseconds=time_us)


@dataclass(frozen=True, slots=True)
class IndexFields:
    """One row of the search index of an entry: pseudonymous ids in clear, never names.

    An entry about several cameras carries several of them. The footage span is half-open and aware;
    give both ends or none.
    """

    actor: str = ""
    camera: str = ""
    site: str = ""
    purpose: str = ""
    case: str = ""
    terminal: str = ""
    footage_from: datetime | None = None
    footage_to: datetime | None = None

    def as_record(self) -> dict[str, JSON]:
        """What the entry commits to: the fields that are set; times as integer microseconds.

        Raises ValueError for an id that no index row can hold and for a span that is none.
        """
        record: dict[str, JSON] = {}
        for name in TEXT_FIELDS:
            value = getattr(self, name)
            if not value:
                continue
            if not isinstance(value, str) or len(value) > MAX_ID_LENGTH or "\x00" in value:
                raise ValueError(f"{name} must be text of at most {MAX_ID_LENGTH} characters without NUL")
            record[name] = value
        if (self.footage_from is None) != (self.footage_to is None):
            raise ValueError("footage_from and footage_to come together")
        if self.footage_from is not None and self.footage_to is not None:
            starts, ends = to_us(self.footage_from), to_us(self.footage_to)
            if ends < starts:
                raise ValueError(f"the footage span ends ({ends}) before it starts ({starts})")
            record["footage_from"], record["footage_to"] = starts, ends
        return record


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an entry is durable. `body` is what was logged: facts that a caller may trust."""

    index: int
    leaf_hash: bytes
    event_id: UUID
    time_us: int
    kind: str
    body: Mapping[str, Any] = field(repr=False)

    @property
    def time(self) -> datetime:
        return from_us(self.time_us)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person may see of the log: which sites, and whether personal detail is shown."""

    all_sites: bool
    sites: frozenset[str] = frozenset()
    bodies: bool = False
