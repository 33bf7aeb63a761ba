"""What becomes of erasures that were decided: carried on after a kill, closed when all of them is gone."""

import logging

from django.db.models import Exists, OuterRef, Q

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.models import ErasedSpan, Segment
from cctv.ingest.models import Quarantined
from cctv.retention import erase, guards, plan
from cctv.retention.models import Erasure, PurgeRun, RunState
from cctv.vault.models import Epoch, EpochState

log = logging.getLogger("cctv.retention")


def tend() -> int:
    """Carry on what a kill or a missing log has left, and close what is done; how many were carried on.

    Called by each tick of the purge, before it plans.
    """
    carried = 0
    for erasure in Erasure.objects.filter(applied_at=None).select_related("camera", "site", "decided_by"):
        try:
            erase.carry_on(erasure)
            carried += 1
        except (LetheError, AccessLogError) as error:
            log.error("erasure %s cannot be carried on yet: %s", erasure.pk, error)
    close_done()
    _forget_spans()
    return carried


def close_done() -> int:
    """Note when objects and keys of an erasure are gone, mirrors included; how many were closed."""
    closed = 0
    for erasure in Erasure.objects.filter(done_at=None).exclude(applied_at=None):
        if not (_objects_left(erasure) or _keys_left(erasure) or _run_under_way(erasure)):
            closed += Erasure.objects.filter(pk=erasure.pk).update(done_at=clock.now())
    return closed


def _objects_left(erasure: Erasure) -> bool:
    """Whether an object that was erased is still there: named as erased, and still in the register."""
    named = ErasedSpan.objects.filter(camera=OuterRef("camera"))
    same = named.filter(starts_at=OuterRef("starts_at"), ends_at=OuterRef("ends_at"))
    segments = Segment.objects.filter(
        camera=erasure.camera_id, starts_at__lt=erasure.ends_at, ends_at__gt=erasure.starts_at
    )
    claimed = named.filter(starts_at=OuterRef("claimed_start"), ends_at=OuterRef("claimed_start"))
    quarantined = Quarantined.objects.filter(
        camera=erasure.camera_id, claimed_start__gte=erasure.starts_at, claimed_start__lt=erasure.ends_at
    )
    return (
        segments.filter(Exists(same)).exclude(plan.protected(plan.SEGMENT)).exists()
        or quarantined.filter(Exists(claimed)).exclude(plan.protected(plan.QUARANTINED)).exists()
    )


def _keys_left(erasure: Erasure) -> bool:
    """Whether a key that opens an older copy of it is there: its epochs', or one that came after them."""
    epochs = Epoch.objects.filter(key_id__in=erasure.key_ids)
    if epochs.exclude(state=EpochState.DESTROYED).exists():
        return True
    same_hours = Epoch.objects.filter(
        site=erasure.site_id, expires_hour__in=epochs.values_list("expires_hour", flat=True)
    )
    return same_hours.filter(Q(state=EpochState.RETIRED) | Q(needs_new_key=True)).exists()


def _run_under_way(erasure: Erasure) -> bool:
    """Whether the run that destroys these keys, or a mirror of it, has not finished."""
    unfinished = PurgeRun.objects.filter(Q(is_open=True) | Q(state=RunState.PENDING))
    mine = set(erasure.key_ids)
    rows = unfinished.values_list("retired_key_ids", "key_ids")
    return any(not mine.isdisjoint([*retired, *ended]) for retired, ended in rows)


def _forget_spans() -> None:
    """What would have expired by now cannot come again; only a trusted clock may say so."""
    over = ErasedSpan.objects.filter(until__lte=clock.now())
    if over.exists() and guards.clock_trusted(clock.now()):
        over.delete()
