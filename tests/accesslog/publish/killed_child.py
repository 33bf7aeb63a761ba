"""A process that recovers or gives up what a log has lost, and is killed (SIGKILL) at a named step of it."""

import os
import signal
from typing import Any


def main(settings: dict[str, Any], act: str, step: str, after: int) -> None:
    """`settings`: the log's, and its database as `database`. Killed at `step`, `after` times later."""
    import django
    from django.conf import settings as ours

    from tests.accesslog import child

    child.use_log(settings.pop("database"))
    for name, value in settings.items():
        setattr(ours, name, value)
    django.setup()
    from accesslog.publish import recovery, steps

    recovery.BATCH = 30
    left = [after]

    def listener(reached: str) -> None:
        if reached == step:
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    steps.listen(listener)
    if act == "recover":
        recovery.recover()
    else:
        recovery.accept_loss(reason="the disk with the tiles burnt")
