"""One batch of a run: delete the objects, see that they are gone, then remove and count their rows.

The order is the point. Objects may be deleted any number of times; a row leaves exactly once, in the
transaction that counts it, and only when its objects are verifiably absent. The storage's marker is
asked before the first deletion and again before the rows go: on an empty mount point everything looks
absent.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accesslog.merkle import Frontier, leaf_hash
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import entries
from cctv.retention import plan as plans
from cctv.retention.models import PurgeFailure, PurgeItem, PurgeRun
from cctv.retention.plan import QUARANTINED, SEGMENT, due_quarantined, due_segments, held_at_all
from cctv.vault import services as vault
from cctv.vault.errors import StorageMismatch
from cctv.vault.names import all_parts
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

BATCH = 500
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)


class StillThere(LetheError):
    """The store accepted the deletion, and the object is still there."""

    code = "still_there"
    status = 500
    message = "The storage says that it deleted the object, and still has it."


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
class Doomed:
    """A segment or quarantined object of the batch, with all the objects that belong to it."""

    kind: str
    pk: UUID
    names: tuple[str, ...]
    epoch_id: UUID
    site_id: UUID
    camera_id: UUID | None
    # Of a quarantined object nobody knows when it was recorded: both are then its receipt.
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    size_bytes: int
    ciphertext_sha256: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """What could not be deleted, and why."""

    doomed: Doomed
    code: str
    text: str


def next_batch(run: PurgeRun, token: UUID) -> int:
    """Destroy the next batch of what has expired by the run's cutoff; 0 when nothing is left to try.

    Raises StorageMismatch, before any row is touched, when the store is not this installation's.
    """
    batch = list(islice(_due(run), BATCH))
    if not batch:
        return 0
    vault.check_storage()
    _log_new_sites(run, batch)
    gone: list[Doomed] = []
    failed: list[Failed] = []
    for doomed in batch:
        if (failure := _delete(doomed)) is None:
            gone.append(doomed)
        else:
            failed.append(failure)
    vault.check_storage()
    reached("purge.objects-deleted")
    failures = _settle(run, token, gone, failed)
    reached("purge.rows-deleted")
    for row in failures:
        entries.failed(row)
    return len(batch)


def _log_new_sites(run: PurgeRun, batch: Sequence[Doomed]) -> None:
    """What expired by the cutoff after the plan was made may lie at a site that has no `purge.start` yet."""
    missing = {doomed.site_id for doomed in batch if str(doomed.site_id) not in run.started_entries}
    if missing:
        run.started_entries |= entries.start(run, plans.compute(run.cutoff_at), only=missing)
        PurgeRun.objects.filter(pk=run.pk).update(started_entries=run.started_entries)


def _due(run: PurgeRun) -> Iterable[Doomed]:
    # What a hold that ended since the plan still names waits for the run that destroys that hold's key.
    segments = due_segments(run.cutoff_at).exclude(held_at_all("segment"))
    segments = segments.order_by("expires_at", "pk").select_related("epoch").defer("parts")
    for segment in segments[:BATCH]:
        yield Doomed(
            kind=SEGMENT, pk=segment.pk, names=all_parts(segment.sealed_name), epoch_id=segment.epoch_id,
            site_id=segment.epoch.site_id, camera_id=segment.camera_id, starts_at=segment.starts_at,
            ends_at=segment.ends_at, expires_at=segment.expires_at, size_bytes=segment.size_bytes,
            ciphertext_sha256=bytes(segment.ciphertext_sha256),
        )  # fmt: skip
    quarantined = due_quarantined(run.cutoff_at).exclude(held_at_all("quarantined"))
    for row in quarantined.order_by("expires_at", "pk")[:BATCH]:
        yield Doomed(
            kind=QUARANTINED, pk=row.pk, names=all_parts(row.sealed_name), epoch_id=row.epoch_id,
            site_id=row.site_id, camera_id=row.camera_id, starts_at=row.received_at,
            ends_at=row.received_at, expires_at=row.expires_at,
            size_bytes=row.size_bytes, ciphertext_sha256=bytes(row.ciphertext_sha256),
        )  # fmt: skip


def _delete(doomed: Doomed) -> Failed | None:
    """Delete every object of the item and verify that each is absent; the reason when one is not."""
    try:
        vault.delete_object(doomed.names[0])  # with its parts
        for name in doomed.names:
            if vault.object_exists(name):
                raise StillThere
    except StorageMismatch:
        raise
    except Exception as error:  # whatever one object does, its neighbours go
        log.error("%s cannot be deleted: %s", doomed.names[0], error)
        code = str(getattr(error, "code", type(error).__name__))[:40]
        return Failed(doomed, code, str(getattr(error, "message", error))[:300])
    return None


@transaction.atomic
def _settle(
    run: PurgeRun, token: UUID, gone: Sequence[Doomed], failed: Sequence[Failed]
) -> list[PurgeFailure]:
    """Remove the rows of what is gone and count them, once; write down what is not gone."""
    now = clock.now()
    ids = [doomed.pk for doomed in gone]
    removed = _removed(Segment, ids) + _removed(Quarantined, ids)
    if removed != len(gone):
        raise WorldMoved(f"{len(gone)} objects are gone, but {removed} rows were there to remove")
    PurgeFailure.objects.filter(object_id__in=ids).delete()
    _count(run, gone, [failure.doomed for failure in failed], now)
    rows = [_postpone(run, failure, now) for failure in failed]
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


def _removed(model: type[Segment] | type[Quarantined], ids: Sequence[UUID]) -> int:
    _total, by_model = model._default_manager.filter(pk__in=ids).delete()
    return by_model.get(model._meta.label, 0)


def _postpone(run: PurgeRun, failure: Failed, now: datetime) -> PurgeFailure:
    """Write down an object that would not go; the pause before its next attempt doubles each time."""
    doomed = failure.doomed
    now = max(now, run.cutoff_at)
    row, created = PurgeFailure.objects.get_or_create(
        object_id=doomed.pk,
        defaults={
            "run": run, "kind": doomed.kind, "site_id": doomed.site_id, "camera_id": doomed.camera_id,
            "sealed_name": doomed.names[0], "expired_at": doomed.expires_at, "first_failed_at": now,
            "next_attempt_at": now + FIRST_PAUSE, "error_code": failure.code, "error": failure.text,
        },
    )  # fmt: skip
    if not created:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(row.attempts, 12))
        row.run, row.attempts, row.next_attempt_at = run, row.attempts + 1, now + pause
        row.error_code, row.error = failure.code, failure.text
        row.save()
    return row


def _count(run: PurgeRun, gone: Sequence[Doomed], failed: Sequence[Doomed], now: datetime) -> None:
    """Add the batch to its epochs' items: numbers per camera, and each ciphertext's hash to the tree."""
    epochs = {doomed.epoch_id for doomed in (*gone, *failed)}
    items = {item.epoch_id: item for item in PurgeItem.objects.filter(run=run, epoch_id__in=epochs)}
    trees: dict[UUID, Frontier] = {}
    for doomed in gone:
        item = _item(items, run, doomed)
        if item.epoch_id not in trees:
            trees[item.epoch_id] = Frontier.from_bytes(item.tree_size, bytes(item.frontier))
        trees[item.epoch_id].append(leaf_hash(doomed.ciphertext_sha256))
        item.bytes += doomed.size_bytes
        item.deleted_from, item.deleted_until = item.deleted_from or now, now
        if doomed.kind == QUARANTINED:
            item.quarantined += 1
        else:
            item.segments += 1
            _count_camera(item.cameras, doomed)
    for doomed in failed:
        _item(items, run, doomed).failed += 1
    for item in items.values():
        if tree := trees.get(item.epoch_id):
            item.tree_size, item.frontier = tree.size, tree.to_bytes()
        item.save()


def _item(items: dict[UUID, PurgeItem], run: PurgeRun, doomed: Doomed) -> PurgeItem:
    """The item of the object's epoch; a new one for what expired by the cutoff after the plan was made."""
    if doomed.epoch_id not in items:
        from cctv.retention.certificates import open_trees

        size, frontier = open_trees([doomed.epoch_id])[doomed.epoch_id]
        items[doomed.epoch_id] = PurgeItem(
            run=run, epoch_id=doomed.epoch_id, site_id=doomed.site_id, tree_size=size, frontier=frontier
        )
    return items[doomed.epoch_id]


def _count_camera(cameras: dict[str, list[Any]], doomed: Doomed) -> None:
    first, last = clock.rfc3339(doomed.starts_at), clock.rfc3339(doomed.ends_at)
    days = (doomed.expires_at - doomed.ends_at).days
    count, size, before, after, fewest, most = cameras.get(
        str(doomed.camera_id), [0, 0, first, last, days, days]
    )
    cameras[str(doomed.camera_id)] = [
        count + 1, size + doomed.size_bytes, min(before, first), max(after, last),
        min(fewest, days), max(most, days),
    ]  # fmt: skip
