"""The demonstration's footage, admitted as if it had come in while it was recorded."""

import io
import os
from datetime import datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cctv.core import clock
from cctv.ingest.incoming import Origin, Outcome
from cctv.ingest.services import admit
from cctv.sites.models import Camera
from config.demo import recorder
from config.demo.plan import CAMERAS, EARLIER, EXPIRED, EXPIRING, RECENT, CameraPlan

# No segment may reach over the end of its stretch: what the feeder records then follows without overlap.
LONGEST = timedelta(seconds=12)
Stretch = tuple[CameraPlan, datetime, datetime]


class NotAdmitted(Exception):
    """The demonstration's own footage was refused: a defect."""


def create(console: Console) -> None:
    """Cut and admit every stretch, oldest first, with a progress bar."""
    stretches = sorted(_stretches(clock.now()), key=lambda stretch: stretch[1])
    total = sum((end - start).total_seconds() for _plan, start, end in stretches)
    columns = (
        TextColumn("Sealing footage"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("footage", total=total)
        for plan, start, end in stretches:
            camera = Camera.objects.select_related("site").get(code=plan.code)
            while start + LONGEST <= end:
                seconds = _admit(plan, camera, start)
                progress.advance(task, seconds)
                start += timedelta(seconds=seconds)


def _stretches(now: datetime) -> list[Stretch]:
    """Which camera recorded when; cameras with a short rule also have footage that has expired.

    `LETHE_DEMO_CAMERAS` ("gate-1,dock-5") leaves the others without any, and no stretch is longer than
    `LETHE_DEMO_MINUTES`: for slow machines and tests.
    """
    now = now.replace(microsecond=0)
    most = timedelta(minutes=float(os.environ.get("LETHE_DEMO_MINUTES") or 60))
    recent = tuple(min(most, each) for each in RECENT)  # it ends now, however short
    found: list[Stretch] = []
    only = [code for code in os.environ.get("LETHE_DEMO_CAMERAS", "").split(",") if code]
    for plan in CAMERAS:
        if only and plan.code not in only:
            continue
        for age, length in [recent, *((*EXPIRED, EXPIRING) if plan.days else EARLIER)]:
            found.append((plan, now - age, now - age + min(most, length)))
    return found


def _admit(plan: CameraPlan, camera: Camera, start: datetime) -> float:
    """One segment, at the moment when it had just been recorded; its length in seconds."""
    data, seconds = recorder.segment(plan.clip, plan.code, start)
    with clock.pretend(start + timedelta(seconds=seconds)):
        admission = admit(
            camera=camera,
            starts_at=start,
            origin=Origin.IMPORT,
            original_name=f"{plan.code}-{start:%Y%m%dT%H%M%SZ}.mp4",
            stream=io.BytesIO(data),
        )
    if admission.outcome is not Outcome.LIVE:
        raise NotAdmitted(f"{plan.code} {start}: {admission.outcome}, {admission.reason}")
    return seconds
