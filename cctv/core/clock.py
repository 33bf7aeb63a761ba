"""The one place that reads the wall clock, so that tests and guards can stand on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)

_shift: ContextVar[timedelta] = ContextVar("shift", default=timedelta())


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC) + _shift.get()


@contextmanager
def pretend(moment: datetime) -> Iterator[None]:
    """Let the clock stand at `moment` and run on from there: for tests, and for the demonstration's past.

    Holds for the current thread (or task) only, and not for the access log, which has its own clock.
    """
    token = _shift.set(moment - datetime.now(UTC))
    try:
        yield
    finally:
        _shift.reset(token)


def floor_hour(moment: datetime) -> datetime:
    """The start of the UTC hour that holds `moment`."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def rfc3339(moment: datetime, *, round_up: bool = False) -> str:
    """`moment` in UTC with milliseconds, e.g. `2026-11-14T10:02:00.000Z` (the form in the log).

    Rounded down; the end of a span is rounded up, so that the text never covers less than was meant.
    """
    if round_up and moment.microsecond % 1000:
        moment += timedelta(microseconds=1000 - moment.microsecond % 1000)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_rfc3339(text: str) -> datetime:
    """The aware UTC time of an RFC 3339 text; ValueError without an offset, or outside years 1 to 9999."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the calendar in UTC") from None
