"""Why a redaction is not begun, not worked on, or its result not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cctv.redaction.models import Redaction, RedactionPart
    from cctv.sites.models import Camera


class RedactionRefused(LetheError):
    """A span that is too long, or has no footage."""

    code = "redaction_refused"
    status = 400
    message = _("This cannot be redacted in one go.")
    hint = _("Choose at most one hour of one camera, inside your viewing.")


class NothingRecorded(LetheError):
    """There is no footage in the span."""

    code = "redaction_no_footage"
    status = 409
    message = _("Nothing is recorded in this stretch, or it has ended.")
    hint = _("Choose a stretch of the timeline that is recorded.")


class RedactionEnded(LetheError):
    """It is cancelled, or already decided."""

    code = "redaction_ended"
    status = 409
    message = _("This redaction has been cancelled.")
    hint = _("Begin a new one from a viewing.")


class AlreadyApproved(LetheError):
    """What a second person has approved is not ended by the first alone."""

    code = "redaction_approved"
    status = 409
    message = _("This redaction has been approved.")
    hint = _("Correct it in the editor first: that takes the approval away. Then it can be cancelled.")


class ChangedSince(LetheError):
    """What failed was sent to review; what would be tried again now was not."""

    code = "redaction_changed_since"
    status = 409
    message = _("This redaction was changed after it was sent to review.")
    hint = _("Send it to review again. Then it is rendered as it is now.")


class RedactionGone(LetheError):
    """The footage that it was made of has ended, and with it all that was made of it."""

    code = "redaction_gone"
    status = 410
    message = _("The footage of this redaction has ended, and everything that was made of it with it.")
    hint = _("The redaction's page still says who made, corrected and approved it.")


class NoResult(LetheError):
    """There is nothing rendered that fits what was decided."""

    code = "redaction_no_result"
    status = 409
    message = _("There is no finished result.")
    hint = _("Send the redaction to review; it is rendered first. The page shows how far it is.")


class OtherMasks(LetheError):
    """The camera's masks are others than those that the result was rendered with."""

    code = "redaction_other_masks"
    status = 409
    message = _("The privacy masks of this camera were changed after this was rendered.")
    hint = _("Open it in the editor and send it to review again. It is rendered with the masks of today.")


class MadeOfOther(LetheError):
    """The camera's pictures changed their size within the span."""

    code = "redaction_other_size"
    status = 409
    message = _("The pictures of this stretch have different sizes.")
    hint = _("Make two redactions: one before the camera was set differently and one after.")


# So many of the moments are told; a camera that is set so often is looked at first.
MOST_CHANGES = 6


def of_sizes(camera: Camera, changes: Sequence[datetime]) -> MadeOfOther:
    """MadeOfOther that says when the size changed, on the site's clocks."""
    zone = ZoneInfo(camera.site.time_zone)
    told = [f"{each.astimezone(zone):%Y-%m-%d %H:%M:%S}" for each in changes[:MOST_CHANGES]]
    more = ", …" if len(changes) > MOST_CHANGES else ""
    return MadeOfOther(hint=f"{MadeOfOther.hint} [{', '.join(told)}{more}]")


class BetweenPictures(LetheError):
    """The span is so short that no picture was taken within it."""

    code = "redaction_between_pictures"
    status = 409
    message = _("No picture was taken within this stretch: it lies between two pictures of the recording.")
    hint = _("Choose a longer stretch. The picture that you saw standing there was taken before it began.")


class SegmentDamaged(LetheError):
    """A recording that cannot be decoded; says which."""

    code = "redaction_damaged_footage"
    status = 409
    message = _("A recording of this stretch is damaged and cannot be decoded.")
    hint = _("Leave its time out: make one redaction before it and one after.")


def damaged(redaction: Redaction, part: RedactionPart) -> SegmentDamaged:
    """SegmentDamaged that says from when to when the recording is, on the site's clocks."""
    zone = ZoneInfo(redaction.site.time_zone)
    first, last = (moment.astimezone(zone) for moment in (part.starts_at, part.ends_at))
    return SegmentDamaged(hint=f"{SegmentDamaged.hint} [{first:%Y-%m-%d %H:%M:%S}–{last:%H:%M:%S}]")


class WorkFailed(LetheError):
    """The child process ended early or broke its limits."""

    code = "redaction_work_failed"
    status = 500
    message = _("The process that works on the pictures ended early.")
    hint = _("Try again. If it fails again, tell the administrator: the log of the server says more.")


class Interrupted(LetheError):
    """The work was cancelled, or another process has taken it over."""

    code = "redaction_interrupted"
    status = 409
    message = _("The work on this redaction was stopped.")


_TOLD: dict[str, type[LetheError]] = {
    each.code: each
    for each in (
        RedactionRefused, NothingRecorded, RedactionEnded, NoResult, MadeOfOther, BetweenPictures,
        SegmentDamaged, WorkFailed,
    )
}  # fmt: skip


def told(code: str, text: str) -> str:
    """What a stored error says in the reader’s language; as it was stored where another area raised it."""
    known = _TOLD.get(code)
    if known is None:
        return text
    _before, found, which = text.rpartition("[")
    return f"{known.message} {known.hint}" + (f" [{which}" if found and which.endswith("]") else "")
