"""Inclusion proofs from the database.

Perfect subtrees over 256 entries never change once they are full, so their hashes are kept in memory and
only the open end is read again. The cache is never trusted: every proof is folded up to the root of the
head, and a wrong root empties the cache and calculates everything from the stored leaf hashes once more.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from accesslog import merkle
from accesslog.errors import EntryNotFound, LogDamaged
from accesslog.models import LogEntry, LogHead
from accesslog.selectors import reading, stored_entry

LEVEL = 8
WIDTH = 1 << LEVEL
_READ = 64 * WIDTH

_subtrees: list[bytes] = []
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


def inclusion(index: int) -> Proof:
    """The proof of an entry under the present head. Raises EntryNotFound, LogUnavailable, LogDamaged."""
    now = head()
    if not 0 <= index < now.size:
        raise EntryNotFound()
    leaf = merkle.leaf_hash(stored_entry(index).entry)
    root = now.root()
    neighbours: tuple[bytes, ...] = ()
    holds = False
    for fresh in (False, True):
        neighbours = _neighbours(index, now.size, fresh=fresh)
        holds = _leads(index, now.size, leaf, neighbours, root)
        if holds:
            break
    return Proof(index, now.size, leaf, neighbours, root, holds)


def _leads(index: int, size: int, leaf: bytes, neighbours: tuple[bytes, ...], root: bytes) -> bool:
    try:
        merkle.verify_inclusion(index=index, size=size, leaf=leaf, proof=neighbours, root=root)
    except merkle.MerkleError:
        return False
    return True


def _neighbours(index: int, size: int, *, fresh: bool) -> tuple[bytes, ...]:
    with _lock, reading():
        if fresh:
            _subtrees.clear()
        _extend(size)
        return tuple(merkle.span_hash(a, b, _perfect) for a, b in merkle.inclusion_spans(index, size))


def _extend(size: int) -> None:
    while len(_subtrees) < size >> LEVEL:
        start = len(_subtrees) << LEVEL
        leaves = _leaves(start, min(start + _READ, size >> LEVEL << LEVEL))
        if len(leaves) % WIDTH or not leaves:
            raise LogDamaged()
        for at in range(0, len(leaves), WIDTH):
            _subtrees.append(merkle.tree_root(leaves[at : at + WIDTH]))


def _perfect(level: int, position: int) -> bytes:
    if level >= LEVEL:
        width = 1 << (level - LEVEL)
        return merkle.tree_root(_subtrees[position * width : (position + 1) * width])
    return merkle.tree_root(_leaves(position << level, (position + 1) << level))


def _leaves(start: int, end: int) -> list[bytes]:
    found = LogEntry.objects.filter(index__gte=start, index__lt=end).order_by("index")
    return [bytes(each) for each in found.values_list("leaf_hash", flat=True)]
