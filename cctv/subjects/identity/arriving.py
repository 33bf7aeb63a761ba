"""Pictures on their way in: so many at a time that pages still have threads and memory, and none for ever.

Of one network only a few at once, so that who holds connections open keeps few of the places.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from cctv.subjects.identity.errors import CutOff, ScanDown, TooLarge
from cctv.subjects.portal.throttle import network_of

# Of a process: 16 of its 64 threads, and 160 MB.
PLACES, PER_NETWORK = 16, 4
# 10 MB over a slow telephone.
WITHIN_S = 180.0
_lock = threading.Lock()
_taken: "Counter[str]" = Counter()


@contextmanager
def place(terminal: str) -> Iterator[None]:
    """One of the places. ScanDown at once where none is free: come again in a few minutes."""
    network = network_of(terminal)
    with _lock:
        if _taken.total() >= PLACES or _taken[network] >= PER_NETWORK:
            raise ScanDown
        _taken[network] += 1
    try:
        yield
    finally:
        with _lock:
            _taken[network] -= 1
            if not _taken[network]:
                del _taken[network]


def read(chunks: Iterable[bytes], *, most: int) -> bytearray:
    """What arrives, `most` bytes and one at most. TooLarge, CutOff for what takes longer than WITHIN_S."""
    data = bytearray()
    until = time.monotonic() + WITHIN_S
    for chunk in chunks:
        data += chunk[: most + 1 - len(data)]
        if len(data) > most:
            raise TooLarge
        if time.monotonic() > until:
            raise CutOff
    return data
