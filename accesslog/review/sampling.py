"""Which entries are drawn by lot: a draw that nobody can steer and everybody can repeat. Pure.

The seed is a hash over site, month and the root of the log at the month's end, which was fixed, published
and cosigned before anybody could know whom the lot falls on. Each candidate's ticket is
SHA-256(seed || number of the entry as 8 bytes, big end first); the lowest tickets are drawn.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from hashlib import sha256

PREFIX = b"accesslog review sample 1\n"
SHARE, LEAST, MOST = 100, 10, 60  # one of a hundred, but at least 10 and at most 60


def size_for(candidates: int) -> int:
    """How many of `candidates` entries are drawn."""
    return min(candidates, MOST, max(LEAST, -(-candidates // SHARE)))


def seed_of(*, site: str, month: str, size: int, root: bytes) -> bytes:
    """The seed of a site's month; `root` is the log's over its first `size` entries."""
    return sha256(PREFIX + f"{site}\n{month}\n{size}\n{root.hex()}\n".encode()).digest()


def ticket(seed: bytes, index: int) -> bytes:
    """An entry's number in the draw."""
    return sha256(seed + index.to_bytes(8, "big")).digest()


def draw(candidates: Iterable[int], *, seed: bytes, count: int) -> list[int]:
    """The `count` entries with the lowest tickets, in the order of the log. Memory holds `count` of them."""
    return sorted(heapq.nsmallest(count, candidates, key=lambda index: ticket(seed, index)))
