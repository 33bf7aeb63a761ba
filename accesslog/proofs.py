"""Inclusion and growth, proven from the database.

Perfect subtrees over 256 entries never change once they are full, so their hashes are kept in memory, and
taken from the published tiles where there are any; only the open end is read again. None of that is ever
trusted: every proof is folded up to the root that it is for, and a wrong root empties the cache and
calculates everything from the stored leaf hashes once more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connections

from accesslog import conf, merkle
from accesslog.errors import EntryNotFound, LogDamaged
from accesslog.models import LogHead
from accesslog.selectors import reading, stored_entry

LEVEL = 8
WIDTH = 1 << LEVEL
_READ = 64 * WIDTH

# _levels[n][i]: hash of the perfect subtree over the entries [i << (LEVEL + n), (i + 1) << (LEVEL + n)).
_levels: list[list[bytes]] = [[]]
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Proof:
    """The neighbours that lead from a leaf to the root, leaf side first, and whether they do."""

    index: int
    size: int
    leaf_hash: bytes
    neighbours: tuple[bytes, ...]
    root: bytes
    holds: bool


def head() -> merkle.Frontier:
    """The head's frontier. Raises LogUnavailable, LogDamaged."""
    with reading():
        row = LogHead.objects.filter(id=1).first()
    if row is None:
        raise LogDamaged()
    try:
        return merkle.Frontier.from_bytes(row.size, bytes(row.frontier))
    except merkle.MerkleError as error:
        raise LogDamaged() from error


def inclusion(index: int, *, under: tuple[int, bytes] | None = None) -> Proof:
    """The proof of an entry under the present head, or under an older (size, root).

    Raises EntryNotFound, LogUnavailable, LogDamaged.
    """
    if under is None:
        now = head()
        under = now.size, now.root()
    size, root = under
    if not 0 <= index < size:
        raise EntryNotFound()
    leaf = merkle.leaf_hash(stored_entry(index).entry)

    def leads(neighbours: tuple[bytes, ...]) -> None:
        merkle.verify_inclusion(index=index, size=size, leaf=leaf, proof=neighbours, root=root)

    neighbours, holds = _proven(merkle.inclusion_spans(index, size), size, leads)
    return Proof(index, size, leaf, neighbours, root, holds)


def consistency(old: int, *, new: int, root: bytes) -> tuple[bytes, ...]:
    """The proof that the log of `new` entries with this root extends that of its first `old` entries.

    Raises LogUnavailable; LogDamaged when the stored entries do not have the root.
    """

    def leads(proof: tuple[bytes, ...]) -> None:
        before = merkle.span_hash(0, old, _Subtrees())
        merkle.verify_consistency(old=old, new=new, old_root=before, new_root=root, proof=proof)

    proof, holds = _proven(merkle.consistency_spans(old, new), new, leads)
    if not holds:
        raise LogDamaged()
    return proof


def root_at(size: int) -> bytes:
    """The root of the first `size` entries, proven to lead to the head.

    Raises EntryNotFound beyond the head, LogUnavailable, LogDamaged.
    """
    now = head()
    if not 0 <= size <= now.size:
        raise EntryNotFound()
    root = merkle.EMPTY_ROOT

    def leads(proof: tuple[bytes, ...]) -> None:
        nonlocal root
        root = merkle.span_hash(0, size, _Subtrees())
        merkle.verify_consistency(old=size, new=now.size, old_root=root, new_root=now.root(), proof=proof)

    _proof, holds = _proven(merkle.consistency_spans(size, now.size), now.size, leads)
    if not holds:
        raise LogDamaged()
    return root


def _proven(
    spans: list[tuple[int, int]], size: int, leads: Callable[[tuple[bytes, ...]], None]
) -> tuple[tuple[bytes, ...], bool]:
    """The hashes of the spans, and whether they lead to the root: from the cache, else calculated anew."""
    neighbours: tuple[bytes, ...] = ()
    for fresh in (False, True):
        with _lock, reading():
            try:
                if fresh:
                    _levels[:] = [[]]
                _extend(size, fresh=fresh)
                perfect = _Subtrees()
                neighbours = tuple(merkle.span_hash(start, end, perfect) for start, end in spans)
                leads(neighbours)
            except (merkle.MerkleError, IndexError):
                continue
            return neighbours, True
    return neighbours, False


def _extend(size: int, *, fresh: bool) -> None:
    full = size >> LEVEL
    while not fresh and len(_levels[0]) < full and (found := _published(len(_levels[0]))):
        for value in found[: full - len(_levels[0])]:
            _add(value)
    while (start := len(_levels[0]) << LEVEL) < full << LEVEL:
        leaves = _leaves(start, min(start + _READ, full << LEVEL))
        if len(leaves) % WIDTH or not leaves:
            raise LogDamaged()
        for at in range(0, len(leaves), WIDTH):
            _add(merkle.Block(leaves[at : at + WIDTH]).peaks(WIDTH)[0])


def _add(value: bytes) -> None:
    """Keep the next subtree over 256 entries, and those above it that it completes."""
    for level in _levels:
        level.append(value)
        if len(level) & 1:
            return
        value = merkle.node_hash(level[-2], value)
    _levels.append([value])


def _published(at: int) -> list[bytes]:
    """Subtrees from number `at` on as a full tile of level 1 has them; none where there is no such tile."""
    from accesslog.publish.paths import Tile

    folder = conf.folder()
    try:
        data = b"" if folder is None else (folder / Tile(1, at >> LEVEL).path).read_bytes()
    except OSError:
        return []
    hashes = [data[place : place + merkle.HASH_BYTES] for place in range(0, len(data), merkle.HASH_BYTES)]
    return hashes[at % WIDTH :] if len(hashes) == WIDTH else []


class _Subtrees:
    """(level, position) -> hash, for one proof: what is below the kept levels is read once for each 256."""

    def __init__(self) -> None:
        self._blocks: dict[int, merkle.Block] = {}

    def __call__(self, level: int, position: int) -> bytes:
        if level >= LEVEL:
            return _levels[level - LEVEL][position]
        start = position << level
        number = start >> LEVEL
        if number not in self._blocks:
            self._blocks[number] = merkle.Block(_leaves(number << LEVEL, (number + 1) << LEVEL))
        return self._blocks[number].perfect(level, (start % WIDTH) >> level)


def _leaves(start: int, end: int) -> list[bytes]:
    statement = (
        "SELECT leaf_hash FROM log_entry WHERE entry_index >= %s AND entry_index < %s ORDER BY entry_index"
    )
    with connections[conf.database()].cursor() as cursor:
        cursor.execute(statement, (start, end))
        return [bytes(leaf) for (leaf,) in cursor.fetchall()]
