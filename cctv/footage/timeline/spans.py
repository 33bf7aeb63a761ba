"""Arithmetic of a timeline: stretches of time on a grid of steps. Pure: whole milliseconds, no Django.

A span is a half-open pair of epoch milliseconds. Functions that take spans accept them in any order and
overlapping where it says so; what they give is always sorted, apart from each other and not empty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
# Round steps, so that the same stretch falls on the same edges however a view is moved.
STEPS = (
    1, 2, 5, 10, 20, 50, 100, 200, 500,
    *(SECOND * count for count in (1, 2, 5, 10, 15, 30)),
    *(MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(HOUR * count for count in (1, 2, 3, 6)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grid:
    """A view: [start, end) in whole steps of `step` ms that count from 1970."""

    start: int
    end: int
    step: int

    @classmethod
    def over(cls, start: int, end: int, *, pixels: int, most: int = 4096) -> "Grid":
        """The grid for [start, end) drawn on so many pixels: the longest step that is at most one pixel.

        A longer one where that would be more than `most` steps.
        """
        if not start < end or pixels < 1:
            raise ValueError(f"nothing to draw: [{start}, {end}) on {pixels} pixels")
        step = max((each for each in STEPS if each * pixels <= end - start), default=STEPS[0])
        step = next((each for each in STEPS if each >= step and each * most >= end - start), STEPS[-1])
        return cls(down(start, step), up(end, step), step)

    def drawn(self, spans: Iterable[Span]) -> list[Span]:
        """The spans (in any order) as the grid shows them: every step that they touch, joined."""
        inside = clip(spans, self.start, self.end)
        return union((down(start, self.step), up(end, self.step)) for start, end in inside)

    def encode(self, drawn: Sequence[Span]) -> list[int]:
        """Skip, length, skip, length, … in steps: the flat form of what `drawn` gave."""
        coded: list[int] = []
        at = self.start
        for start, end in drawn:
            coded += ((start - at) // self.step, (end - start) // self.step)
            at = end
        return coded

    def decode(self, coded: Sequence[int]) -> list[Span]:
        """What `encode` coded."""
        spans: list[Span] = []
        at = self.start
        for skip, length in zip(coded[::2], coded[1::2], strict=True):
            start = at + skip * self.step
            at = start + length * self.step
            spans.append((start, at))
        return spans


def down(moment: int, step: int) -> int:
    """The last edge at or before the moment."""
    return moment - moment % step


def up(moment: int, step: int) -> int:
    """The first edge at or after the moment."""
    return moment + -moment % step


def union(spans: Iterable[Span], *, join: int = 0) -> list[Span]:
    """The spans (in any order) without overlaps; those at most `join` ms apart become one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if joined and start - joined[-1][1] <= join:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def clip(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The parts of the spans inside [start, end), in their order."""
    return [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start and a < b]


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What of the spans is in none of `taken`; both sorted and apart, as `union` gives them."""
    left: list[Span] = []
    number = 0
    for start, end in spans:
        while number < len(taken) and taken[number][1] <= start:
            number += 1
        at, each = start, number
        while each < len(taken) and taken[each][0] < end:
            if taken[each][0] > at:
                left.append((at, taken[each][0]))
            at = max(at, taken[each][1])
            each += 1
        if at < end:
            left.append((at, end))
    return left


def both(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """What lies in both; each sorted and apart, as `union` gives them."""
    found: list[Span] = []
    first = second = 0
    while first < len(spans) and second < len(others):
        start = max(spans[first][0], others[second][0])
        end = min(spans[first][1], others[second][1])
        if start < end:
            found.append((start, end))
        if spans[first][1] <= others[second][1]:
            first += 1
        else:
            second += 1
    return found
