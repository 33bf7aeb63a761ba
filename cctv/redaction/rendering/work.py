"""The job: the row says what has to be done, a lease who does it; what one leaves off another goes on with.

A worker that dies leaves a lease that runs out; the sweep then hands the row to the next one, which does
only what is not there yet. What waiting does not help stands on the row as an error, for a person to decide.
"""

import logging
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from accesslog import IndexFields, Receipt
from accesslog.errors import AccessLogError
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.core.leaving import leaving
from cctv.core.working import LEASE, Watch
from cctv.footage import playback
from cctv.footage.derived import services as derived
from cctv.footage.errors import FootageExpired, HoldEnded
from cctv.footage.media.errors import MediaError
from cctv.footage.restrictions.errors import FootageRestricted
from cctv.footage.restrictions.services import require_free
from cctv.redaction import events
from cctv.redaction.errors import (
    BetweenPictures,
    Interrupted,
    MadeOfOther,
    NothingRecorded,
    SegmentDamaged,
    WorkFailed,
)
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.rendering import looking, making
from cctv.redaction.rendering.planning import JOB, Sources, segment_ids
from cctv.redaction.scene import making as still
from cctv.redaction.scene.errors import TooFewPictures
from cctv.redaction.services import FAILED, SCENE_FAILED, about
from cctv.sites.masks import polygons
from cctv.vault.errors import FootageExpired as KeysExpired
from cctv.vault.steps import reached

log = logging.getLogger("lethe.redaction")

MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = FIRST_PAUSE * 2**MOST_ATTEMPTS
# Waiting helps against everything but these.
FOR_GOOD = (
    SegmentDamaged, MediaError, NothingRecorded, BetweenPictures, MadeOfOther, FootageExpired, KeysExpired,
    HoldEnded, FootageRestricted, TooFewPictures,
)  # fmt: skip

_places = threading.BoundedSemaphore(max(1, settings.LETHE_REDACTION_JOBS))


def work_due() -> int:
    """Do what is due, one redaction after the other, as far as this process has a place free; how many."""
    done = 0
    if not _places.acquire(blocking=False):
        return done
    try:
        while not leaving.is_set() and (taken := _take()) is not None:
            _work(*taken)
            done += 1
    finally:
        _places.release()
    return done


def _take() -> tuple[Redaction, UUID] | None:
    """The one that was tried least, then the one that waits longest, of those that nobody works on; leased.

    It counts as tried from now on: what ends its worker is not taken again for ever.
    """
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)
    # Further ahead than any pause is: the clock was wrong when that was written.
    ready = Q(not_before=None) | Q(not_before__lte=now) | Q(not_before__gt=now + LONGEST_PAUSE)
    due = Redaction.objects.exclude(work=Work.NONE).exclude(state=State.CANCELLED).filter(free, ready)
    for pk in due.order_by("work_attempts", "work_asked_at").values_list("pk", flat=True)[:20]:
        token = uuid4()
        taken = Redaction.objects.filter(free, ready, pk=pk).exclude(work=Work.NONE)
        counted = F("work_attempts") + 1
        if taken.update(lease_token=token, lease_until=now + LEASE, work_attempts=counted):
            rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold", "made_by")
            found = rows.get(pk=pk)
            if found.work_attempts <= MOST_ATTEMPTS:
                return found, token
            _failed(found, token, WorkFailed())
    return None


class _Watch(Watch):
    """Tells besides what part of the work is done."""

    def __init__(self, redaction: Redaction, token: UUID) -> None:
        super().__init__(_ours(redaction, token), Interrupted)

    def done(self, portion: float) -> None:
        """Note how far it is; the lease goes on. Interrupted when it is not ours any more."""
        self.note(min(1000, max(0, round(portion * 1000))))


def _ours(redaction: Redaction, token: UUID) -> QuerySet[Redaction]:
    """The row while the lease is ours, and what is worked on is what is decided.

    Most decisions do not concern the scene; those that do take the lease away.
    """
    ours = Redaction.objects.filter(pk=redaction.pk, lease_token=token, work=redaction.work)
    return ours if redaction.work == Work.SCENE else ours.filter(revision=redaction.revision)


def _work(redaction: Redaction, token: UUID) -> None:
    watch = _Watch(redaction, token)
    try:
        require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
        receipt = _entry(redaction)
        sources = Sources(redaction, receipt)
        if redaction.work == Work.LOOK:
            looking.look(redaction, sources, stopped=watch.stopped, done=watch.done, fence=watch.fence)
            _finish(redaction, token, state=State.EDITING)
        elif redaction.work == Work.SCENE:
            still.make(redaction, sources, receipt, stopped=watch.stopped, done=watch.done, fence=watch.fence)
            _finish(redaction, token)
        else:
            _render(redaction, token, sources, receipt, watch)
    except Interrupted:
        _left_off(redaction, token)
    except (LetheError, AccessLogError) as error:
        _failed(redaction, token, error)
    except Exception as error:  # whatever it is, the row says so and others are not kept waiting
        log.exception("redaction %s", redaction.number)
        _failed(redaction, token, error)


def _left_off(redaction: Redaction, token: UUID) -> None:
    """Somebody else may go on with it; of what was cancelled nothing stays, also what came in meanwhile."""
    Redaction.objects.filter(pk=redaction.pk, lease_token=token).update(
        lease_token=None, lease_until=None, work_attempts=Greatest(F("work_attempts") - 1, 0)
    )
    if Redaction.objects.filter(pk=redaction.pk, state=State.CANCELLED).exists():
        derived.remove(owner=redaction.pk)


def _render(redaction: Redaction, token: UUID, sources: Sources, receipt: Receipt, watch: _Watch) -> None:
    revision, masks = redaction.revision, polygons.version(playback.copy_masks_of(redaction.camera))
    result, how = making.render(
        redaction, sources, receipt, stopped=watch.stopped, done=watch.done, fence=watch.fence
    )
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
    playback.require_copy_masks(redaction.camera, masks)
    detector = redaction.parameters.get("detector", "")
    body = {
        "site": redaction.site.logged(), **about(redaction), "revision": revision, "mode": redaction.mode,
        "result_sha256": result["sha256"], "detector": detector,
    }  # fmt: skip
    event_id = uuid5(redaction.pk, f"{events.RENDERED} {revision} {result['sha256']}")
    append(kind=events.RENDERED, body=body, index=[_index(redaction)], event_id=event_id)
    reached("redaction.rendered")
    known = {name: value for name, value in redaction.parameters.items() if name != FAILED}
    parameters = {**known, **how, "masks": masks}
    _finish(
        redaction, token, state=State.REVIEW, rendered_revision=revision, result=result, parameters=parameters
    )


def _finish(redaction: Redaction, token: UUID, **found: Any) -> None:
    """Interrupted, if it is not ours any more."""
    done = _ours(redaction, token).update(
        work=Work.NONE, work_permille=1000, work_attempts=0, lease_token=None, lease_until=None,
        not_before=None, error_code="", error="", **found,
    )  # fmt: skip
    if not done:
        raise Interrupted


def _failed(redaction: Redaction, token: UUID, error: Exception) -> None:
    """Write down what happened; wait and try again where that may help."""
    code = str(getattr(error, "code", "redaction_work_failed"))
    text = f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}".strip()
    attempts = redaction.work_attempts
    over = isinstance(error, FOR_GOOD) or attempts >= MOST_ATTEMPTS
    stopped = over and redaction.work == Work.RENDER
    parameters = {**redaction.parameters, FAILED: redaction.revision} if stopped else redaction.parameters
    if over and redaction.work == Work.SCENE:
        parameters = {**redaction.parameters, SCENE_FAILED: True}
    log.warning("redaction %s, attempt %d: %s", redaction.number, attempts, error)
    Redaction.objects.filter(pk=redaction.pk, lease_token=token, work=redaction.work).update(
        work=Work.NONE if over else redaction.work,
        # What cannot be rendered can be corrected; what was never looked at cannot.
        state=State.EDITING if stopped else redaction.state,
        parameters=parameters, work_attempts=attempts, lease_token=None, lease_until=None,
        not_before=None if over else clock.now() + FIRST_PAUSE * 2 ** (attempts - 1),
        error_code=code[:40], error=text[:400],
    )  # fmt: skip


def _entry(redaction: Redaction) -> Receipt:
    """The entry under which the job reads: all segments, and the hold if they are opened through one."""
    body: dict[str, Any] = {"job": JOB, "objects": [str(pk) for pk in segment_ids(redaction)]}
    if redaction.hold is not None:
        body["hold"] = {"id": str(redaction.hold.pk), "name": redaction.hold.number}
    return append(kind="vault.job", body=body)


def _index(redaction: Redaction) -> IndexFields:
    return IndexFields(
        camera=str(redaction.camera_id), site=str(redaction.site_id), purpose=redaction.purpose.code,
        case=redaction.case, footage_from=redaction.starts_at, footage_to=redaction.ends_at,
    )  # fmt: skip
