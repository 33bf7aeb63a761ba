"""Motion facts come back as they were stored, damaged ones are told, and arithmetic is what it says."""

import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cctv.footage.media.sampling import COLUMNS, ROWS
from cctv.footage.motion import facts
from cctv.footage.motion.facts import CELLS, BadFacts, Seconds

SEEDS = st.integers(0, 2**32 - 1)
CORNERS = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(list)


def stored(seed: int, count: int, *, quiet: float = 0.8) -> tuple[Any, Any, Any]:
    """Levels, intensity and known of a segment, made up."""
    chance = np.random.default_rng(seed)
    levels = chance.integers(0, 4, (count, 9, 16), np.uint8)
    levels[chance.random((count, 9, 16)) < quiet] = 0
    known = chance.random(count) < 0.9
    levels[~known] = 0
    intensity = np.where(levels.any(axis=(1, 2)), chance.integers(1, 256, count), 0).astype(np.uint8)
    return levels, intensity, known


def joined(seed: int, lengths: list[int]) -> Seconds:
    """Segments that follow each other, with pauses between some."""
    start, parts = 1_700_000_000_000, []
    for number, length in enumerate(lengths):
        end = start + 1000 * length - 300 * (number % 2)
        parts.append((start, end, facts.encode(*stored(seed + number, length))))
        start = end + 4000 * (number % 3)
    return facts.join(parts)


@given(SEEDS, st.integers(1, 200))
@settings(max_examples=40)
def test_facts_come_back_as_they_were_stored(seed: int, count: int) -> None:
    for kept, back in zip(stored(seed, count), facts.decode(facts.encode(*stored(seed, count))), strict=True):
        assert np.array_equal(kept, back)


def test_ten_quiet_seconds_are_small() -> None:
    quiet = facts.encode(np.zeros((10, 9, 16), np.uint8), np.zeros(10, np.uint8), np.ones(10, np.bool_))
    assert len(quiet) < 20


@given(SEEDS, st.integers(1, 40), st.data())
@settings(max_examples=60)
def test_damaged_facts_are_refused_or_still_in_bounds(seed: int, count: int, data: st.DataObject) -> None:
    whole = facts.encode(*stored(seed, count))
    place = data.draw(st.integers(0, len(whole) - 1))
    for spoilt in (
        whole[:place],
        whole + b"x",
        whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :],
    ):
        try:
            levels, intensity, known = facts.decode(spoilt)
        except BadFacts:
            continue
        assert levels.shape == (len(intensity), 9, 16)
        assert len(known) == len(intensity)
        assert levels.max(initial=0) <= 3


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x02\x01\x00", b"\x01\x00\x00", b"\x01\xff\xff" + zlib.compress(bytes(1 << 22))]
)
def test_what_is_no_version_1_or_says_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(BadFacts):
        facts.decode(data)


def test_what_cannot_be_stored_is_refused() -> None:
    levels, intensity, known = stored(1, 3)
    for wrong in (
        (levels[:2], intensity, known),
        (levels + 4, intensity, known),
        (levels[:0], intensity[:0], known[:0]),
        (levels, intensity, known[:1]),
    ):
        with pytest.raises(BadFacts):
            facts.encode(*wrong)


@given(SEEDS, st.lists(st.integers(1, 20), min_size=1, max_size=6))
@settings(max_examples=40)
def test_joining_says_of_each_second_what_its_segment_says(seed: int, lengths: list[int]) -> None:
    seconds = joined(seed, lengths)
    expected, start = [], 1_700_000_000_000
    for number, length in enumerate(lengths):
        end = start + 1000 * length - 300 * (number % 2)
        levels, intensity, known = facts.decode(facts.encode(*stored(seed + number, length)))
        for second in np.flatnonzero(known):
            at = start + 1000 * int(second)
            expected.append((at, min(at + 1000, end), int(intensity[second]), levels[second].tolist()))
        start = end + 4000 * (number % 3)
    found = zip(
        seconds.start.tolist(),
        seconds.end.tolist(),
        seconds.intensity.tolist(),
        facts.unpack(seconds.packed).tolist(),
        strict=True,
    )
    assert list(found) == expected
    assert facts.length_of(seconds) == sum(end - begin for begin, end, *_rest in expected)


def test_facts_of_a_newer_program_are_left_out() -> None:
    old = facts.encode(*stored(5, 4))
    assert len(facts.join([(0, 4000, b"\x02" + old[1:]), (4000, 8000, b"")])) == 0
    assert facts.length_of(facts.NO_SECONDS) == 0


@given(SEEDS, st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(-9, 30), st.integers(1, 40))
@settings(max_examples=60)
def test_only_what_lies_inside_the_spans_stays(seed: int, lengths: list[int], first: int, long: int) -> None:
    seconds = joined(seed, lengths)
    low = 1_700_000_000_000 + 700 * first
    spans = [(low, low + 700 * long), (low + 700 * long + 5000, low + 700 * long + 9000)]
    inside = seconds.inside(spans)
    wanted = [
        (max(start, a), min(end, b))
        for start, end in zip(seconds.start.tolist(), seconds.end.tolist(), strict=True)
        for a, b in spans
        if start < b and a < end
    ]
    assert list(zip(inside.start.tolist(), inside.end.tolist(), strict=True)) == wanted
    assert not len(seconds.inside([]))


@given(SEEDS, st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(1, 7), st.integers(-5, 5))
@settings(max_examples=60)
def test_a_strip_has_the_highest_intensity_of_each_step(
    seed: int, lengths: list[int], step: int, offset: int
) -> None:
    seconds = joined(seed, lengths)
    start = 1_700_000_000_000 + 1000 * offset
    end = start + 30_000
    made = facts.strip(seconds, start=start, end=end, step=1000 * step)
    expected = [0] * -(-30 // step)
    for begin, stop, value in zip(
        seconds.start.tolist(), seconds.end.tolist(), seconds.intensity.tolist(), strict=True
    ):
        for place in range(len(expected)):
            left = start + 1000 * step * place
            if begin < left + 1000 * step and left < stop:
                expected[place] = max(expected[place], value)
    assert made.tolist() == expected


@given(SEEDS, st.integers(1, 30), st.sets(st.integers(0, CELLS - 1), min_size=1))
@settings(max_examples=60)
def test_a_second_scores_exactly_where_a_cell_of_the_region_has_a_level(
    seed: int, count: int, chosen: set[int]
) -> None:
    levels, intensity, known = stored(seed, count, quiet=0.97)
    seconds = facts.join([(0, 1000 * count, facts.encode(levels, intensity, known))])
    mask = facts.region_of_cells([[cell % 16, cell // 16] for cell in chosen])
    score = facts.scores(seconds.packed, mask)
    sums = levels[known][:, mask].sum(axis=1)
    assert ((score > 0) == (sums > 0)).all()
    order = np.argsort(sums, kind="stable")
    assert (np.diff(score[order].astype(int)) >= 0).all(), "more motion never scores less"
    quiet = seconds.within(mask)
    assert ((quiet.intensity > 0) == (sums > 0)).all()
    everywhere = facts.join([(0, 1000, facts.encode(levels[:1] * 0 + 3, intensity[:1], known[:1] | True))])
    assert facts.scores(everywhere.packed, mask).tolist() == [255]


@given(SEEDS, st.lists(st.integers(1, 20), min_size=1, max_size=5), st.sampled_from([0, 1000, 3000, 60_000]))
@settings(max_examples=60)
def test_stretches_hold_every_second_that_scores_and_lie_further_apart_than_the_gap(
    seed: int, lengths: list[int], gap: int
) -> None:
    seconds = joined(seed, lengths)
    score = facts.scores(seconds.packed, facts.region_of_cells([[seed % 16, seed % 9]]))
    found = facts.stretches(seconds, score, gap_ms=gap)
    hits = [
        (begin, end, int(value))
        for begin, end, value in zip(seconds.start.tolist(), seconds.end.tolist(), score, strict=True)
        if value
    ]
    assert bool(hits) == bool(found)
    for begin, end, value in hits:
        (home,) = [each for each in found if each.start <= begin and end <= each.end]
        assert value <= home.score
        assert any(peak == home.peak and top == home.score for peak, _end, top in hits)
    assert all(later.start - earlier.end > gap for earlier, later in pairwise(found))
    ends = {end for _begin, end, _value in hits}
    assert all(each.start in {begin for begin, _e, _v in hits} and each.end in ends for each in found)


def test_a_polygon_is_the_cells_it_covers() -> None:
    whole = facts.region_of_polygon([[0, 0], [1, 0], [1, 1], [0, 1]])
    assert whole.all()
    left = facts.region_of_polygon([[0, 0], [0.5, 0], [0.5, 1], [0, 1]])
    assert facts.cells_of(left) == [[column, row] for row in range(9) for column in range(8)]
    dot = facts.region_of_polygon([[0.7, 0.7], [0.701, 0.7], [0.7, 0.701]])
    assert facts.cells_of(dot) == [[11, 6]]
    corner = facts.region_of_polygon([[1, 1], [1, 1], [1, 1]])
    assert facts.cells_of(corner) == [[15, 8]]


@given(st.lists(CORNERS, min_size=3, max_size=12))
@settings(max_examples=60)
def test_every_polygon_has_a_cell_and_none_far_from_its_corners(points: list[list[float]]) -> None:
    cells = facts.cells_of(facts.region_of_polygon(points))
    assert cells
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    for column, row in cells:
        assert min(xs) * 16 - 1 <= column <= max(xs) * 16
        assert min(ys) * 9 - 1 <= row <= max(ys) * 9


@pytest.mark.parametrize(
    ("asked", "cells"),
    [
        ([[3, 2], [4, 2]], 2),
        ({"cells": [[0, 0], [1, 0], [1, 1], [0, 1]]}, 4),
        ([[0, 0], [1, 0], [1, 1], [0, 1]], 4),
        ({"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}, 144),
        ([[0.0, 0.0], [0.25, 0.0], [0.25, 1.0], [0.0, 1.0]], 36),
        ([], 144),
    ],
)
def test_a_region_is_read_from_json(asked: Any, cells: int) -> None:
    assert int(facts.region_of(asked).sum()) == cells


@pytest.mark.parametrize(
    "asked",
    [
        None, 5, "x", {}, {"cells": 3}, {"circle": [[0, 0]]}, {"cells": [[0.5, 0.5]]}, [[16, 0]], [[0, 9]],
        [[-1, 0]], [[0, 0, 0]], [["a", "b"]], [[True, False]], [[0.5, 0.5], [0.6, 0.6]],
        [[0.5, 0.5], [1.5, 0.5], [0.5, 0.6]], [[float("nan"), 0.5], [0.1, 0.5], [0.5, 0.6]],
        [[float("inf"), 0.5], [0.1, 0.5], [0.5, 0.6]], [[0, 0]] * 145, {"polygon": [[0, 0]], "cells": []},
    ],
)  # fmt: skip
def test_what_is_no_region_is_refused(asked: Any) -> None:
    with pytest.raises(BadFacts):
        facts.region_of(asked)


def test_an_entry_says_which_cells_were_searched() -> None:
    assert facts.described(facts.everything()) == "A1–P9"
    block = [[column, row] for column in (3, 4, 5) for row in (2, 3)]
    region = facts.region_of_cells([*block, [9, 2], [0, 8]])
    assert facts.described(region) == "D3–F4, J3, A9"


@given(st.sets(st.integers(0, CELLS - 1), min_size=1))
@settings(max_examples=60)
def test_the_named_blocks_are_the_region(chosen: set[int]) -> None:
    region = facts.region_of_cells([[cell % 16, cell // 16] for cell in chosen])
    named: list[int] = []
    for block in facts.described(region).split(", "):
        first, _dash, last = block.partition("–")
        last = last or first
        for row in range(int(first[1:]), int(last[1:]) + 1):
            for column in range(ord(first[0]), ord(last[0]) + 1):
                named.append((row - 1) * 16 + column - ord("A"))
    assert sorted(named) == sorted(chosen)


def test_what_moves_under_a_mask_changes_nothing_of_what_the_strip_says() -> None:
    """The same thing in an open cell, beside something large under the mask and beside nothing there."""
    levels = np.zeros((3, ROWS, COLUMNS), np.uint8)
    levels[:2, 0, 0] = 1
    levels[1:, 2:, :] = 3
    shown = np.zeros((ROWS, COLUMNS), np.bool_)
    shown[:2] = True
    data = facts.encode(levels, np.array([13, 255, 255], np.uint8), np.ones(3, np.bool_))
    seconds = facts.join([(0, 3000, data)]).within(shown)
    alone, beside, other = seconds.intensity.tolist()
    assert 0 < alone == beside < 40
    assert other == 0
