"""A process whose clock stands in the past: for making the kept installations, and for opening them.

The house reads time in three places only: `cctv.core.clock`, whose own `pretend` holds for one thread,
`time.time_ns` (the log, identifiers, key holders), and `cctv.core.boot`. All are replaced, for every thread
of the process; each block is a boot of its own, as of a machine that was switched off in between.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_real_ns = time.time_ns


@contextmanager
def then(moment: datetime) -> Iterator[None]:
    """Everything in this process believes that it is `moment`, and the clock runs on from there."""
    from cctv.core import boot, clock

    shift = moment - datetime.now(UTC)
    before = time.time_ns, clock.now, boot.read
    boot.read = lambda: boot.Boot(f"{moment:%Y-%m-%dT%H:%M:%S}", datetime.now(UTC) + shift - moment)
    time.time_ns = lambda: _real_ns() + shift // timedelta(microseconds=1) * 1000
    clock.now = lambda: datetime.now(UTC) + shift
    try:
        with clock.pretend(moment):  # defaults of models have kept the function itself
            yield
    finally:
        time.time_ns, clock.now, boot.read = before
