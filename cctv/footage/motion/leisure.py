"""Work that gives way: done in a thread of its own at the lowest priority, so that nobody who watches waits.

Linux counts niceness by thread. Decoding lets go of the interpreter's lock, so the priority is what decides.
`LETHE_MOTION_PERCENT` bounds it besides, for machines where it would still be felt. The thread keeps no
process from ending: what it was at is done again.
"""

import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections

from cctv.core.leaving import leaving

LOWEST = 19
Result = TypeVar("Result")


def at_leisure(work: Callable[[], Result]) -> Result:
    """What `work` gives or raises. It gets database connections of its own, which are closed after it."""
    told: SimpleQueue[tuple[Any, BaseException | None, float]] = SimpleQueue()

    def run() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST)
        result, wrong = None, None
        try:
            result = work()
        except BaseException as error:
            wrong = error
        finally:
            connections.close_all()
        told.put((result, wrong, time.thread_time()))

    threading.Thread(target=run, name="lethe-at-leisure", daemon=True).start()
    result, error, spent_s = told.get()
    leaving.wait(spent_s * (100 / settings.LETHE_MOTION_PERCENT - 1))
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
