"""The job: an approved export says what has to be packaged, a lease who does it, its files how far it is.

As with redactions, a worker that dies leaves a lease that runs out, and the next one makes what is not there
yet, file by file. What waiting does not help stands on the row as an error, with nothing left of the package.
"""

import logging
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Greatest

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.core.leaving import leaving
from cctv.core.working import LEASE, Watch
from cctv.disclosure.exports.errors import ExportViolated, HoldGone, NotHandable
from cctv.disclosure.exports.models import Export, ExportForm, ExportState, Urgency
from cctv.disclosure.exports.requirements import require_packable
from cctv.disclosure.packaging import copies, ending, errors, finishing, footage, sources
from cctv.disclosure.packaging.errors import Interrupted, PackagingFailed
from cctv.disclosure.packaging.files import Files, delete_objects, taken_out
from cctv.disclosure.packaging.footage import Making
from cctv.footage.errors import FootageExpired, HoldEnded, MasksUnreadable
from cctv.footage.media.errors import MediaError
from cctv.footage.restrictions.errors import FootageRestricted
from cctv.redaction.errors import NoResult, OtherMasks, RedactionGone
from cctv.redaction.review.errors import NotApproved
from cctv.retention.backup.selectors import register_in_doubt
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired as KeysExpired
from cctv.vault.errors import SealBroken
from cctv.vault.steps import reached

log = logging.getLogger("lethe.disclosure")

MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = FIRST_PAUSE * 2**MOST_ATTEMPTS
# Waiting helps against everything but these.
FOR_GOOD = (
    errors.NothingToPackage, errors.EndedSinceAsked, errors.RedactionElsewhere, errors.MasksForbidNative,
    MediaError, SealBroken, FootageExpired, KeysExpired, HoldEnded, FootageRestricted, MasksUnreadable,
    NotApproved, NoResult, OtherMasks, RedactionGone, HoldGone, ExportViolated, NotHandable, PackagingFailed,
)  # fmt: skip
ROWS = ("site__organisation", "case", "purpose", "asked_by", "letter", "hold")

_places = threading.BoundedSemaphore(max(1, settings.LETHE_PACKAGE_JOBS))
# Whatever long export is under way: one that is urgent does not wait for it.
_urgent_place = threading.BoundedSemaphore(1)


def package_due() -> int:
    """Package what is due, one export after the other, as far as this process has a place free; how many.

    None while the register may be an older copy: it may not know what was withdrawn or refused.
    """
    if register_in_doubt():
        return 0
    for place, wanted in ((_places, due()), (_urgent_place, due().exclude(urgency=Urgency.NONE))):
        if place.acquire(blocking=False):
            try:
                return _work_through(wanted)
            finally:
                place.release()
    return 0


def _work_through(wanted: QuerySet[Export]) -> int:
    done = 0
    while not leaving.is_set() and (taken := _take(wanted)) is not None:
        _work(*taken)
        done += 1
    return done


def due() -> QuerySet[Export]:
    """Those that somebody has to package."""
    return Export.objects.filter(state=ExportState.APPROVED, work_asked_at__isnull=False)


def _take(wanted: QuerySet[Export]) -> tuple[Export, UUID] | None:
    """The one that was tried least, urgent before others, then the one that waits longest, of those that
    nobody works on; leased.

    It counts as tried from now on: what ends its worker is not taken again for ever.
    """
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)
    # Further ahead than any pause is: the clock was wrong when that was written.
    ready = Q(not_before=None) | Q(not_before__lte=now) | Q(not_before__gt=now + LONGEST_PAUSE)
    waiting = wanted.filter(free, ready)
    calm = Case(When(urgency=Urgency.NONE, then=1), default=0)
    for pk in waiting.order_by("work_attempts", calm, "work_asked_at").values_list("pk", flat=True)[:20]:
        token = uuid4()
        counted = F("work_attempts") + 1
        if (
            due()
            .filter(free, ready, pk=pk)
            .update(lease_token=token, lease_until=now + LEASE, work_attempts=counted)
        ):
            found = Export.objects.select_related(*ROWS).get(pk=pk)
            if found.work_attempts <= MOST_ATTEMPTS:
                return found, token
            _failed(found, token, PackagingFailed())
    return None


class _Watch(Watch):
    """Tells besides how much of the footage is packaged."""

    def __init__(self, export: Export, token: UUID) -> None:
        super().__init__(due().filter(pk=export.pk, lease_token=token), Interrupted)
        self._total = max(1, _bytes(export))
        self._done = 0

    def tell(self, size: int) -> None:
        """So many bytes more of the footage are packaged. Interrupted when it is not ours any more."""
        self._done += size
        self.note(min(990, self._done * 990 // self._total))


def _bytes(export: Export) -> int:
    total = 0
    for span in export.spans.select_related("redaction"):
        if span.form != ExportForm.REDACTED:
            total += sources.sealed_bytes(span)
        if span.redaction is not None:
            total += int(span.redaction.result.get("bytes", 0))
    return total


def _work(export: Export, token: UUID) -> None:
    watch = _Watch(export, token)
    try:
        _package(export, watch)
    except Interrupted:
        _left_off(export, token)
    except (LetheError, AccessLogError) as error:
        _failed(export, token, error)
    except Exception as error:  # whatever it is, the row says so and others are not kept waiting
        log.exception("export %s", export.number)
        _failed(export, token, error)


def _package(export: Export, watch: _Watch) -> None:
    """Key, footage, papers, manifest, then READY; what is there already is not made again."""
    require_packable(export)
    _make_key(export, watch)
    files = Files(export, export.key_id, stopped=watch.stopped, fence=watch.fence)
    making = Making(export, files, watch.fence, watch.tell, watch.stopped)
    spans = list(export.spans.select_related("camera__site", "redaction", "hold", "export__hold"))
    for span in spans:
        span.export = export
        sources.require_there(span)
        if span.form != ExportForm.REDACTED:
            footage.native(making, span)
            copies.stills(making, span)
        if span.form != ExportForm.NATIVE:
            copies.redacted(making, span)
    made_at = finishing.papers(making, spans)
    # It may have been restricted, masked, erased or called off while this was made.
    require_packable(export)
    for span in spans:
        sources.require_there(span)
    finishing.finish(making, spans, watch.rows, made_at)


def _make_key(export: Export, watch: _Watch) -> None:
    """The package's key, and its name on the row; the row is locked, so nobody ends it between the two, and
    nobody who comes late makes a key anew that was destroyed. Interrupted."""
    with transaction.atomic():
        watch.fence()
        export.key_id = vault.new_package_key(export.pk)
        if not watch.rows.update(key_id=export.key_id):
            raise Interrupted
    reached("package.key")


def _left_off(export: Export, token: UUID) -> None:
    """Somebody else may go on with it; of what was called off nothing stays, also what came in meanwhile."""
    Export.objects.filter(pk=export.pk, lease_token=token).update(
        lease_token=None, lease_until=None, work_attempts=Greatest(F("work_attempts") - 1, 0)
    )
    ending.end_if_over(export.pk)


def _failed(export: Export, token: UUID, error: Exception) -> None:
    """Write down what happened; wait and try again where that may help, else leave nothing half."""
    code, text = errors.named(error)
    attempts = export.work_attempts
    over = isinstance(error, FOR_GOOD) or attempts >= MOST_ATTEMPTS
    log.warning("export %s, attempt %d: %s", export.number, attempts, error)
    kept: dict[str, Any] = {} if over else {"work_asked_at": export.work_asked_at}
    with transaction.atomic():
        done = due().filter(pk=export.pk, lease_token=token).update(
            **{"work_asked_at": None, **kept}, work_permille=0 if over else F("work_permille"),
            work_attempts=attempts, lease_token=None, lease_until=None,
            not_before=None if over else clock.now() + FIRST_PAUSE * 2 ** (attempts - 1),
            error_code=code, error=text,
        )  # fmt: skip
        # In the commit that gives the work up: after it, somebody may have asked for it anew.
        names = taken_out(export.files.all()) if over and done else []
    reached("package.given-up")
    _delete(export, names)


def _delete(export: Export, names: list[str]) -> None:
    """What the store does not do now, the sweep of orphans does."""
    try:
        delete_objects(names)
    except (LetheError, OSError) as error:
        log.warning("export %s: files of it are still in the store: %s", export.number, error)
