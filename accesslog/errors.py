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


class LogRewound(LogUnavailable):
    """The database is behind what was signed, or another log: going on would fork what outsiders hold."""

    code = "log.rewound"
    message = _("The access log is not the one that was signed: its database was put back, or rewritten.")
    hint = _("Nothing is logged or shown until “manage.py log recover” has put back what was published.")


class LogForked(LogRewound):
    """As long as what was signed, or longer, but with other entries."""

    code = "log.forked"
    message = _("The access log contradicts a checkpoint that was signed: entries were rewritten.")
    hint = _(
        "Keep the database and the published files as they are, and run “manage.py log verify”. To go on "
        "with the database as it is, which the log will say: “manage.py log accept-loss”."
    )


class TilesMissing(LogRewound):
    """No folder has the published entries up to what was signed."""

    code = "log.tiles_missing"
    message = _("The published files do not reach as far as what was signed.")
    hint = _("Bring back a copy of the published files, or give the rest up: “manage.py log accept-loss”.")


class NothingLost(AccessLogError):
    """A loss was to be accepted where nothing is lost."""

    code = "log.nothing_lost"
    status = 409
    message = _("The access log has every entry that was signed, so there is no loss to accept.")
    hint = _("If publishing fails for another reason, “manage.py doctor” says which.")


class SignerStateDamaged(LogUnavailable):
    """The signer's memory is no longer readable, so it is not known what was signed."""

    code = "log.signer_state_damaged"
    message = _("The memory of the log's signer is damaged, so nothing is signed and nothing logged.")
    hint = _("“manage.py log recover” makes it anew from the checkpoints that were signed.")


class FolderAway(LogUnavailable):
    """The log was published, but its folder has neither the signer's memory nor a checkpoint."""

    code = "log.folder_away"
    message = _("The folder of the published log is not there, or empty, though the log was published.")
    hint = _(
        "Mount or bring back the folder of LETHE_LOG_FOLDER. If it is lost, or this host is new: "
        "“manage.py log recover --new-folder”."
    )


class AnotherLogsFolder(LogUnavailable):
    """The folder of the published log has another log in it, or one that was signed with another key."""

    code = "log.another_folder"
    message = _("The folder of the published log belongs to another log.")
    hint = _(
        "Set LETHE_LOG_FOLDER to this installation's own folder. If it is this one, move what lies in it "
        "away and run “manage.py log recover --new-folder”."
    )


class CopyAway(LogUnavailable):
    """A copy of the published files cannot be read, and could know of entries that are lost here."""

    code = "log.copy_away"
    message = _("A copy of the published log cannot be read, so it is not known what it still has.")
    hint = _("Mount it, or name it with --without-copy to go on without what only it knows.")


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
