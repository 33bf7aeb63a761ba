"""About one picture a second for as little decoding as it takes, planned from the index alone."""

from typing import Any

import numpy as np
import pytest

from cctv.footage.media import sampling
from cctv.footage.media.index import PacketIndex, make_index
from cctv.footage.media.sampling import plan, samples
from tests.footage.media.helpers import Counting, facts_of
from tests.media.moving import film_of_square, filmed, wall

FULL_HD = (1920, 1080)


def index_of(
    *, gop: int, seconds: float, fps: int = 25, between: int = 2, size: Any = FULL_HD
) -> PacketIndex:
    """An index in decode order: after each reference picture the `between` ones that are shown before it."""
    shown, key = [], []
    count = round(seconds * fps)
    for first in range(0, count, gop):
        stop = min(count, first + gop)
        shown.append(first)
        key.append(True)
        for reference in range(first + between + 1, stop + between + 1, between + 1):
            group = [min(reference, stop - 1), *range(reference - between, min(reference, stop - 1))]
            group = [each for each in group if first < each < stop]
            shown += group
            key += [False] * len(group)
    order, ones = np.arange(len(shown), dtype=np.int64), np.ones(len(shown), np.int64)
    return make_index(
        container="mp4", codec="h264", framing="length", extradata=b"", timescale=fps, width=size[0],
        height=size[1], stored_size=1000 * len(shown), contiguous=True, offset=1000 * order, size=1000 * ones,
        pts=np.array(shown, np.int64), dts=order - between, duration=ones, key=np.array(key, np.bool_),
    )  # fmt: skip


def moments(index: PacketIndex) -> list[float]:
    return [each / index.timescale for run in plan(index) for each in run.wanted]


def decoded(index: PacketIndex) -> int:
    """How many reference pictures the plan decodes."""
    return sum(1 + sampling._references(index, run.first, run.wanted[-1]) for run in plan(index))


def test_between_keyframes_two_seconds_apart_one_more_picture_is_taken() -> None:
    index = index_of(gop=50, seconds=10)
    assert moments(index) == [float(second) for second in range(10)]
    assert decoded(index) == 5 * (1 + 9), "nine reference pictures lead to the one after a second"


def test_where_every_picture_is_a_reference_the_keyframes_are_enough() -> None:
    index = index_of(gop=50, seconds=10, between=0)
    assert moments(index) == [0, 2, 4, 6, 8]
    assert decoded(index) == 5


def test_small_pictures_may_cost_more() -> None:
    assert len(moments(index_of(gop=50, seconds=10, between=0, size=(640, 360)))) == 10


def test_of_many_keyframes_about_one_a_second_is_taken() -> None:
    every = moments(index_of(gop=1, seconds=10, between=0))
    assert 10 <= len(every) <= 12
    assert max(np.diff(every)) <= 1.0


@pytest.mark.parametrize("between", [0, 2])
def test_a_long_way_between_keyframes_is_looked_into(between: int) -> None:
    taken = moments(index_of(gop=250, seconds=30, fps=25, between=between, size=(1280, 720)))
    assert max(np.diff(taken)) <= 1.5


def test_what_would_cost_too_much_stays_unseen() -> None:
    index = index_of(gop=250, seconds=20, between=0, size=(3840, 2160))
    assert moments(index) == [0, 10]


@pytest.mark.parametrize("gop", [1, 7, 25, 50, 90, 250, 1000])
@pytest.mark.parametrize("between", [0, 1, 3])
def test_a_plan_is_in_order_and_within_the_packets(gop: int, between: int) -> None:
    index = index_of(gop=gop, seconds=33, between=between, size=(1280, 720))
    taken = moments(index)
    assert taken == sorted(taken)
    assert taken[0] == 0
    for run in plan(index):
        assert index.key[run.first]
        assert 0 <= run.first < run.stop <= len(index)
        assert index.pts[run.first : run.stop].max() >= run.wanted[-1]


def test_the_pictures_are_those_of_the_planned_moments_small_and_grey() -> None:
    data = film_of_square(seconds=6, shown={3: (0.5, 0.5, 0.7, 0.8)})
    index = facts_of(data).index
    found = list(samples(index, Counting(data)))
    assert [int(each.at_ms // 1000) for each in found] == list(range(6))
    assert {each.picture.shape for each in found} == {(144, 256)}
    bright = [int(each.picture[90:100, 140:170].mean()) for each in found]
    assert min(bright[3], 200) == 200, "and the third shows the square"
    assert max(bright[:3] + bright[4:]) < 150


def test_an_hour_without_keyframes_is_never_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = filmed([wall(160, 90)] * 100, gop=1000)
    index, whole = facts_of(data).index, Counting(data)
    plain = [each.picture for each in samples(index, whole)]
    monkeypatch.setattr(sampling, "PIECE_PACKETS", 8)
    pieces = Counting(data)
    assert all(np.array_equal(a.picture, b) for a, b in zip(samples(index, pieces), plain, strict=True))
    assert whole.calls < pieces.calls
    assert pieces.calls >= 12


def test_a_picture_of_few_pixels_has_small_cells() -> None:
    index = facts_of(filmed([wall(50, 38)] * 3)).index
    assert next(iter(samples(index, Counting(filmed([wall(50, 38)] * 3))))).picture.shape == (27, 48)
