"""Small pictures of new segments, made by a job and sealed beside them.

The row is the job: a segment without its picture is what remains to be done. One log entry covers a
batch, because nobody is shown anything yet; who later looks at a picture has an entry of their own.
"""

import logging
import threading
from datetime import timedelta

from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage import sealed
from cctv.footage.media.errors import MediaError
from cctv.footage.media.stills import thumbnail
from cctv.footage.models import Segment

log = logging.getLogger("lethe.footage")

JOB = "thumbnail"
BATCH = 800
FAILED = -1
# Not worth a picture any more: it would be gone before anybody looked.
TOO_LATE = timedelta(minutes=2)


# One batch at a time in a process; in several, the same picture is at worst made twice.
_working = threading.Lock()


def make_thumbnails(*, limit: int = BATCH) -> int:
    """Make the pictures of up to `limit` segments, newest first; how many were made."""
    if not _working.acquire(blocking=False):
        return 0
    try:
        return _make(limit)
    finally:
        _working.release()


def _make(limit: int) -> int:
    waiting = list(
        Segment.objects.filter(thumb_size_bytes=0, expires_at__gt=clock.now() + TOO_LATE)
        .select_related("epoch", "camera")
        .order_by("-id")[:limit]
    )
    if not waiting:
        return 0
    receipt = append(kind="vault.job", body={"job": JOB, "objects": [str(segment.pk) for segment in waiting]})
    made = 0
    for segment in waiting:
        try:
            segment.refresh_from_db(fields=["expires_at", "epoch", "wrapped_key"])
            opened = sealed.for_system(receipt, segment, job=JOB)
            jpeg = thumbnail(opened.index(), opened.media().read_range)
            size_bytes = sealed.add_thumb(receipt, segment, jpeg, job=JOB)
        except Segment.DoesNotExist:
            continue
        except MediaError as error:
            log.warning("segment %s gives no small picture: %s", segment.pk, error)
            size_bytes = FAILED
        except LetheError as error:  # the store or the keys are away for a while: the next batch tries again
            log.warning("no small picture of segment %s yet: %s", segment.pk, error)
            continue
        made += Segment.objects.filter(pk=segment.pk, thumb_size_bytes=0).update(thumb_size_bytes=size_bytes)
        if not Segment.objects.filter(pk=segment.pk).exists():
            sealed.drop_thumb(segment)  # purged meanwhile: its picture must not outlive it
    return made
