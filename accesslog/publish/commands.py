"""What `manage.py log` does about publishing: `publish`, `key`, `recover`, `accept-loss`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accesslog import conf
from accesslog.errors import AccessLogError, LogForked
from accesslog.publish import copies, files, recovery, rounds

ACTIONS = ("publish", "key", "recover", "accept-loss")


def add_to(actions: Any) -> None:
    """Add the four to the subparsers of `manage.py log`."""
    actions.add_parser("publish", help="publish now, and print the checkpoint")
    actions.add_parser("key", help="print the verifier key, which whoever checks the log keeps")
    recovering = actions.add_parser(
        "recover", help="put back the published entries that a restored database lacks; nothing if none is"
    )
    recovering.add_argument(
        "--new-folder", action="store_true",
        help="the folder of the published log is lost, or this host is new: make it anew",
    )  # fmt: skip
    recovering.add_argument(
        "--without-copy", action="append", type=Path, default=[], metavar="DIR",
        help="go on without what only this copy knows",
    )  # fmt: skip
    losing = actions.add_parser(
        "accept-loss", help="go on without entries that were signed, where no published file has them"
    )
    losing.add_argument("--reason", required=True, help="why; it is logged for everybody to see")


def run(command: BaseCommand, action: str, options: dict[str, Any]) -> None:
    """Do one of ACTIONS. Raises AccessLogError; CommandError where nothing is published."""
    if conf.folder() is None:
        raise CommandError(_("The log is not published: ACCESSLOG_FOLDER is not set."))
    try:
        if action == "publish":
            _publish(command)
            return
        text = {"key": _key, "recover": _recover, "accept-loss": _accept}[action](options)
    except files.Busy as error:
        raise CommandError(_("Another process is publishing. Try again.")) from error
    except OSError as error:
        raise CommandError(str(error)) from error
    command.stdout.write(text, ending="")


def _publish(command: BaseCommand) -> None:
    """One round, and one look at each copy; a copy that fails is said, and is no failure of the round."""
    command.stdout.write(rounds.publish(noted=True) or _("The log is empty.") + "\n", ending="")
    for copy in conf.copies():
        try:
            copies.bring_up(copy)
        except LogForked:
            raise  # the copy shows that what was signed is a fork: that is no lateness
        except (AccessLogError, OSError) as error:
            text = _("The copy %(folder)s is behind: %(error)s") % {"folder": copy, "error": error}
            command.stderr.write(text)


def _key(_options: dict[str, Any]) -> str:
    return f"{conf.signer().verifier_key()}\n"


def _recover(options: dict[str, Any]) -> str:
    found = recovery.recover(new_folder=options["new_folder"], without=options["without_copy"])
    if found.first == found.end:
        return _("The log has every entry that was signed: %(size)d.") % {"size": found.end} + "\n"
    text = _("Entries %(first)d to %(last)d were put back from %(folder)s; what they said is lost.")
    return text % {"first": found.first, "last": found.end - 1, "folder": found.folder} + "\n"


def _accept(options: dict[str, Any]) -> str:
    reason = options["reason"].strip()
    if not reason:
        raise CommandError(_("Give a reason: it is logged."))
    state = recovery.accept_loss(reason=reason[:500])
    return _("The log goes on from %(size)d entries, and says so.") % {"size": state.size} + "\n"
