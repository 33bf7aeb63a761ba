"""What the portal refuses, in words for people who have never seen it."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class TooMuch(LetheError):
    """What comes in is larger than any form of this page; nothing of it was read."""

    code = "portal.too_large"
    status = 413
    message = _("This is too large for this page, so we did not take it.")
    hint = _("Go back and send less. Nothing else was changed.")


class TooFast(LetheError):
    """One address asks for more pages than people read."""

    code = "portal.too_fast"
    status = 429
    message = _("Too many pages were asked for from your connection.")
    hint = _("Wait a minute, then load this page again. What you have written is kept.")


class TooManySent(LetheError):
    """One address sends more requests than people have."""

    code = "portal.too_many_sent"
    status = 429
    message = _("Very many were sent from your connection within an hour, so we did not take this.")
    hint = _("Go back: what you have written is still there. Send it again in an hour, or call us.")


class NotNow(LetheError):
    """Something of ours is down: in words for people who cannot mend it."""

    code = "portal.not_now"
    status = 503
    message = _("This does not work at the moment, because something on our side is down.")
    hint = _(
        "Wait some minutes, go back and try again. Nothing was sent or changed. Call us if it is urgent."
    )


class ProofMissing(LetheError):
    """A form that was not handed out to this browser."""

    code = "portal.stale"
    status = 403
    message = _("This page was open too long, or it was opened in another place.")
    hint = _("Go back, load the page again and repeat what you did. Nothing was changed.")


class NothingHere(LetheError):
    """No such page, for this person or for anybody."""

    code = "portal.not_found"
    status = 404
    message = _("This page does not exist.")
    hint = _("Go back to the start. From there you reach every page.")


class AlreadyAnswered(LetheError):
    """What is to be answered is no longer asked."""

    code = "portal.answered"
    status = 409
    message = _("This can no longer be changed here.")
    hint = _("Load the page of your request again: it shows how things stand now.")


class AnswersTooLong(LetheError):
    """More words than an address carries."""

    code = "portal.answers_too_long"
    status = 400
    message = _("This is more text than fits into one request.")
    hint = _("Go back and shorten it. You can send us more once the request is received.")
