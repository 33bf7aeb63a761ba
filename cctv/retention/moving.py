"""Moving what is kept to another epoch: its key wrapped anew, its expiry perhaps earlier.

Two occasions: a shorter rule ends footage earlier (`shortening`), and an epoch gives up its key because
something left it early (`rekey`). For both, in one transaction for each batch:

* The gate is locked, so that nothing is held, erased or moved elsewhere meanwhile.
* The epochs that take the rows in are locked and found live: one whose own survivors have been moved
  away takes nobody in any more (`vault.lock_live`).
* The rows are read again under the lock; those that have changed since are left for the next look.
* The journal has the new wrapping before the row has it. A register that is put back from before finds
  it there; without it, the key that the old wrapping needs would be gone, and the footage with it.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest.epochs import under_live
from cctv.ingest.models import Quarantined
from cctv.retention.holds import gate
from cctv.vault import journal
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing
from cctv.vault.models import Epoch, EpochState
from cctv.vault.steps import reached

KINDS: dict[str, type[Model]] = {"segment": Segment, "quarantined": Quarantined}
Ending = Callable[[Any], datetime]
_MOVED = ("epoch", "wrapped_key", "expires_at")


@dataclass(slots=True)
class Move:
    """A row as it was read, and what it is to be."""

    row: Any
    expires_at: datetime
    to: Epoch | None = None

    @property
    def kind(self) -> str:
        return "segment" if isinstance(self.row, Segment) else "quarantined"


def locked(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """The rows, locked where the database has more than one writer at a time."""
    return rows.select_for_update(of=("self",)) if connection.features.has_select_for_update else rows


def end_earlier(rows: Sequence[Any], ending: Ending) -> int:
    """Give each row its earlier expiry, and its key the epoch that goes with it; how many were moved.

    `rows` (of one model) come with their epochs.
    """
    return under_live(lambda: _move([_earlier(row, ending(row)) for row in rows]))


def to_epoch(rows: Sequence[Any], epoch: Epoch) -> int:
    """Wrap each row's key under the epoch; its expiry stays. How many of them were as they had been read.

    EpochRetired if the epoch is live no more, KeyMissing if an old key is gone.
    """
    return _move([Move(row, row.expires_at, epoch) for row in rows], strict=True)


def _earlier(row: Any, expires_at: datetime) -> Move:
    # An hour that is over has no epoch any more: what has expired already ends with the current one.
    ends_at = max(expires_at, clock.now())
    if clock.floor_hour(ends_at) >= row.epoch.expires_hour:
        return Move(row, expires_at)
    return Move(row, expires_at, vault.ensure_epoch(row.epoch.site_id, ends_at))


def _move(moves: Iterable[Move], *, strict: bool = False) -> int:
    """See the module's own description: the steps stand in its order."""
    by_id = {move.row.pk: move for move in moves}
    if not by_id:
        return 0
    model = type(next(iter(by_id.values())).row)
    with gate.locked():
        for epoch in sorted({move.to for move in by_id.values() if move.to}, key=lambda each: each.pk):
            vault.lock_live(epoch)
        there = locked(model._default_manager.filter(pk__in=by_id))
        unchanged = [
            by_id[pk] for pk, *read in there.values_list("pk", "epoch_id", "expires_at")
            if read == [by_id[pk].row.epoch_id, by_id[pk].row.expires_at]
        ]  # fmt: skip
        _wrap(unchanged, strict)
        _tell_journal(unchanged)
        reached("moved.journalled")
        _write(model, unchanged, late=strict)
    return len(unchanged)


def _wrap(moves: Sequence[Move], strict: bool) -> None:
    """The keys under their new epochs. What has no key any more only expires, unless that is an error."""
    for move in moves:
        if move.to is None:
            continue
        try:
            wrapped = vault.rewrap(bytes(move.row.wrapped_key), old=move.row.epoch, new=move.to)
        except KeyMissing:
            if strict:
                raise
            move.to = None
        else:
            move.row.wrapped_key = wrapped


def _tell_journal(moves: Sequence[Move]) -> None:
    arrivals: dict[UUID, list[Move]] = {}
    for move in moves:
        if move.to is not None:
            arrivals.setdefault(move.to.pk, []).append(move)
    for arrived in arrivals.values():
        epoch = arrived[0].to
        assert epoch is not None
        objects = [
            [move.kind, str(move.row.pk), _moment(move.expires_at), _text(move.row.wrapped_key)]
            for move in arrived
        ]
        journal.append("moved", {"epoch": facts_of(epoch), "objects": objects})
    if stayed := [move for move in moves if move.to is None]:
        objects = [[move.kind, str(move.row.pk), _moment(move.expires_at)] for move in stayed]
        journal.append("expiry", {"objects": objects})


def facts_of(epoch: Epoch) -> dict[str, str]:
    """The epoch's row for the journal."""
    return {
        "id": str(epoch.pk),
        "site": str(epoch.site_id),
        "hour": _moment(epoch.expires_hour),
        "key_id": epoch.key_id,
    }


def _moment(moment: datetime) -> str:
    """To the microsecond: the journal gives back exactly what the register had."""
    return moment.astimezone(UTC).isoformat()


def _text(wrapped_key: bytes) -> str:
    return b64encode(bytes(wrapped_key)).decode()


def _write(model: type[Model], moves: Sequence[Move], *, late: bool) -> None:
    """The rows. `late`: what has expired meanwhile must not keep its new key until that one's hour ends."""
    now = clock.now()
    stale: set[UUID] = set()
    for move in moves:
        if move.to is not None:
            # Older copies of the register still wrap this key under the epoch that it leaves.
            stale.add(move.row.epoch_id)
            if late and move.expires_at <= now:
                stale.add(move.to.pk)
            move.row.epoch = move.to
        move.row.expires_at = move.expires_at
    Epoch.objects.filter(pk__in=stale, state=EpochState.LIVE).update(needs_new_key=True)
    _save(model, [move.row for move in moves])


def _save(model: type[Model], rows: Sequence[Any]) -> None:
    """Write the three columns of many rows; `bulk_update` takes ten times as long to put it into words."""
    named = {field.name: field for field in model._meta.concrete_fields}
    fields = [named[name] for name in (*_MOVED, "id")]
    quote = connection.ops.quote_name
    columns = ", ".join(f"{quote(str(field.column))} = %s" for field in fields[:-1])
    # Names of tables and columns are the models' own; every value is a parameter.
    statement = f"UPDATE {quote(model._meta.db_table)} SET {columns} WHERE {quote('id')} = %s"  # noqa: S608
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
