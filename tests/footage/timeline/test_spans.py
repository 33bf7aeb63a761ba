"""The grid of a timeline, against sets of milliseconds that are counted one by one."""

import random
from collections.abc import Iterable

import pytest

from cctv.footage.timeline.spans import HOUR, MINUTE, SECOND, STEPS, Grid, Span, both, clip, union, without

ROUNDS = 300
LONG = 60


def moments(spans: Iterable[Span]) -> set[int]:
    return {moment for start, end in spans for moment in range(start, end)}


def some(dice: random.Random) -> list[Span]:
    """Spans in any order, overlapping, some of them empty or backwards."""
    return [
        (start, start + dice.randrange(-3, 12))
        for start in (dice.randrange(LONG) for _unused in range(dice.randrange(8)))
    ]


def is_apart(spans: list[Span]) -> bool:
    edges = [edge for span in spans for edge in span]
    return edges == sorted(set(edges))


def test_union_without_and_both_are_those_of_sets() -> None:
    dice = random.Random(1)
    for _round in range(ROUNDS):
        first, second = some(dice), some(dice)
        one, two = union(first), union(second)
        assert moments(one) == moments(first)
        assert moments(without(one, two)) == moments(one) - moments(two)
        assert moments(both(one, two)) == moments(one) & moments(two)
        assert moments(clip(one, 10, 40)) == moments(one) & set(range(10, 40))
        assert all(is_apart(each) for each in (one, without(one, two), both(one, two)))


def test_pauses_of_up_to_join_are_closed_and_longer_ones_are_not() -> None:
    assert union([(0, 10), (12, 20), (23, 30)], join=2) == [(0, 20), (23, 30)]


def test_a_step_is_drawn_when_any_of_it_is_and_only_then() -> None:
    dice = random.Random(2)
    for _round in range(ROUNDS):
        grid, spans = Grid(10, 50, 5), some(dice)
        drawn = grid.drawn(spans)
        touched = {moment // 5 for moment in moments(spans) if 10 <= moment < 50}
        assert {moment // 5 for moment in moments(drawn)} == touched
        assert is_apart(drawn)


def test_what_is_encoded_decodes_to_the_same_spans() -> None:
    dice = random.Random(3)
    for _round in range(ROUNDS):
        grid = Grid(10, 50, 5)
        drawn = grid.drawn(some(dice))
        coded = grid.encode(drawn)
        assert grid.decode(coded) == drawn
        assert all(length >= 1 for length in coded[1::2])
        assert all(skip >= 1 for skip in coded[2::2])


def test_the_example_of_the_contract() -> None:
    grid = Grid(1_000_000, 1_030_000, 1000)
    assert grid.encode([(1_005_000, 1_015_000), (1_017_000, 1_020_000)]) == [5, 10, 2, 3]


@pytest.mark.parametrize(
    ("span", "pixels", "step"),
    [(24 * HOUR, 1440, MINUTE), (31 * 24 * HOUR, 1400, 30 * MINUTE), (10 * SECOND, 1400, 5), (50, 1400, 1)],
)
def test_a_step_is_the_longest_round_one_within_a_pixel(span: int, pixels: int, step: int) -> None:
    grid = Grid.over(1_700_000_000_123, 1_700_000_000_123 + span, pixels=pixels)
    assert grid.step == step
    assert grid.start % step == 0 == grid.end % step
    assert grid.start <= 1_700_000_000_123 < grid.start + step
    assert grid.end - step < 1_700_000_000_123 + span <= grid.end


def test_the_same_stretch_falls_on_the_same_edges_however_the_view_is_moved() -> None:
    span = (1_700_000_100_777, 1_700_000_900_333)
    views = (Grid.over(span[0] - by, span[1] + 60 * MINUTE - by, pixels=1000) for by in (0, 7, 7777, 70_001))
    assert len({tuple(view.drawn([span])) for view in views}) == 1


def test_there_are_never_more_steps_than_are_answered_for() -> None:
    for span in (HOUR, 24 * HOUR, 31 * 24 * HOUR, 62 * 24 * HOUR):
        for pixels in (100, 1200, 4096):
            grid = Grid.over(0, span, pixels=pixels, most=2048)
            assert (grid.end - grid.start) // grid.step <= 2048
            assert grid.step * 100 <= span


def test_nothing_is_drawn_on_nothing() -> None:
    for start, end, pixels in ((5, 5, 100), (6, 5, 100), (5, 6, 0)):
        with pytest.raises(ValueError, match="nothing to draw"):
            Grid.over(start, end, pixels=pixels)


def test_each_step_divides_a_day() -> None:
    assert all(24 * HOUR % step == 0 for step in STEPS)
    assert list(STEPS) == sorted(set(STEPS))
