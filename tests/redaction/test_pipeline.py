"""Both passes over pictures: times kept, cuts with keyframes, what was not looked at covered."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest

from cctv.footage.media.encoder import encoder
from cctv.redaction import movie, pipeline
from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.resolve import Resolved, Settings, resolve
from tests.redaction.score import clips

SIZE = (clips.WIDTH, clips.HEIGHT)
# A gap of ten seconds in the middle.
TIMES = [0.0, 100.0, 200.0, 10_200.0, 10_300.0, 10_400.0]


def decoded(level: int = 120) -> Iterator[pipeline.Decoded]:
    for at_ms in TIMES:
        picture = np.full((clips.HEIGHT, clips.WIDTH, 3), level, np.uint8)
        yield av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p"), at_ms


def resolved(times: list[float], **settings: Any) -> Resolved:
    facts = [FrameFacts(at_ms) for at_ms in times]
    return resolve(facts, [], Settings(mode="hide", **settings))


def made(what: Resolved, cuts: list[float] | None = None) -> list[tuple[float, bool, np.ndarray]]:
    context = encoder(*SIZE, movie.TIMESCALE)
    paint = pipeline.Paint(colour=(41, 160, 118))
    packets = pipeline.render(decoded(), what, paint, context, cuts=cuts or [])
    parts = list(movie.fragments(packets, context, end_ms=10_500.0, cuts=cuts or []))
    assert len(parts) == len(cuts or [0.0])
    data = movie.head(context) + b"".join(parts)
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        return [
            (round(float(frame.time or 0) * 1000, 3), bool(frame.key_frame), frame.to_ndarray(format="gray"))
            for frame in container.decode(stream)
        ]


def test_times_are_kept_across_a_gap_and_cuts_begin_with_keyframes() -> None:
    found = made(resolved(TIMES), cuts=[0.0, 10_200.0])
    assert [at for at, _key, _picture in found] == TIMES
    assert [key for _at, key, _picture in found] == [True, False, False, True, False, False]
    assert all(abs(int(picture.mean()) - 120) < 30 for _at, _key, picture in found)


def test_a_picture_that_was_not_looked_at_does_not_leave() -> None:
    found = made(resolved([0.0, 100.0, 10_200.0, 10_300.0]))
    covered = [
        picture.std() < 2 and abs(picture.mean() - found[2][2].mean()) < 2 for *_rest, picture in found
    ]
    assert covered == [False, False, True, False, False, True]


def test_decoders_keep_their_own_pictures() -> None:
    pictures = list(decoded())
    kept = [frame.to_ndarray() for frame, _at in pictures]
    paint, drawings = pipeline.Paint(), pipeline.Drawings(resolved([]))
    drawn = [frame.to_ndarray() for frame, _at in pipeline.drawn(pictures, drawings, paint, SIZE)]
    assert all((a == frame.to_ndarray()).all() for a, (frame, _at) in zip(kept, pictures, strict=True))
    assert all((a != b).any() for a, b in zip(kept, drawn, strict=True))


def test_what_is_made_ahead_passes_errors_on_and_ends_when_it_is_closed() -> None:
    asked: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            asked.append(number)
            if number == 50:
                raise ValueError("broken")
            yield number

    with pytest.raises(ValueError, match="broken"):
        list(pipeline.ahead(numbers()))
    asked.clear()
    stream = pipeline.ahead(numbers(), 3)
    assert next(stream) == 0
    stream.close()
    assert len(asked) <= 6
