"""While the demonstration is up, its cameras go on recording: files appear in watched folders."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cctv.core import clock
from config.demo import recorder
from config.demo.plan import CAMERAS, LIVE_FOR, SITES, CameraPlan

log = logging.getLogger("lethe.demo")


def start(folders: dict[str, Path]) -> Callable[[], None]:
    """Begin writing segments into `folders` (camera code → folder); returns what stops it."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=_record, args=(plan, folders[plan.code], stop), daemon=True)
        for plan in CAMERAS
        if plan.code in folders
    ]
    for thread in threads:
        thread.start()

    def end() -> None:
        stop.set()
        for thread in threads:
            thread.join(timeout=2)

    return end


def _record(plan: CameraPlan, folder: Path, stop: threading.Event) -> None:
    """As ffmpeg would: a file named by its start, complete when its time is over."""
    zone = ZoneInfo(next(site.time_zone for site in SITES if site.code == plan.site))
    until = clock.now() + LIVE_FOR
    start = clock.now()
    while start < until and not stop.is_set():
        data, seconds = recorder.segment(plan.clip, plan.code, start)
        end = start + timedelta(seconds=seconds)
        if stop.wait(max(0.0, (end - clock.now()).total_seconds())):
            return
        try:
            _drop(folder, start.astimezone(zone), data)
        except OSError:
            log.exception("the demonstration could not write a segment of %s", plan.code)
        start = end


def _drop(folder: Path, local_start: datetime, data: bytes) -> None:
    path = folder / f"{local_start:%Y-%m-%d_%H-%M-%S}.mp4"
    partial = path.with_suffix(".mp4.part")
    partial.write_bytes(data)
    partial.rename(path)
