"""The one way into the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connections

from accesslog import conf, receipts, records, writer
from accesslog.canonical import JSON
from accesslog.errors import InsideTransaction
from accesslog.types import IndexFields, Receipt


def append(
    *,
    kind: str,
    body: Mapping[str, JSON],
    index: Sequence[IndexFields] = (),
    event_id: UUID | None = None,
) -> Receipt:
    """Log an event and return its receipt once it is durable.

    The same `event_id` gives the same receipt, however often and from wherever it is tried, and adds one
    entry; the receipt's body is then the one that was logged first. Raises LogUnavailable (503) when the
    entry is not known to be durable, EventRefused for an event that cannot be written down.
    """
    _refuse_inside_transaction()
    prepared = records.prepare(kind=kind, body=body, index=index, event_id=event_id)
    pending = writer.current().append(prepared)
    while pending.twin is not None:
        pending = pending.twin
    if pending.stored is not None:
        return receipts.of(pending.stored, erased_is_empty=True)
    logged = pending.prepared
    return Receipt(
        pending.place, pending.leaf_hash, logged.event_id, pending.time_us, logged.kind, logged.body
    )


def close() -> None:
    """Write what is queued and let go of the log's database; the next append connects again."""
    writer.stop()


def _refuse_inside_transaction() -> None:
    blocks = connections[conf.database()].atomic_blocks
    # The transaction that Django's TestCase puts around a test is not the caller's.
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise InsideTransaction(
            "append() was called inside a transaction on the log's database, where no entry is durable"
        )
