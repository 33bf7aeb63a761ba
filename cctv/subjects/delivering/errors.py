"""Why a copy is not given, or not given yet."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class NoDelivery(LetheError):
    """There is no such copy for whoever asks; or it has ended. Both look alike."""

    code = "no_delivery"
    status = 404
    message = _("There is no copy here.")
    hint = _("It may have ended: a copy is there for a limited time. The page of your request says more.")


class CopyWaits(LetheError):
    """The request is not in a state in which anything is given."""

    code = "delivery_waits"
    status = 409
    message = _("This copy cannot be opened now.")
    hint = _("The footage may be blocked, or your request has changed. Please write to us on its page.")


class WrongCode(LetheError):
    """Another code; `left` more may be tried."""

    code = "delivery_wrong_code"
    status = 403
    message = _("This is not the code.")
    hint = _("Compare it with what you were given. After five wrong ones you need a new code.")

    def __init__(self, left: int) -> None:
        """`left`: how many attempts there are."""
        super().__init__()
        self.left = left


class NoCode(LetheError):
    """None was asked for, it is too old, was used, or was guessed at too often."""

    code = "delivery_no_code"
    status = 403
    message = _("This code is not good any more.")
    hint = _("Ask for a new one. Each code is good once, and for a short time.")


class TooManyCodes(LetheError):
    """Enough codes for today."""

    code = "delivery_too_many_codes"
    status = 429
    message = _("Too many codes were asked for.")
    hint = _("Try again tomorrow, or come to our place: you can be given the code there.")


class CodeNotSent(LetheError):
    """No address, or the mail server refused it."""

    code = "delivery_code_not_sent"
    status = 503
    message = _("The code could not be sent.")
    hint = _("Try again later, or write to us: we give you the code at our place.")


class UsedUp(LetheError):
    """As often as it may be fetched it was."""

    code = "delivery_used_up"
    status = 409
    message = _("This copy has been opened as often as it can be.")
    hint = _("If you do not have it, write to us on the page of your request.")


class RangeUnfit(LetheError):
    """Bytes beyond its end."""

    code = "delivery_range"
    status = 416
    message = _("The copy does not have so many bytes.")
    hint = _("Begin the download anew.")

    def __init__(self, size: int) -> None:
        """`size`: of the whole copy, in bytes."""
        super().__init__()
        self.size = size


class NothingToFind(LetheError):
    """It names no camera that can be looked at."""

    code = "delivery_nothing_to_find"
    status = 409
    message = _("There is no footage of this request that can be looked at.")
    hint = _("None was kept when it came in, or its hold has ended.")


class NotSigned(LetheError):
    """A showing is closed with a signature."""

    code = "delivery_not_signed"
    status = 400
    message = _("Confirm that the visitor has signed.")
    hint = _("The signed sheet is the proof that it was shown.")


def named(error: Any) -> str:
    """The code of what went wrong, for a row."""
    return str(getattr(error, "code", type(error).__name__))
