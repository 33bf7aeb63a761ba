"""Writes the tiles and entry bundles by which the log has grown (c2sp.org/tlog-tiles).

Only the right edge of the tree is read again: the open tile of each level above 0 from its file, and the
leaves of the open tile of level 0 from the database. What was read is folded up and compared with the
frontier that was signed; where it does not fit, everything is written anew from the database.
"""

from __future__ import annotations

from pathlib import Path

from accesslog import merkle
from accesslog.errors import LogDamaged
from accesslog.publish import database, files, paths
from accesslog.publish.paths import ENTRIES, LEVEL_BITS, WIDTH, Tile

HASH = merkle.HASH_BYTES
MAX_ENTRY = 65_535


def write(folder: Path, *, signed: merkle.Frontier, head: merkle.Frontier) -> None:
    """Bring the files from the tree that was signed (size 0: from nothing) to that of `head`, durably.

    Partial tiles of published sizes stay until the full tile is there. Raises LogDamaged, LogUnavailable and
    OSError; the files that were published before are then still there.
    """
    start = signed.size >> LEVEL_BITS << LEVEL_BITS
    levels = _edge(folder, signed, start)
    if levels is None:
        start, levels = 0, []
    builder = _Builder(folder, start, levels)
    for entry, leaf in database.entries(start, head.size):
        builder.add(entry, leaf)
    builder.finish()
    if builder.frontier().to_bytes() != head.to_bytes():
        raise LogDamaged()
    builder.remove_obsolete()


def _edge(folder: Path, signed: merkle.Frontier, start: int) -> list[list[bytes]] | None:
    """The open tiles over [0, start), level 0 being empty; None where they do not fit what was signed."""
    levels: list[list[bytes]] = [[]]
    size, level = start >> LEVEL_BITS, 1
    while size:
        width = size % WIDTH
        hashes = read_hashes(folder, Tile(level, size >> LEVEL_BITS, width)) if width else []
        if hashes is None:
            return None
        levels.append(hashes)
        size, level = size >> LEVEL_BITS, level + 1
    kept = b"".join(value for _start, end, value in signed.subtrees() if end <= start)
    return levels if _fold(levels, start).to_bytes() == kept else None


def read_hashes(folder: Path, tile: Tile) -> list[bytes] | None:
    """The hashes of a tile; of the full tile if the partial one is gone. None where there is neither."""
    for path in (tile.path, tile.base):
        try:
            data = (folder / path).read_bytes()[: tile.width * HASH]
        except OSError:
            continue
        if len(data) == tile.width * HASH:
            return [data[at : at + HASH] for at in range(0, len(data), HASH)]
    return None


def root_at(folder: Path, size: int, *, published: int) -> bytes | None:
    """The root over the first `size` entries, from the right edge of the tree of `published` entries.

    None where the files do not reach. Nobody has checked that what lies there is what was signed.
    """
    levels: list[list[bytes]] = []
    for level in range((max(size - 1, 0).bit_length() + LEVEL_BITS) // LEVEL_BITS):
        at, end = size >> LEVEL_BITS * level, published >> LEVEL_BITS * level
        width, number = at % WIDTH, at >> LEVEL_BITS
        hashes: list[bytes] | None = []
        if width:
            hashes = read_hashes(folder, Tile(level, number, width))
            if hashes is None and end >> LEVEL_BITS == number and end % WIDTH >= width:
                open_tile = read_hashes(folder, Tile(level, number, end % WIDTH))
                hashes = open_tile[:width] if open_tile else None
        if hashes is None:
            return None
        levels.append(hashes)
    return _fold(levels, size).root()


def _fold(levels: list[list[bytes]], size: int) -> merkle.Frontier:
    """The frontier of a tree from its open tiles."""
    hashes: list[bytes] = []
    for level in reversed(levels):
        part = merkle.Frontier()
        for value in level:
            part.append(value)
        hashes += [value for _start, _end, value in part.subtrees()]
    return merkle.Frontier(size, hashes)


class _Builder:
    def __init__(self, folder: Path, start: int, levels: list[list[bytes]]) -> None:
        self.folder = folder
        self.size = start
        self.levels = levels or [[]]
        self.bundle: list[bytes] = []
        self.batch = files.Batch()
        self.filled: list[Tile] = []

    def add(self, entry: bytes, leaf: bytes) -> None:
        """The next entry. Raises LogDamaged when it has not its leaf hash."""
        if merkle.leaf_hash(entry) != leaf or len(entry) > MAX_ENTRY:
            raise LogDamaged()
        self.bundle.append(len(entry).to_bytes(2, "big") + entry)
        self.levels[0].append(leaf)
        self.size += 1
        if len(self.bundle) == WIDTH:
            self._write(Tile(ENTRIES, (self.size >> LEVEL_BITS) - 1), b"".join(self.bundle))
            self.bundle = []
            self._carry(0)

    def _carry(self, level: int) -> None:
        """The tile of `level` is full: write it, and its hash goes into the level above."""
        hashes = self.levels[level]
        number = (self.size >> LEVEL_BITS * (level + 1)) - 1
        self._write(Tile(level, number), b"".join(hashes))
        if len(self.levels) == level + 1:
            self.levels.append([])
        self.levels[level] = []
        self.levels[level + 1].append(merkle.tree_root(hashes))
        if len(self.levels[level + 1]) == WIDTH:
            self._carry(level + 1)

    def _write(self, tile: Tile, data: bytes) -> None:
        self.batch.write(self.folder / tile.path, data)
        if tile.width == WIDTH:
            self.filled.append(tile)

    def finish(self) -> None:
        """The partial tiles, and all names durable."""
        for tile in paths.edge(self.size):
            hashes = self.bundle if tile.level == ENTRIES else self.levels[tile.level]
            self._write(tile, b"".join(hashes))
        self.batch.settle()

    def frontier(self) -> merkle.Frontier:
        """What the written tiles fold up to."""
        return _fold(self.levels, self.size)

    def remove_obsolete(self) -> None:
        """The partial tiles of places whose full tile is there now."""
        for tile in self.filled:
            files.remove_folder((self.folder / tile.base).with_name(Path(tile.base).name + ".p"))
