"""Moments that a person should look at before anything leaves; no Django, no state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DoubtKind = Literal["crossing", "break", "low", "motion", "whole", "edge", "start"]


@dataclass(frozen=True)
class Doubt:
    """A stretch of frames, first to last inclusive, where the computer may be wrong.

    `key` stays the same when unrelated things change, so that what a person settled stays settled.
    """

    key: str
    kind: DoubtKind
    first: int
    last: int
    tracks: tuple[int, ...]
    settled: bool = False
