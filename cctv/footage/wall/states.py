"""How a camera is doing, judged from times alone (no Django): what the wall says, and what comes first.

A camera is silent when its recording hours missed more than `SILENT_AFTER` since its newest footage, so a
camera that is off at night is not, and one that died before the night is, in the night too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cctv.sites import hours

Span = tuple[datetime, datetime]
# A camera that delivered nothing for this long, of its recording hours, counts as silent.
SILENT_AFTER = timedelta(minutes=15)
# Nothing is looked for further back: who has been silent for longer has been silent for long.
LOOK_BACK = timedelta(days=62)
# A recorder's clock that is off by less is as good as right.
SKEW_LIMIT_MS = 5_000

# What needs somebody comes first.
ORDER = ("silent", "empty", "skew", "extra", "waiting", "recorded", "off", "retired")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a camera without a picture: times, the newest segment's facts, today's worst skew."""

    registered_at: datetime
    retired: bool
    schedule: Sequence[Sequence[Any]]
    last_at: datetime | None = None
    extra: bool = False  # whether the newest segment is out of schedule
    skew_ms: int | None = None
    worst_skew_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state` is one of `ORDER`; `missed` is how much of its recording hours the camera did not deliver."""

    state: str
    missed: timedelta
    in_hours: bool

    @property
    def needs_somebody(self) -> bool:
        """Whether a person has to do something about it."""
        return self.state in ORDER[:4]

    def rank(self) -> tuple[int, float]:
        """For sorting: the worst first, of the silent ones the one that missed most."""
        return ORDER.index(self.state), -self.missed.total_seconds()


def judge(facts: Facts, *, zone: ZoneInfo, now: datetime) -> Verdict:
    """The state of a camera at `now`; `skew` and `extra` only where it records at all."""
    since = max(facts.last_at or facts.registered_at, now - LOOK_BACK)
    due = [] if facts.retired else hours.spans(facts.schedule, zone=zone, start=since, end=now)
    missed = sum((end - start for start, end in due), timedelta())
    in_hours = bool(hours.spans(facts.schedule, zone=zone, start=now, end=now + timedelta(seconds=1)))
    return Verdict(_state(facts, missed, in_hours, now), missed, in_hours)


def _state(facts: Facts, missed: timedelta, in_hours: bool, now: datetime) -> str:
    if facts.retired:
        return "retired"
    if missed > SILENT_AFTER:
        return "empty" if facts.last_at is None else "silent"
    fresh = facts.last_at is not None and now - facts.last_at <= SILENT_AFTER
    if fresh and not in_hours and facts.extra:
        return "extra"
    if fresh and in_hours:
        return "skew" if is_skewed(facts.skew_ms) else "recorded"
    return "waiting" if in_hours else "off"


def missing(due: Sequence[Span], recorded: Sequence[Span]) -> timedelta:
    """How much of the stretches that were due no recording covers; both sorted and without overlaps."""
    total = timedelta()
    for start, end in due:
        covered = (min(last, end) - max(first, start) for first, last in recorded)
        total += (end - start) - sum((each for each in covered if each > timedelta()), timedelta())
    return total


def is_skewed(skew_ms: int | None) -> bool:
    """Whether the clock of a recorder is off so far that somebody should set it."""
    return skew_ms is not None and abs(skew_ms) > SKEW_LIMIT_MS


def worse(one: int | None, other: int | None) -> int | None:
    """Whichever skew is further from none."""
    return max((each for each in (one, other) if each is not None), key=abs, default=None)
