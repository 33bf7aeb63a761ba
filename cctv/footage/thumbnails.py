"""Small pictures and motion facts of new segments, made by a job and sealed: beside them, and in their rows.

The row is the job: a segment without its picture or its facts is what remains to be done, the newest first,
and pictures before facts: one takes milliseconds, the facts of an hour minutes.
One log entry covers a batch, because nobody is shown anything yet; who later looks at a picture, or asks
when something moved, has an entry of their own.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accesslog import Receipt
from accesslog.services import append
from cctv.core.errors import LetheError
from cctv.core.leaving import leaving
from cctv.footage import sealed
from cctv.footage.media.errors import MediaError
from cctv.footage.media.motion import watch
from cctv.footage.media.stills import thumbnail
from cctv.footage.models import Segment
from cctv.footage.motion import facts
from cctv.footage.motion.leisure import at_leisure
from cctv.footage.motion.memory import UsualViews
from cctv.vault import past

log = logging.getLogger("lethe.footage")

JOB = "thumbnail"
BATCH = 200
KEEP_UP_S = 20.0
# A batch begins nothing more after this; what came in meanwhile is newer, and next.
BATCH_S = 10.0
# Facts of longer ones take a minute or more: at most one in a batch, and last.
LONG = timedelta(minutes=10)
FAILED = -1
UNTOLD = b""
# Not worth a picture any more: it would be gone before anybody looked.
TOO_LATE = timedelta(minutes=2)

# In a process one at a time makes pictures, and one facts: pictures do not wait for the facts of a long file.
# In several processes the same is at worst made twice; each looks again before it begins a segment.
_picturing, _watching = threading.Lock(), threading.Lock()
_views = UsualViews()


def keep_up(*, seconds: float = KEEP_UP_S) -> int:
    """Make what is missing, batch by batch, until nothing is or the time is up; of how many it was made.

    Each batch asks anew what is newest, so that what comes in now does not wait for what is caught up.
    """
    until = time.monotonic() + seconds
    total = 0
    while made := make_thumbnails():
        total += made
        if time.monotonic() >= until or leaving.is_set():
            break
    return total


def make_thumbnails(*, limit: int = BATCH, seconds: float = BATCH_S) -> int:
    """Make up to `limit` pictures, then as many facts, newest first; of how many something was made.

    After `seconds` nothing more is begun.
    """
    until = time.monotonic() + seconds
    with _alone(_watching) as watching:
        told = _without_facts(limit) if watching else []
        with _alone(_picturing) as picturing:
            pictured = list(_lacking(limit, thumb_size_bytes=0)) if picturing else []
            if not pictured and not told:
                return 0
            receipt = _logged(pictured, told)
            made = {each.pk for each in _begun_before(until, pictured) if _keep(receipt, each, _picture)}
        return len(made | {each.pk for each in _begun_before(until, told) if _keep(receipt, each, _motion)})


@contextmanager
def _alone(lock: threading.Lock) -> Iterator[bool]:
    """Whether nobody else in this process is at it; nobody is until the end."""
    taken = lock.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            lock.release()


def _logged(pictured: Iterable[Segment], told: Iterable[Segment]) -> Receipt:
    objects = dict.fromkeys(str(segment.pk) for segment in (*pictured, *told))
    return append(kind="vault.job", body={"job": JOB, "objects": [*objects]})


def _begun_before(until: float, waiting: Iterable[Segment]) -> Iterator[Segment]:
    return takewhile(lambda _segment: time.monotonic() < until and not leaving.is_set(), waiting)


def _lacking(limit: int, **lack: Any) -> QuerySet[Segment]:
    """The newest segments with this lack that are worth the work."""
    living = Segment.objects.filter(expires_at__gt=past.reached() + TOO_LATE, **lack)
    return living.select_related("epoch", "camera").order_by("-id")[:limit]


def _without_facts(limit: int) -> list[Segment]:
    """Each camera's in order of time, so that a usual view is learned, and one long one at the end.

    The cameras are in no order, so that none always comes last, nor first in two processes at once.
    """
    short: dict[UUID, list[Segment]] = {}
    long: list[Segment] = []
    for segment in _lacking(limit, motion__isnull=True):
        if segment.ends_at - segment.starts_at > LONG:
            long.append(segment)
        else:
            short.setdefault(segment.camera_id, []).append(segment)
    cameras = random.sample(list(short.values()), len(short))
    ordered = [each for found in cameras for each in sorted(found, key=lambda each: each.starts_at)]
    return ordered + long[:1]


def _keep(receipt: Receipt, segment: Segment, make: Callable[[Receipt, Segment], dict[str, Any]]) -> bool:
    """Make what is missing of the segment, and write it to its row; whether that was done."""
    try:
        segment.refresh_from_db(fields=["expires_at", "epoch", "wrapped_key", "thumb_size_bytes", "motion"])
        found = make(receipt, segment)
    except Segment.DoesNotExist:
        return False
    except LetheError as error:  # the store or the keys are away for a while: the next batch tries again
        log.warning("no small picture of segment %s yet: %s", segment.pk, error)
        return False
    rows = Segment.objects.filter(pk=segment.pk, thumb_size_bytes=segment.thumb_size_bytes)
    kept = bool(found) and bool(rows.update(**found))
    if not Segment.objects.filter(pk=segment.pk).exists():
        sealed.drop_thumb(segment)  # purged meanwhile: its picture must not outlive it
    return kept


def _picture(receipt: Receipt, segment: Segment) -> dict[str, Any]:
    """The small picture, sealed beside the segment: the new value of its row; nothing where it has one."""
    if segment.thumb_size_bytes != 0:
        return {}
    opened = sealed.for_system(receipt, segment, job=JOB)
    try:
        picture = thumbnail(opened.index(), opened.media().read_range)
    except MediaError as error:
        log.warning("segment %s gives no small picture: %s", segment.pk, error)
        return {"thumb_size_bytes": FAILED}
    return {"thumb_size_bytes": sealed.add_thumb(receipt, segment, picture, job=JOB)}


def _motion(receipt: Receipt, segment: Segment) -> dict[str, Any]:
    """The motion facts, sealed: the new value of the segment's row; nothing where it has them."""
    if segment.motion is not None:
        return {}
    opened = sealed.for_system(receipt, segment, job=JOB)
    try:
        view = _views.take(segment.camera_id, segment.starts_at)
        index, media = opened.index(), opened.media()
        moved = at_leisure(lambda: watch(index, media.read_range, view))
    except MediaError as error:
        log.warning("segment %s tells nothing of motion: %s", segment.pk, error)
        return {"motion": UNTOLD}
    _views.keep(segment.camera_id, segment.ends_at, view)
    told = facts.encode(moved.levels, moved.intensity, moved.known)
    return {"motion": sealed.seal(segment, sealed.MOTION, told)}
