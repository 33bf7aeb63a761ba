"""What lies under a mask does not leave, at its edges neither, whatever the footage was recorded with."""

import io
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
import pytest

from cctv.footage.media import transcode, wire
from cctv.footage.media.errors import TranscodeFailed
from cctv.footage.media.masking import BGR, BLOCK, for_encoder, masked_jpeg, rectangles
from cctv.footage.media.parts import partition
from cctv.footage.media.ranges import range_of_bytes
from cctv.footage.media.stills import still, thumbnail
from cctv.footage.media.transcode import TranscodePool
from cctv.sites.masks import polygons
from tests.footage.media.helpers import facts_of
from tests.media.clips import ENCODERS, FORMATS

POOL = TranscodePool(2)
WIDTH, HEIGHT = 320, 192
# A glaring red field that ends on no block, on a green ground; the mask is its outline, no more.
LEFT, TOP, RIGHT, BOTTOM = 101, 53, 187, 131


def box(left: float, top: float, right: float, bottom: float, wide: float, high: float) -> polygons.Masks:
    """One mask around a stretch of pixels of a picture `wide` x `high`."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return polygons.read([[[x / wide, y / high] for x, y in corners]])


MASKS = box(LEFT, TOP, RIGHT, BOTTOM, WIDTH, HEIGHT)
EVERYTHING = box(0, 0, 1, 1, 1, 1)
SOURCES = [("mp4", "h264"), ("mp4", "hevc"), ("avi", "mjpeg")]


@lru_cache
def secret(container: str, codec: str, frames: int = 12) -> bytes:
    """A clip whose red field blinks between two shades, so that each picture would tell of it."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=FORMATS[container]) as output:
        stream: Any = output.add_stream(ENCODERS[codec], rate=6)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.options = {"preset": "ultrafast", "x264-params": "videoformat=pal"}
        if codec == "hevc":
            stream.options = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"}
            stream.codec_context.codec_tag = "hvc1"
        if codec == "mjpeg":
            stream.options = {}
            stream.codec_context.qmax = 4
        for number in range(frames):
            picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
            picture[:] = (20, 120, 40)
            picture[TOP:BOTTOM, LEFT:RIGHT] = (250, 10, 10) if number % 2 else (200, 40, 40)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=stream.pix_fmt)
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return sink.getvalue()


def pictures_of(data: bytes) -> list[Any]:
    """Every picture, as BGR."""
    opened: Any
    with av.open(io.BytesIO(data)) as opened:
        return [frame.to_ndarray(format="bgr24") for frame in opened.decode(video=0)]


def redness(picture: Any) -> Any:
    """How much redder than green each pixel is."""
    return picture[..., 2].astype(np.int16) - picture[..., 1]


def inside(picture: Any) -> Any:
    """Which pixels the mask has to cover, in a picture of any size."""
    high, wide = picture.shape[:2]
    grid = np.zeros((high, wide), bool)
    scale = wide / WIDTH
    grid[int(TOP * scale) : int(np.ceil(BOTTOM * scale)), int(LEFT * scale) : int(np.ceil(RIGHT * scale))] = (
        True
    )
    return grid


def check(picture: Any, *, tolerance: int = 12) -> None:
    """No red anywhere, the mask's colour where it has to be, the ground as it was a block further out."""
    assert redness(picture).max() < 40, "something masked is seen"
    masked = inside(picture)
    assert np.abs(picture[masked].astype(int) - BGR).max() <= tolerance
    open_ = ~cv2.dilate(masked.astype(np.uint8), np.ones((2 * (BLOCK + 6) + 1,) * 2)).astype(bool)
    assert open_.mean() > 0.4
    assert np.abs(picture[open_].astype(int) - (40, 120, 20)).max() <= tolerance


@pytest.mark.parametrize(("container", "codec"), SOURCES)
def test_invariant_1_nothing_under_a_mask_is_in_any_picture_that_leaves(container: str, codec: str) -> None:
    data = secret(container, codec)
    index, read = facts_of(data).index, range_of_bytes(data)
    assert redness(pictures_of(data)[0]).max() > 90, "there is something to hide"
    made = POOL.init_segment(index)
    for part in partition(index):
        made += POOL.part(index, read, part.first, part.stop, sequence=part.number + 1, masks=MASKS)
    shown = pictures_of(made)
    assert len(shown) == 12
    for picture in shown:
        check(picture)
    at = still(index, read, 700, MASKS)
    check(cv2.imdecode(np.frombuffer(at.jpeg, np.uint8), cv2.IMREAD_COLOR))
    for width in (320, 160):
        small = thumbnail(index, read, width=width)
        assert redness(cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR)).max() > 90
        check(cv2.imdecode(np.frombuffer(masked_jpeg(small, MASKS), np.uint8), cv2.IMREAD_COLOR))


def test_the_decoder_s_own_picture_is_not_drawn_into() -> None:
    """The next one is predicted from it; and where the range is told, nothing is converted and so copied."""
    opened: Any
    with av.open(io.BytesIO(secret("mp4", "h264"))) as opened:
        opened.streams.video[0].thread_count = 1
        for frame in opened.decode(video=0):
            assert frame.color_range == 1
            assert np.abs(frame.to_ndarray(format="bgr24")[0].astype(int) - (40, 120, 20)).max() < 12
            made = for_encoder(frame, WIDTH, HEIGHT, EVERYTHING)
            assert redness(made.to_ndarray(format="bgr24")).max() < 40


@pytest.mark.parametrize("source", ["yuv420p", "yuvj422p", "yuv444p", "yuv420p10le", "gray"])
def test_pictures_made_smaller_mix_nothing_masked_into_what_is_left_open(source: str) -> None:
    picture = np.zeros((540, 960, 3), np.uint8)
    picture[100:301, 300:601] = 255
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=source)
    masks = box(300, 100, 601, 301, 960, 540)
    luma = for_encoder(frame, 640, 360, masks).to_ndarray(format="gray")
    assert luma.max() < 90


def test_a_picture_of_odd_size_is_covered_to_its_last_pixel() -> None:
    done, jpeg = cv2.imencode(".jpg", np.full((35, 51, 3), 255, np.uint8))
    assert done
    picture: Any = cv2.imdecode(
        np.frombuffer(masked_jpeg(jpeg.tobytes(), EVERYTHING), np.uint8), cv2.IMREAD_COLOR
    )
    assert np.abs(picture.astype(int) - BGR).max() <= 4
    assert sum((b - t) * (r - left) for t, b, left, r in rectangles(EVERYTHING, 51, 35)) == 51 * 35


@pytest.mark.parametrize("said", [b"", b"another"])
def test_a_child_that_names_no_masks_or_others_is_not_believed(said: bytes, monkeypatch: Any) -> None:
    data = secret("avi", "mjpeg")
    index, read = facts_of(data).index, range_of_bytes(data)
    message = wire.MESSAGE.pack(wire.MASKS, len(said), 0, 0) + said if said else b""
    message += wire.MESSAGE.pack(wire.PICTURE, 4, 0, 1) + b"\0\0\1e"
    script = f"import sys; sys.stdout.buffer.write({message!r})"
    monkeypatch.setattr(transcode, "_command", lambda: ["/usr/bin/env", "python3", "-c", script])
    with pytest.raises(TranscodeFailed, match="something else than agreed"):
        POOL.part(index, read, 0, len(index), masks=MASKS)
