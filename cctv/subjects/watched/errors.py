"""Why it is not told who has watched somebody."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class NotTold(LetheError):
    """Nobody has settled who asks, or nothing of the kind was granted."""

    code = "watched_not_told"
    status = 404
    message = _("There is nothing to show here yet.")
    hint = _("It is shown once we know who you are and have decided. The page of your request says more.")


class TooMuchSeen(LetheError):
    """More entries than one answer holds."""

    code = "watched_too_much"
    status = 409
    message = _("This is more than one page can show.")
    hint = _("Write to us on the page of your request: we tell you hour by hour.")
