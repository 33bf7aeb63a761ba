"""Looking at the store and the keyrings without opening anything: for the check that holds them together.

Nothing here needs a key or reads a clear byte: names, sizes, hashes of ciphertext, labels of keys.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from cctv.vault import rings
from cctv.vault.doors import footage_storage

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key of a ring: what it is for, and when it was made (µs since 1970)."""

    key_id: str
    label: str
    made_at_us: int


def footage_keys() -> list[KeyFacts]:
    """Every key of the footage ring, in order of its id: some thousands, whatever the number of objects."""
    return [KeyFacts(key_id, *facts) for key_id, facts in sorted(rings.footage().labels().items())]


def has_record_key(key_id: str) -> bool:
    """Whether the records ring has the key."""
    return rings.records().has(key_id)


def foreign_files() -> Iterator[str]:
    """Paths in the store that are not ours. StorageMismatch where the store is not there."""
    return footage_storage().foreign()


@dataclass(slots=True)
class Throttle:
    """Keeps reading below a rate, so that a long check leaves the disk to recording and viewing."""

    bytes_per_s: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _ahead_until: float = 0.0

    def spend(self, size: int) -> None:
        """Wait as long as `size` bytes take at the rate, less what has passed since the last ones."""
        now = self.clock()
        begin = max(now, self._ahead_until)
        self._ahead_until = begin + size / self.bytes_per_s
        if begin > now:
            self.sleep(begin - now)


def ciphertext_sha256(name: str, throttle: Throttle) -> bytes:
    """SHA-256 of an object as it lies in the store, read in pieces. ObjectMissing, StorageFailed."""
    digest, offset, storage = sha256(), 0, footage_storage()
    while piece := storage.read_range(name, offset, CHUNK_BYTES):
        digest.update(piece)
        offset += len(piece)
        throttle.spend(len(piece))
        if len(piece) < CHUNK_BYTES:
            break
    return digest.digest()
