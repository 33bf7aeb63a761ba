"""A fragmented MP4 of any length, never whole in memory: the fragments of a short one, repeated."""

import struct
from collections.abc import Iterator

from tests.media.clips import top_boxes


def long_fmp4(short: bytes, *, seconds: int) -> tuple[Iterator[bytes], int]:
    """Pieces and size of a file that lasts `seconds`, made of the fragments of `short` (1 s each)."""
    boxes = top_boxes(short)
    head = b"".join(short[start:end] for kind, start, end in boxes if kind in ("ftyp", "moov"))
    fragments, pending = [], b""
    for kind, start, end in boxes:
        if kind == "moof":
            pending = short[start:end]
        elif kind == "mdat":
            fragments.append((pending, short[start:end]))
    timescale = _timescale(head)
    length = len(fragments)
    size = len(head) + sum(
        len(moof) + len(mdat) for moof, mdat in (fragments[n % length] for n in range(seconds))
    )

    def pieces() -> Iterator[bytes]:
        yield head
        for number in range(seconds):
            moof, mdat = fragments[number % length]
            yield _at(moof, number * timescale, number + 1) + mdat

    return pieces(), size


def _timescale(head: bytes) -> int:
    place = head.index(b"mdhd") + 4
    return int(struct.unpack_from(">I", head, place + (20 if head[place] == 1 else 12))[0])


def _at(moof: bytes, decode_time: int, sequence: int) -> bytes:
    """The fragment at another time."""
    changed = bytearray(moof)
    place = changed.index(b"tfdt") + 4
    struct.pack_into(">Q" if changed[place] == 1 else ">I", changed, place + 4, decode_time)
    struct.pack_into(">I", changed, changed.index(b"mfhd") + 8, sequence)
    return bytes(changed)
