"""Which pictures the sharp scene is made of, and what is left out of each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cctv.redaction.looking.facts import LOOK, FrameFacts
from cctv.redaction.resolve import Settings, resolve
from cctv.redaction.scene import moments
from cctv.redaction.tracks.bodies import checked
from cctv.redaction.tracks.edits import Edit
from tests.redaction.test_resolve import FRAMES, LEFT, decide, holds, seen

STRANGE = (0.4, 0.8, 0.1, 0.1)
PICK: Any = ("subject", {"frame": 50, "box": LEFT})


def test_they_are_spread_evenly_and_none_that_cannot_be_relied_on_is_among_them() -> None:
    resolved = decide(seen(whole=(2, 3, 50)))
    found = moments.chosen(resolved, 24)
    assert len(found) == 24
    assert not {2, 3, 50} & set(found)
    assert max(np.diff(found)) <= 2 * FRAMES / 24
    assert moments.chosen(decide(seen(frames=3)), 24) == [0, 1, 2]
    assert moments.chosen(decide(seen(frames=2, whole=(0, 1))), 24) == []


@pytest.mark.parametrize("what", ["track", "subject", "shown", "once", "moving", "hand"])
def test_whoever_or_whatever_is_there_is_left_out(what: str) -> None:
    facts, frame = seen(), 40
    edits: list[Any] = [PICK]
    place = LEFT[0] + LEFT[2] / 2, LEFT[1] + LEFT[3] / 2
    if what == "track":
        edits = []
    elif what == "shown":
        number = decide(facts).tracks[0].number
        edits = [("role", {"track": number, "role": "show"})]
    elif what in ("once", "moving", "hand"):
        place = STRANGE[0] + STRANGE[2] / 2, STRANGE[1] + STRANGE[3] / 2
        assert not any(holds(shape, *place) for shape in stands(facts, edits, frame))
        if what == "hand":
            key = {"frame": 0, "shape": list(STRANGE)}
            edits.append(("cover", {"id": "c", "shape": "box", "keys": [key], "first": 0, "last": 99}))
        else:
            facts[frame] = _with(facts[frame], what)
    assert any(holds(shape, *place) for shape in stands(facts, edits, frame))


def _with(one: FrameFacts, what: str) -> FrameFacts:
    """The frame with something in it that becomes no track: seen once, or moving."""
    strange = np.asarray([STRANGE], np.float32)
    if what == "moving":
        return replace(one, moving=strange)
    return replace(
        one,
        boxes=np.concatenate([one.boxes, strange]),
        scores=np.append(one.scores, np.float32(0.31)),
        kinds=np.append(one.kinds, np.uint8(0)),
        looks=np.concatenate([one.looks, np.zeros((1, LOOK), np.uint8)]),
    )


def stands(facts: list[FrameFacts], edits: list[Any], frame: int) -> Any:
    made = [Edit(n, kind, checked(kind, body, frames=len(facts))) for n, (kind, body) in enumerate(edits, 1)]
    resolved = resolve(facts, made, Settings(mode="reveal"))
    return moments.stands(resolved, facts, frame).covers


def test_large_pictures_are_fewer_so_that_memory_stays_bounded() -> None:
    assert moments.most_of(640, 360) == moments.most_of(1920, 1088) == 24
    assert moments.most_of(3840, 2160) < 14
    assert moments.least_of(24) == 8
    assert moments.least_of(5) == 3
