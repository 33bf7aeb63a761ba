"""Why a review cannot go on."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class OwnRedaction(LetheError):
    """Whoever made or corrected it does not review it."""

    code = "own_redaction"
    status = 403
    message = _("You made this redaction or corrected it, so somebody else has to review it.")
    hint = _("Ask a colleague who may review redactions at this site.")


class NothingToReview(LetheError):
    """It is not waiting for a review."""

    code = "nothing_to_review"
    status = 409
    message = _("This redaction is not waiting for a review.")
    hint = _("It was changed, returned or decided meanwhile. Open its page to see how it stands.")


class MomentsLeft(LetheError):
    """Not all doubtful moments were looked at."""

    code = "moments_left"
    status = 409
    message = _("Not all doubtful moments have been looked at.")
    hint = _("Step through those that are left, then approve it.")


class NotShown(LetheError):
    """The result was not sent to whoever wants to approve it."""

    code = "result_not_shown"
    status = 409
    message = _("You have not been shown all the moments that are to be looked at.")
    hint = _("Play the result at each doubtful moment, then approve it.")


class RemarkRequired(LetheError):
    """A redaction is returned with a reason."""

    code = "remark_required"
    status = 400
    message = _("Say what has to be changed.")
    hint = _("Write a remark for whoever corrects it.")


class NotApproved(LetheError):
    """Nothing of it may be handed out."""

    code = "redaction_not_approved"
    status = 409
    message = _("This redaction has not been approved as it is now, so nothing of it can be handed out.")
    hint = _("Send it to review. A second person approves it after stepping through its doubtful moments.")
