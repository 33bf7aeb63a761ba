"""The H.264 encoder of the transcoder, the same in the child that uses it and in the parent that describes
it.

Its parameter sets depend on nothing but the picture's size, so all parts of a stream share one init segment.
No B-frames: pictures leave in the order they are shown in.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

MAX_WIDTH, MAX_HEIGHT = 1920, 1088
NOMINAL_RATE = 25
OPTIONS = {
    "preset": "superfast",
    "crf": "23",
    "bf": "0",
    "g": "250",
    "sc_threshold": "0",
    "threads": "1",
    "rc-lookahead": "0",
    "forced-idr": "1",
    "profile": "high",
}


def output_size(width: int, height: int) -> tuple[int, int]:
    """Even width and height within MAX_WIDTH x MAX_HEIGHT, in the proportions of the source."""
    scale = min(1.0, MAX_WIDTH / width, MAX_HEIGHT / height)
    return max(16, int(width * scale) & ~1), max(16, int(height * scale) & ~1)


Aspect = tuple[int, int]  # how wide a pixel is to how high
SQUARE: Aspect = (1, 1)
# No camera's pixels are wider or narrower than this; what says so is damaged.
MOST_ASPECT = 4


def aspect_of(ratio: Fraction | None) -> Aspect:
    """What a decoder says of its pixels, in small numbers; square where it says nothing or nonsense."""
    if not ratio or not 1 / MOST_ASPECT <= ratio <= MOST_ASPECT:
        return SQUARE
    found = Fraction(ratio).limit_denominator(1000)
    return found.numerator, found.denominator


def encoder(width: int, height: int, timescale: int, aspect: Aspect = SQUARE) -> Any:
    """An open encoder for pictures of this (even) size with times in ticks of 1/`timescale`."""
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, timescale)
    context.framerate = Fraction(NOMINAL_RATE, 1)
    context.thread_count = 1
    context.options = OPTIONS
    if aspect != SQUARE:
        context.sample_aspect_ratio = Fraction(*aspect)
    context.flags |= 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER
    context.open()
    return context
