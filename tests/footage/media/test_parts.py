"""Parts begin on keyframes, are 6 to 10 s long where keyframes allow, and together hold every packet."""

from dataclasses import replace

import numpy as np
import pytest

from cctv.footage.media.parts import partition, parts_for_span
from tests.footage.media.helpers import made
from tests.footage.media.test_index import hour


@pytest.mark.parametrize(("seconds", "gop"), [(4, 50), (10, 50), (12, 50), (20, 50), (45, 25), (30, 25)])
def test_parts_are_of_a_length_that_players_like(seconds, gop):
    _, index, _ = made(seconds=seconds, gop=gop // 5, fps=5, b_frames=0)
    parts = partition(index)
    assert parts[0].first == 0
    assert parts[-1].stop == len(index)
    assert [part.stop for part in parts[:-1]] == [part.first for part in parts[1:]]
    assert [part.end_ms for part in parts[:-1]] == [part.start_ms for part in parts[1:]]
    assert all(index.key[part.first] for part in parts)
    assert sum(part.size_bytes for part in parts) == int(index.size.sum())
    if seconds > 10:
        assert all(5_900 <= part.duration_ms <= 10_000 for part in parts)


def test_an_hour_is_cut_in_milliseconds():
    index = hour()
    parts = partition(index)
    assert 400 < len(parts) < 600
    assert sum(part.duration_ms for part in parts) == pytest.approx(index.duration_ms, abs=200)


def test_keyframes_far_apart_make_long_parts_and_one_keyframe_one_part():
    _, index, _ = made(seconds=40, gop=80, fps=5, b_frames=0)
    assert [round(part.duration_ms) for part in partition(index)] == [16_000, 16_000, 8_000]
    _, index, _ = made(seconds=30, gop=1000, fps=5)
    assert len(partition(index)) == 1


def test_a_keyframe_that_leans_on_the_group_before_it_is_avoided():
    _, index, _ = made(seconds=20, gop=50, b_frames=0)
    keys = index.keyframes
    pts = index.pts.copy()
    for key in keys[1:]:
        if key != 150:
            pts[[key, key + 1]] = pts[[key + 1, key]]
    cuts = [part.first for part in partition(replace(index, pts=pts))]
    assert cuts[1] == 150
    assert np.isin(cuts, keys).all()


def test_the_parts_of_a_span_are_those_that_show_some_of_it():
    parts = partition(made(seconds=20)[1])
    assert [part.number for part in parts_for_span(parts, 0, 1)] == [0]
    assert [part.number for part in parts_for_span(parts, 7_999, 8_000)] == [0]
    assert [part.number for part in parts_for_span(parts, 8_000, 14_001)] == [1, 2]
    assert parts_for_span(parts, 20_000, 30_000) == ()
