"""Reading published files back: entries of a tree of a given size, with flat memory.

Nothing that is read is believed: callers fold the entries up and compare with a root that was signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from accesslog import merkle
from accesslog.publish.paths import ENTRIES, LEVEL_BITS, WIDTH, Tile


class FilesIncomplete(Exception):
    """A bundle is missing or malformed; the message names it."""


def entries(folder: Path, *, start: int, size: int) -> Iterator[bytes]:
    """The entries [start, size) of the published tree of `size` entries. Raises FilesIncomplete."""
    for number in range(start >> LEVEL_BITS, (size + WIDTH - 1) >> LEVEL_BITS):
        first = number << LEVEL_BITS
        found = bundle(folder, number, min(WIDTH, size - first))
        yield from found[max(0, start - first) :]


def bundle(folder: Path, number: int, width: int) -> list[bytes]:
    """The first `width` entries of a bundle, from the partial one, else from the full one."""
    tile = Tile(ENTRIES, number, width)
    for path in dict.fromkeys((tile.path, tile.base)):
        try:
            data = (folder / path).read_bytes()
        except OSError:
            continue
        found = split(data)
        if len(found) < width:
            raise FilesIncomplete(path)
        return found[:width]
    raise FilesIncomplete(tile.path)


def split(data: bytes) -> list[bytes]:
    """The entries of a bundle's bytes. Raises FilesIncomplete for an entry that is cut off."""
    found, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        at += 2
        if at + length > len(data):
            raise FilesIncomplete(f"an entry of {length} bytes is cut off")
        found.append(data[at : at + length])
        at += length
    return found


def frontier(folder: Path, size: int) -> merkle.Frontier:
    """The frontier over the published entries of a tree of `size`. Raises FilesIncomplete."""
    found = merkle.Frontier()
    for entry in entries(folder, start=0, size=size):
        found.append(merkle.leaf_hash(entry))
    return found
