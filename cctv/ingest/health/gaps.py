"""Gaps and why they are there (no Django). Out of the recording hours nothing is missing: that is no gap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]
# Neighbouring recordings miss each other by a little: that is no gap.
SHORTEST = timedelta(seconds=2)
# Shorter pauses come with every restart of a recorder.
PAUSE = timedelta(minutes=1)
# What is erased or in quarantine explains a gap when it fills at least this share of it.
EXPLAINS = 0.5

# No camera in use records with fewer bytes a second: what a file weighs bounds what it can hold.
LEAST_RATE = 16_000
# Recorders begin a new file at least this often.
NEXT_FILE = timedelta(hours=1)

# What a gap can come from, the surest first.
ERASED, QUARANTINE, SOURCE, TOGETHER, RESTART, ALONE, SILENT = REASONS = (
    "erased", "quarantine", "source", "together", "restart", "alone", "silent",
)  # fmt: skip

# Nobody has looked.
UNTOLD = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of recording hours without footage; `open`: it has not ended yet."""

    start: datetime
    end: datetime
    open: bool = False
    reason: str = SILENT

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start).total_seconds()


def missing(
    wanted: Sequence[Span], recorded: Sequence[Span], *, now: datetime, settle: timedelta
) -> list[Gap]:
    """What of the `wanted` stretches no recording covers; both sorted and without overlaps.

    What is younger than `settle` may still come in: a gap that ends now is open if it is older, else none.
    """
    found: list[Gap] = []
    at = 0
    for start, end in wanted:
        cursor = start
        while at < len(recorded) and recorded[at][1] <= start:
            at += 1
        index = at
        while index < len(recorded) and recorded[index][0] < end:
            if recorded[index][0] > cursor:
                found.append(Gap(cursor, recorded[index][0]))
            cursor = recorded[index][1]
            index += 1
        if cursor < end:
            found.append(Gap(cursor, end, open=end >= now))
    return [gap for gap in found if gap.end - gap.start > (settle if gap.open else SHORTEST)]


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known beside the gap: spans that were erased, those that quarantine claims, whether the source
    has an error now, and whether other cameras of the site recorded (None: there are none).
    """

    erased: Sequence[Span] = ()
    quarantined: Sequence[Span] = ()
    source_fails: bool = False
    others_recorded: bool | None = None


def reason_of(gap: Gap, clues: Clues) -> str:
    """The likeliest reason; `REASONS`."""
    if covered(gap, clues.erased) >= EXPLAINS * gap.seconds:
        return ERASED
    if covered(gap, clues.quarantined) >= EXPLAINS * gap.seconds:
        return QUARANTINE
    if gap.open and clues.source_fails:
        return SOURCE
    if is_pause(gap):
        return RESTART
    if clues.others_recorded is None:
        return SILENT
    return ALONE if clues.others_recorded else TOGETHER


def claims(files: Sequence[tuple[datetime, int]]) -> list[Span]:
    """What files in quarantine (claimed start, bytes; sorted) may hold: as much as they weigh, or up to the
    next one where that follows within `NEXT_FILE`, for a recorder may write one empty file after another.
    """
    found: list[Span] = []
    for place, (start, size) in enumerate(files):
        end = start + timedelta(seconds=size / LEAST_RATE)
        following = files[place + 1][0] if place + 1 < len(files) else start
        if following - start <= NEXT_FILE:
            end = max(end, following)
        found.append((start, end))
    return found


def is_pause(gap: Gap) -> bool:
    """Whether it is over and short, so that what other cameras did then says nothing."""
    return not gap.open and gap.end - gap.start <= PAUSE


def covered(gap: Gap, spans: Iterable[Span]) -> float:
    """How many seconds of the gap the spans cover; overlaps count once."""
    total, reached = 0.0, gap.start
    for start, end in sorted(spans):
        start, end = max(start, reached), min(end, gap.end)
        if end > start:
            total += (end - start).total_seconds()
            reached = end
    return total
