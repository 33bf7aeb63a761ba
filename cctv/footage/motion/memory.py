"""What cameras usually see, kept in this process's memory from one segment to the next.

Bounded in number and in time: a usual view is a derivative of pictures, so it does not stay longer than the
next segment needs to come in. Without it a segment is told from itself alone, only less well.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cctv.footage.media.motion import UsualView

# Two to three MB each.
MOST = 48
FORGET_AFTER_S = 600.0
# The next segment begins where the last one ended, or after the pause that a recorder takes.
FOLLOWS = (timedelta(seconds=-5), timedelta(seconds=60))


@dataclass(slots=True)
class _Kept:
    view: UsualView
    ends_at: datetime
    kept_at: float


class UsualViews:
    """The usual views of some cameras; not safe between threads."""

    def __init__(self, *, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        """Empty; `clock` gives seconds."""
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[UUID, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, camera_id: UUID, starts_at: datetime) -> UsualView:
        """The view that fits a segment of the camera that begins then; a new one where none does."""
        self._forget()
        kept = self._kept.get(camera_id)
        if kept is None or not FOLLOWS[0] <= starts_at - kept.ends_at <= FOLLOWS[1]:
            return UsualView()
        del self._kept[camera_id]
        return kept.view

    def keep(self, camera_id: UUID, ends_at: datetime, view: UsualView) -> None:
        """Keep what was learned up to `ends_at`, for the next segment."""
        self._kept[camera_id] = _Kept(view, ends_at, self._clock())
        self._kept.move_to_end(camera_id)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def _forget(self) -> None:
        before = self._clock() - FORGET_AFTER_S
        for camera_id in [key for key, kept in self._kept.items() if kept.kept_at < before]:
            del self._kept[camera_id]
