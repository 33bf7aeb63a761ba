"""Whether the time of something has come: by the clock, or by a moment that is known to have been.

A clock that was set back would otherwise open footage again whose time was over (invariant 3). The moment is
the project's to tell (`LETHE_KNOWN_PAST`); it is asked for now and then, because every read asks here.
"""

import logging
import time
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from django.utils.module_loading import import_string

from cctv.core import clock

LOOK_EVERY_S = 5.0

log = logging.getLogger("lethe.vault")
_known: datetime | None = None
_looked = float("-inf")


def is_over(expires_at: datetime) -> bool:
    """Whether what expires then has expired."""
    return reached() >= expires_at


def reached() -> datetime:
    """The present by the clock, or the latest moment known to have been where the clock says less.

    Lists leave out what expires by then, so that a set-back clock brings nothing back into them either.
    """
    now, known = clock.now(), known_past()
    return now if known is None else max(now, known)


def known_past() -> datetime | None:
    """The latest moment that was certainly reached, as of a few seconds ago; None while none is known."""
    global _known, _looked
    if time.monotonic() - _looked >= LOOK_EVERY_S:
        _looked = time.monotonic()
        try:
            told = import_string(settings.LETHE_KNOWN_PAST)() if settings.LETHE_KNOWN_PAST else None
        except DatabaseError:  # whoever reads needs the database for more than this
            log.warning("it cannot be asked which time was reached", exc_info=True)
        else:
            _known = told
    return _known


def forget() -> None:
    """Ask again at the next read."""
    global _known, _looked
    _known, _looked = None, float("-inf")
