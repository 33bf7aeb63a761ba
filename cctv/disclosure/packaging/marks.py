"""Marks that say whose copy it is, burnt into redacted copies and stills: pictures that are made here anyway.

Never into a clip as recorded: it would not be what was recorded any more. A child decodes and encodes, as for
the redaction itself; what it is given and what it gives is in memory only, some seconds at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from django.utils import translation
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from cctv.core.pdf import faces
from cctv.disclosure.exports.models import Export
from cctv.disclosure.packaging.errors import Interrupted, PackagingFailed
from cctv.footage.media.encoder import SQUARE, encoder
from cctv.footage.media.errors import MediaError
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.parameter_sets import record_of
from cctv.redaction import movie
from cctv.redaction.child import protocol
from cctv.redaction.child.parent import ChildFailed, ChildStopped, Helper
from cctv.redaction.child.protocol import Item
from cctv.redaction.drawing import mark as drawing
from cctv.redaction.drawing.mark import Mark

log = logging.getLogger("lethe.disclosure")

# Another one, and marked files are made anew.
VERSION = 1
# A marked package is handed over once, so that what it says is so.
COPY = 1
SMALLEST_PX = 13
HEIGHT, WIDTH = 0.032, 0.62  # of the picture: a letter, a line; half of that again where it is small
MOST_LINES = 5
LETTERS, RIM = 0.6, 0.45  # how much of the picture they hide
LIGHT, DARK = 235, 16
JPEG_QUALITY = 88


def text_of(export: Export) -> str:
    """What the mark says, in the language of the papers: whose and which copy, and for whom."""
    with translation.override(export.language):
        copy = _("copy %(n)d") % {"n": COPY}
    return f"{export.site.organisation.name} · {export.number} · {copy}\n{export.recipient}"


def mark_of(text: str, width: int, height: int) -> Mark:
    """The mark for pictures of this size: in rows, so that a part that is cut out has one too."""
    size = max(SMALLEST_PX, round(height * HEIGHT))
    most = int(width * (WIDTH if height >= 400 else 0.92))
    lines = _lines(text, most, size)
    block = _block(lines, size)
    high, wide = block[0].shape
    rows = max(1, min(3, int(height // (high * 1.6))))
    across = max(1, min(3, int(width // (wide * 1.25))))
    places = []
    for row in range(rows):
        top = round((height - high) * (0.5 if rows == 1 else 0.06 + 0.88 * row / (rows - 1)))
        for column in range(across):
            # Each row begins elsewhere: no column of the picture is without one.
            at = (column + (0.5, 0.15, 0.85)[row]) / across
            places.append((max(0, top), max(0, min(width - wide, int(at * width - wide / 2)))))
    return Mark(block[0][:height, :width], block[1][:height, :width], tuple(places))


def marked_jpeg(jpeg: bytes, text: str) -> bytes:
    """The still with the mark. MediaError `no_picture`."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    picture: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    if picture is None:
        raise MediaError("no_picture")
    drawing.lay(mark_of(text, picture.shape[1], picture.shape[0]), picture)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise MediaError("no_picture")
    return bytes(data)


class Marker:
    """Marks a result, part by part: a child for each, so that what opens the part stays with the caller."""

    def __init__(self, text: str, result: Mapping[str, Any], stopped: Callable[[], bool]) -> None:
        """`result`: size and aspect of what was rendered."""
        self._size = result["width"], result["height"]
        self._aspect = tuple(result.get("aspect", SQUARE))
        self._mark = mark_of(text, *self._size)
        self._stopped = stopped
        made = encoder(*self._size, movie.TIMESCALE, self._aspect)
        self._head, self._record = movie.head(made), record_of(movie.CODEC, bytes(made.extradata))
        self._fragments = 0

    def part(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The marked part, a fragment at a time. Interrupted, PackagingFailed, and what `pieces` raises."""
        header = {
            "do": "mark", "width": self._size[0], "height": self._size[1], "timescale": movie.TIMESCALE,
            "aspect": list(self._aspect), "mark": self._mark.plain(),
        }  # fmt: skip
        try:
            with Helper(stopped=self._stopped) as child:
                yield from self._fragments_of(child.work(header, self._fed(pieces)))
        except ChildStopped:
            raise Interrupted from None
        except ChildFailed as error:
            log.warning("marking: %s", error)
            raise PackagingFailed from error

    def _fed(self, pieces: Iterable[bytes]) -> Iterator[Item]:
        yield Item(protocol.PART, b"{}")
        yield Item(protocol.PACKET, self._head)
        for data in pieces:
            yield Item(protocol.PACKET, data)
        yield Item(protocol.END, b"")

    def _fragments_of(self, said: Iterator[Item]) -> Iterator[bytes]:
        pictures: list[tuple[int, bytes]] = []
        until = 0
        for item in said:
            if item.kind == protocol.EXTRADATA and record_of(movie.CODEC, item.data) == self._record:
                continue
            if item.kind == protocol.DONE:
                continue
            if item.kind != protocol.PICTURE or not (pictures or item.key):
                raise PackagingFailed
            if item.key and pictures:
                yield self._fragment(pictures, item.pts)
                pictures = []
            pictures.append((item.pts, to_lengths(item.data)))
            until = item.dts
        if not pictures:
            raise PackagingFailed
        yield self._fragment(pictures, until)

    def _fragment(self, pictures: list[tuple[int, bytes]], until: int) -> bytes:
        self._fragments += 1
        return movie.fragment_of(pictures, until, self._fragments)


def said_of(text: str, **more: str) -> dict[str, Any]:
    """What the manifest says of a marked file."""
    return {"watermark": {"text": text.split("\n"), "copy": COPY, **more}}


def _lines(text: str, most: int, size: int) -> list[str]:
    lines = [
        each
        for part in faces.clean(text).split("\n")
        for each in faces.wrap(part, most, lambda words: _font(words, size).getlength(words))
    ]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][:-1] + "…"]
    return lines


def _block(lines: list[str], size: int) -> tuple[Any, Any]:
    """(keeps, adds) of the lines, as `Mark` has them."""
    rim = max(1, round(size / 14))
    step = round(size * 1.3)
    wide = int(max(_font(each, size).getlength(each) for each in lines)) + 4 * rim
    around, letters = (Image.new("L", (wide, step * len(lines) + 2 * rim)) for _i in range(2))
    for row, line in enumerate(lines):
        at, font = (2 * rim, row * step), _font(line, size)
        ImageDraw.Draw(around).text(at, line, fill=255, font=font, stroke_width=rim)
        ImageDraw.Draw(letters).text(at, line, fill=255, font=font)
    dark, light = np.asarray(around) / 255 * RIM, np.asarray(letters) / 255 * LETTERS
    keeps = (1 - dark) * (1 - light)
    adds = DARK * dark * (1 - light) + LIGHT * light
    return np.floor(keeps * 255).astype(np.uint8), np.floor(adds).astype(np.uint8)


def _font(line: str, size: int) -> ImageFont.FreeTypeFont:
    """In the face whose letters these are; in the other one, where that has more of them."""
    first = faces.face_of(line, faces.KOREAN)
    other = faces.JAPANESE if first == faces.KOREAN else faces.KOREAN
    best = max((first, other), key=lambda face: sum(ord(each) in faces.letters(face) for each in line))
    return _opened(best, size)


@lru_cache(maxsize=8)
def _opened(face: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(faces.FILES[face]), size)
