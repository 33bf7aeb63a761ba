"""Drawing and encoding in the child: what a part's header says, on the pictures as they are decoded."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import av
import cv2
import numpy as np

from cctv.footage.media.encoder import SQUARE, encoder
from cctv.footage.media.masking import fill_planes
from cctv.redaction.child.plain import to_drawing
from cctv.redaction.drawing.compose import PLAIN, compose
from cctv.redaction.drawing.covers import fill_all
from cctv.redaction.drawing.drawing import NOTHING, Drawing, Planes
from cctv.redaction.drawing.plate import enlarge
from cctv.redaction.looking.facts import SAMPLE_HEIGHT, SAMPLE_WIDTH
from cctv.redaction.pipeline import SAME_MS, Paint, ahead, planes_of
from cctv.sites.masks import polygons
from cctv.sites.masks.polygons import Masks

JPEG_QUALITY = 88
MAX_PLATE = 16 << 20


class Given:
    """The drawings of a part as its header lists them; what is not in the list does not leave."""

    def __init__(self, part: dict[str, Any]) -> None:
        """`part`: "times" (ms) and "drawings", of the same length."""
        self._times = np.asarray(part["times"], np.float64)
        self._drawings = [to_drawing(each) for each in part["drawings"]]
        if len(self._times) != len(self._drawings):
            raise ValueError("as many drawings as times")

    def at(self, at_ms: float) -> Drawing:
        """The drawing of the picture shown then."""
        after = int(np.searchsorted(self._times, at_ms))
        for place in (after - 1, after):
            if 0 <= place < len(self._times) and abs(self._times[place] - at_ms) <= SAME_MS:
                return self._drawings[place]
        return NOTHING


def paint_of(header: dict[str, Any]) -> Paint:
    """Style, colour and plate, as the header gives them."""
    size = header["width"], header["height"]
    plate: Planes | None = None
    if header.get("sharp"):
        plate = _sharp(base64.b64decode(header["sharp"]), size)
    elif header.get("plate"):
        rgb = np.frombuffer(base64.b64decode(header["plate"]), np.uint8)
        plate = enlarge(rgb.reshape(SAMPLE_HEIGHT, SAMPLE_WIDTH, 3), *size)
    colour = tuple(int(value) for value in header["colour"]) if header.get("colour") else PLAIN
    y, u, v = colour
    return Paint(header["style"], (y, u, v), plate)


def _sharp(jpeg: bytes, size: tuple[int, int]) -> Planes:
    """The sharp scene, a JPEG, as planes of this size."""
    container: Any = av.open(io.BytesIO(jpeg[:MAX_PLATE]), format="mjpeg")
    with container as source:
        frame = next(source.decode(video=0))
    picture = frame.reformat(*size, "yuv420p", dst_color_range="MPEG")
    planes = planes_of(picture)
    return Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())


def encoder_of(header: dict[str, Any]) -> Any:
    """The encoder of the result; its parameter sets depend on size, time base and aspect alone."""
    across, down = header.get("aspect", SQUARE)
    return encoder(header["width"], header["height"], header["timescale"], (across, down))


def masks_of(header: dict[str, Any]) -> Masks:
    """The camera's privacy masks: burnt in whatever else is drawn, as in every picture that is shown."""
    return polygons.read(header.get("masks", []))


def drawn(frame: Any, drawing: Drawing, paint: Paint, size: tuple[int, int], masks: Masks = ()) -> Any:
    """The frame as it may be seen, yuv420p of `size`."""
    picture = frame.reformat(*size, "yuv420p", dst_color_range="MPEG")
    picture.make_writable()  # a decoder predicts from its own one
    planes = planes_of(picture)
    made = compose(planes, drawing, style=paint.style, plate=paint.plate, colour=paint.colour)
    if made.y is not planes.y:
        planes.y[:], planes.u[:], planes.v[:] = made.y, made.u, made.v
    fill_planes(picture, masks)
    return picture


def encoded(
    decoded: Iterator[tuple[Any, float]],
    part: dict[str, Any],
    paint: Paint,
    context: Any,
    masks: Masks = (),
) -> Iterator[Any]:
    """Packets of the part, the first a keyframe, times in ticks of the encoder from the redaction's start.

    A keyframe at each of `cuts` (ms); a plain picture at `lead_ms` if the recording begins later, and at
    `blank_ms` if it stops there.
    """
    size = context.width, context.height
    given, cuts = Given(part), sorted(part["cuts"])
    ticks = 1 / (1000 * context.time_base)
    last = -1

    def timed(picture: Any, at_ms: float, *, key: bool) -> Any:
        nonlocal last
        last = max(round(at_ms * ticks), last + 1)
        picture.pts, picture.time_base = last, context.time_base
        kinds = av.video.frame.PictureType
        picture.pict_type = kinds.I if key else kinds.NONE
        return picture

    if part.get("lead_ms") is not None:
        yield from context.encode(timed(_blank(size, paint), part["lead_ms"], key=True))
    for frame, at_ms in ahead(decoded):
        key = bool(cuts) and at_ms >= cuts[0]
        cuts = [cut for cut in cuts if cut > at_ms]
        yield from context.encode(timed(drawn(frame, given.at(at_ms), paint, size, masks), at_ms, key=key))
    if part.get("blank_ms") is not None:
        yield from context.encode(timed(_blank(size, paint), part["blank_ms"], key=True))
    yield from context.encode(None)


def _blank(size: tuple[int, int], paint: Paint) -> Any:
    """A plain picture for time in which nothing was recorded."""
    picture = av.VideoFrame(*size, "yuv420p")
    fill_all(planes_of(picture), paint.colour)
    return picture


def last_as_jpeg(
    decoded: Iterator[tuple[Any, float]],
    part: dict[str, Any],
    paint: Paint,
    size: tuple[int, int],
    masks: Masks = (),
) -> bytes:
    """The last frame of the part, drawn; ValueError if there is none."""
    found: tuple[Any, float] | None = None
    for found in decoded:  # noqa: B007 - the last one is wanted
        pass
    if found is None:
        raise ValueError("no picture could be decoded")
    picture = drawn(found[0], Given(part).at(found[1]), paint, size, masks)
    bgr = picture.to_ndarray(format="bgr24")
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("no JPEG could be made")
    return bytes(data)
