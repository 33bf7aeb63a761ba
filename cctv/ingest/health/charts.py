"""Geometry of the charts of health: x in percent so that they stretch, y in pixels (no Django)."""

from collections.abc import Sequence
from dataclasses import dataclass

TOP_PX, BASE_PX = 12, 92
FILL = 0.72


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: a bar from `y` down over `height`; `labelled` days have their date under them."""

    x: float
    centre: float
    width: float
    y: float
    height: float
    labelled: bool


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of consecutive days; `top` is the value at the upper line."""

    bars: Sequence[Bar]
    top: float


def upright(values: Sequence[float]) -> Bars:
    """A bar for each day, from the base up."""
    top = max(values, default=0) or 1.0
    return Bars([_bar(number, len(values), 0.0, value / top) for number, value in enumerate(values)], top)


@dataclass(frozen=True, slots=True)
class Ranges:
    """Bars between a least and a most; `zero` is the y of nought, `low` and `high` the lines' values."""

    bars: Sequence[Bar | None]
    low: float
    high: float
    zero: float


def ranges(values: Sequence[tuple[float, float] | None]) -> Ranges:
    """A bar from least to most for each day that has values; the scale holds nought and all of them."""
    known = [each for each in values if each is not None]
    low = min((0.0, *(least for least, _most in known)))
    high = max((0.0, *(most for _least, most in known)))
    if high - low < 2:  # seconds: a clock that is right is a line, not a mountain range
        low, high = min(low, -1.0), max(high, 1.0)
    size = high - low
    bars = [
        None if each is None else _bar(number, len(values), (each[0] - low) / size, (each[1] - low) / size)
        for number, each in enumerate(values)
    ]
    return Ranges(bars, low, high, round(BASE_PX - (BASE_PX - TOP_PX) * -low / size, 1))


def _bar(number: int, count: int, low: float, high: float) -> Bar:
    """The bar of day `number` between two shares of the height; at least two pixels where it has a value."""
    slot = 100 / count
    height = (BASE_PX - TOP_PX) * (high - low)
    if high > 0 or low > 0:
        height = max(2.0, height)
    return Bar(
        x=round((number + (1 - FILL) / 2) * slot, 2),
        centre=round((number + 0.5) * slot, 2),
        width=round(slot * FILL, 2),
        y=round(min(BASE_PX - (BASE_PX - TOP_PX) * low, BASE_PX) - height, 1),
        height=round(height, 1),
        labelled=count <= 8 or number % 7 == (count - 1) % 7,
    )
