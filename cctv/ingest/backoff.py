"""When to try again what failed. Kept in memory: a restart is a good reason to try at once."""

import threading
import time
from collections.abc import Hashable

FIRST_S, LONGEST_S = 5.0, 300.0


class Backoff:
    """Doubling pauses per key, from 5 s to 5 minutes. Safe to share between threads."""

    def __init__(self) -> None:
        """Nothing has failed yet."""
        self._waits: dict[Hashable, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def waits(self, key: Hashable) -> bool:
        """Whether it is too early to try `key` again."""
        with self._lock:
            return key in self._waits and time.monotonic() < self._waits[key][0]

    def failed(self, key: Hashable) -> float:
        """Note a failure; returns the pause in seconds."""
        with self._lock:
            pause = min(self._waits[key][1] * 2, LONGEST_S) if key in self._waits else FIRST_S
            if len(self._waits) > 10_000:
                self._waits.clear()
            self._waits[key] = (time.monotonic() + pause, pause)
            return pause

    def succeeded(self, key: Hashable) -> None:
        """Forget earlier failures."""
        with self._lock:
            self._waits.pop(key, None)

    def clear(self) -> None:
        """Try everything at once again."""
        with self._lock:
            self._waits.clear()
