"""The job's child process: what ends it early, as the job says it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cctv.redaction.child.parent import ChildFailed, ChildStopped, Helper
from cctv.redaction.errors import Interrupted, WorkFailed
from cctv.redaction.models import Redaction

log = logging.getLogger("lethe.redaction")


@contextmanager
def helper(redaction: Redaction, stopped: Callable[[], bool]) -> Iterator[Helper]:
    """A child that is killed when the context is left. Interrupted, once `stopped`; WorkFailed."""
    try:
        with Helper(stopped=stopped) as child:
            yield child
    except ChildStopped:
        raise Interrupted from None
    except ChildFailed as error:
        log.warning("redaction %s: %s", redaction.number, error)
        raise WorkFailed from error
