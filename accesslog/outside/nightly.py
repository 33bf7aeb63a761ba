"""The log verified without anybody's asking: entries, tree and checkpoints once a day, all once a week.

What tells when it was done last is the log itself: each verification is an entry. The work is done by a child
process that gets the processor when nobody else wants it; a thread of a process that serves would hold the
others up however low its priority.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accesslog import conf
from accesslog.errors import AccessLogError
from accesslog.events import VERIFIED
from accesslog.models import LogEntry
from accesslog.publish import files
from accesslog.selectors import load_receipt, reading
from accesslog.types import from_us
from accesslog.verify import STRANGE

DAILY, WEEKLY = timedelta(hours=23), timedelta(days=7)
LATE = timedelta(days=3)
FULL_S, PLAIN_S = 900.0, 6 * 3600.0
LOOKED_AT = 40  # entries of verifications: more than a week has
LOCK = "verify-lock"
# Its priority is lowered by itself: between fork and exec of a process with threads no Python may run.
_CODE = (
    "import os, sys; os.nice(19); from django.core.management import execute_from_command_line as run; "
    "run(['manage.py', *sys.argv[1:]])"
)
COMMAND = (sys.executable, "-c", _CODE, "log", "verify")

log = logging.getLogger("accesslog.verify")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: `wrong` in words, and the entry; nothing where all was well."""

    at: datetime
    full: bool
    wrong: tuple[str, ...] = ()
    entry: int | None = None


def verify_when_due(*, command: Sequence[str] = COMMAND) -> int | None:
    """Verify in a child process if it is time; its exit code, None where nothing was due or it took too long.

    A whole verification that takes longer than a quarter of an hour is ended, and a plain one made. Raises
    LogUnavailable, OSError.
    """
    now, known = from_us(time.time_ns() // 1000), last()
    # Entries may bear a time that is still to come, where the clock was ahead.
    full = not any(each.full and abs(now - each.at) < WEEKLY for each in known)
    if known and abs(now - known[0].at) < DAILY:
        return None
    folder = conf.folder()
    if folder is None or not folder.is_dir():
        return _run(command, full=full)
    try:
        with files.lock(folder / LOCK, patience_s=0):
            return _run(command, full=full)
    except files.Busy:
        return None  # another worker is at it


def _run(command: Sequence[str], *, full: bool) -> int | None:
    for more, seconds in (((("--full",), FULL_S),) if full else ()) + (((), PLAIN_S),):
        try:
            done = subprocess.run(
                [*command, *more], env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=seconds,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            log.warning("verifying the access log took more than %d s and was ended", seconds)
            continue
        if done.returncode:
            log.error("the access log was verified: %s", done.stderr.strip())
        return done.returncode
    return None


def last() -> list[Verified]:
    """The last verifications whose entries can be read, newest first. Raises LogUnavailable."""
    with reading():
        rows = LogEntry.objects.filter(kind=VERIFIED).order_by("-index")
        indexes = list(rows.values_list("index", flat=True)[:LOOKED_AT])
    found = []
    for index in indexes:
        try:
            receipt = load_receipt(index)
            body: Any = receipt.body
            wrong = tuple(str(each) for each in body["wrong"])
        except (AccessLogError, *STRANGE):
            continue  # it was changed, which the next verification tells
        found.append(Verified(from_us(receipt.time_us), bool(body.get("full")), wrong, body.get("entry")))
    return found


def trouble() -> Verified | None:
    """The verification whose finding stands: the last one's, or that of the last whole one."""
    known = last()
    whole = next((each for each in known if each.full), None)
    return next((each for each in (*known[:1], whole) if each is not None and each.wrong), None)


def is_late() -> bool:
    """Whether the log, which is older than that, was not verified for three days. Raises LogUnavailable."""
    now, known = from_us(time.time_ns() // 1000), last()
    with reading():
        first = LogEntry.objects.order_by("index").values_list("time_us", flat=True).first()
    begun = known[0].at if known else None if first is None else from_us(first)
    return begun is not None and now - begun > LATE
