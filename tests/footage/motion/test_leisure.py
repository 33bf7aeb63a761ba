"""Work that gives way has the lowest priority, and who waits for it keeps theirs."""

import os
import threading
import time
from typing import Any

import pytest

from cctv.footage.motion.leisure import at_leisure


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_it_is_done_at_the_lowest_priority_and_its_error_comes_back() -> None:
    before = niceness()
    assert at_leisure(niceness) == 19
    assert niceness() == before
    with pytest.raises(ZeroDivisionError):
        at_leisure(lambda: 1 // 0)


def test_it_takes_no_more_of_a_core_than_it_may(settings: Any) -> None:
    settings.LETHE_MOTION_PERCENT = 20
    began = time.perf_counter()
    at_leisure(lambda: sum(range(1_000_000)))
    took = time.perf_counter() - began
    busy = time.thread_time()
    sum(range(1_000_000))
    assert took > 3 * (time.thread_time() - busy)
