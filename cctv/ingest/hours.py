"""The Merkle tree of each camera's hour, its root in the access log, and what an export proves by it.

When a UTC hour has ended, its segments' leaves (`leaves`), in the order of their coming, become one tree for
each camera, and the entry `ingest.hour` says its root: from then on nobody can give out other footage as
that which came in. The entry's id follows from camera, hour and root, so a run that was killed adds nothing
at the next. Runs that were missed are made up for, oldest hour first.

The rows keep the leaves, which say nothing without the segments' keys; a row goes some time after the last
segment of its hour. The log keeps the root.
"""

import heapq
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import connection, transaction
from django.db.models import Max

from accesslog import IndexFields, merkle
from accesslog.services import append
from accesslog.types import to_us
from cctv.core import clock
from cctv.core.clock import HOUR
from cctv.footage.models import Segment
from cctv.footage.sealed import Opened
from cctv.ingest import leaves
from cctv.ingest.errors import NotProvable, NotProvableYet
from cctv.ingest.models import HourRoot
from cctv.sites.models import Camera

log = logging.getLogger("cctv.ingest")

# For clocks of several hosts that differ a little; commits under way are waited for (see `_leaves`).
GRACE = timedelta(minutes=1)
# When a root that is not there is said to be missing.
LATE = 2 * HOUR
# Trees in one run: a long gap is made up for in several.
MOST = 2000
# Rows looked at in one run for segments that are still there.
SWEPT = 500
_swept_to = 0
# Whose hours between roots are looked at next.
_turn = 0


def close_hours(*, most: int = MOST) -> int:
    """Write the roots of hours that have ended and lack theirs, oldest hour first; how many were written.

    For each camera what follows its newest root; for one camera, in turns, also what lies between roots: a
    clock that was put forward or back leaves such hours. Raises LogUnavailable with what is done kept.
    """
    end = clock.floor_hour(clock.now() - GRACE)
    waiting = [(hour, number, camera) for number, (hour, camera) in enumerate(_waiting(end))]
    heapq.heapify(waiting)
    written = 0
    while waiting and written < most:
        hour, number, camera = waiting[0]
        written += _close(camera, hour)
        if (after := _next(camera, hour + HOUR, end)) is None:
            heapq.heappop(waiting)
        else:
            heapq.heapreplace(waiting, (after, number, camera))
    return written + (_close_between(end) if written < most else 0)


def overdue() -> datetime | None:
    """The first hour that has waited too long for the root of a camera; None where none does."""
    end = clock.floor_hour(clock.now()) - LATE
    return min((hour for hour, _camera in _waiting(end)), default=None)


def _waiting(end: datetime) -> Iterator[tuple[datetime, Camera]]:
    """Cameras with hours before `end` that wait for roots, and the first of these hours.

    What has a root of an hour to come was closed by a clock that was ahead: it does not count.
    """
    newest = HourRoot.objects.filter(hour__lt=end).values("camera").annotate(at=Max("hour"))
    reached = dict(newest.values_list("camera", "at"))
    for camera in Camera.objects.select_related("site").order_by("pk"):
        at = reached.get(camera.pk)
        if (hour := _next(camera, at + HOUR if at else None, end)) is not None:
            yield hour, camera


def _next(camera: Camera, since: datetime | None, end: datetime) -> datetime | None:
    """The camera's first hour in [since, end) in which something came in."""
    rows = Segment.objects.filter(camera=camera, ingested_at__lt=end, ingest_leaf__isnull=False)
    if since is not None:
        rows = rows.filter(ingested_at__gte=since)
    first = rows.order_by("ingested_at").values_list("ingested_at", flat=True).first()
    return clock.floor_hour(first) if first is not None else None


def _close_between(end: datetime) -> int:
    """Close the hours without root of the camera whose turn it is; how many."""
    global _turn
    cameras = list(Camera.objects.select_related("site").order_by("pk"))
    if not cameras:
        return 0
    _turn += 1
    camera = cameras[_turn % len(cameras)]
    known = set(HourRoot.objects.filter(camera=camera, hour__lt=end).values_list("hour", flat=True))
    written = 0
    hour = _next(camera, None, end)
    while hour is not None:
        if hour not in known:
            written += _close(camera, hour)
        hour = _next(camera, hour + HOUR, end)
    return written


def _close(camera: Camera, hour: datetime) -> int:
    """Write the root of the camera's hour; 0 where its last recording has gone meanwhile."""
    if not (found := _leaves(camera, hour)):
        return 0
    _write(camera, hour, found)
    return 1


def _leaves(camera: Camera, hour: datetime) -> list[bytes]:
    """The leaves of the hour, in order. A commit of the camera that is under way is waited for."""
    with transaction.atomic():
        if connection.features.has_select_for_update:
            cameras = Camera.objects.select_for_update(of=("self",), no_key=True)
            cameras.values_list("pk").get(pk=camera.pk)
        rows = Segment.objects.filter(
            camera=camera, ingested_at__gte=hour, ingested_at__lt=hour + HOUR, ingest_leaf__isnull=False
        )
        return [
            bytes(leaf or b"")
            for leaf in rows.order_by("ingested_at", "pk").values_list("ingest_leaf", flat=True)
        ]


def _write(camera: Camera, hour: datetime, found: list[bytes]) -> None:
    """The entry, then the row."""
    root = merkle.tree_root(found)
    body: dict[str, Any] = {
        "camera": {"id": str(camera.pk), "code": camera.code, "name": camera.name},
        "site": camera.site.logged(),
        "hour": clock.rfc3339(hour),
        "segments": len(found),
        "root": root.hex(),
    }
    receipt = append(
        kind="ingest.hour",
        body=body,
        index=[IndexFields(camera=str(camera.pk), site=str(camera.site_id))],
        event_id=event_id(camera.pk, hour, root),
    )
    row = HourRoot(camera=camera, hour=hour, root=root, leaves=b"".join(found), entry=receipt.index)
    # Another worker may have been as fast: it wrote the same.
    HourRoot.objects.bulk_create([row], ignore_conflicts=True)


def event_id(camera_id: UUID, hour: datetime, root: bytes) -> UUID:
    """The id of the entry that says this root."""
    return uuid5(NAMESPACE_OID, f"lethe/ingest.hour/{camera_id}/{clock.rfc3339(hour)}/{root.hex()}")


def sweep_rows(*, most: int = SWEPT) -> int:
    """Delete rows of hours of which no segment is left, looking at `most` rows, in turns; how many went."""
    global _swept_to
    rows = list(HourRoot.objects.filter(pk__gt=_swept_to).order_by("pk").defer("leaves")[:most])
    _swept_to = rows[-1].pk if len(rows) == most else 0
    over = [row.pk for row in rows if not _left(row)]
    deleted, _each = HourRoot.objects.filter(pk__in=over).delete()
    return deleted


def _left(row: HourRoot) -> bool:
    return Segment.objects.filter(
        camera_id=row.camera_id, ingested_at__gte=row.hour, ingested_at__lt=row.hour + HOUR
    ).exists()


def evidence(segment: Segment, opened: Opened) -> dict[str, Any]:
    """What proves that the segment's stored file is the one that came in; JSON for an export.

    `opened` comes from one of the vault's two doors (`footage.sealed`), so there is a receipt for it; the
    salt leaves the vault here, the key does not. The hexadecimal `root` and the log's entry `entry` say
    where the root was logged: `leaves.verify` takes the root from there. Raises NotProvableYet while the
    hour is open, NotProvable, and what the doors raise (ReceiptMismatch, FootageExpired, KeyMissing).
    """
    said = leaves.Leaf(
        segment=str(segment.pk),
        camera=str(segment.camera_id),
        from_us=to_us(segment.starts_at),
        to_us=to_us(segment.ends_at),
        clear_sha256=opened.index().clear_sha256.hex(),
        salt=opened.ingest_salt().hex(),
    )
    row, hashes = _tree(segment)
    leaf = said.hash()
    if leaf not in hashes or merkle.tree_root(hashes) != bytes(row.root):
        raise NotProvable
    number = hashes.index(leaf)
    return {
        "version": leaves.VERSION,
        **{name: getattr(said, name) for name in leaves.Leaf.__slots__},
        "leaf": number,
        "size": len(hashes),
        "path": [each.hex() for each in leaves.inclusion(number, hashes)],
        "hour": clock.rfc3339(row.hour),
        "root": bytes(row.root).hex(),
        "entry": row.entry,
    }


def _tree(segment: Segment) -> tuple[HourRoot, list[bytes]]:
    hour = clock.floor_hour(segment.ingested_at)
    row = HourRoot.objects.filter(camera_id=segment.camera_id, hour=hour).first()
    if segment.ingest_leaf is None:
        raise NotProvable
    if row is None:
        raise NotProvableYet
    data, width = bytes(row.leaves), merkle.HASH_BYTES
    return row, [data[at : at + width] for at in range(0, len(data), width)]
