"""Why a request is not taken, not opened, or not changed."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class RequestRefused(LetheError):
    """What was asked for does not fit; `field` says which part of the form it is about."""

    code = "request_refused"
    status = 400
    message = _("Something in this request does not fit yet.")
    hint = _("Look at the place, the day and the time again.")

    def __init__(self, field: str, message: "str | Promise", hint: "str | Promise") -> None:
        """`field`: "cameras", "times", "kind" or "details"."""
        super().__init__(message=message, hint=hint)
        self.field = field


class NotOpened(LetheError):
    """No such reference, or another secret: both look the same."""

    code = "request_not_opened"
    status = 404
    message = _("This reference and this secret do not belong together.")
    hint = _("Both are on your receipt. If you have lost the secret, show again who you are.")


class TooManyAttempts(LetheError):
    """Somebody guesses, or mistypes it again and again."""

    code = "request_attempts"
    status = 429
    message = _("This was tried too often within a short time.")
    hint = _("Wait ten minutes, then try again. Nothing is lost by waiting.")


class RequestOver(LetheError):
    """It is closed, withdrawn or its file is destroyed."""

    code = "request_over"
    status = 409
    message = _("This request is closed.")
    hint = _("Nothing is added to it any more. A new request may name this one by its reference.")


class TooManyMessages(LetheError):
    """More than anybody has to say in a day."""

    code = "request_messages"
    status = 429
    message = _("There were very many messages today.")
    hint = _("Write again tomorrow, or call us. What you have sent has arrived.")


class TextMissing(LetheError):
    """A message without words."""

    code = "request_text"
    status = 400
    message = _("The message is empty, or too long.")
    hint = _("Write between one and four thousand letters.")
