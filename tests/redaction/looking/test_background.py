"""The scene: what moves before it, and when nothing that is seen can be relied on."""

import cv2
import numpy as np

from cctv.redaction.looking.background import Background, Seen
from cctv.redaction.looking.regions import regions, without_dots
from tests.redaction.looking._scenes import HEIGHT, STEP_MS, WIDTH, Picture, wall, with_figure

FIGURE = (0.3, 0.7)  # upper and lower edge


def run(pictures: list[Picture]) -> list[Seen]:
    background = Background(WIDTH, HEIGHT)
    return [background.see(picture, number * STEP_MS) for number, picture in enumerate(pictures)]


def holds(seen: Seen, x: float) -> bool:
    """Whether the moving regions hold the figure at x."""
    mask = np.zeros((200, 200), np.bool_)
    for left, top, w, h in seen.moving * 200:
        mask[int(top) : int(np.ceil(top + h)), int(left) : int(np.ceil(left + w))] = True
    part = mask[61:139, int(x * 200) + 1 : int((x + 0.1) * 200) - 1]
    return bool(part.all())


def moved(picture: Picture, x: float, y: float) -> Picture:
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return np.asarray(
        cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def test_what_walks_in_is_all_seen_and_the_wall_is_not() -> None:
    xs = [None] * 8 + [0.1 + 0.03 * step for step in range(12)]
    seen = run([wall() if x is None else with_figure(wall(), x) for x in xs])
    assert not any(one.whole for one in seen)
    for one, x in zip(seen, xs, strict=True):
        if x is None:
            assert not len(one.moving)
        else:
            assert holds(one, x)
            assert one.moving[:, 2:].prod(axis=1).sum() < 0.12


def test_a_light_switched_covers_everything_and_then_ends() -> None:
    bright = np.clip(wall().astype(np.int16) + 70, 0, 255).astype(np.uint8)
    seen = run([wall()] * 8 + [bright] * 12)
    assert [one.whole for one in seen] == [False] * 8 + [True] * 5 + [False] * 7


def test_a_broken_picture_covers_everything() -> None:
    broken = np.full_like(wall(), 128)
    seen = run([wall()] * 8 + [broken] + [wall()] * 8)
    assert seen[8].whole
    assert seen[9].whole
    assert not seen[-1].whole


def test_a_slow_change_of_light_is_no_motion() -> None:
    seen = run([np.clip(wall() * (1 + 0.006 * step), 0, 255).astype(np.uint8) for step in range(40)])
    assert not any(one.whole for one in seen)
    assert max((one.moving[:, 2:].prod(axis=1).sum() for one in seen), default=0) < 0.1


def test_much_other_light_is_poor() -> None:
    seen = run([np.clip(wall() * (1 - 0.015 * step), 0, 255).astype(np.uint8) for step in range(30)])
    assert not seen[5].poor
    assert seen[-1].poor


def test_a_shaken_camera_is_told_and_whoever_walks_is_still_seen() -> None:
    shakes = [(0, 0)] * 8 + [(3, -2), (-4, 2), (5, 3), (-3, -4), (2, 4), (-5, 0)] * 3
    xs = [0.1 + 0.02 * step for step in range(len(shakes))]
    pictures = [wall() if step < 8 else with_figure(wall(), x) for step, x in enumerate(xs)]
    seen = run([moved(picture, *shake) for picture, shake in zip(pictures, shakes, strict=True)])
    total = np.cumsum([one.shift for one in seen], axis=0) * [WIDTH, HEIGHT]
    for step in range(8, len(shakes)):
        assert holds(seen[step], xs[step] + shakes[step][0] / WIDTH)
        assert np.abs(total[step] - shakes[step]).max() < 1.0
    assert not any(one.whole for one in seen)
    assert seen[-1].poor


def test_a_camera_that_is_turned_covers_everything() -> None:
    seen = run([wall()] * 8 + [moved(wall(), 120, 40)] * 3)
    assert seen[8].whole


def test_dark_and_noisy_pictures_are_poor_and_hopeless_ones_covered() -> None:
    random = np.random.default_rng(1)

    def night(light: float, noise: float) -> list[Picture]:
        grain = random.normal(0, noise, (14, HEIGHT, WIDTH, 3))
        return [np.clip(wall() * light + each, 0, 255).astype(np.uint8) for each in grain]

    assert not any(one.poor for one in run([wall()] * 5))
    dim = run(night(0.4, 3))
    assert all(one.poor for one in dim)
    assert not dim[-1].whole
    assert run(night(0.05, 15))[-1].whole


def test_regions_hold_every_pixel_and_little_else() -> None:
    mask = np.zeros((120, 160), np.uint8)
    cv2.line(mask, (10, 10), (140, 100), 1, 5)
    cv2.circle(mask, (120, 30), 14, 1, -1)
    found = regions(mask) * [160, 120, 160, 120]
    held = np.zeros_like(mask)
    for x, y, w, h in np.rint(found).astype(int):
        held[y : y + h, x : x + w] = 1
    assert not (mask & ~held).any()
    assert held.sum() < 2.2 * mask.sum()
    assert not len(regions(np.zeros((50, 50), np.uint8)))


def test_without_dots_everything_else_stays_where_it_is() -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[0:3, 0:5] = mask[10:12, 20:30] = mask[38:, 38:] = 1
    with_dots = mask.copy()
    with_dots[20, 5] = with_dots[30, 3:30] = 1
    np.testing.assert_array_equal(without_dots(with_dots), mask)
