"""Why a copy is not handed over, or not any more."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class NoSuchLink(LetheError):
    """Unknown, used up, ended or expired: whoever asks is told the same."""

    code = "link_nowhere"
    status = 404
    message = _("This link leads nowhere.")
    hint = _("It may be mistyped, used up or over. Ask whoever sent it to you for a new one.")


class LinkClosed(LetheError):
    """Too many wrong codes."""

    code = "link_closed"
    status = 403
    message = _("This link is closed: a wrong code was given too often.")
    hint = _("Whoever sent it to you has been told. Ask them for a new one.")


class WrongCode(LetheError):
    """Not this link's code."""

    code = "link_code_wrong"
    status = 403
    message = _("This is not the code of this link.")

    def __init__(self, left: int = 0) -> None:
        """`left` are the attempts that are left."""
        super().__init__()
        self.left = left


class NotYours(LetheError):
    """The right code was not given in this browser, or too long ago."""

    code = "link_code_first"
    status = 403
    message = _("Type the code of this link first.")
    hint = _("It was told to you separately.")


class UsedUp(LetheError):
    """As often as it may be downloaded."""

    code = "link_used_up"
    status = 410
    message = _("This copy was downloaded as often as it may be.")
    hint = _("Ask whoever sent it to you for a new link.")


class MarkedOnce(LetheError):
    """Its pictures say which copy they are: there is no other."""

    code = "copy_marked_once"
    status = 409
    message = _("This package is marked as one copy, and that copy was handed over.")
    hint = _("Ask for another export: its pictures say whom it is for.")


class RangeUnfit(LetheError):
    """Bytes beyond what was sent so far, or of a copy that cannot be sent in pieces."""

    code = "range_unfit"
    status = 416
    message = _("This part of the copy cannot be sent.")
    hint = _("Begin the download again.")

    def __init__(self, size: int = 0) -> None:
        """`size` of the whole."""
        super().__init__()
        self.size = size


class SendingStopped(LetheError):
    """The copy ended, the link was revoked, or another request goes on with it."""

    code = "sending_stopped"
    status = 410
    message = _("The download was stopped.")
    hint = _("Open the link again: it says whether you may go on.")


class AgeKeyUnfit(LetheError):
    """Not an age recipient."""

    code = "age_key_unfit"
    message = _("This is not the public key of an age identity.")
    hint = _("It begins with “age1” and has 62 letters and digits. The recipient has it.")


class CopyExists(LetheError):
    """The same form was sent again: what it made is shown once only."""

    code = "copy_exists"
    status = 409
    message = _("This link was made already, and its code was shown.")
    hint = _("If you did not note it, end that link and make a new one.")


class CopyOver(LetheError):
    """It ended before."""

    code = "copy_over"
    status = 409
    message = _("This copy is not where it would have to be for that.")
    hint = _("Load the page of the export again to see what became of it.")


class MediumUnfit(LetheError):
    """Another site's, a print, or one that is not here."""

    code = "medium_unfit"
    status = 409
    message = _("The package cannot be written onto this medium.")
    hint = _("Choose a stick, disc, card or drive of this site that is kept here, or register a new one.")
