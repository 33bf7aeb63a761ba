"""Why a notice cannot be told or answered."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class NoticeElsewhere(LetheError):
    """Told already, or answered before it was told."""

    code = "notice_elsewhere"
    status = 409
    message = _("This notice is not where it would have to be for that.")
    hint = _("Load its page again: somebody may have entered it a moment ago.")


class HowMissing(LetheError):
    """A notice that nobody knows the way of is none."""

    code = "notice_how"
    message = _("Say how they were told.")
    hint = _("By letter, by mail, by telephone: and to whom it went.")
