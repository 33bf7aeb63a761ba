"""Why a decision about a redaction is not taken."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.redaction.tracks.bodies import Reason


class RedactionChanged(LetheError):
    """Somebody else decided something since the page was drawn; `revision` is the one there is now."""

    code = "redaction_changed"
    status = 409
    message = _("Somebody else changed this redaction meanwhile.")
    hint = _("Look at it as it is now, and repeat what you did if it is still needed.")

    def __init__(self, revision: int) -> None:
        """`revision`: the redaction's, now."""
        self.revision = revision
        super().__init__()


class NotEditable(LetheError):
    """It is cancelled, or the computer works on it."""

    code = "redaction_not_editable"
    status = 409
    message = _("This redaction cannot be changed now.")
    hint = _("Wait until the computer is done with it, or stop that. A cancelled one stays as it is.")


class NotLookedAt(LetheError):
    """Nobody knows yet who is in the pictures."""

    code = "redaction_not_looked_at"
    status = 409
    message = _("The computer has not looked for people in this footage yet.")
    hint = _("Wait until it has. The page shows how far it is.")


class ViewingRequired(LetheError):
    """What concerns footage is asked for inside an open viewing, which the address names."""

    code = "viewing_required"
    status = 400
    message = _("A redaction is corrected inside an open viewing of its footage.")
    hint = _("Open the redaction from its page: it asks why you view the footage, and leads back here.")


class NothingToUndo(LetheError):
    """There is no decision to take back, or to take again."""

    code = "nothing_to_undo"
    status = 409
    message = _("There is nothing to undo or to do again.")
    hint = _("Load the page again to see how it stands.")


class NoSubject(LetheError):
    """Only the subject is to be shown, and nobody said who that is."""

    code = "redaction_no_subject"
    status = 409
    message = _("Nobody is chosen to stay visible, so the result would show nobody.")
    hint = _("Press whoever stays visible, or say that the subject is nobody.")


class TooManyEdits(LetheError):
    """More decisions than a redaction keeps."""

    code = "redaction_too_many_edits"
    status = 409
    message = _("This redaction has as many corrections as one can have.")
    hint = _("Cancel it and begin two of shorter stretches.")


class PreviewRefused(LetheError):
    """A moment or a stretch that cannot be previewed."""

    code = "preview_refused"
    status = 400
    message = _("This cannot be previewed.")
    hint = _("Choose a moment of this redaction, or a stretch of at most 20 seconds.")


class PreviewBusy(LetheError):
    """Other previews are being drawn."""

    code = "preview_busy"
    status = 503
    message = _("Other previews are being drawn.")
    hint = _("Try again in a moment. Nothing was sent.")


class PreviewFailed(LetheError):
    """The child could not decode or draw it."""

    code = "preview_failed"
    status = 500
    message = _("This preview could not be drawn.")
    hint = _("Try another moment. If all fail, the recording may be damaged there.")


# What a refused decision is told as: message, hint.
_WORDS: dict[Reason, tuple[object, object]] = {
    "kind": (_("This is no decision that the editor knows."), _("Load the page again.")),
    "body": (_("This decision could not be understood."), _("Load the page again and repeat what you did.")),
    "frame": (
        _("This frame is not in the redaction."),
        _("Choose a frame between its first and its last one."),
    ),
    "box": (_("This is no box in the picture."), _("Draw it over some of the picture.")),
    "polygon": (
        _("This shape encloses nothing."),
        _("Draw at least three corners that are not on one line."),
    ),
    "id": (_("There is nothing of this name."), _("Load the page again.")),
    "track": (
        _("This track is not there any more."),
        _("Load the page again to see the tracks as they are now."),
    ),
    "same": (_("These are one and the same track."), _("Choose another one.")),
    "nothing": (_("There would be nothing left to do that with."), _("Choose another frame or track.")),
    "many": (_("These are more than one redaction can have."), _("Remove some, or join them.")),
}


class DecisionRefused(LetheError):
    """A decision that means nothing, in words for whoever took it."""

    code = "decision_refused"
    status = 400

    def __init__(self, reason: Reason) -> None:
        """One of `tracks.bodies`' reasons."""
        message, hint = _WORDS[reason]
        super().__init__(message, hint=hint, code=f"decision_{reason}")
