"""Why who asks is not settled."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class NotWaiting(LetheError):
    """Settled, decided or withdrawn since, or nobody has looked at it yet."""

    code = "identity_not_waiting"
    status = 409
    message = _("This request does not wait for proof of who asks.")
    hint = _("Load its page again: it says what it waits for.")


class NotSeen(LetheError):
    """Something that has to be seen was not."""

    code = "identity_not_seen"
    status = 400
    message = _("Not everything that has to be seen was seen.")
    hint = _("Tick each document that lay before you. Without them nothing is given to anybody.")
