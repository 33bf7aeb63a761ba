"""Why footage is overdue, or what stands in the way of destruction: cause and remedy, the worst first.

Whoever comes to the page new reads one sentence: whether anything is overdue, since when, why, and what
to do. This module chooses which cause that is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.retention import guards
from cctv.retention.backup.errors import RestoreUnfinished
from cctv.vault.errors import JournalBroken

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from cctv.retention.selectors import Overview


@dataclass(frozen=True, slots=True)
class Cause:
    """What stands in the way (`what`), and what to do about it (`todo`), as whole sentences."""

    code: str
    tone: str
    what: str
    todo: str


def causes(now: "Overview", zone: "ZoneInfo | None") -> list[Cause]:
    """Everything that stands in the way; the first is the one that explains overdue footage best."""
    found = list(_found(now, zone))
    if now.overdue and not any(cause.tone == "bad" or cause.code == "paused" for cause in found):
        found.insert(0, _on_its_way(now))
    return found


def _found(now: "Overview", zone: "ZoneInfo | None") -> Iterator[Cause]:
    if now.restoring is not None:
        code = now.restoring.code
        yield Cause("restore", "bad", guards.sentence(code, now.restoring.facts), _todo(code))
    if now.paused is not None:
        yield _paused(now, zone)
    elif now.clock is not None:
        yield _clock(now, zone)
    if now.silent_since is not None:
        yield Cause(
            "silent", "bad", _("The purge is not running."),
            _("Start it with “manage.py serve”, or look at the worker of the queue “purge”."),
        )  # fmt: skip
    if now.open_run is not None and now.open_run.error_code:
        yield Cause(
            "error", "bad", _("A run stands still: %(error)s") % {"error": now.open_run.error},
            _("It goes on where it was, every 20 seconds. If it stays like this, tell the administrator."),
        )  # fmt: skip
    if now.failures:
        text = ngettext(
            "%(n)d object could not be deleted and is tried again.",
            "%(n)d objects could not be deleted and are tried again.",
            now.failures,
        )
        yield Cause(
            "failures", "bad", text % {"n": now.failures},
            _("Check the disk or the object store. Their keys are destroyed when they are due in any case."),
        )  # fmt: skip
    if now.blocked_keys:
        yield Cause(
            "blocked", "bad", _("A key cannot be destroyed yet: something under it still lives."),
            _("The register and the keys do not agree on when footage ends. Tell the administrator."),
        )  # fmt: skip
    if now.pending_runs:
        yield Cause(
            "mirror", "warn", _("A mirror of the keys has not confirmed yet."),
            _("Connect the mirror. The keys are destroyed here; the certificate waits until every mirror has"
              " overwritten its copy."),
        )  # fmt: skip


def _paused(now: "Overview", zone: "ZoneInfo | None") -> Cause:
    run = now.paused
    assert run is not None
    what = now.pause_text or guards.sentence(run.pause_code, run.pause_facts, zone)
    return Cause("paused", "warn", _("Destruction is paused. %(why)s") % {"why": what}, _todo(run.pause_code))


def _clock(now: "Overview", zone: "ZoneInfo | None") -> Cause:
    tripped = now.clock
    assert tripped is not None
    what = guards.sentence(tripped.code, tripped.facts, zone)
    if tripped.hard:
        text = _("The clock of this machine is wrong: nothing is destroyed. %(why)s")
        return Cause("clock", "bad", text % {"why": what}, _todo(tripped.code))
    text = _(
        "The clock of this machine has jumped. The next destruction will wait for a confirmation. %(why)s"
    )
    return Cause("clock", "warn", text % {"why": what}, _todo(tripped.code))


def _todo(code: str) -> str:
    if code == guards.CLOCK_BEHIND:
        return _("Set the clock of the machine right; destruction then goes on by itself.")
    if code in guards.CLOCKS:
        return _(
            "Compare that time with your own clock. If it is right, confirm the run; else have it set right."
        )
    if code == guards.CLOCK_APART:
        return _("Have one time service set the clocks of this machine and of the database.")
    if code == guards.STORE_EMPTIED:
        return _("Have the right disk mounted. Confirm the run only if its content is known to be lost.")
    if code == guards.RESTORED:
        return _(
            "Tell the administrator: “manage.py restore --replay” brings the register up to the keys. Nothing"
            " is to be restored once more."
        )
    if code == guards.STORAGE:
        return _("Have the footage storage of this installation mounted; destruction then goes on by itself.")
    if code == guards.VOLUME:
        return _(
            "Look at what the run would take. Confirm it if it is meant; else find out who changed a rule."
        )
    if code == guards.UNTENDED:
        return _(
            "Tell the administrator: the log of the process names the hold. Destruction goes on by itself"
            " once holds can be looked after."
        )
    if code == guards.JOURNAL:
        return str(JournalBroken.hint)
    if code == guards.KEYS:
        return _("Mend what the page names; the run then goes on by itself.")
    if code == guards.RESTORING:
        return str(RestoreUnfinished.hint)
    return _("Tell the administrator: the register may have to be put back with “manage.py restore”.")


def _on_its_way(now: "Overview") -> Cause:
    if now.working:
        return Cause("working", "info", _("They are being destroyed now."), _("There is nothing to do."))
    return Cause(
        "soon",
        "info",
        _("The next run takes them; one begins within a minute."),
        _("There is nothing to do."),
    )
