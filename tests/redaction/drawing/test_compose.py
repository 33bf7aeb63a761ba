"""What is painted, pixel by pixel: nothing of what a shape touches is left, on any plane."""

from __future__ import annotations

import time

import numpy as np
import pytest

from cctv.redaction.drawing.compose import compose
from cctv.redaction.drawing.covers import colour_for, to_yuv
from cctv.redaction.drawing.drawing import NOTHING, Drawing, Planes
from cctv.sites.masks import polygons

COLOUR = (41, 160, 118)


def noise(width: int, height: int, seed: int = 1, low: int = 60, high: int = 250) -> Planes:
    made = np.random.default_rng(seed)
    half = -(-height // 2), -(-width // 2)
    y, u, v = (made.integers(low, high, size, dtype=np.uint8) for size in ((height, width), half, half))
    return Planes(y, u, v)


def copied(planes: Planes) -> Planes:
    return Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())


def left_of(before: Planes, after: Planes) -> tuple[np.ndarray, np.ndarray]:
    """Where something of the picture is still there: pixels, colour samples."""
    return before.y == after.y, (before.u == after.u) | (before.v == after.v)


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (65, 31), (17, 16), (2, 2), (1, 1)])
def test_a_cover_hides_every_pixel_and_colour_sample_that_it_touches(size: tuple[int, int]) -> None:
    width, height = size
    before = noise(width, height)
    box = (0.33, 0.21, 0.3, 0.5)
    after = compose(copied(before), Drawing(covers=(box,)), colour=COLOUR)
    x0, x1 = int(np.floor(0.33 * width)), int(np.ceil(0.63 * width))
    y0, y1 = int(np.floor(0.21 * height)), int(np.ceil(0.71 * height))
    assert (after.y[y0:y1, x0:x1] == COLOUR[0]).all()
    assert (after.u[y0 // 2 : -(-y1 // 2), x0 // 2 : -(-x1 // 2)] == COLOUR[1]).all()
    assert (after.v[y0 // 2 : -(-y1 // 2), x0 // 2 : -(-x1 // 2)] == COLOUR[2]).all()
    far = after.y[: max(0, y0 - 2)]
    assert (far == before.y[: max(0, y0 - 2)]).all()


@pytest.mark.parametrize("style", ["fill", "pixelate", "blur"])
def test_a_cover_on_odd_coordinates_leaves_no_colour_of_what_it_hides(style: str) -> None:
    width, height = 96, 64
    grey = Planes(*(np.full(s, 128, np.uint8) for s in ((height, width), (32, 48), (32, 48))))
    head = copied(grey)
    head.y[21:28, 31:38] = 200
    head.u[10:14, 15:19], head.v[10:14, 15:19] = 90, 200
    box = (31 / width, 21 / height, 7 / width, 7 / height)
    after = compose(head, Drawing(covers=(box,)), style=style, colour=COLOUR)  # type: ignore[arg-type]
    if style == "fill":
        assert not (after.v == 200).any()
        assert not (after.y == 200).any()
    else:
        # a few flat patches or a smooth one: no pixel is what it was
        assert len(np.unique(after.y[21:28, 31:38])) <= (4 if style == "pixelate" else 49)
        assert (after.y[21:28, 31:38] != 200).all()
        assert (after.v[10:14, 15:19] != 200).all()


def test_shapes_over_the_edge_and_off_the_picture_are_cut() -> None:
    before = noise(40, 30)
    after = compose(
        copied(before), Drawing(covers=((-0.5, -0.5, 0.6, 0.6), (2.0, 2.0, 1.0, 1.0))), colour=COLOUR
    )
    assert (after.y[:3, :4] == COLOUR[0]).all()
    assert (after.y[6:, 8:] == before.y[6:, 8:]).all()
    everything = compose(copied(before), Drawing(covers=((-5.0, -5.0, 20.0, 20.0),)), colour=COLOUR)
    assert (everything.y == COLOUR[0]).all()
    assert (everything.u == COLOUR[1]).all()


def test_a_polygon_covers_all_inside_and_little_outside() -> None:
    before = noise(101, 79)
    points = np.array([[0.2, 0.3], [0.7, 0.15], [0.8, 0.8], [0.35, 0.9]], np.float32)
    after = compose(copied(before), Drawing(covers=(points,)), colour=COLOUR)
    inside = polygon_mask(points, 101, 79)
    assert (after.y[inside] == COLOUR[0]).all()
    kept, _colours = left_of(before, after)
    assert kept[~grown(inside, 6)].all()


def star() -> np.ndarray:
    """Five points in one stroke: the outline goes around the middle twice."""
    turn = np.arange(5) * 4 * np.pi / 5
    return np.stack([0.5 + 0.4 * np.sin(turn), 0.5 - 0.4 * np.cos(turn)], axis=1).astype(np.float32)


@pytest.mark.parametrize("layer", ["covers", "solid"])
@pytest.mark.parametrize("points", [star(), star()[::-1]], ids=["right", "left"])
def test_an_outline_that_crosses_itself_covers_what_it_goes_around(layer: str, points: np.ndarray) -> None:
    before = noise(640, 360)
    after = compose(copied(before), Drawing(**{layer: (points,)}), colour=COLOUR)  # type: ignore[arg-type]
    masks = polygons.read([points.clip(0, 1).astype(float).tolist()])
    wound = polygons.covered(masks, 640, 360)
    assert wound[180, 320]
    assert (after.y[wound] == COLOUR[0]).all()
    assert (left_of(before, after)[0] | grown(wound, 6)).all()


def test_an_outline_that_crosses_itself_over_the_edge_covers_there_too() -> None:
    before = noise(64, 48)
    after = compose(copied(before), Drawing(covers=(star() * 3 - 1,)), colour=COLOUR)
    assert (after.y[20:28, 28:36] == COLOUR[0]).all()


def polygon_mask(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pixels whose middle lies in the polygon, by crossing numbers."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    inside = np.zeros((height, width), bool)
    for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0), strict=True):
        crosses = (ay > y) != (by > y)
        inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay + 1e-12) + ax)
    return inside


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    out = mask.copy()
    for _ in range(by):
        wide = np.pad(out, 1)
        out = wide[:-2, 1:-1] | wide[2:, 1:-1] | out
        wide = np.pad(out, 1)
        out = wide[1:-1, :-2] | wide[1:-1, 2:] | out
    return out


def test_only_the_subject_reaches_the_plate_and_holes_win() -> None:
    source, plate = noise(80, 60, low=130), noise(80, 60, seed=2, high=120)
    drawing = Drawing(shown=((0.25, 0.25, 0.5, 0.5),), holes=((0.5, 0.25, 0.1, 0.2),))
    kept = copied(plate)
    after = compose(copied(source), drawing, plate=plate)
    shown = after.y >= 130
    assert shown[15:45, 20:40].all()
    assert not shown[15:27, 40:48].any()
    outside = np.ones_like(shown)
    outside[14:46, 20:60] = False  # the grid of the colours
    assert not (shown & outside).any()
    assert (plate.y == kept.y).all()
    assert not np.shares_memory(after.y, plate.y)
    # colour comes only with pixels that are shown
    assert ((after.u >= 130) <= shown[::2, ::2]).all()


def test_a_shown_outline_with_holes_of_outlines() -> None:
    source, plate = noise(81, 61, low=130), noise(81, 61, seed=2, high=120)
    body = np.array([[0.3, 0.1], [0.6, 0.1], [0.7, 0.9], [0.2, 0.9]], np.float32)
    head = np.array([[0.4, 0.1], [0.5, 0.1], [0.5, 0.3], [0.4, 0.3]], np.float32)
    after = compose(copied(source), Drawing(shown=(body,), holes=(head,)), plate=plate)
    shown = after.y >= 130
    assert not shown[polygon_mask(head, 81, 61)].any()
    assert shown[polygon_mask(body, 81, 61) & ~grown(polygon_mask(head, 81, 61), 6)].all()


@pytest.mark.parametrize("shown", [(), ((0.2, 0.2, 0.3, 0.3),)])
def test_of_a_whole_frame_nothing_of_the_source_is_shown(shown: tuple) -> None:
    source = noise(50, 40)
    drawing = Drawing(whole=True, shown=shown, covers=((0.0, 0.0, 0.1, 0.1),))
    for made in (compose(copied(source), drawing, colour=COLOUR), compose(copied(source), NOTHING)):
        assert (made.y == made.y[0, 0]).all()
        assert (made.u == made.u[0, 0]).all()
        assert (made.v == made.v[0, 0]).all()


def test_a_hidden_subject_leaves_the_plate_alone() -> None:
    source, plate = noise(50, 40, low=130), noise(50, 40, seed=2, high=120)
    after = compose(copied(source), Drawing(shown=()), plate=plate)
    assert (after.y == plate.y).all()
    plain = compose(copied(source), Drawing(shown=()), colour=COLOUR)
    assert (plain.y == COLOUR[0]).all()


def test_covers_lie_on_top_of_what_is_shown_and_solid_ones_have_no_style() -> None:
    source, plate = noise(80, 60, low=130), noise(80, 60, seed=2, high=120)
    drawing = Drawing(
        shown=((0.0, 0.0, 1.0, 1.0),), covers=((0.0, 0.0, 0.5, 0.5),), solid=((0.5, 0.5, 0.5, 0.5),)
    )
    after = compose(copied(source), drawing, style="pixelate", plate=plate, colour=COLOUR)
    assert (after.y[30:, 40:] == COLOUR[0]).all()
    kept, _colours = left_of(source, after)
    assert kept[:30, :40].mean() < 0.05
    assert kept[:30, 42:].all()


def test_pixels_of_a_cover_are_as_coarse_as_a_head() -> None:
    picture = noise(192, 108)
    after = compose(copied(picture), Drawing(covers=((0.4, 0.3, 0.15, 0.5),)), style="pixelate")
    part = after.y[33:86, 77:105]
    assert len(np.unique(part)) <= 30
    smooth = compose(copied(picture), Drawing(covers=((0.4, 0.3, 0.15, 0.5),)), style="blur")
    assert smooth.y[33:86, 77:105].std() < 0.35 * picture.y.std()


@pytest.mark.parametrize("layer", ["covers", "holes", "solid"])
def test_a_cover_without_a_place_is_an_error_and_not_left_out(layer: str) -> None:
    nowhere = (float("nan"), 0.1, 0.1, 0.1)
    drawing = Drawing(shown=((0.0, 0.0, 1.0, 1.0),), **{layer: (nowhere,)})  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        compose(noise(20, 20), drawing, plate=noise(20, 20))


def test_a_plate_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError):
        compose(noise(20, 20), Drawing(shown=()), plate=noise(22, 20))


def test_drawings_that_differ_have_other_digests() -> None:
    box, polygon = (0.1, 0.2, 0.3, 0.4), np.array([[0, 0], [1, 0], [1, 1]], np.float32)
    made = [
        Drawing(),
        Drawing(whole=True),
        Drawing(shown=()),
        Drawing(shown=(box,)),
        Drawing(shown=(box, polygon)),
        Drawing(shown=(box,), holes=(polygon,)),
        Drawing(covers=(box,)),
        Drawing(holes=(box,)),
        Drawing(solid=(box,)),
    ]
    assert len({each.digest() for each in made}) == len(made)
    assert Drawing(covers=(box,)).digest() == Drawing(covers=((0.1, 0.2, 0.3, 0.4),)).digest()


def test_the_cover_colour_lies_far_from_the_scene() -> None:
    made = np.random.default_rng(3)
    for middle in ([60, 40, 120], [90, 90, 90], [30, 160, 60], [120, 70, 180]):
        scene = np.clip(np.array(middle) + made.normal(0, 8, (500, 3)), 0, 255).astype(np.uint8)
        colour = np.array(colour_for(scene), np.float32)
        apart = np.linalg.norm(to_yuv(scene[:, None])[:, 0] - colour, axis=1)
        assert np.quantile(apart, 0.01) > 40
    assert colour_for(np.zeros((0, 3), np.uint8))


def test_painting_a_large_picture_takes_milliseconds() -> None:
    source, plate = noise(1920, 1080), noise(1920, 1080, seed=2)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    body = np.stack([0.5 + 0.05 * np.cos(angle), 0.5 + 0.2 * np.sin(angle)], axis=1).astype(np.float32)
    reveal = Drawing(shown=(body,), holes=(body + np.float32(0.03), (0.4, 0.3, 0.1, 0.1)))
    hide = Drawing(covers=tuple((0.1 * n, 0.3, 0.06, 0.3) for n in range(8)))
    took = []
    for drawing, style in ((reveal, "fill"), (hide, "fill"), (hide, "pixelate")):
        times = []
        for _ in range(5):
            before = time.thread_time()
            compose(source, drawing, style=style, plate=plate)  # type: ignore[arg-type]
            times.append(time.thread_time() - before)
        took.append(min(times))
    assert max(took) < 0.03, took
