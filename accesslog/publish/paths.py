"""Names of published files (c2sp.org/tlog-tiles), both ways. Imports no Django.

    tile/<level>/<number>[.p/<width>]     hashes of 256 subtrees, 32 bytes each
    tile/entries/<number>[.p/<width>]     256 entries, each after its length (2 bytes, big-endian)

Numbers are written in groups of three digits, all but the last with an x before it: 1234067 is x001/x234/067.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LEVEL_BITS = 8
WIDTH = 1 << LEVEL_BITS
ENTRIES = -1
"""The level of entry bundles, which are numbered like the tiles of level 0."""
CHECKPOINT = "checkpoint"
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)
MAX_LEVEL = 63


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile or a bundle; `width` 256 is a full one."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Relative to the folder or the address of the log."""
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{self.base}{suffix}"

    @property
    def base(self) -> str:
        """The path of the full tile of this place."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{digits(self.number)}"


def digits(number: int) -> str:
    """The number in groups of three digits."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    return "/".join(reversed(groups))


def parse(path: str) -> Tile:
    """The tile of a path. ValueError for anything that is not exactly the name of one."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError("this is no path of a tile")
    level, number, width = found.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(number.replace("x", "").replace("/", "")),
        WIDTH if width is None else int(width),
    )
    # One name for each tile: neither more groups nor another width than it has.
    if tile.level > MAX_LEVEL or tile.path != path:
        raise ValueError("this is no path of a tile")
    return tile


def edge(size: int) -> Iterator[Tile]:
    """The partial tiles and the partial bundle of a tree of `size` entries."""
    if size % WIDTH:
        yield Tile(ENTRIES, size >> LEVEL_BITS, size % WIDTH)
    level = 0
    while size:
        if size % WIDTH:
            yield Tile(level, size >> LEVEL_BITS, size % WIDTH)
        size >>= LEVEL_BITS
        level += 1


def grown(old: int, new: int) -> Iterator[Tile]:
    """The full tiles and bundles that a tree of `new` entries has and one of `old` entries has not."""
    level, before, after = 0, old, new
    while after := after >> LEVEL_BITS:
        before >>= LEVEL_BITS
        for number in range(before, after):
            yield Tile(level, number)
            if not level:
                yield Tile(ENTRIES, number)
        level += 1
