"""Geometry of the retention charts: x in percent so that they stretch, y in pixels. Imports no Django."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

PLOT_TOP_PX, PLOT_BASE_PX = 12, 92
SLOT_FILL = 0.78


@dataclass(frozen=True, slots=True)
class HourBar:
    """One hour: where its bar stands, and what it says."""

    at: datetime
    count: int
    x: float
    centre: float
    width: float
    y: float
    height: float
    labelled: bool


@dataclass(frozen=True, slots=True)
class HourChart:
    """Bars of consecutive hours under a round maximum."""

    bars: Sequence[HourBar]
    top: int
    middle: int

    @property
    def is_empty(self) -> bool:
        """Whether no hour has anything."""
        return all(bar.count == 0 for bar in self.bars)


def round_up(value: int) -> int:
    """The next even number that reads well on an axis: 2, 4, 10, 20, 40, 60, 100 …"""
    if value <= 2:
        return 2
    power: int = 10 ** int(math.log10(value))
    steps = (step * power for step in (1, 2, 4, 6, 10, 20))
    return next(step for step in steps if step >= value and step % 2 == 0)


def hour_chart(hours: Sequence[tuple[datetime, int]], *, label_every: int = 6) -> HourChart:
    """Bars for (start of the hour, count); every sixth hour has its label."""
    top = round_up(max((count for _at, count in hours), default=0))
    slot = 100 / max(1, len(hours))
    bars = []
    for number, (at, count) in enumerate(hours):
        height = (PLOT_BASE_PX - PLOT_TOP_PX) * count / top
        bars.append(
            HourBar(
                at=at, count=count, x=round(number * slot, 2),
                centre=round((number + SLOT_FILL / 2) * slot, 2),
                width=round(slot * SLOT_FILL, 2), y=round(PLOT_BASE_PX - height, 1), height=round(height, 1),
                labelled=number % label_every == 0,
            )
        )  # fmt: skip
    return HourChart(bars, top, top // 2)


@dataclass(frozen=True, slots=True)
class PromiseBar:
    """Promised against actual age on one scale: widths and places in percent; None draws nothing."""

    kept: float
    longer_x: float | None
    longer: float
    less_x: float | None
    less: float
    mark: float | None
    held_x: float | None = None
    held: float = 0


def scale_days(days: Sequence[float]) -> int:
    """The scale that holds all of them: a multiple of ten days with a little room."""
    return max(10, math.ceil(max(days, default=0) * 1.05 / 10) * 10)


def promise_bar(*, promised: int, actual: float, scale: int, held: float = 0) -> PromiseBar:
    """The bar of one camera: what is kept, what is there too long, what is missing.

    `held`: how old the oldest footage is that a hold keeps, in days; drawn where nothing else is.
    """

    def percent(days: float) -> float:
        return round(min(100.0, 100 * days / scale), 2)

    kept, mark, end = percent(min(actual, promised)), percent(promised), percent(actual)
    held_end = percent(held)
    longer = end > mark + 1
    less = actual > 0 and mark > end + 1
    return PromiseBar(
        kept=kept,
        longer_x=mark if longer else None,
        longer=round(end - mark, 2) if longer else 0,
        less_x=kept if less else None,
        less=round(mark - kept, 2) if less else 0,
        mark=mark,
        held_x=max(mark, end) if held_end > max(mark, end) + 1 else None,
        held=round(max(0.0, held_end - max(mark, end)), 2),
    )
