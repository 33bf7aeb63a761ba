"""Why a hold is not placed, decided or changed."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class HoldRefused(LetheError):
    """What was asked for cannot be held: no camera, another site's, an empty or endless span."""

    code = "hold_refused"
    status = 400
    message = _("This cannot be held.")
    hint = _("Choose cameras of one site, an end after the start, and an “until” after both.")


class HoldDecided(LetheError):
    """Somebody was faster, or its time was over."""

    code = "hold_decided"
    status = 409
    message = _("This hold no longer waits for a decision.")
    hint = _("Load the page again to see what became of it.")


class HoldOver(LetheError):
    """It holds nothing any more."""

    code = "hold_over"
    status = 409
    message = _("This hold has ended. What it held past its retention is destroyed.")
    hint = _("A new hold takes what has not been destroyed yet.")


class HoldNotLogged(LetheError):
    """Protection stands, its entry is still to come: nothing is acknowledged that is not logged."""

    code = "hold_not_logged"
    status = 503
    message = _("The footage is held, but the access log cannot be written at the moment.")
    hint = _("Nothing of it is destroyed. Its entry follows by itself; look at the holds again in a minute.")


class OwnHold(LetheError):
    """Two people stand behind each hold that an operator places."""

    code = "own_hold"
    status = 403
    message = _("You placed this hold yourself, so somebody else confirms or refuses it.")
    hint = _("Ask another approver or the privacy officer of the site.")


class HoldOfRequest(LetheError):
    """Somebody who was filmed relies on it: the end of their request ends it, and nobody before that."""

    code = "hold_of_request"
    status = 409
    message = _("This hold belongs to the request of somebody who was filmed.")
    hint = _("It ends by itself: with the answer, once the time to object is over, or when it is withdrawn.")


class ReasonRequired(LetheError):
    """An act on evidence without a word why."""

    code = "reason_required"
    status = 400
    message = _("Say why, in a few words.")
    hint = _("Whoever looks at this later has only these words.")
