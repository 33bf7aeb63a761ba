"""The states of one camera over a view, told from what is recorded and what the register says. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cctv.footage.timeline.spans import MINUTE, SECOND, Grid, Span, both, clip, union, without

# Recorders start a segment on a keyframe, so neighbours miss each other by a little: that is no gap.
JOIN = 2 * SECOND
# What was recorded last is still on its way for a while: until then it is not missing.
ARRIVING = 15 * MINUTE
LISTS = ("recorded", "gaps", "off", "extra", "held", "restricted", "expiring")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a camera: spans in epoch ms, in any order. `hours`: its recording hours in the view.

    `used_from` to `used_until` (None: still) is when it was in use; `first` and `last` bound all its footage;
    what ended before `destroyed_before` has expired.
    """

    hours: Sequence[Span]
    used_from: int
    used_until: int | None
    first: int | None
    last: int | None
    destroyed_before: int | None
    recorded: Sequence[Span] = ()
    expiring: Sequence[Span] = ()
    held: Sequence[Span] = ()
    restricted: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class States:
    """What a view shows of a camera: lists of spans in whole steps of the grid, and moments in epoch ms."""

    recorded: list[Span]
    gaps: list[Span]
    off: list[Span]
    extra: list[Span]
    held: list[Span]
    restricted: list[Span]
    expiring: list[Span]
    destroyed_before: int | None
    first: int | None
    last: int | None


def states_of(known: Known, grid: Grid, *, now: int) -> States:
    """The states of the camera over the grid, as of `now`."""
    recorded = union(known.recorded, join=JOIN)
    shown = grid.drawn(recorded)
    expected = _expected(known, grid, now)
    hours = union(known.hours)
    missing = _longer(without(both(expected, hours), recorded))
    gaps = without(grid.drawn(missing), shown)
    idle = without(without(expected, hours), recorded)
    off = without(grid.drawn(idle), union([*shown, *gaps]))
    return States(
        recorded=shown,
        gaps=gaps,
        off=off,
        extra=_longer(without(shown, grid.drawn(hours))),
        held=grid.drawn(union(known.held, join=JOIN)),
        restricted=grid.drawn(known.restricted),
        expiring=grid.drawn(union(known.expiring, join=JOIN)),
        destroyed_before=known.destroyed_before,
        first=known.first,
        last=known.last,
    )


def _expected(known: Known, grid: Grid, now: int) -> list[Span]:
    """Of the view, the time from which there is footage or a reason for none: in use, past, not destroyed.

    What was brought in from before the camera was registered counts as its use.
    """
    start = known.used_from if known.first is None else min(known.used_from, known.first)
    if known.destroyed_before is not None:
        start = max(start, known.destroyed_before)
    end = now - ARRIVING
    if known.last is not None:
        end = max(end, min(known.last, now))
    if known.used_until is not None:
        end = min(end, known.used_until)
    return clip([(start, end)], grid.start, grid.end)


def _longer(spans: Iterable[Span]) -> list[Span]:
    return [(start, end) for start, end in spans if end - start > JOIN]
