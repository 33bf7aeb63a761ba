"""Pictures show the frame that was asked for."""

import cv2
import numpy as np
import pytest

from cctv.footage.media.errors import MediaError
from cctv.footage.media.stills import still, thumbnail
from tests.footage.media.helpers import VARIANTS, Counting, facts_of, made
from tests.media.clips import clip, number_of


def opened(jpeg: bytes):
    """A JPEG as a picture."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


@pytest.mark.parametrize(("container", "codec"), VARIANTS)
def test_a_still_shows_the_exact_frame_at_full_size(container, codec):
    _, index, read = made(container=container, codec=codec)
    for ms, number in ((0, 0), (39, 0), (40, 1), (1999, 49), (2000, 50), (2050, 51), (3999, 99), (9999, 99)):
        made_still = still(index, read, ms)
        assert number_of(opened(made_still.jpeg)) == number
        assert made_still.at_ms == pytest.approx(number * 40)
        assert (made_still.width, made_still.height) == (320, 180)


@pytest.mark.parametrize(("container", "codec"), VARIANTS)
def test_a_thumbnail_is_the_keyframe_before_its_time_and_small(container, codec):
    _, index, read = made(container=container, codec=codec)
    picture = opened(thumbnail(index, read, width=160))
    assert picture.shape == (90, 160, 3)
    assert number_of(picture) == 0
    later = number_of(opened(thumbnail(index, read, at_ms=3000, width=320)))
    assert later == round(index.ms(int(index.pts[index.keyframe_at(3000)])) / 40)


def test_a_thumbnail_reads_one_packet():
    data = clip(seconds=20)
    index = facts_of(data).index
    read = Counting(data)
    thumbnail(index, read, at_ms=10_000)
    assert read.bytes == int(index.size[index.keyframe_at(10_000)])


def test_a_damaged_keyframe_is_an_error_not_a_grey_picture():
    _, index, _ = made(codec="mjpeg")
    with pytest.raises(MediaError, match="no_picture"):
        thumbnail(index, lambda at, size: bytes(size))
