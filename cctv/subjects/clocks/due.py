"""When an answer is due: from what happened to a request, in order. Pure, and always from the beginning.

A deadline is not moved step by step, which would count a roll over a holiday twice; it is worked out again
from the receipt, the stops, the extension and the postponement.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from cctv.subjects.clocks import calendar, rules
from cctv.subjects.clocks.calendar import DAY
from cctv.subjects.clocks.rules import OPEN, Rule, rule_of

IDENTITY, CLARIFICATION = rules.IDENTITY, rules.CLARIFICATION


class NotPossible(ValueError):
    """The law does not let this clock be moved so, or not any more; `code` says why."""

    def __init__(self, code: str) -> None:
        """`code`: no_pause, no_extension, no_postponement, twice, too_late, not_paused, backwards."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stands from `begins_at` to `ends_at` (None: it still does)."""

    begins_at: datetime
    ends_at: datetime | None = None
    why: str = CLARIFICATION


@dataclass(frozen=True, slots=True)
class Clock:
    """A request as its clock sees it. Times are aware; `zone` and `country` are of the site."""

    kind: str
    jurisdiction: str
    received_at: datetime
    zone: ZoneInfo
    country: str
    openness: str = OPEN
    pauses: tuple[Pause, ...] = ()
    is_extended: bool = False
    # When the cause of a postponement ends.
    cause_ends_at: datetime | None = None

    @property
    def rule(self) -> Rule:
        """The row of the table."""
        return rule_of(self.kind, self.jurisdiction)

    @property
    def is_paused(self) -> bool:
        """Whether it stands now."""
        return bool(self.pauses) and self.pauses[-1].ends_at is None

    @property
    def due_at(self) -> datetime:
        """The first moment that is too late, in UTC: the end of the last day on the site's clocks."""
        return calendar.end_of(last_day(self), self.zone)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`due_at` and `reply_by` in UTC; `basis` is a code (`profiles.BASES`)."""

    due_at: datetime
    reply_by: datetime
    basis: str


def deadlines(
    kind: str, jurisdiction: str, received_at: datetime, *, zone: ZoneInfo, country: str, openness: str = OPEN
) -> Deadlines:
    """Those of a request that has just arrived. `country` as `workdays.country_of` tells it."""
    clock = Clock(kind, jurisdiction, received_at, zone, country, openness)
    reply_by = calendar.reply_by(received_at, zone=zone, country=country)
    return Deadlines(clock.due_at, reply_by, clock.rule.basis)


def last_day(clock: Clock) -> date:
    """The last day on which an answer is in time."""
    rule, zone = clock.rule, clock.zone
    if clock.cause_ends_at is not None:
        ends = calendar.day_of(clock.cause_ends_at, zone) + rule.postponed_days * DAY
        return calendar.rolled(ends, country=clock.country)
    # What identity took shifts the beginning of the month (UK GDPR Art. 12A(2)), what clarification took
    # does not count within it (12A(5)).
    begins = calendar.day_of(clock.received_at, zone) + _paused(clock, IDENTITY) * DAY
    months = rule.months + (rule.extra_months if clock.is_extended else 0)
    ends = calendar.months_after(begins, months) + rule.days * DAY
    ends += _paused(clock, CLARIFICATION) * DAY
    return calendar.rolled(max(ends, _goes_on(clock)), country=clock.country)


def _goes_on(clock: Clock) -> date:
    """The day on which it went on last. A stop may begin on a day that only a weekend has added and that no
    month counts: whoever has the answer then has that day at least."""
    if not clock.pauses or clock.pauses[-1].ends_at is None:
        return date.min
    return calendar.day_of(clock.pauses[-1].ends_at, clock.zone)


def _paused(clock: Clock, why: str) -> int:
    """Days between stop and go on the site's calendar; a day counts once."""
    total, reached = 0, date.min
    for pause in clock.pauses:
        begins = max(calendar.day_of(pause.begins_at, clock.zone), reached)
        reached = max(reached, calendar.day_of(pause.ends_at or pause.begins_at, clock.zone))
        if pause.why == why:
            total += max((reached - begins).days, 0)
    return total


def paused(clock: Clock, at: datetime, why: str = CLARIFICATION) -> Clock:
    """Stop it. NotPossible: the law knows no stop for this, it stands already, or its time is over."""
    if why not in clock.rule.pauses:
        raise NotPossible("no_pause")
    if clock.is_paused:
        raise NotPossible("twice")
    _in_time(clock, at)
    return replace(clock, pauses=(*clock.pauses, Pause(at, None, why)))


def resumed(clock: Clock, at: datetime) -> Clock:
    """Let it go on: what was paused is added. NotPossible unless it stands."""
    if not clock.is_paused:
        raise NotPossible("not_paused")
    *before, last = clock.pauses
    if at < last.begins_at:
        raise NotPossible("backwards")
    return replace(clock, pauses=(*before, replace(last, ends_at=at)))


def extended(clock: Clock, at: datetime) -> Clock:
    """Two months more, told at `at`. NotPossible: not in this law, twice, or after the first deadline."""
    if not clock.rule.extra_months:
        raise NotPossible("no_extension")
    if clock.is_extended:
        raise NotPossible("twice")
    _in_time(clock, at)
    return replace(clock, is_extended=True)


def postponed(clock: Clock, at: datetime, cause_ends_at: datetime) -> Clock:
    """Postponed with a reason, told at `at`. NotPossible: not in this law, too late, or nothing is gained.

    When the cause ends otherwise than foreseen, it is told again: the clock is postponed anew.
    """
    if not clock.rule.postponed_days:
        raise NotPossible("no_postponement")
    _in_time(clock, at)
    moved = replace(clock, cause_ends_at=cause_ends_at)
    if cause_ends_at < at or moved.due_at < replace(clock, cause_ends_at=None).due_at:
        raise NotPossible("backwards")
    return moved


def _in_time(clock: Clock, at: datetime) -> None:
    if not clock.is_paused and at >= clock.due_at:
        raise NotPossible("too_late")


def objection_until(decided_at: datetime, days: int, *, zone: ZoneInfo, country: str) -> datetime:
    """Until when the requester may object, in UTC: the end of a working day."""
    ends = calendar.day_of(decided_at, zone) + days * DAY
    return calendar.end_of(calendar.rolled(ends, country=country), zone)


def file_until(closed_at: datetime, years: int, *, zone: ZoneInfo) -> datetime:
    """When the file of a closed request is destroyed, in UTC: the end of the day with the same date."""
    return calendar.end_of(calendar.months_after(calendar.day_of(closed_at, zone), 12 * years), zone)
