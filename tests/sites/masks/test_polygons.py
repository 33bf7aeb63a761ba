"""Polygons: what is one, what it covers, and whether another set of them shows more."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.sites.masks import polygons
from cctv.sites.masks.polygons import BadMasks, covered, masked_cells, read, uncovers, version

SQUARE = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "code", "number"),
    [
        (None, "not_a_list", 0),
        ({}, "not_a_list", 0),
        ([SQUARE] * 17, "too_many", 0),
        ([SQUARE, SQUARE[:2]], "points", 2),
        ([[[0.5, n / 40] for n in range(33)]], "points", 1),
        ([[*SQUARE, [0.1]]], "points", 1),
        ([[*SQUARE, [0.1, "0.2"]]], "points", 1),
        ([[*SQUARE, [True, 0.5]]], "points", 1),
        ([[*SQUARE, [1.01, 0.5]]], "outside", 1),
        ([[*SQUARE, [NAN, 0.5]]], "outside", 1),
        ([[*SQUARE, [0.5, -math.inf]]], "outside", 1),
        ([[[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]], "flat", 1),
        ([[[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]]], "flat", 1),
    ],
)
def test_what_is_no_mask_is_refused_with_its_number(value: Any, code: str, number: int) -> None:
    with pytest.raises(BadMasks) as refused:
        read(value)
    assert (refused.value.code, refused.value.mask) == (code, number)


def test_cells_that_are_touched_at_all_count_and_borders_alone_do_not() -> None:
    assert masked_cells(read([SQUARE])) == {(x, y) for x in range(4, 12) for y in range(2, 7)}
    assert masked_cells(read([[[0, 0], [0.0625, 0], [0.0625, 0.1111]]])) == {(0, 0)}
    sliver = read([[[0.1, 0.501], [0.9, 0.502], [0.9, 0.503]]])
    assert {y for _, y in masked_cells(sliver)} == {4}
    assert {x for x, _ in masked_cells(sliver)} == set(range(1, 15))
    assert masked_cells(()) == frozenset()


def test_where_an_outline_crosses_itself_more_is_covered_never_less() -> None:
    bow = read([[[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]])
    assert {(2, 2), (13, 2), (2, 6), (13, 6)} <= masked_cells(bow)
    star = read([[[0.5, 0.05], [0.8, 0.95], [0.05, 0.4], [0.95, 0.4], [0.2, 0.95]]])
    assert (8, 4) in masked_cells(star)  # its middle is wound round twice


points = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(list)


@given(st.lists(points, min_size=3, max_size=6), st.integers(0, 39), st.integers(0, 29))
def test_no_cell_is_open_that_a_polygon_reaches_into(
    polygon: list[list[float]], column: int, row: int
) -> None:
    """Against a walk along the edges, and the even-odd rule at the cell's middle, which claims less."""
    try:
        masks = read([polygon])
    except BadMasks:
        return
    grid = covered(masks, 40, 30)
    middle = (column + 0.5, row + 0.5)
    inside = False
    corners = [(x * 40, y * 30) for x, y in masks[0]]
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y0 > middle[1]) != (y1 > middle[1]) and middle[0] < (x1 - x0) * (middle[1] - y0) / (y1 - y0) + x0:
            inside = not inside
        for step in range(101):
            x, y = x0 + (x1 - x0) * step / 100, y0 + (y1 - y0) * step / 100
            if min(x % 1, 1 - x % 1, y % 1, 1 - y % 1) > 1e-9:
                assert grid[int(y), int(x)]
    if inside:
        assert grid[row, column]


def test_smaller_moved_or_fewer_masks_uncover_and_larger_ones_do_not() -> None:
    old = read([SQUARE, [[0, 0], [0.1, 0], [0, 0.1]]])
    assert not uncovers(old, old)
    assert not uncovers(
        old, read([[[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]], [[0, 0], [0.2, 0], [0, 0.2]]])
    )
    assert not uncovers(old, read([[[0, 0], [1, 0], [1, 1], [0, 1]]]))
    assert not uncovers((), old)
    assert uncovers(old, read([SQUARE]))
    assert uncovers(old, ())
    assert uncovers(read([SQUARE]), read([[[0.2525, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]]))


def test_a_version_names_the_masks_and_no_others() -> None:
    masks = read([SQUARE])
    assert version(masks) == version(read([[tuple(point) for point in SQUARE]]))
    assert version(masks) != version(read([SQUARE[::-1]]))
    assert version(()) == ""
    assert read(polygons.plain(masks)) == masks
