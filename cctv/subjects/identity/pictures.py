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
# A JPEG is decoded no larger than it is needed, any other as it is: what that takes is the bound of memory.
MOST_POINTS, MOST_PLAIN_POINTS = 40_000_000, 16_000_000
# As much as reading a document needs.
LONGEST_SIDE = 2600
QUALITY = 85
# Each pass of a JPEG goes over the whole picture; cameras make ten at most.
MOST_PASSES = 64
_JPEG, _PNG, _PASS = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\xff\xda"
# Of a process: one picture may need 250 MB while it is decoded.
AT_ONCE, WAIT_S = 1, 20
_places = threading.BoundedSemaphore(AT_ONCE)


def clean(data: bytes | bytearray) -> bytes:
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


def _painted(data: bytes | bytearray) -> bytes:
    with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as sent:
        wide, high = sent.size
        if wide * high > (MOST_POINTS if sent.format == "JPEG" else MOST_PLAIN_POINTS):
            raise TooLarge
        sent.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
        sent.load()
        small = _plain(sent)
    # Made small first: each step after it is a copy.
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    turned = ImageOps.exif_transpose(small)
    # A fresh one: comments, profiles and the like stay with the old.
    fresh = Image.new("RGB", turned.size, "white")
    if turned.mode == "RGBA":
        fresh.paste(turned, mask=turned.getchannel("A"))
    else:
        fresh.paste(turned.convert("RGB"))
    out = BytesIO()
    fresh.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _plain(picture: Image.Image) -> Image.Image:
    """Colours that can be mixed when it is made smaller; sixteen bits, as scanners write, to eight."""
    if picture.has_transparency_data:
        return picture if picture.mode == "RGBA" else picture.convert("RGBA")
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture.convert("RGB") if picture.mode in ("P", "1") else picture


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_S):
        raise ScanDown
    try:
        yield
    finally:
        _places.release()
