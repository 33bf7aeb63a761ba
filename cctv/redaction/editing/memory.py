"""What was linked of a clip, kept in this process from one decision to the next.

Bounded in frames and in time, also in a process that nobody asks any more: it tells where people walked, so
it does not stay longer than somebody is at work. It saves time alone: whoever asks has opened what it was
made of through the vault's door just now.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID
from weakref import WeakKeyDictionary

from cctv.redaction.resolve import Edit, Known, Resolved, Settings, resolve

# An hour at 25 frames a second is about a hundred megabytes.
MOST_FRAMES = 120_000
FORGET_AFTER_S = 900.0
# So that what is looked at again is over then.
_LATER_S = 0.05


class Memory:
    """What is known of some clips, by owner and by the digest of what was seen; safe between threads."""

    def __init__(
        self,
        *,
        most_frames: int = MOST_FRAMES,
        forget_after: float = FORGET_AFTER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Empty; `clock` gives seconds."""
        self._most = most_frames
        self._forget_after = forget_after
        self._clock = clock
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._kept: OrderedDict[tuple[UUID, str], tuple[Known, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, owner: UUID, digest: str, make: Callable[[], Known]) -> Known:
        """What is known of the owner's clip of this digest; made if it is not here."""
        key = owner, digest
        with self._lock:
            self._forget()
            kept = self._kept.pop(key, None)
            if kept is not None:
                self._kept[key] = kept[0], self._clock()
                return kept[0]
        known = make()
        with self._lock:
            self._kept[key] = known, self._clock()
            self._forget()
            self._come_back()
        return known

    def drop(self, owner: UUID) -> None:
        """Forget what is the owner's now: it was cancelled, or may be opened no more."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == owner]:
                del self._kept[key]

    def _come_back(self) -> None:
        """Look again when the oldest has had its time, though nobody asks. A fork leaves the timer behind."""
        if self._timer is not None and self._timer.is_alive():
            return
        oldest = min(at for _known, at in self._kept.values())
        wait = max(0.0, oldest + self._forget_after - self._clock())
        self._timer = threading.Timer(wait + _LATER_S, self._sweep)
        self._timer.daemon = True
        self._timer.start()

    def _sweep(self) -> None:
        with self._lock:
            self._forget()
            self._timer = None  # this thread is still alive
            if self._kept:
                self._come_back()

    def _forget(self) -> None:
        before = self._clock() - self._forget_after
        for key in [key for key, (_known, at) in self._kept.items() if at < before]:
            del self._kept[key]
        while len(self._kept) > 1 and self._frames() > self._most:
            self._kept.popitem(last=False)

    def _frames(self) -> int:
        return sum(len(known.times) for known, _at in self._kept.values())


class Last:
    """How each clip that is known stood when it was last asked for: what one request answers with is what the
    next one decides on. It ends with what is known of the clip."""

    def __init__(self) -> None:
        """Empty."""
        self._lock = threading.Lock()
        self._kept: WeakKeyDictionary[Known, tuple[str, Resolved]] = WeakKeyDictionary()

    def of(self, known: Known, edits: Sequence[Edit], settings: Settings) -> Resolved:
        """With these decisions; resolved if it was not the last that was asked for."""
        found = self.kept(known, edits, settings)
        if found is None:
            found = resolve(known, edits, settings)
            with self._lock:
                self._kept[known] = _digest(edits, settings), found
        return found

    def kept(self, known: Known, edits: Sequence[Edit], settings: Settings) -> Resolved | None:
        """The same, if it was the last that was asked for; None otherwise."""
        with self._lock:
            kept = self._kept.get(known)
        return kept[1] if kept is not None and kept[0] == _digest(edits, settings) else None


def _digest(edits: Sequence[Edit], settings: Settings) -> str:
    """Of all that `resolve` depends on besides the clip."""
    seen = hashlib.sha256(repr(replace(settings, masks=())).encode())
    for mask in settings.masks:
        seen.update(b"mask %d " % len(mask) + mask.tobytes())
    for edit in edits:
        seen.update(json.dumps([edit.number, edit.kind, edit.body], sort_keys=True).encode())
    return seen.hexdigest()


MEMORY = Memory()
LAST = Last()
