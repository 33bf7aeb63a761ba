"""Small pictures and motion facts of new segments, made by a job and sealed: beside them, and in their rows.

The row is the job: a segment without its picture or its facts is what remains to be done, the newest first.
One log entry covers a batch, because nobody is shown anything yet; who later looks at a picture, or asks
when something moved, has an entry of their own.
"""

import logging
import threading
import time
from datetime import timedelta
from typing import Any

from accesslog import Receipt
from accesslog.services import append
from cctv.core.errors import LetheError
from cctv.footage import sealed
from cctv.footage.media.errors import MediaError
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.motion import watch
from cctv.footage.media.ranges import ReadRange
from cctv.footage.media.stills import small_picture, thumbnail
from cctv.footage.models import Segment
from cctv.footage.motion import facts
from cctv.footage.motion.memory import UsualViews
from cctv.vault import past

log = logging.getLogger("lethe.footage")

JOB = "thumbnail"
BATCH = 200
KEEP_UP_S = 60.0
FAILED = -1
UNTOLD = b""
# Not worth a picture any more: it would be gone before anybody looked.
TOO_LATE = timedelta(minutes=2)

# One batch at a time in a process; in several, the same picture is at worst made twice.
_working = threading.Lock()
_views = UsualViews()


def keep_up(*, seconds: float = KEEP_UP_S) -> int:
    """Make what is missing, batch by batch, until nothing is or the time is up; of how many it was made.

    Each batch asks anew what is newest, so that what comes in now does not wait for what is caught up.
    """
    until = time.monotonic() + seconds
    total = 0
    while made := make_thumbnails():
        total += made
        if time.monotonic() >= until:
            break
    return total


def make_thumbnails(*, limit: int = BATCH) -> int:
    """Make what is missing of up to `limit` segments, newest first; of how many something was made."""
    if not _working.acquire(blocking=False):
        return 0
    try:
        return _make(limit)
    finally:
        _working.release()


def _make(limit: int) -> int:
    waiting = _waiting(limit)
    if not waiting:
        return 0
    receipt = append(kind="vault.job", body={"job": JOB, "objects": [str(segment.pk) for segment in waiting]})
    made = 0
    for segment in waiting:
        try:
            segment.refresh_from_db(fields=["expires_at", "epoch", "wrapped_key", "thumb_size_bytes"])
            found = _made_of(receipt, segment)
        except Segment.DoesNotExist:
            continue
        except LetheError as error:  # the store or the keys are away for a while: the next batch tries again
            log.warning("no small picture of segment %s yet: %s", segment.pk, error)
            continue
        rows = Segment.objects.filter(pk=segment.pk, thumb_size_bytes=segment.thumb_size_bytes)
        made += rows.update(**found)
        if not Segment.objects.filter(pk=segment.pk).exists():
            sealed.drop_thumb(segment)  # purged meanwhile: its picture must not outlive it
    return made


def _waiting(limit: int) -> list[Segment]:
    """The newest segments that lack something, each camera's in order of time: so a usual view is learned."""
    living = Segment.objects.filter(expires_at__gt=past.reached() + TOO_LATE).select_related(
        "epoch", "camera"
    )
    found: dict[Any, Segment] = {}
    for rows in (living.filter(thumb_size_bytes=0), living.filter(motion__isnull=True)):
        found |= {segment.pk: segment for segment in rows.order_by("-id")[:limit]}
    newest = sorted(found.values(), key=lambda segment: segment.pk, reverse=True)[:limit]
    return sorted(newest, key=lambda segment: (segment.camera_id, segment.starts_at))


def _made_of(receipt: Receipt, segment: Segment) -> dict[str, Any]:
    """What is missing of the segment, sealed: the new values of its row."""
    opened = sealed.for_system(receipt, segment, job=JOB)
    pictures: list[bytes] = []
    made: dict[str, Any] = {}
    lacks_picture, lacks_facts = segment.thumb_size_bytes == 0, segment.motion is None
    try:
        index, read = opened.index(), opened.media().read_range
        if lacks_facts:
            made["motion"] = _facts(segment, index, read, pictures)
        elif lacks_picture:
            pictures.append(thumbnail(index, read))
    except MediaError as error:
        log.warning("segment %s gives no small picture: %s", segment.pk, error)
        if lacks_facts:
            made["motion"] = UNTOLD
    if lacks_picture:
        picture = next(iter(pictures), None)
        size = sealed.add_thumb(receipt, segment, picture, job=JOB) if picture is not None else FAILED
        made["thumb_size_bytes"] = size
    return made


def _facts(segment: Segment, index: PacketIndex, read: ReadRange, pictures: list[bytes]) -> bytes:
    """Its motion facts, sealed; the small picture of its first frame goes to `pictures`."""
    view = _views.take(segment.camera_id, segment.starts_at)
    moved = watch(
        index, read, view, first=lambda context, frame: pictures.append(small_picture(context, frame))
    )
    _views.keep(segment.camera_id, segment.ends_at, view)
    return sealed.seal(segment, sealed.MOTION, facts.encode(moved.levels, moved.intensity, moved.known))
