"""Why a clock is not moved."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError

_WORDS = {
    "no_pause": _("The law of this place does not let the clock stand."),
    "no_extension": _("The law of this place knows no extension."),
    "no_postponement": _("The law of this place knows no postponement."),
    "twice": _("This was done already."),
    "too_late": _("The deadline is over."),
    "not_paused": _("The clock does not stand."),
    "backwards": _("The new deadline is not after the old one."),
}


class ClockRefused(LetheError):
    """The deadline cannot be moved so."""

    code = "request_clock"
    status = 409
    message = _("The deadline cannot be moved so.")
    hint = _("It is moved only as the law allows, before it is over, and told to the requester.")

    def __init__(self, why: str) -> None:
        """`why`: the code of `due.NotPossible`."""
        super().__init__(message=_WORDS.get(why, self.message))
        self.why = why
