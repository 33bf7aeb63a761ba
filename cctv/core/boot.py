"""How long this machine has been running: a clock that nobody sets, to hold the wall clock against."""

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

# proc(5): a random UUID for each boot; in a container that of the machine below it.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Boot:
    """Which boot of which machine this is ("" where it cannot be told), and how long ago it began."""

    id: str
    elapsed: timedelta


def read() -> Boot:
    """The present boot; the time of a suspended machine counts (CLOCK_BOOTTIME, clock_gettime(2))."""
    try:
        boot_id = _BOOT_ID.read_text(encoding="ascii").strip()[:40]
        nanoseconds = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    except (OSError, ValueError, AttributeError):  # another system than Linux
        return Boot("", timedelta())
    return Boot(boot_id, timedelta(microseconds=nanoseconds // 1000))
