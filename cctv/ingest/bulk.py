"""A one-off import of many files, with a progress bar. The way in is the same as everywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cctv.ingest import arrivals
from cctv.ingest.admission import take_in
from cctv.ingest.closed import Found, look_at, walk
from cctv.ingest.errors import StillGrowing
from cctv.ingest.files import SourceFile
from cctv.ingest.incoming import Admission, Incoming, Origin
from cctv.ingest.layouts import FRIGATE, UTC_ZONE, patterns_of
from cctv.ingest.paths import read_name
from cctv.ingest.sweep import is_video
from cctv.sites.models import Camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What to import into: one camera, and how file names tell the time."""

    camera: Camera
    layout: str
    pattern: str
    zone: ZoneInfo
    start: datetime | None
    remove: bool


@dataclass(slots=True)
class Summary:
    """What became of the files; `troubles` are sentences about those that did not get in."""

    live: int = 0
    duplicate: int = 0
    quarantined: int = 0
    erased: int = 0
    failed: int = 0
    troubles: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """One line for the terminal."""
        erased = f"{self.erased} erased on request before, " if self.erased else ""
        return (
            f"{self.live} taken in, {self.duplicate} already there, {erased}"
            f"{self.quarantined} in quarantine, {self.failed} failed."
        )

    def note(self, name: str, admission: Admission) -> None:
        """Count one outcome."""
        setattr(self, admission.outcome, getattr(self, admission.outcome) + 1)
        if admission.reason is not None:
            self.troubles.append(f"{name}: {admission.reason.title} {admission.reason.detail}")


def files_of(paths: Iterable[Path]) -> list[Found]:
    """The files named, and the videos below the folders named; names are relative to each folder."""
    found: list[Found] = []
    for path in paths:
        if path.is_dir():
            found += [file for file in walk(path).files if is_video(file.name)]
        elif file := look_at(path, path.name):
            found.append(file)
    return found


def run(job: Import, files: Sequence[Found], *, show: bool) -> Summary:
    """Take in all files in order. Trouble with one goes into the summary; everybody's trouble is raised."""
    summary = Summary()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not show) as progress:
        task = progress.add_task("", total=sum(file.size for file in files))
        for found in files:
            progress.update(task, description=found.name[-40:])
            try:
                summary.note(found.name, _one(job, found))
            except StillGrowing as error:
                summary.failed += 1
                summary.troubles.append(f"{found.name}: {error.message}")
            progress.advance(task, found.size)
        for trouble in summary.troubles:
            progress.console.print(trouble, markup=False, highlight=False)
    return summary


def _one(job: Import, found: Found) -> Admission:
    file = SourceFile(found)
    starts: tuple[datetime, ...]
    if job.start is not None:
        starts, reason = (job.start.astimezone(UTC),), None
    else:
        patterns = patterns_of(job.layout, own=job.pattern, one_camera=True)
        reading, reason = read_name(found.name, patterns, UTC_ZONE if job.layout == FRIGATE else job.zone)
        starts = reading.starts if reading else ()
    incoming = Incoming(
        site=job.camera.site,
        camera=job.camera,
        starts=starts,
        origin=Origin.IMPORT,
        original_name=found.name,
        modified_at=file.modified_at,
        reason=reason,
    )
    with file.opened() as opened:
        return take_in(incoming, arrivals.File(opened), remove=file.remove if job.remove else None)
