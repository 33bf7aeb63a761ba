"""A picture of a document as it is kept: decoded whole, and painted anew, so that nothing else is in it.

What somebody sends may be two files at once, a bomb, or carry the place and the telephone it was taken with.
Only its points are kept: they are drawn into a fresh JPEG, in memory.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageOps

from cctv.subjects.identity.errors import NotAPicture, ScanDown, TooLarge

MEDIA_TYPE = "image/jpeg"
MOST_POINTS = 40_000_000
# As much as reading a document needs.
LONGEST_SIDE = 2600
QUALITY = 85
# Each pass of a JPEG goes over the whole picture; cameras make ten at most.
MOST_PASSES = 64
_JPEG, _PNG, _PASS = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\xff\xda"
# Of a process: one decoded picture may need 160 MB.
AT_ONCE, WAIT_S = 2, 20
_places = threading.BoundedSemaphore(AT_ONCE)


def clean(data: bytes) -> bytes:
    """The picture as a JPEG of at most LONGEST_SIDE, without anything beside its points.

    NotAPicture, TooLarge, ScanDown while others are looked at for too long.
    """
    if not data.startswith((_JPEG, _PNG)) or (data.startswith(_JPEG) and data.count(_PASS) > MOST_PASSES):
        raise NotAPicture
    with _place():
        try:
            return _painted(data)
        except (TooLarge, Image.DecompressionBombError) as error:
            raise TooLarge from error
        except Exception as error:  # decoders fail in many ways; for each it is no picture
            raise NotAPicture from error


def _painted(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as sent:
        wide, high = sent.size
        if wide * high > MOST_POINTS:
            raise TooLarge
        sent.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded no larger than it is needed
        sent.load()
        turned = ImageOps.exif_transpose(sent)
        turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        # A fresh one: comments, profiles and the like stay with the old.
        fresh = Image.new("RGB", turned.size, "white")
        if turned.has_transparency_data:
            layer = turned.convert("RGBA")
            fresh.paste(layer, mask=layer.getchannel("A"))
        else:
            fresh.paste(_shallow(turned).convert("RGB"))
    out = BytesIO()
    fresh.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _shallow(picture: Image.Image) -> Image.Image:
    """Sixteen bits a point, as scanners write them, to eight."""
    if not picture.mode.startswith("I"):
        return picture
    return picture.convert("I").point(lambda value: value / 256).convert("L")


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_S):
        raise ScanDown
    try:
        yield
    finally:
        _places.release()
