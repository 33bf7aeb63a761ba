"""What moved is found where and when it moved; noise, wind and weather are not what moves."""

from typing import Any

import numpy as np
import pytest

from cctv.footage.media.errors import MediaError
from cctv.footage.media.motion import Moved, UsualView, watch
from cctv.footage.media.ranges import range_of_bytes
from tests.footage.media.helpers import facts_of
from tests.media.moving import Picture, film_of_square, filmed, noisy, wall, with_square

# Columns 8..10, rows 4..6 of the grid, nearly.
BOX = (0.51, 0.46, 0.67, 0.76)
CELLS = {(column, row) for column in (8, 9, 10) for row in (4, 5, 6)}


def watched(data: bytes, view: UsualView | None = None) -> Moved:
    return watch(facts_of(data).index, range_of_bytes(data), view or UsualView())


def cells(moved: Moved, second: int) -> set[tuple[int, int]]:
    rows, columns = np.nonzero(moved.levels[second])
    return set(zip(columns.tolist(), rows.tolist(), strict=True))


def looked_at(pictures: list[Picture], view: UsualView | None = None) -> list[np.ndarray[Any, Any]]:
    """The levels of small pictures, one a second."""
    if view is None:
        view = UsualView()
        view.begin(pictures[:12])
    return [view.look(picture)[0] for picture in pictures]


SMALL = wall(256, 144)


@pytest.mark.parametrize(
    ("codec", "size"),
    [
        ("h264", (320, 180)),
        ("hevc", (320, 180)),
        ("mjpeg", (320, 180)),
        ("h264", (180, 320)),
        ("h264", (322, 182)),
        ("h264", (64, 48)),
    ],
)
def test_a_square_is_found_where_and_when_it_is_there(codec: str, size: tuple[int, int]) -> None:
    moved = watched(film_of_square(seconds=8, shown={3: BOX, 4: BOX}, size=size, codec=codec))
    assert len(moved) == 8
    assert moved.known.all()
    for second in (3, 4):
        assert cells(moved, second) <= CELLS
        assert {(8, 5), (9, 5), (9, 6)} <= cells(moved, second)
        assert moved.intensity[second] > 50
        assert moved.levels[second].max() == 3
    for second in (0, 1, 2, 5, 6, 7):
        assert not cells(moved, second), second
        assert moved.intensity[second] == 0


def test_a_square_that_walks_is_followed() -> None:
    places = {second: (0.1 * second, 0.4, 0.1 * second + 0.1, 0.7) for second in range(1, 9)}
    moved = watched(film_of_square(seconds=10, shown=places))
    for second, (left, _top, right, _bottom) in places.items():
        columns = {column for column, _row in cells(moved, second)}
        assert columns, second
        assert columns <= set(range(int(left * 16 - 0.01), int(right * 16 + 1.01))), second


def test_a_sensors_noise_is_no_motion() -> None:
    dark = (wall(640, 360) // 4).astype(np.uint8)
    moved = watched(filmed([noisy(dark, 9, seed) for seed in range(30)], fps=5))
    assert not moved.levels.any()


def test_slow_light_is_no_motion_and_is_followed() -> None:
    dusk = [np.clip(SMALL * (1 - second / 400), 0, 255).astype(np.uint8) for second in range(300)]
    assert not any(levels.any() for levels in looked_at(dusk))
    view = UsualView()
    view.begin(dusk[:12])
    looked_at(dusk, view)
    (late,) = looked_at([with_square(dusk[-1], BOX, 150)], view)
    assert late[5, 9] == 3, "what comes in the dark is still seen"


def test_an_exposure_that_changes_is_no_motion() -> None:
    brighter = np.clip(SMALL * 1.2 + 8, 0, 255).astype(np.uint8)
    assert not any(levels.any() for levels in looked_at([SMALL] * 12 + [brighter] * 6))


def test_a_lamp_fills_the_grid_for_a_moment_and_not_for_ever() -> None:
    x = np.linspace(0, 1, 256)
    lit = np.clip(SMALL * (0.3 + 1.6 * x), 0, 255).astype(np.uint8)
    found = looked_at([SMALL] * 12 + [lit] * 6 + [with_square(lit, BOX, 30)])
    assert found[12].any()
    assert not any(levels.any() for levels in found[14:18])
    rows, columns = np.nonzero(found[18])
    assert set(zip(columns.tolist(), rows.tolist(), strict=True)) <= CELLS, "and it goes on telling"
    assert found[18][5, 9] == 3


def test_what_the_wind_shakes_is_no_motion() -> None:
    steady = [SMALL] * 12
    wide = np.pad(SMALL, ((0, 0), (1, 1)), mode="edge")
    shaken = [wide[:, 2 * (number % 2) :][:, :256] for number in range(8)]
    assert not any(levels.any() for levels in looked_at(steady + shaken))


def test_what_comes_to_rest_becomes_usual() -> None:
    parked = with_square(SMALL, BOX)
    found = looked_at([SMALL] * 12 + [parked] * 60)
    assert found[12].any()
    assert found[20].any(), "for a while it is new"
    assert not any(levels.any() for levels in found[50:])


def test_a_clock_drawn_in_by_the_camera_becomes_usual() -> None:
    def at(second: int) -> Picture:
        picture = SMALL.copy()
        picture[4:9, 20:23] = 255 if second % 2 else 20
        picture[4:9, 24:27] = 255 if second // 10 % 2 else 20
        return picture

    found = looked_at([at(second) for second in range(120)])
    assert sum(bool(levels.any()) for levels in found[60:]) <= 2


def test_the_usual_view_goes_from_segment_to_segment() -> None:
    empty = film_of_square(seconds=6, shown={})
    waiting = film_of_square(seconds=6, shown=dict.fromkeys(range(6), BOX))
    assert not watched(waiting).levels.any(), "alone, it has always stood there"
    view = UsualView()
    watched(empty, view)
    moved = watched(waiting, view)
    assert all(cells(moved, second) for second in range(6))


def test_the_same_history_tells_the_same() -> None:
    films = [film_of_square(seconds=4, shown={second: BOX}) for second in (1, 2, 3)]
    once, again = UsualView(), UsualView()
    for film in films:
        one, two = watched(film, once), watched(film, again)
        assert np.array_equal(one.levels, two.levels)
        assert np.array_equal(one.intensity, two.intensity)


def test_another_size_of_picture_begins_anew() -> None:
    view = UsualView()
    watched(film_of_square(seconds=4, shown={}), view)
    assert not watched(film_of_square(seconds=4, shown={}, size=(64, 48)), view).levels.any()


def test_one_picture_has_one_quiet_second() -> None:
    moved = watched(filmed([wall(160, 90)]))
    assert len(moved) == 1
    assert not moved.levels.any()


def test_a_second_without_a_picture_shows_what_its_neighbours_show_and_beyond_that_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cctv.footage.media import sampling

    monkeypatch.setattr(sampling, "PIXELS_A_SECOND", 0)
    moved = watched(film_of_square(seconds=16, shown={2: BOX}, gop=10))
    assert cells(moved, 1) == cells(moved, 2) == cells(moved, 3) != set()
    assert not cells(moved, 5)
    moved = watched(film_of_square(seconds=16, shown={}, gop=40))
    assert moved.known.tolist() == [True] * 3 + [False] * 3 + [True] * 5 + [False] * 5


def test_what_cannot_be_decoded_is_refused() -> None:
    data = film_of_square(seconds=3, shown={})
    index = facts_of(data).index
    with pytest.raises(MediaError) as refusal:
        watch(index, lambda _offset, size: bytes(size), UsualView())
    assert refusal.value.code == "no_picture"


def test_the_first_frame_is_handed_on_once() -> None:
    data = film_of_square(seconds=4, shown={})
    frames: list[Any] = []
    watch(
        facts_of(data).index,
        range_of_bytes(data),
        UsualView(),
        first=lambda _context, frame: frames.append(frame.pts),
    )
    assert frames == [0]


@pytest.mark.parametrize("damaged", ["the first picture", "all before the second keyframe"])
def test_a_damaged_first_picture_is_not_stood_in_for_by_another(damaged: str) -> None:
    data = film_of_square(seconds=6, shown={})
    index = facts_of(data).index
    stop = 1 if damaged == "the first picture" else int(index.keyframes[1])
    begin, end = int(index.offset[0]), int(index.offset[stop])
    read = range_of_bytes(data[:begin] + bytes(end - begin) + data[end:])
    frames: list[Any] = []
    moved = watch(index, read, UsualView(), first=lambda _context, frame: frames.append(frame.pts))
    assert moved.known.any(), "the rest is looked at"
    assert frames == []
