"""Work that gives way: done in a thread of its own at the lowest priority, so that nobody who watches waits.

Linux counts niceness by thread. Decoding lets go of the interpreter's lock, so the priority is what decides.
`LETHE_MOTION_PERCENT` bounds it besides, for machines where it would still be felt.
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from django.conf import settings
from django.db import connections

LOWEST = 19
Result = TypeVar("Result")


def at_leisure(work: Callable[[], Result]) -> Result:
    """What `work` gives or raises. It gets database connections of its own, which are closed after it."""

    def closing() -> Result:
        began = time.thread_time()
        try:
            return work()
        finally:
            connections.close_all()
            time.sleep((time.thread_time() - began) * (100 / settings.LETHE_MOTION_PERCENT - 1))

    return _thread().submit(closing).result()


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "lethe-at-leisure", initializer=_give_way)


def _give_way() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST)
