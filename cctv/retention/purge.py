"""The purge: the one path by which footage is destroyed, automatic or by hand.

What can go wrong when a program destroys data, and what stands against it here:

* It destroys what must stay. So a run begins with a plan that is only read (`plan`), a digest that
  stands for the whole list, and guards (`guards`) that compare clock, storage and volume with what
  this installation has seen before. Every batch asks the register again what has expired: the plan
  says how much may go, the register says what.
* It leaves what must go. So nothing is skipped for good: an object that cannot be deleted gets a row
  of its own, is tried again with growing pauses, is shown as overdue, and keeps neither its
  neighbours nor its key alive. Reading is refused from the moment of expiry, purge or no purge.
* It dies half-way. So a run is a row with a state, every step may be repeated, and the tick that
  finds an unfinished run goes on with it before it plans anything new:

      planned    the plan and its digest are committed          repeat: ask the guards again
      started    each site's `purge.start` is durable         repeat: no second entry (event ids)
      ratcheted  keys of ended epochs and holds destroyed       repeat: the vault finds them gone
      deleted    objects gone and verified, rows gone           repeat: a missing object is what we want
      done       `purge.done`, certificates, their entries      repeat: unique per run and site

  Rows of footage leave in the same transaction that counts them into the run, and only after their
  objects are verifiably absent; a kill between the two makes the next attempt verify again.
* It runs twice at once. So one open run is a unique constraint, and whoever works on it holds a
  lease that is renewed with each batch and is lost, not shared, when it is overtaken.
* It takes what somebody is about to hold. So a run begins, and a hold takes, under one lock (`HoldGate`);
  a run whose plan was made before protection last changed is given up and planned anew.
* It deletes on an empty mount point and believes itself done. So the storage's marker is checked
  before each batch and again before the batch's rows are removed.

Keys go first (the ratchet), ciphertext second: after a kill between the two the footage cannot be
opened any more, which is the promise, and the rest is disk space. A key covers a site and an hour;
its objects are deleted within a minute of their own expiry, the key when the hour has ended. The
certificate waits for both and names both times.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.people.models import Account
from cctv.retention import alarms, certificates, destroy, entries, guards, ratchet, shortening
from cctv.retention import plan as plans
from cctv.retention.destroy import LeaseLost
from cctv.retention.holds import services as holds
from cctv.retention.holds.models import HoldGate
from cctv.retention.models import PurgeItem, PurgeRun, RunState, Trigger
from cctv.retention.plan import Plan
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

LEASE = timedelta(seconds=120)
# Two automatic plans keep this distance: with a tick each 20 s all goes within a minute of its expiry.
BETWEEN_PLANS = timedelta(seconds=35)
# A person is waiting for these.
AT_ONCE = frozenset({Trigger.MANUAL, Trigger.RELEASE, Trigger.REQUEST})
STANDS_STILL = (LetheError, AccessLogError, DatabaseError, OSError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tick did: the runs it touched and their states, and how many rules it applied."""

    runs: tuple[UUID, ...] = ()
    shortened: int = 0


def purge_due(*, trigger: str = Trigger.AUTO, actor: Account | None = None) -> Outcome:
    """One tick: finish what is unfinished, apply shorter rules, then plan and carry out what is due.

    Safe to call from any number of processes. Never raises for what stops one run: the reason is on
    its row. Raises only when even the register cannot be read.
    """
    guards.tick(clock.now())
    if guards.restore_unfinished() is not None:
        log.warning("nothing is destroyed, nor carried on, before the restore that was begun is finished")
        return Outcome()
    # What ends from here on ends by this moment, and no later one: holds have been looked after by then.
    looked = clock.now()
    held = _holds_tended(looked)
    if guards.in_doubt() is None:
        _tend_erasures()  # an older register knows nothing of holds placed since
    runs: list[UUID] = []
    unfinished = PurgeRun.objects.filter(is_open=True).first()
    waiting = unfinished is None or unfinished.state in (RunState.PLANNED, RunState.PAUSED)
    # A run that has begun has claimed its own; no other begins while something may be waiting to be held.
    # Once that has lasted, a guard says so: by a run that it pauses.
    quiet = not held and guards.untended(clock.now()) is None
    if quiet and waiting:
        return Outcome()
    if unfinished is not None:
        runs.append(unfinished.pk)
        _carry_on(unfinished)
        if quiet or PurgeRun.objects.filter(is_open=True).exists():
            return Outcome(runs=tuple(runs))
        looked = clock.now()  # it may have taken hours
        held = _holds_tended(looked)
        if not held and guards.untended(looked) is None:
            return Outcome(runs=tuple(runs))
    _settle_mirrors()
    # What a wrong clock or an older register says has taken effect would stay in effect once it is mended.
    shortened = shortening.apply_rules(looked) if held and guards.trusted(clock.now()) else 0
    if trigger in AT_ONCE or not _planned_lately(clock.now()):
        plan = plans.compute(looked)
        if (run := _commit(plan, trigger=trigger, actor=actor)) is not None:
            runs.append(run.pk)
            _carry_on(run, plan)
    return Outcome(runs=tuple(runs), shortened=shortened)


def _holds_tended(now: datetime) -> bool:
    """Take under each hold what came in since; let holds end where clock and register are trusted.

    False: half a look only, which is noted.
    """
    try:
        # A rule ends at once what no look over the spans between has taken yet.
        holds.extend_holds(full=shortening.rules_waiting(now))
        if guards.trusted(clock.now()):
            holds.lapse_holds()
    except STANDS_STILL as error:
        log.exception("nothing new is destroyed: a hold could not take what it is to keep")
        guards.note_holds(error, now=clock.now())
        return False
    guards.note_holds(None, now=clock.now())
    return True


def _tend_erasures() -> None:
    """Carry on erasures that a kill has left; close those whose objects and keys are destroyed."""
    from cctv.retention import erased

    try:
        erased.tend()
    except STANDS_STILL:
        log.exception("erasures could not be looked after; the next tick tries again")


def _planned_lately(now: datetime) -> bool:
    lately = PurgeRun.objects.filter(planned_at__gt=now - BETWEEN_PLANS, planned_at__lte=now)
    return lately.exclude(state=RunState.ABANDONED).exists()


def _commit(plan: Plan, *, trigger: str, actor: Account | None) -> PurgeRun | None:
    """Make the plan a run; None when there is nothing to do or another process was first."""
    now = plan.cutoff_at
    if plan.is_empty and guards.hard(plan, now=now) is None:
        if guards.clock_unsure(now) is None:
            guards.beat(now)
        return None
    try:
        with transaction.atomic():
            run = PurgeRun.objects.create(
                planned_at=now, cutoff_at=now, plan_sha256=plan.digest, trigger=trigger, key_ids=plan.key_ids,
                segments=plan.segments, quarantined=plan.quarantined, bytes=plan.bytes, started_by=actor,
                hold_key_ids=plan.hold_key_ids, retired_key_ids=plan.retired_key_ids,
                gate_version=plan.gate_version,
            )  # fmt: skip
            PurgeItem.objects.bulk_create(_items(run, plan), batch_size=500)
    except IntegrityError:
        return None  # another process planned first: its run is as good as ours
    reached("purge.planned")
    return run


def _items(run: PurgeRun, plan: Plan) -> list[PurgeItem]:
    """One item for each epoch of the plan, its hash tree going on where the last run left it."""
    trees = certificates.open_trees(plan.shares)
    return [
        PurgeItem(
            run=run, epoch_id=share.epoch_id, site_id=share.site_id, planned_segments=share.segments,
            planned_quarantined=share.quarantined, planned_bytes=share.bytes,
            tree_size=trees[share.epoch_id][0], frontier=trees[share.epoch_id][1],
        )
        for share in plan.shares.values()
    ]  # fmt: skip


# ------------------------------------------------------------------ carrying a run on


def _carry_on(run: PurgeRun, plan: Plan | None = None) -> None:
    """Take the run from step to step until it is closed, paused, or something stops it for now.

    `plan` is given right after planning; whoever goes on with an older run computes it again.
    """
    token = uuid4()
    now = clock.now()
    # One that ends far in the future was taken by a clock that ran ahead, by somebody who is gone.
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)
    taken = PurgeRun.objects.filter(free, pk=run.pk, is_open=True)
    if taken.update(lease_token=token, lease_until=now + LEASE) != 1:
        return
    try:
        while True:
            run = PurgeRun.objects.get(pk=run.pk)
            if run.state == RunState.PLANNED:
                going_on = _begin(run, token, plan or plans.compute(run.cutoff_at))
            else:
                going_on = run.state in STEPS and STEPS[RunState(run.state)](run, token)
            if not going_on:
                return
            _renew(run, token)
    except LeaseLost:
        log.warning("run %s: another process has taken it over", run.pk)
    except STANDS_STILL as error:
        _note_error(run, error)
    finally:
        _release(run, token)


def _release(run: PurgeRun, token: UUID) -> None:
    try:
        PurgeRun.objects.filter(pk=run.pk, lease_token=token).update(lease_until=None, lease_token=None)
    except DatabaseError:
        log.exception("run %s: its lease could not be given back and will run out", run.pk)


def _renew(run: PurgeRun, token: UUID) -> None:
    """Keep the lease for a while longer. LeaseLost if it was overtaken."""
    held = PurgeRun.objects.filter(pk=run.pk, lease_token=token)
    if held.update(lease_until=clock.now() + LEASE) != 1:
        raise LeaseLost


def _note_error(run: PurgeRun, error: Exception) -> None:
    """Write on the row why the run stands still; the next tick tries again."""
    log.error("run %s stands still at %s: %s", run.pk, run.state, error)
    code = str(getattr(error, "code", type(error).__name__))[:40]
    text = str(getattr(error, "message", error))[:400]
    try:
        PurgeRun.objects.filter(pk=run.pk).update(error_code=code, error=text)
    except DatabaseError:
        log.exception("run %s: the register cannot be written", run.pk)


def _advance(run: PurgeRun, token: UUID, to: RunState, **fields: object) -> bool:
    """Compare and swap to the next state; LeaseLost when the row is not as we left it."""
    values = {"state": to, "error_code": "", "error": "", **fields}
    if PurgeRun.objects.filter(pk=run.pk, state=run.state, lease_token=token).update(**values) != 1:
        raise LeaseLost
    return True


def _begin(run: PurgeRun, token: UUID, plan: Plan) -> bool:
    """planned → started: does the plan still hold, do the guards agree, is the entry durable?"""
    now = clock.now()
    tripped = guards.check(plan, now=now, confirmed=run.confirmed_at is not None)
    if tripped is not None:
        return _pause(run, token, tripped)
    if plan.digest != bytes(run.plan_sha256) or run.cutoff_at > now:
        return give_up(run, "plan_moved")
    if plan.gate_version != plans.gate_version():
        return give_up(run, "plan_moved")
    guards.beat(now)
    started = entries.start(run, plan)
    reached("purge.logged")
    return _pass_gate(run, token, plan, started)


def _pass_gate(run: PurgeRun, token: UUID, plan: Plan, started: dict[str, int]) -> bool:
    """Begin, unless protection has changed since the plan was read: from here on a hold comes too late."""
    with transaction.atomic():
        HoldGate.objects.get_or_create(pk=1)
        gate = HoldGate.objects.select_for_update().get(pk=1)
        if gate.version == plan.gate_version:
            values = {"started_entries": started, "gate_version": gate.version}
            return _advance(run, token, RunState.STARTED, **values)
    return give_up(run, "plan_moved")


def _pause(run: PurgeRun, token: UUID, tripped: guards.Tripped) -> bool:
    """planned → paused, once: the row, the alarm, the entry. Ends the tick."""
    facts = dict(tripped.facts)
    log.error("run %s is paused: %s %s", run.pk, tripped.code, facts)
    _advance(run, token, RunState.PAUSED, pause_code=tripped.code, pause_facts=facts, paused_at=clock.now())
    paused = PurgeRun.objects.get(pk=run.pk)
    alarms.paused(paused)  # first: a log that is away may be what stops it
    entries.paused(paused)
    return False


def _stay_paused(run: PurgeRun, token: UUID) -> bool:
    """Look whether a paused plan still fits: a mended clock or mount, or a moved world, ends its wait."""
    now = clock.now()
    alarms.paused(run)
    entries.paused(run)  # by its event id a no-op, unless the first attempt was killed
    plan = plans.compute(run.cutoff_at)
    tripped = guards.check(plan, now=now)
    if tripped is not None and tripped.code == run.pause_code:
        fits = plan.digest == bytes(run.plan_sha256) and run.cutoff_at <= now
        if tripped.hard or fits:
            return False
    give_up(run, run.pause_code)
    return False


def give_up(run: PurgeRun, code: str) -> bool:
    """planned or paused → abandoned: nothing of it was destroyed; the next tick plans anew."""
    before = PurgeRun.objects.filter(pk=run.pk, state__in=(RunState.PLANNED, RunState.PAUSED))
    if before.update(state=RunState.ABANDONED, is_open=None, finished_at=clock.now(), error_code=code[:40]):
        entries.abandoned(run, code)
    return False


def _ratchet(run: PurgeRun, token: UUID) -> bool:
    """started → ratcheted: what has ended has no key. From here nothing opens it."""
    reached("run.started")
    if tripped := guards.storage():
        raise LetheError(guards.sentence(tripped.code, tripped.facts), code=tripped.code)
    facts = ratchet.destroy_keys(run, renew=lambda: _renew(run, token))
    reached("purge.keys-gone")
    return _advance(run, token, RunState.RATCHETED, **facts)


def _delete(run: PurgeRun, token: UUID) -> bool:
    """ratcheted → deleted: batch by batch, objects first, then their rows and the count of them."""
    reached("run.ratcheted")
    destroy.destroy_due(run, token, renew=lambda: _renew(run, token))
    reached("purge.deleted")
    return _advance(run, token, RunState.DELETED)


def _finish(run: PurgeRun, token: UUID) -> bool:
    """deleted → done, or pending while a mirror has not overwritten its old root."""
    reached("run.deleted")
    done = entries.done(run)
    reached("purge.done-logged")
    if entries.mirrors_pending(run.mirrors):
        _advance(run, token, RunState.PENDING, is_open=None, done_entries=done)
        return False
    PurgeRun.objects.filter(pk=run.pk).update(done_entries=done)
    certificates.issue(run)
    reached("purge.certified")
    _advance(run, token, RunState.DONE, is_open=None, done_entries=done, finished_at=clock.now())
    reached("run.done")
    return False


def _settle_mirrors() -> None:
    """Ask the vault again for runs whose keys a mirror or a process had not let go of; certify them then."""
    waiting = list(PurgeRun.objects.filter(state=RunState.PENDING).order_by("planned_at"))
    for run in waiting:
        try:
            facts = ratchet.settle(run)["mirrors"]
            PurgeRun.objects.filter(pk=run.pk).update(mirrors=facts)
            if entries.mirrors_pending(facts):
                return
            run.mirrors = facts
            certificates.issue(run)
            PurgeRun.objects.filter(pk=run.pk, state=RunState.PENDING).update(
                state=RunState.DONE, finished_at=clock.now(), error_code="", error=""
            )
        except STANDS_STILL as error:
            _note_error(run, error)
            return


STEPS = {
    RunState.PAUSED: _stay_paused,
    RunState.STARTED: _ratchet,
    RunState.RATCHETED: _delete,
    RunState.DELETED: _finish,
}
