"""The objects of a run and their rows, batch by batch: delete, see that they are gone, remove and count.

The order is the point. Objects may be deleted any number of times; a row leaves exactly once, in the
transaction that counts it, and only when its objects are verifiably absent. The storage's marker is
asked before the first deletion and again before the rows go: on an empty mount point everything looks
absent. A batch is read, deleted and counted in a few statements each: what a segment costs does not
depend on how many there are.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.derived import ending
from cctv.footage.marks.models import Still
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import alarms, entries, tally
from cctv.retention import plan as plans
from cctv.retention.models import PurgeFailure, PurgeRun
from cctv.retention.plan import QUARANTINED, SEGMENT, due_quarantined, due_segments, held_at_all
from cctv.retention.tally import Doomed
from cctv.vault import services as vault
from cctv.vault.models import Epoch
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

# Large enough that each folder of the store is synced for a dozen objects at once, small enough that a
# kill repeats seconds of work.
BATCH = 4000
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)


class LeaseLost(LetheError):
    """Another process works on this run now."""

    code = "lease_lost"
    status = 409
    message = "Another process has taken this run over."


class WorldMoved(LetheError):
    """Rows changed under a batch; the next attempt looks again."""

    code = "world_moved"
    status = 409


@dataclass(frozen=True, slots=True)
class Failed:
    """What could not be deleted, and why."""

    doomed: Doomed
    code: str
    text: str


def destroy_due(run: PurgeRun, token: UUID, *, renew: Callable[[], None]) -> None:
    """Destroy, batch by batch, all that has expired by the run's cutoff; `renew` keeps the lease.

    Raises StorageMismatch, before any row is touched, when the store is not this installation's.
    """
    since: datetime | None = None
    while True:
        if batch := list(_due(run, since)):
            _destroy(run, token, batch)
            renew()
            # Reading on from here spares the database its way past all rows that have just left.
            since = batch[-1].expires_at if batch[-1].kind == SEGMENT else None
        elif since is None:
            alarms.failed(run)
            return
        else:
            since = None  # once more from the start, for what came in behind us


def _destroy(run: PurgeRun, token: UUID, batch: Sequence[Doomed]) -> None:
    vault.check_storage()
    sites = _sites(batch)
    _log_new_sites(run, set(sites.values()))
    derived = ending.objects_of([doomed.pk for doomed in batch if doomed.kind == SEGMENT])
    left = vault.delete_objects([*(doomed.name for doomed in batch), *derived])
    vault.check_storage()
    reached("purge.objects-deleted")
    stuck = _stuck(batch, derived, left) if left else {}
    gone = [doomed for doomed in batch if doomed.pk not in stuck] if stuck else batch
    failed = [_failed(doomed, stuck[doomed.pk]) for doomed in batch if doomed.pk in stuck] if stuck else []
    failures = _settle(run, token, gone, failed, sites, frozenset(derived))
    reached("purge.rows-deleted")
    for row in failures:
        entries.failed(row)


def _stuck(
    batch: Sequence[Doomed], derived: Mapping[str, set[UUID]], left: Mapping[str, LetheError]
) -> dict[UUID, LetheError]:
    """What is not gone while something of it is not, what was made of it included; and why."""
    stuck: dict[UUID, LetheError] = {}
    for name, error in left.items():
        if name in derived:
            log.error("%s, made of footage that ends, cannot be deleted: %s", name, error)
            stuck |= dict.fromkeys(derived[name], error)
    return stuck | {doomed.pk: left[doomed.name] for doomed in batch if doomed.name in left}


def _failed(doomed: Doomed, error: LetheError) -> Failed:
    log.error("%s cannot be deleted: %s", doomed.name, error)
    return Failed(doomed, error.code[:40], str(error.message)[:300])


def _sites(batch: Sequence[Doomed]) -> dict[UUID, UUID]:
    """The site of each epoch that the batch takes from."""
    epochs = Epoch.objects.filter(pk__in={doomed.epoch_id for doomed in batch})
    return dict(epochs.values_list("pk", "site_id"))


def _log_new_sites(run: PurgeRun, sites: set[UUID]) -> None:
    """What expired by the cutoff after the plan was made may lie at a site that has no `purge.start` yet."""
    missing = {site for site in sites if str(site) not in run.started_entries}
    if missing:
        run.started_entries |= entries.start(run, plans.compute(run.cutoff_at), only=missing)
        PurgeRun.objects.filter(pk=run.pk).update(started_entries=run.started_entries)


def _due(run: PurgeRun, since: datetime | None) -> Iterator[Doomed]:
    """The next objects to go, in the order of the plan's digest; segments from `since` on.

    What a hold that ended since the plan still names waits for the run that destroys that hold's key.
    """
    columns = ("expires_at", "size_bytes", "ciphertext_sha256")
    segments = due_segments(run.cutoff_at).exclude(held_at_all("segment")).order_by("expires_at", "pk")
    if since is not None:
        segments = segments.filter(expires_at__gte=since)
    names = ("pk", "sealed_name", "epoch_id", "camera_id", "starts_at", "ends_at", *columns)
    found = 0
    for row in segments.values_list(*names)[:BATCH]:
        found += 1
        yield Doomed(SEGMENT, *row)
    if found == BATCH:
        return
    quarantined = due_quarantined(run.cutoff_at).exclude(held_at_all("quarantined"))
    names = ("pk", "sealed_name", "epoch_id", "camera_id", "received_at", "received_at", *columns)
    for row in quarantined.order_by("expires_at", "pk").values_list(*names)[: BATCH - found]:
        yield Doomed(QUARANTINED, *row)


@transaction.atomic
def _settle(
    run: PurgeRun,
    token: UUID,
    gone: Sequence[Doomed],
    failed: Sequence[Failed],
    sites: Mapping[UUID, UUID],
    derived: Set[str],
) -> list[PurgeFailure]:
    """Remove the rows of what is gone and count them, once; write down what is not gone.

    `derived`: the objects made of the batch that were deleted with it. If there are others by now, nothing is
    removed: the next attempt deletes them, too.
    """
    now = clock.now()
    ids = [doomed.pk for doomed in gone]
    removed = sum(
        _removed(model, [doomed.pk for doomed in gone if doomed.kind == kind], derived)
        for kind, model in ((SEGMENT, Segment), (QUARANTINED, Quarantined))
    )
    if removed != len(gone):
        raise WorldMoved(f"{len(gone)} objects are gone, but {removed} rows were there to remove")
    if PurgeFailure.objects.exists():
        PurgeFailure.objects.filter(object_id__in=ids).delete()
    tally.count(run, gone, [failure.doomed for failure in failed], sites, now)
    rows = [_postpone(run, failure, sites, now) for failure in failed]
    segments = sum(doomed.kind == SEGMENT for doomed in gone)
    counted = PurgeRun.objects.filter(pk=run.pk, lease_token=token).update(
        destroyed_segments=F("destroyed_segments") + segments,
        destroyed_quarantined=F("destroyed_quarantined") + len(gone) - segments,
        destroyed_bytes=F("destroyed_bytes") + sum(doomed.size_bytes for doomed in gone),
        failed=F("failed") + len(failed),
    )
    if counted != 1:
        raise LeaseLost  # rolls everything back: whoever holds the lease counts these rows
    return rows


def _removed(model: type[Segment] | type[Quarantined], ids: Sequence[UUID], derived: Set[str]) -> int:
    """Delete rows in one statement. The database's own foreign keys still keep a held row."""
    rows = model._default_manager.filter(pk__in=ids)
    if model is Segment and ids:
        # Whoever keeps a still, or something made of it, has locked its segment: that comes first and goes
        # with it, or finds nothing.
        list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        stills = Still.objects.filter(segment_id__in=ids)
        stills._raw_delete(stills.db)
        if more := ending.forget(ids) - derived:
            raise WorldMoved(f"{len(more)} objects were made of segments that are being destroyed")
    return rows._raw_delete(rows.db) if ids else 0


def _postpone(run: PurgeRun, failure: Failed, sites: Mapping[UUID, UUID], now: datetime) -> PurgeFailure:
    """Write down an object that would not go; the pause before its next attempt doubles each time."""
    doomed = failure.doomed
    now = max(now, run.cutoff_at)
    row, created = PurgeFailure.objects.get_or_create(
        object_id=doomed.pk,
        defaults={
            "run": run, "kind": doomed.kind, "site_id": sites[doomed.epoch_id], "camera_id": doomed.camera_id,
            "sealed_name": doomed.name, "expired_at": doomed.expires_at, "first_failed_at": now,
            "next_attempt_at": now + FIRST_PAUSE, "error_code": failure.code, "error": failure.text,
        },
    )  # fmt: skip
    if not created:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(row.attempts, 12))
        row.run, row.attempts, row.next_attempt_at = run, row.attempts + 1, now + pause
        row.error_code, row.error = failure.code, failure.text
        row.save()
    return row
