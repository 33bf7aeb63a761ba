"""Pruning: what entries of a retention class said before a month is erased, the entries themselves stay.

    entry    `log.prune` names the kinds and the mark `below` which their records go; durable first
    marks    one row for each kind, without which triggers refuse every deletion
    bodies   sealed records and search rows go in batches; flags and items of reviews that name them too
    absence  asked for again, once all is gone

Each step may be done again: the entry by its event id, marks by their constraint, batches because what is
gone is not found. Whoever goes on after a kill does what the entry says, not what a newer version would.

The key of a period may be destroyed when nothing sealed under it is left: `left_below` says what is. The log
verifies before, between and after all of this: a record that is not there is covered by its mark. What a
signed review says in words stays as it is, sealed, and ends with the key of the month when it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import connections, transaction
from django.utils.translation import gettext_lazy as _

from accesslog import conf, registry
from accesslog.canonical import JSON
from accesslog.errors import AccessLogError
from accesslog.events import KEPT_FOR_EVER, PRUNE
from accesslog.models import ROWS_SHIFT, Flag, LogEntry, LogHead, LogPrune, ReviewItem
from accesslog.selectors import load_receipt, reading
from accesslog.services import append
from accesslog.types import Receipt, to_us

BATCH = 500
# A mark of no kind covers all kinds: an entry that names none would do the same.
NOTHING = -1

Reached = Callable[[str], None]


class PruneRefused(AccessLogError):
    """What was to be erased is to be kept longer, or is not there."""

    code = "log.prune_refused"
    status = 409
    message = _("These entries are not old enough to be erased.")
    hint = _("Check the clock of this machine and the rule for how long records are kept.")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a prune would take: the mark, and how many records of each kind there are below it."""

    below: int
    kinds: dict[str, int]

    @property
    def records(self) -> int:
        """How many records."""
        return sum(self.kinds.values())


@dataclass(slots=True)
class Pruned:
    """What a prune did: its entry (NOTHING: there was nothing to erase), and what this call removed."""

    entry: int
    below: int
    kinds: tuple[str, ...]
    bodies: int = 0
    search_rows: int = 0
    flags: int = 0
    items: int = 0
    # Kinds of the records left below the mark, by key id: these keys are still needed.
    left: dict[str, tuple[str, ...]] = field(default_factory=dict)


def kinds_of(keep: str) -> list[str]:
    """The registered kinds of a retention class. A kind that nobody registers is never pruned.

    Nor is what prunes and recoveries said: without it nothing would tell a pruned record from a stolen one.
    """
    mine = [each.kind for each in registry.all_types() if each.keep == keep]
    return [kind for kind in mine if kind not in KEPT_FOR_EVER]


def first_kept_month(trusted_now: datetime, months: int) -> str:
    """The first month ("YYYY-MM") that is kept when records are kept for `months`: what is older may go.

    A record of a month goes at the earliest `months` after that month has ended.
    """
    moment = trusted_now.astimezone(UTC)
    count = moment.year * 12 + moment.month - 1 - months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def month_start(month: str) -> datetime:
    """The first moment of a month "YYYY-MM", UTC. ValueError."""
    year, _dash, number = month.partition("-")
    return datetime(int(year), int(number), 1, tzinfo=UTC)


def index_at(moment: datetime) -> int:
    """The first entry at or after `moment`; the size of the log when all are before it. LogUnavailable.

    Times never fall with the index, so it is found by bisection over the key.
    """
    wanted = to_us(moment)
    with reading():
        low, high = 0, LogHead.objects.using(conf.database()).values_list("size", flat=True).get(pk=1)
        entries = LogEntry.objects.using(conf.database())
        while low < high:
            middle = (low + high) // 2
            if entries.values_list("time_us", flat=True).get(pk=middle) < wanted:
                low = middle + 1
            else:
                high = middle
    return low


def gap_at(index: int) -> timedelta:
    """How long the log was silent before that entry; nothing at its ends. LogUnavailable.

    An entry was made no later than the next one. Before a long silence nobody knows how much later than its
    time says: the machine was off, or its clock was behind until somebody mended it.
    """
    with reading():
        entries = LogEntry.objects.using(conf.database()).filter(pk__in=(index - 1, index))
        times = list(entries.order_by("pk").values_list("time_us", flat=True))
    return timedelta(microseconds=times[1] - times[0]) if len(times) == 2 else timedelta()


def scope(keep: str, before: str) -> Scope:
    """What pruning the class before that month would take. Reads only; LogUnavailable."""
    below = index_at(month_start(before))
    mine = set(kinds_of(keep))
    found = {kind: count for kind, count in _kinds_below(below) if kind in mine}
    return Scope(below, found)


def prune(
    keep: str, before: str, *, months: int, trusted_now: datetime, reason: str,
    reached: Reached = lambda _step: None,
) -> Pruned:  # fmt: skip
    """Erase the records of a class before the month `before`; safe to call again after a kill at any step.

    `trusted_now` is a time that the caller vouches for, `months` the rule in force: PruneRefused if the month
    is not old enough by them. `reached` hears of each step. Raises LogUnavailable.
    """
    if before > first_kept_month(trusted_now, months) or months < 1:
        raise PruneRefused()
    event_id = uuid5(NAMESPACE_OID, f"accesslog/prune/{keep}/{before}")
    receipt = _known(event_id)
    if receipt is None:
        planned = scope(keep, before)
        if not planned.kinds:
            return Pruned(NOTHING, planned.below, (), left=left_below(planned.below))
        kinds: list[JSON] = [*sorted(planned.kinds)]
        body: dict[str, JSON] = {"kinds": kinds, "below": planned.below, "reason": reason}
        receipt = append(kind=PRUNE, body=body, event_id=event_id)
    reached("prune.logged")
    return _carry_out(receipt, reached)


def _carry_out(receipt: Receipt, reached: Reached) -> Pruned:
    """Do what the entry says."""
    # An older version's entry may name kinds that are kept for ever now.
    kinds = tuple(kind for kind in receipt.body["kinds"] if kind not in KEPT_FOR_EVER)
    below = int(receipt.body["below"])
    done = Pruned(receipt.index, below, kinds)
    with reading():
        rows = [LogPrune(index=receipt.index, kind=kind, below=below) for kind in kinds]
        _mark(rows)
        reached("prune.marked")
        for table in ("log_body", "log_index"):
            for ids in _batches(table, kinds, below):
                removed = _remove(table, ids)
                done.bodies += removed if table == "log_body" else 0
                done.search_rows += removed if table == "log_index" else 0
                reached(f"prune.{table}-batch")
        done.flags, done.items = _remove_remarks(kinds, below)
        reached("prune.removed")
        for table in ("log_body", "log_index"):
            if next(_batches(table, kinds, below), None):
                raise PruneRefused(_("Records that were erased are still there."))
        done.left = left_below(below)
    reached("prune.absent")
    return done


def left_below(below: int) -> dict[str, tuple[str, ...]]:
    """The kinds of the records that are left below a mark, by the id of the key that they are sealed under.

    Whatever key of a month before the mark's is not among them has nothing left that it opens.
    """
    statement = (
        "SELECT DISTINCT b.key_id, e.kind FROM log_body b JOIN log_entry e ON e.entry_index = b.entry_index "
        "WHERE b.entry_index < %s"
    )
    found: dict[str, list[str]] = {}
    for key_id, kind in _query(statement, [below]):
        found.setdefault(key_id, []).append(kind)
    return {key_id: tuple(sorted(kinds)) for key_id, kinds in found.items()}


# ---------------------------------------------------------------------- steps


def _known(event_id: UUID) -> Receipt | None:
    with reading():
        found = LogEntry.objects.using(conf.database()).filter(event_id=event_id, kind=PRUNE)
        index = found.values_list("index", flat=True).first()
    return None if index is None else load_receipt(index)


def _mark(rows: Sequence[LogPrune]) -> None:
    """The marks that are not there yet; another process may set the same."""
    if not rows:
        return
    alias = conf.database()
    with transaction.atomic(using=alias):
        known = set(LogPrune.objects.using(alias).filter(index=rows[0].index).values_list("kind", flat=True))
        # Not `ignore_conflicts`: SQLite's INSERT OR IGNORE would hide a trigger's refusal as well.
        LogPrune.objects.using(alias).bulk_create([row for row in rows if row.kind not in known])


def _batches(table: str, kinds: Sequence[str], below: int) -> Iterator[list[int]]:
    """Entries below the mark, of these kinds, that still have rows in the table: some at a time, in order."""
    if not kinds:
        return
    marks = ", ".join(["%s"] * len(kinds))
    bound = "t.entry_index" if table == "log_body" else "t.id"
    statement = (
        f"SELECT e.entry_index FROM {table} t JOIN log_entry e ON e.entry_index = t.entry_index "  # noqa: S608
        f"WHERE {bound} >= %s AND {bound} < %s AND e.kind IN ({marks}) ORDER BY {bound} LIMIT {BATCH}"
    )
    shift = 0 if table == "log_body" else ROWS_SHIFT
    at = 0
    while True:
        rows = _query(statement, [at << shift, below << shift, *kinds])
        if not rows:
            return
        ids = sorted({index for (index,) in rows})
        yield ids
        at = ids[-1] + 1


def _remove(table: str, ids: Sequence[int]) -> int:
    """Delete these entries' rows in one transaction."""
    marks = ", ".join(["%s"] * len(ids))
    if table == "log_body":
        where, values = f"entry_index IN ({marks})", list(ids)
    else:  # the key of a search row begins with its entry: no index on the entry is needed
        where = f"id >= %s AND id < %s AND entry_index IN ({marks})"
        values = [ids[0] << ROWS_SHIFT, (ids[-1] + 1) << ROWS_SHIFT, *ids]
    alias = conf.database()
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {where}", values)  # noqa: S608
        return int(cursor.rowcount)


def _remove_remarks(kinds: Sequence[str], below: int) -> tuple[int, int]:
    """Flags and items of reviews about the entries whose records are gone; the reviews stay."""
    alias = conf.database()
    counts = []
    for model in (Flag, ReviewItem):
        rows = model._default_manager.using(alias).filter(index__lt=below)
        removed, at = 0, -1
        while ids := list(
            rows.filter(index__gt=at).order_by("index").values_list("index", flat=True)[:BATCH]
        ):
            mine = LogEntry.objects.using(alias).filter(pk__in=set(ids), kind__in=kinds)
            gone = list(mine.values_list("pk", flat=True))
            removed += rows.filter(index__in=gone).delete()[0]
            at = ids[-1]
        counts.append(removed)
    return counts[0], counts[1]


def _kinds_below(below: int) -> list[tuple[str, int]]:
    statement = (
        "SELECT e.kind, count(*) FROM log_body b JOIN log_entry e ON e.entry_index = b.entry_index "
        "WHERE b.entry_index < %s GROUP BY e.kind"
    )
    return [(kind, count) for kind, count in _query(statement, [below])]


def _query(statement: str, values: Sequence[int | str]) -> list[tuple[Any, ...]]:
    with reading(), connections[conf.database()].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
