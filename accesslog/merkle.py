"""The Merkle tree of RFC 6962 (section 2.1): hashes, frontier, proofs. Imports no Django.

A tree over n entries is described by its *frontier*: the hashes of the perfect subtrees that n is made of,
largest first (the compact range [0, n)). Appending touches only the frontier, so the head of a log of any
size fits in a kilobyte. Verification follows RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import TypeAlias

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

PerfectHash: TypeAlias = Callable[[int, int], bytes]
"""(level, position) -> hash of the perfect subtree over [position << level, (position + 1) << level)."""


class MerkleError(ValueError):
    """A hash or a proof is not what the tree says; the message has expected and calculated."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The compact range [0, size) of a growing tree."""

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._hashes = list(hashes)
        if size < 0 or len(self._hashes) != size.bit_count():
            needed = max(size, 0).bit_count()
            raise MerkleError(
                f"a tree of {size} entries has {needed} frontier hashes, got {len(self._hashes)}"
            )

    def append(self, leaf: bytes) -> None:
        """Add the leaf hash of the next entry."""
        hashes = self._hashes
        size = self.size
        while size & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def append_perfect(self, value: bytes, level: int) -> None:
        """Add the hash over the next 2^level leaves. MerkleError where the tree ends beside that bound."""
        if self.size & ((1 << level) - 1):
            raise MerkleError(f"a subtree of 2^{level} entries cannot begin at entry {self.size}")
        size = self.size >> level
        while size & 1:
            value = node_hash(self._hashes.pop(), value)
            size >>= 1
        self._hashes.append(value)
        self.size += 1 << level

    def root(self) -> bytes:
        """The tree's root hash."""
        return fold(self._hashes)

    def root_with(self, block: Block, count: int) -> bytes:
        """The root if the first `count` leaves of `block` were added."""
        return fold([*self._hashes, *block.peaks(count)])

    def subtrees(self) -> list[tuple[int, int, bytes]]:
        """(start, end, hash) of each perfect subtree, from the left."""
        spans, start = [], 0
        for value in self._hashes:
            width = 1 << ((self.size - start).bit_length() - 1)
            spans.append((start, start + width, value))
            start += width
        return spans

    def to_bytes(self) -> bytes:
        return b"".join(self._hashes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Frontier:
        """The frontier stored as concatenated hashes. Raises MerkleError if it does not fit `size`."""
        if len(data) % HASH_BYTES:
            raise MerkleError(f"a frontier is a multiple of {HASH_BYTES} bytes, got {len(data)}")
        return cls(size, [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)])


class Block:
    """The leaf hashes of a part of a tree, and all perfect subtrees over them: many roots at little cost."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [leaves]
        while len(leaves) > 1:
            leaves = [
                sha256(b"\x01" + left + right).digest()
                for left, right in zip(leaves[::2], leaves[1::2], strict=False)
            ]
            self._levels.append(leaves)

    def __len__(self) -> int:
        return len(self._levels[0])

    def perfect(self, level: int, position: int) -> bytes:
        """Hash of the subtree over the leaves [position << level, (position + 1) << level). IndexError."""
        return self._levels[level][position]

    def peaks(self, count: int) -> list[bytes]:
        """Hashes of the perfect subtrees that the first `count` leaves are made of, largest first."""
        found, start = [], 0
        for level in range(count.bit_length() - 1, -1, -1):
            if count >> level & 1:
                found.append(self._levels[level][start >> level])
                start += 1 << level
        return found

    def add_to(self, frontier: Frontier) -> None:
        """Append all leaves. MerkleError where the frontier ends within their largest subtree."""
        start = 0
        for level in range(len(self).bit_length() - 1, -1, -1):
            if len(self) >> level & 1:
                frontier.append_perfect(self._levels[level][start >> level], level)
                start += 1 << level


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root over perfect subtrees of falling size, from the left; the empty tree's root for none."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (size >= 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_spans(index: int, size: int) -> list[tuple[int, int]]:
    """The spans of entries whose subtree hashes prove entry `index` in a tree of `size`, leaf side first."""
    if not 0 <= index < size:
        raise MerkleError(f"a tree of {size} entries has no entry {index}")
    spans, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[tuple[int, int]]:
    """The spans whose subtree hashes prove that the tree of `new` entries extends that of `old`."""
    if not 0 <= old <= new:
        raise MerkleError(f"a tree of {new} entries cannot extend one of {old}")
    if old in (0, new):
        return []
    spans, start, end, whole = [], 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, whole = middle, False
    if not whole:
        spans.append((start, end))
    return spans[::-1]


def span_hash(start: int, end: int, perfect: PerfectHash) -> bytes:
    """Hash of the subtree over [start, end) as the two functions above name it, from perfect subtrees."""
    hashes = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(perfect(level, start >> level))
        start += 1 << level
    return fold(hashes)


def verify_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raise MerkleError unless `proof` leads from `leaf` at `index` to `root` of `size` entries."""
    calculated = root_from_inclusion(index=index, size=size, leaf=leaf, proof=proof)
    if calculated != root:
        raise MerkleError(f"expected root {root.hex()}, calculated {calculated.hex()}")


def root_from_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to. Raises MerkleError when its length cannot be right."""
    if not 0 <= index < size:
        raise MerkleError(f"a tree of {size} entries has no entry {index}")
    at, last, value = index, size - 1, leaf
    for neighbour in proof:
        if last == 0:
            raise MerkleError(f"the proof has {len(proof)} hashes, more than entry {index} of {size} needs")
        if at & 1 or at == last:
            value = node_hash(neighbour, value)
            at, last = _up_to_right_child(at, last)
        else:
            value = node_hash(value, neighbour)
        at, last = at >> 1, last >> 1
    if last:
        raise MerkleError(f"the proof has {len(proof)} hashes, fewer than entry {index} of {size} needs")
    return value


def _up_to_right_child(at: int, last: int) -> tuple[int, int]:
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise MerkleError unless `proof` shows that (new, new_root) extends (old, old_root)."""
    if not 0 <= old <= new:
        raise MerkleError(f"a tree of {new} entries cannot extend one of {old}")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected:
            raise MerkleError(f"expected root {expected.hex()} at {old} entries, got {old_root.hex()}")
        return
    got_old, got_new = _roots_from_consistency(old, new, old_root, proof)
    if got_old != old_root:
        raise MerkleError(f"expected root {old_root.hex()} at {old} entries, calculated {got_old.hex()}")
    if got_new != new_root:
        raise MerkleError(f"expected root {new_root.hex()} at {new} entries, calculated {got_new.hex()}")


def _roots_from_consistency(
    old: int, new: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise MerkleError(f"the proof from {old} to {new} entries is empty")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    older = newer = path[0]
    for value in path[1:]:
        if last == 0:
            raise MerkleError(f"the proof from {old} to {new} entries is too long")
        if at & 1 or at == last:
            older, newer = node_hash(value, older), node_hash(value, newer)
            at, last = _up_to_right_child(at, last)
        else:
            newer = node_hash(newer, value)
        at, last = at >> 1, last >> 1
    if last:
        raise MerkleError(f"the proof from {old} to {new} entries is too short")
    return older, newer
