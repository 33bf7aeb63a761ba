"""The record: what an entry commits to (body, event id, search rows), and its sealed form beside the log.

The sealed plaintext is salt (32 bytes) followed by the record's canonical JSON; the entry carries
SHA-256 of exactly these bytes. The record repeats event id and search rows, so that nobody can re-label an
entry or hide it from a search without verification seeing it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accesslog import canonical, conf, entry, registry, spans
from accesslog.canonical import JSON
from accesslog.errors import BodyTooLarge, EntryDamaged, EventRefused, LogUnavailable
from accesslog.types import MAX_ROWS_PER_ENTRY, IndexFields, from_us

MAX_RECORD_BYTES = 262_144

# The columns of log_index after (id, entry_index).
SearchRow = tuple[
    str | None, str | None, str | None, str | None, str | None, str | None, int | None, int | None, int | None
]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event checked, committed to and sealed: all that needs no place in the log yet."""

    kind: str
    kind_bytes: bytes
    event_id: UUID
    may_exist: bool  # the caller chose the event id, so this may be a retry
    body: Mapping[str, Any]
    commitment: bytes
    plaintext: bytes
    keep: str  # retention class: with the entry's month it decides the key
    period: str
    key_id: str
    sealed: bytes
    rows: Sequence[SearchRow]


@dataclass(frozen=True, slots=True)
class Record:
    """An opened record."""

    body: Mapping[str, Any]
    event_id: UUID
    rows: Sequence[SearchRow]


def prepare(
    *, kind: str, body: Mapping[str, JSON], index: Sequence[IndexFields], event_id: UUID | None
) -> Prepared:
    """Check the event and seal its record under this month's key of its retention class.

    Raises EventRefused for what is unknown, incomplete or cannot be written, BodyTooLarge above 256 KiB.
    """
    keep = registry.check_new(kind, body).keep
    if len(index) > MAX_ROWS_PER_ENTRY:
        raise BodyTooLarge()
    made = event_id or new_event_id()
    try:
        normal_body = canonical.normal(body)
        fields = [each.as_record() for each in index]
        record = canonical.encode(
            {"body": normal_body, "event_id": str(made), "index": fields}  # type: ignore[dict-item]
        )
    except ValueError as error:
        raise EventRefused(f"{kind}: {error}") from error
    if len(record) > MAX_RECORD_BYTES:
        raise BodyTooLarge()
    plaintext = os.urandom(entry.SALT_BYTES) + record
    period = period_of(time.time_ns() // 1000, keep)
    key_id, sealed = seal(period, plaintext)
    return Prepared(
        kind, kind.encode("ascii"), made, event_id is not None, normal_body,  # type: ignore[arg-type]
        sha256(plaintext).digest(), plaintext, keep, period, key_id, sealed,
        [search_row(each) for each in fields],
    )  # fmt: skip


def seal(period: str, plaintext: bytes) -> tuple[str, bytes]:
    """(key id, sealed bytes) under the period's key. Raises LogUnavailable when the sealer cannot seal."""
    try:
        return conf.sealer().seal(period, plaintext)
    except Exception as error:
        raise LogUnavailable(
            _("The access log's keys cannot be reached, so nothing was shown or changed.")
        ) from error


def open_record(*, key_id: str, sealed: bytes, commitment: bytes) -> Record:
    """The record behind an entry's commitment. Raises KeyGone, and EntryDamaged if it is another one."""
    try:
        plaintext = conf.sealer().open(key_id, sealed)
    except ValueError as error:
        raise EntryDamaged(_("The sealed body cannot be opened: it was changed.")) from error
    calculated = sha256(plaintext).digest()
    if calculated != commitment:
        raise EntryDamaged(
            _("The body is not the one that was logged: expected %(expected)s, calculated %(calculated)s.")
            % {"expected": commitment.hex(), "calculated": calculated.hex()}
        )
    return decode_record(plaintext[entry.SALT_BYTES :])


def decode_record(data: bytes) -> Record:
    """The record of committed bytes. Raises EntryDamaged for bytes that no version of this code wrote."""
    try:
        value: Any = json.loads(data)
        rows = [search_row(each) for each in value["index"]]
        return Record(value["body"], UUID(value["event_id"]), rows)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EntryDamaged(_("The body is not a record of this log.")) from error


def search_row(fields: Mapping[str, Any]) -> SearchRow:
    """The columns of log_index for one set of index fields."""
    get = fields.get
    starts, ends = get("footage_from"), get("footage_to")
    length_class = None if starts is None or ends is None else spans.span_class(ends - starts)
    return (
        get("actor"), get("camera"), get("site"), get("purpose"), get("case"), get("terminal"),
        starts, ends, length_class,
    )  # fmt: skip


def new_event_id() -> UUID:
    """A UUID of version 7 (RFC 9562): sorted by time, so the unique index grows at its end."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def period_of(time_us: int, keep: str) -> str:
    """What has one key: the entry's month, and its retention class unless that is the default one.

    "2026-11" or "2026-11.ledger". Classes end at different times, and a key can only end as a whole.
    """
    month = month_of(time_us)
    return month if keep == registry.KEEP_DEFAULT else f"{month}.{keep}"


_month: tuple[int, int, str] = (0, 0, "")


def month_of(time_us: int) -> str:
    """The UTC month of a time, "YYYY-MM"."""
    global _month
    first, last, name = _month
    if first <= time_us < last:
        return name
    moment = from_us(time_us)
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    day_us = 86_400_000_000
    first = time_us - ((moment - start) // (moment.resolution))
    name = f"{moment:%Y-%m}"
    last = first + 28 * day_us  # a shorter interval than the month only costs another look
    _month = (first, last, name)
    return name
