"""What a batch adds to its epochs' items: numbers per camera, and each ciphertext's hash to a tree."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from accesslog.merkle import Frontier, leaf_hash
from cctv.core import clock
from cctv.retention.models import PurgeItem, PurgeRun
from cctv.retention.plan import QUARANTINED


class Doomed(NamedTuple):
    """A segment or quarantined object of the batch."""

    kind: str
    pk: UUID
    name: str
    epoch_id: UUID
    camera_id: UUID | None
    # Of a quarantined object nobody knows when it was recorded: both are then its receipt.
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    size_bytes: int
    ciphertext_sha256: bytes


def count(
    run: PurgeRun, gone: Sequence[Doomed], failed: Sequence[Doomed], sites: Mapping[UUID, UUID], now: datetime
) -> None:
    """Add the batch to the items of its epochs (`sites`: the site of each)."""
    by_epoch: dict[UUID, list[Doomed]] = {doomed.epoch_id: [] for doomed in (*gone, *failed)}
    for doomed in gone:
        by_epoch[doomed.epoch_id].append(doomed)
    items = {item.epoch_id: item for item in PurgeItem.objects.filter(run=run, epoch_id__in=list(by_epoch))}
    for epoch_id, taken in by_epoch.items():
        item = items.get(epoch_id) or _late_item(run, epoch_id, sites[epoch_id])
        _add(item, taken, now)
        item.failed += sum(doomed.epoch_id == epoch_id for doomed in failed)
        item.save()


def _late_item(run: PurgeRun, epoch_id: UUID, site_id: UUID) -> PurgeItem:
    """An item for what expired by the cutoff after the plan was made."""
    from cctv.retention.certificates import open_trees

    size, frontier = open_trees([epoch_id])[epoch_id]
    return PurgeItem(run=run, epoch_id=epoch_id, site_id=site_id, tree_size=size, frontier=frontier)


def _add(item: PurgeItem, taken: Sequence[Doomed], now: datetime) -> None:
    if not taken:
        return
    tree = Frontier.from_bytes(item.tree_size, bytes(item.frontier))
    by_camera: dict[UUID | None, list[Doomed]] = {}
    for doomed in taken:
        tree.append(leaf_hash(bytes(doomed.ciphertext_sha256)))
        item.bytes += doomed.size_bytes
        if doomed.kind == QUARANTINED:
            item.quarantined += 1
        else:
            item.segments += 1
            by_camera.setdefault(doomed.camera_id, []).append(doomed)
    item.tree_size, item.frontier = tree.size, tree.to_bytes()
    item.deleted_from, item.deleted_until = item.deleted_from or now, now
    for camera_id, segments in by_camera.items():
        _add_camera(item.cameras, str(camera_id), segments)


def _add_camera(cameras: dict[str, list[Any]], camera_id: str, segments: Sequence[Doomed]) -> None:
    first = clock.rfc3339(min(doomed.starts_at for doomed in segments))
    last = clock.rfc3339(max(doomed.ends_at for doomed in segments))
    days = [(doomed.expires_at - doomed.ends_at).days for doomed in segments]
    fewest, most = min(days), max(days)
    before = cameras.get(camera_id, [0, 0, first, last, fewest, most])
    cameras[camera_id] = [
        before[0] + len(segments), before[1] + sum(doomed.size_bytes for doomed in segments),
        min(before[2], first), max(before[3], last), min(before[4], fewest), max(before[5], most),
    ]  # fmt: skip
