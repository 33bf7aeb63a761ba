"""Errors that a person can act on: `code`, `message` (what happened), `hint` (what to do), HTTP `status`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _


class AccessLogError(Exception):
    """Base of every error of the log."""

    code = "log.error"
    status = 500
    message: Any = _("The access log could not do this.")
    hint: Any = _("Tell the administrator; `manage.py log verify` says what is wrong.")

    def __init__(self, message: Any = None, *, hint: Any = None) -> None:
        """Keep the class's texts unless better ones are given (strings or lazy translations)."""
        if message is not None:
            self.message = message
        if hint is not None:
            self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.hint}"


class LogUnavailable(AccessLogError):
    """The entry is not known to be durable: whatever it should have allowed must not happen."""

    code = "log.unavailable"
    status = 503
    message = _("The access log cannot be reached, so nothing was shown or changed.")
    hint = _("Try again in a moment. If it stays so, tell the administrator that the log database is down.")


class LogDamaged(LogUnavailable):
    """The head does not fit the entries: somebody or something changed the log behind its back."""

    code = "log.damaged"
    message = _("The access log does not fit its own head, so it accepts no entry.")
    hint = _("Tell the administrator to run `manage.py log verify` and to keep the database as it is.")


class EventRefused(AccessLogError):
    """The event is unknown, incomplete or cannot be written down; a defect of the caller."""

    code = "log.event_refused"
    status = 500
    message = _("An event could not be logged, so nothing was shown or changed.")
    hint = _("This is a defect of the software: report what you did, with the time.")


class BodyTooLarge(EventRefused):
    code = "log.body_too_large"
    status = 413
    message = _("The description of this act is too long for the access log.")
    hint = _("Shorten the text, or do the act in smaller parts.")


class EventIdReused(EventRefused):
    """The same event id came again for another kind of event."""

    code = "log.event_id_reused"


class InsideTransaction(EventRefused):
    """append() was called inside a transaction on the log's database, where nothing is durable yet."""

    code = "log.inside_transaction"


class EntryNotFound(AccessLogError):
    code = "log.entry_not_found"
    status = 404
    message = _("The access log has no such entry.")
    hint = _("Check the number of the entry.")


class BodyGone(AccessLogError):
    """The body was pruned, or its key destroyed, when the log's own retention ended."""

    code = "log.body_gone"
    status = 410
    message = _("What this entry said was erased when the log's own retention ended.")
    hint = _("Its place in the log is still proven; the details cannot be brought back.")


class EntryDamaged(AccessLogError):
    """Stored bytes contradict each other."""

    code = "log.entry_damaged"
    message = _("This entry of the access log is damaged.")


class KeyGone(Exception):
    """Raised by a sealer's `open` when the key of that body has been destroyed."""
