"""Why a still or a bookmark is not made."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class ReasonRequired(LetheError):
    """A picture leaves, is kept or is opened for a reason in the person's own words."""

    code = "reason_required"
    status = 400
    message = _("Say what you need the picture for.")
    hint = _("A few words are enough. No names: the log keeps it for years.")
    field = "reason"


class StillNotKept(LetheError):
    """A kept still dies with its recording, and this one lives only through a hold."""

    code = "still_not_kept"
    status = 409
    message = _("This recording is past its retention: a hold alone keeps it, so no still of it is kept.")
    hint = _("Hand the picture out instead, or open the hold again when you need it.")


class BookmarkRefused(LetheError):
    """A bookmark without a note, or of a time of which nothing is kept."""

    code = "bookmark_refused"
    status = 400
    message = _("This cannot be bookmarked.")
    hint = _("Write a note, and choose a moment of which something is recorded.")
    field = "note"


class UndoOver(LetheError):
    """What was removed can be put back for a short while only, by whoever removed it."""

    code = "undo_over"
    status = 410
    message = _("It is too late to put this bookmark back.")
    hint = _("Open a viewing of that time and make a new one.")
