"""Settings of a Lethe whose worker can be told to convert an hour of footage, as a job.

No page of Lethe starts such a job yet, so the test brings one: an ordinary Celery task of the embedded worker
that reads a sealed segment through the vault's door for jobs and runs `TranscodePool.stream` in the pool that
viewings use. Writing a segment's id into `LETHE_HOME/convert` starts it, removing `converting` calls it off,
and `converted` says how it ended.
"""

import threading
import time
from pathlib import Path
from typing import Any

from config.settings import *  # noqa: F403
from config.settings import LETHE_HOME

LETHE_SERVER = "tests.e2e.hour.run"
ASKED, WORKING, ENDED = "convert", "converting", "converted"


def run(**options: Any) -> None:
    """`config.serving.run`, with somebody beside it who hands in the job."""
    from celery import shared_task

    from config import serving

    task = shared_task(name="tests.e2e.hour.convert")(convert)
    threading.Thread(target=_hand_in, args=(task,), daemon=True).start()
    serving.run(**options)


def _hand_in(task: Any) -> None:
    home = Path(LETHE_HOME)
    while True:
        time.sleep(0.05)
        if (home / ASKED).exists():
            segment = (home / ASKED).read_text()
            if segment:
                (home / ASKED).rename(home / WORKING)
                task.apply_async((segment,))


def convert(segment_id: str) -> None:
    """Convert the whole segment and throw the outcome away."""
    from accesslog.services import append
    from cctv.footage import playback, sealed
    from cctv.footage.models import Segment

    home = Path(LETHE_HOME)
    segment = Segment.objects.select_related("epoch", "camera").get(pk=segment_id)
    receipt = append(kind="vault.job", body={"job": "hour", "objects": [segment_id]})
    opened = sealed.for_system(receipt, segment, job="hour")
    try:
        for _piece in playback.transcoder().stream(
            opened.index(),
            opened.media().read_range,
            seconds=3600,
            cancelled=lambda: not (home / WORKING).exists(),
        ):
            pass
        outcome = "done"
    except Exception as error:
        outcome = type(error).__name__
    (home / WORKING).unlink(missing_ok=True)
    (home / ENDED).write_text(outcome)
