"""Records end each night: what the rules in force say, when nothing speaks against it."""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError

from accesslog import pruning
from accesslog.errors import AccessLogError
from accesslog.models import LogPrune
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.retention import guards
from cctv.retention.guards import Tripped
from cctv.retention.records import ending, rules
from cctv.retention.records.extent import extent
from cctv.retention.records.models import RecordClass, RecordErasure

log = logging.getLogger("cctv.retention.records")

# Hours and days have entries of their own wherever Lethe runs.
SILENCE = timedelta(days=31)
STANDS_STILL = (LetheError, AccessLogError, DatabaseError, OSError)


def in_the_way(now: datetime) -> Tripped | None:
    """Why nothing may end: a restore, an older register or log, a journal that cannot be read, a clock.

    The purge's own guards: what it does not trust to end footage, nobody trusts to end records.
    """
    doubted = guards.in_doubt() or guards.clock_behind(now) or guards.clock_apart()
    return doubted or guards.clock_unsure(now)


def end_due() -> list[RecordErasure]:
    """Carry on what is unfinished, then end what each class's rule says; the rows that were touched.

    Safe to call from any number of processes and at any time. Never raises for what stops one class: the
    reason is in the service's log and on its row, and the next call tries again.
    """
    touched: list[RecordErasure] = []
    for record_class in RecordClass.values:
        try:
            touched += _end_class(record_class)
        except STANDS_STILL as error:
            log.exception("the end of records (%s) stands still", record_class)
            _note(record_class, str(getattr(error, "message", error)))
    return touched


def _end_class(record_class: str) -> list[RecordErasure]:
    now = clock.now()
    if (tripped := in_the_way(now)) is not None:
        log.warning("no records end: %s %s", tripped.code, dict(tripped.facts))
        return []
    touched = []
    for row in unfinished(record_class):
        touched.append(ending.carry_on(row, now))
    _prune_again(record_class, now)
    if any(row.state == ending.STARTED for row in touched):
        return touched
    if (begun := _plan(record_class, now)) is not None:
        touched.append(ending.carry_on(begun, now))
    return touched


def silent_before(index: int) -> bool:
    """Whether the log was silent for so long before its first entry that is to stay that nobody can tell when
    the entries before were made: by a clock that was behind, records of today would end. They wait until what
    came after the silence is old enough itself.
    """
    return pruning.gap_at(index) > SILENCE


def unfinished(record_class: str) -> list[RecordErasure]:
    """Ends that were begun and are not done, oldest first."""
    rows = RecordErasure.objects.filter(record_class=record_class).exclude(state=ending.DONE)
    return list(rows.order_by("started_at"))


def _plan(record_class: str, now: datetime) -> RecordErasure | None:
    """Begin an end, where something is past its time."""
    kept_from = pruning.first_kept_month(now, rules.in_force(record_class, now).months)
    if RecordErasure.objects.filter(record_class=record_class, kept_from__gte=kept_from).exists():
        return None
    what = extent(record_class, kept_from)
    if what.is_empty or silent_before(what.below):
        return None
    try:
        return ending.begin(what, now)
    except IntegrityError:
        return None  # another process was first


def _prune_again(record_class: str, now: datetime) -> None:
    """A log that was put back from a backup has the records again that were erased: they go once more.

    Their keys are gone already, so nothing of them opens; but search rows and marks are of the backup.
    """
    done = RecordErasure.objects.filter(record_class=record_class, state=ending.DONE)
    last = done.exclude(prune_entry=None).order_by("-kept_from").first()
    if last is None or last.prune_entry is None or LogPrune.objects.filter(index=last.prune_entry).exists():
        return
    months = rules.in_force(record_class, now).months
    if last.kept_from > pruning.first_kept_month(now, months):
        # Erased for good by a shorter rule of then: what is left of it opens nothing, and has to be covered.
        months = last.facts["rule"]["months"]
    again = pruning.prune(
        record_class, last.kept_from, months=months, trusted_now=now, reason=last.number
    )  # fmt: skip
    if again.entry != pruning.NOTHING:
        RecordErasure.objects.filter(pk=last.pk).update(prune_entry=again.entry)


def _note(record_class: str, text: str) -> None:
    """Say on the row why it stands still, as long as it does."""
    try:
        for row in unfinished(record_class):
            if row.state not in (ending.ISSUED,):
                RecordErasure.objects.filter(pk=row.pk, state=row.state).update(
                    facts=row.facts | {"stands_still": text[:300]}
                )
    except DatabaseError:
        log.exception("the register cannot be written")
