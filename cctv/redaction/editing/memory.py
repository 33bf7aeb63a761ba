"""What was linked of a clip, kept in this process from one decision to the next.

Bounded in frames and in time: it tells where people walked, so it does not stay longer than somebody is at
work. It saves time alone: whoever asks has opened what it was made of through the vault's door just now.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from cctv.redaction.resolve import Known

# An hour at 25 frames a second is about a hundred megabytes.
MOST_FRAMES = 120_000
FORGET_AFTER_S = 900.0


class Memory:
    """What is known of some clips, by the digest of what was seen in them; safe between threads."""

    def __init__(
        self, *, most_frames: int = MOST_FRAMES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Empty; `clock` gives seconds."""
        self._most = most_frames
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Known, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, digest: str, make: Callable[[], Known]) -> Known:
        """What is known of the clip of this digest; made if it is not here."""
        with self._lock:
            self._forget()
            kept = self._kept.pop(digest, None)
            if kept is not None:
                self._kept[digest] = kept[0], self._clock()
                return kept[0]
        known = make()
        with self._lock:
            self._kept[digest] = known, self._clock()
            self._forget()
        return known

    def _forget(self) -> None:
        before = self._clock() - FORGET_AFTER_S
        for digest in [key for key, (_known, at) in self._kept.items() if at < before]:
            del self._kept[digest]
        while len(self._kept) > 1 and self._frames() > self._most:
            self._kept.popitem(last=False)

    def _frames(self) -> int:
        return sum(len(known.times) for known, _at in self._kept.values())


MEMORY = Memory()
