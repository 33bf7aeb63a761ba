"""What `manage.py doctor` asks: each area registers checks that look for what breaks its promises.

A check reads and changes nothing, takes seconds at most, and yields a finding for each thing it has looked
at, also when all is well. One that fails is itself a finding: what cannot be looked at is not well.
"""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.utils.translation import gettext as _

Check = Callable[[], Iterable["Finding"]]
_checks: dict[str, Check] = {}
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


class Severity(IntEnum):
    """`OK`; `WARN`: look at it; `BAD`: a promise is broken, or will be. Also the command's exit code."""

    OK = 0
    WARN = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: a stable code, what is the case, why it matters, how to mend it."""

    code: str
    severity: Severity
    what: str
    why: str = ""
    mend: str = ""


def ok(code: str, what: str) -> Finding:
    """All is well there."""
    return Finding(code, Severity.OK, what)


def warn(code: str, what: str, *, why: str, mend: str) -> Finding:
    """Somebody should look at it."""
    return Finding(code, Severity.WARN, what, why, mend)


def bad(code: str, what: str, *, why: str, mend: str) -> Finding:
    """A promise is broken, or will be."""
    return Finding(code, Severity.BAD, what, why, mend)


def register(check: Check) -> Check:
    """Have the doctor ask it (a decorator). The module is `doctor` in an area, or named in the settings."""
    _checks[f"{check.__module__}.{check.__qualname__}"] = check
    return check


def examine() -> list[Finding]:
    """Ask everything; the worst first, then in order of their codes."""
    found: list[Finding] = []
    for name, check in _checks.items():
        found += _asked(name, check)
    # Two databases in one folder have the same disk to tell of.
    return sorted(dict.fromkeys(found), key=lambda finding: (-finding.severity, finding.code))


def _asked(name: str, check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # whatever it is, the other checks are still wanted
        text: Any = getattr(error, "message", "") or f"{type(error).__name__}: {error}"
        yield bad(
            str(getattr(error, "code", "doctor.failed")),
            _("This could not be looked at (%(check)s): %(error)s") % {"check": name, "error": text},
            why=_("What cannot be looked at may be anything."),
            mend=str(getattr(error, "hint", "") or _("Read the message, and the log of the process.")),
        )


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as it is read here."""

    _fields_ = [
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long), ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    ]  # fmt: skip


def clock_is_synchronised() -> bool | None:
    """Whether the kernel says that something keeps its clock right; None where it does not tell."""
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    return state != _TIME_ERROR and not timex.status & _STA_UNSYNC


@register
def clock() -> Iterator[Finding]:
    """Is the clock kept right by anything?"""
    code = "clock.unsynchronised"
    kept = clock_is_synchronised()
    if kept:
        yield ok(code, _("The clock is kept right by a time service."))
        return
    what = _("Nothing keeps the clock of this machine right.")
    if kept is None:
        what = _("The system does not tell whether its clock is kept right.")
    yield warn(
        code, what,
        why=_("Footage ends by the clock: a wrong one pauses destruction, and entries carry its time."),
        mend=_("Run chrony, ntpd or systemd-timesyncd against a time server of your network."),
    )  # fmt: skip
