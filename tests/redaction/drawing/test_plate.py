"""The empty scene: without whoever passes, coarse by default."""

from __future__ import annotations

import numpy as np
import pytest

from cctv.redaction.drawing.plate import SharpPlate, enlarge, planes_of, plate_of
from cctv.redaction.looking.facts import SAMPLE_HEIGHT, SAMPLE_WIDTH, Sample

SOFT = 10  # grey levels that the cells' averages may differ by in a smooth scene


def scene(width: int = SAMPLE_WIDTH, height: int = SAMPLE_HEIGHT) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 200, height))
    return np.stack([x, y, 255 - x], axis=2).astype(np.uint8)


def sample(at: int, covered: bool = True, size: int = 6) -> Sample:
    rgb, where = scene(), np.zeros((SAMPLE_HEIGHT, SAMPLE_WIDTH), bool)
    rgb[10 : 10 + size, at : at + size] = (255, 0, 0)
    where[10 : 10 + size, at : at + size] = covered
    return Sample(rgb, where)


def test_whoever_was_found_is_not_in_the_plate_even_where_they_mostly_stood() -> None:
    plate = plate_of([sample(30) for _ in range(8)] + [sample(50) for _ in range(2)])
    assert np.abs(plate.astype(int) - scene()).max() <= SOFT


def test_whoever_passed_unfound_is_not_in_the_plate() -> None:
    plate = plate_of([sample(at, covered=False) for at in range(0, 56, 7)])
    assert np.abs(plate.astype(int) - scene()).max() <= SOFT


def test_a_face_that_fills_the_picture_and_stays_is_nothing_but_flat_cells() -> None:
    """Faces are told from sixteen cells across: what is finer than an eighth of the picture is gone."""
    rows, columns = np.indices((SAMPLE_HEIGHT, SAMPLE_WIDTH))
    features = np.where((columns // 2 + rows // 2) % 2, np.uint8(230), np.uint8(30))[..., None].repeat(3, 2)
    still = Sample(features, np.zeros((SAMPLE_HEIGHT, SAMPLE_WIDTH), bool))
    assert plate_of([still] * 5).std() < 3


def test_what_is_always_covered_is_filled_from_around() -> None:
    plate = plate_of([sample(30) for _ in range(5)])
    assert np.abs(plate[10:16, 30:36].astype(int) - scene()[10:16, 30:36]).max() < 60
    assert (plate_of([]) == plate_of([])[0, 0]).all()


@pytest.mark.parametrize("size", [(768, 576), (1921, 1079), (33, 21)])
def test_the_small_plate_has_the_pictures_size_and_no_detail(size: tuple[int, int]) -> None:
    width, height = size
    planes = enlarge(plate_of([sample(at, covered=False) for at in (3, 20, 40)]), width, height)
    assert planes.size == size
    assert planes.u.shape == planes.v.shape == (-(-height // 2), -(-width // 2))
    whole = planes_of(scene(width, height))
    assert np.abs(planes.y.astype(int) - whole.y).mean() < 8
    if width > 500:  # no step is sharper than a cell of the small plate is wide
        noisy = np.random.default_rng(1).integers(0, 256, (SAMPLE_HEIGHT, SAMPLE_WIDTH, 3), dtype=np.uint8)
        soft = enlarge(noisy, width, height)
        assert np.abs(np.diff(soft.y.astype(int), axis=1)).max() <= 220 / (width / SAMPLE_WIDTH) + 2


def test_planes_of_odd_pictures() -> None:
    planes = planes_of(scene(33, 21))
    assert planes.size == (33, 21)
    assert planes.u.shape == (11, 17)


def test_the_sharp_plate_is_sharp_and_keeps_a_bounded_number_of_pictures() -> None:
    empty = np.random.default_rng(1).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    plate = SharpPlate(most=8)
    for number in range(100):
        rgb, covered = empty.copy(), np.zeros((90, 160), bool)
        x = number % 80
        rgb[20:60, x : x + 20] = 255
        covered[20:60, x : x + 20] = number % 2 == 0
        plate.add(rgb, covered)
    assert len(plate._kept) <= 8
    made, known = plate.result()
    assert known.all()
    assert (made == empty).mean() > 0.95
    with pytest.raises(ValueError):
        plate.add(empty[:10], np.zeros((10, 160), bool))


def test_the_sharp_plate_says_where_it_never_saw_the_scene() -> None:
    plate = SharpPlate()
    for _ in range(4):
        rgb, covered = scene(160, 90), np.zeros((90, 160), bool)
        rgb[30:60, 50:90], covered[30:60, 50:90] = 255, True
        plate.add(rgb, covered)
    made, known = plate.result()
    assert not known[30:60, 50:90].any()
    assert known[:28].all()
    assert (made[35:55, 55:85] == 255).all(axis=2).mean() < 0.05
    with pytest.raises(ValueError):
        SharpPlate().result()


def test_a_place_that_is_free_too_seldom_stays_coarse_though_somebody_was_missed_there() -> None:
    plate = SharpPlate(least=3)
    for number in range(9):
        rgb, covered = scene(160, 90), np.zeros((90, 160), bool)
        rgb[30:60, 50:90], covered[30:60, 50:90] = 255, number > 1  # found in all but two
        plate.add(rgb, covered)
    made, known = plate.result()
    assert not known[30:60, 50:90].any()
    assert (made[35:55, 55:85] == 255).all(axis=2).mean() < 0.05
