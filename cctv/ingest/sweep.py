"""Sweeping a source: what lies in its folder, what is finished, what becomes of it.

One bad file, one bad camera or one unreadable folder never stops the others. Trouble that would meet
every file alike (storage, keys, log, register) ends the sweep early, is shown on the source, and is
tried again with growing pauses; the recordings wait where they are.
"""

import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.ingest import admission, arrivals, marker, places
from cctv.ingest.backoff import Backoff
from cctv.ingest.closed import Found, Settling, walk
from cctv.ingest.errors import (
    FolderUnreadable,
    ForeignSubfolder,
    RegisterUnavailable,
    SourceStays,
    StillGrowing,
)
from cctv.ingest.files import SourceFile
from cctv.ingest.incoming import Admission, Origin, Outcome
from cctv.ingest.lease import Lease
from cctv.ingest.models import Source
from cctv.ingest.paths import PathReader
from cctv.ingest.patterns import VIDEO_SUFFIXES
from cctv.vault import services as vault

log = logging.getLogger("cctv.ingest")

BUDGET_S = 20.0
_settling = Settling()
_backoff = Backoff()


@dataclass(slots=True)
class Swept:
    """What one sweep of one source did."""

    outcomes: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    foreign: int = 0
    failed: int = 0
    more: bool = False
    error: Exception | None = None
    newest: Admission | None = None

    def count(self, admission: Admission) -> None:
        """Add one file's outcome."""
        self.outcomes[admission.outcome] = self.outcomes.get(admission.outcome, 0) + 1
        segment = admission.segment
        if admission.outcome is not Outcome.LIVE or segment is None:
            return
        if (
            self.newest is None
            or self.newest.segment is None
            or segment.ends_at > self.newest.segment.ends_at
        ):
            self.newest = admission


def sweep_source(*, source_id: UUID, budget_s: float = BUDGET_S, at_once: bool = False) -> Swept | None:
    """Take in what the folder of a source holds; None when another worker is at it or the source is retired.

    `at_once` ignores the pauses after earlier failures. Never raises for what is wrong with the folder,
    a file, the storage or the log: that is noted on the source.
    """
    lease = Lease(source_id)
    if not at_once and _backoff.waits(source_id):
        return None
    if not lease.acquire():
        return None
    try:
        source = Source.objects.select_related("site", "camera").get(pk=source_id)
        if source.retired_at is not None:
            return None
        result = _Sweep(source, lease, budget_s, at_once).run()
        _note(source, result)
        return result
    finally:
        lease.release()


def _note(source: Source, result: Swept) -> None:
    """What the source's page shows of this sweep."""
    error = result.error
    if error is None:
        _backoff.succeeded(source.pk)
    changes: dict[str, Any] = {
        "last_swept_at": clock.now(),
        "waiting_files": result.waiting,
        "foreign_files": result.foreign,
        "last_error_code": "" if error is None else str(getattr(error, "code", "internal"))[:40],
        "last_error": "" if error is None else str(getattr(error, "message", error))[:400],
    }
    if result.newest is not None and result.newest.segment is not None:
        ends_at = result.newest.segment.ends_at
        lag_ms = (clock.now() - ends_at) // timedelta(milliseconds=1)
        changes |= {"last_segment_at": ends_at, "last_lag_ms": max(0, min(lag_ms, 2**31 - 1))}
    Source.objects.filter(pk=source.pk).update(**changes)


class _Sweep:
    """One pass over one folder."""

    def __init__(self, source: Source, lease: Lease, budget_s: float, at_once: bool) -> None:
        self.source = source
        self.lease = lease
        self.deadline = time.monotonic() + budget_s
        self.at_once = at_once
        self.result = Swept()

    def run(self) -> Swept:
        """Look at every file once; stops early for trouble that all of them would meet."""
        try:
            reader = PathReader(self.source)
            for file in self._files():
                if time.monotonic() > self.deadline:
                    self.result.more = True
                    break
                self._one(file, reader)
                self.lease.renew()
        except Exception as error:
            self._stop(error)
        return self.result

    def _files(self) -> list[Found]:
        """The finished recordings of the folder, after its place and its marker have been checked."""
        folder = Path(self.source.folder)
        places.check_again(self.source)
        check_marker(self.source)
        try:
            listing = walk(folder, stop=places.stops(self.source))
        except OSError as error:
            raise FolderUnreadable from error
        if listing.refused:
            self.result.error = ForeignSubfolder(hint=", ".join(listing.refused[:5])[:200])
        if listing.unreadable:
            self.result.error = FolderUnreadable(hint=", ".join(listing.unreadable[:5])[:200])
        ready = []
        for file in listing.files:
            if not is_video(file.name):
                self.result.foreign += 1
            elif not _settling.is_closed(file, self.source.settle_seconds):
                self.result.waiting += 1
            elif self.at_once or not _backoff.waits((file.path, file.state)):
                ready.append(file)
        return ready

    def _one(self, found: Found, reader: PathReader) -> None:
        """Take one file in. Its own trouble is noted; everybody's trouble is raised."""
        key = (found.path, found.state)
        file = SourceFile(found)
        try:
            incoming = reader.incoming(found.name, modified_at=file.modified_at, origin=Origin.FOLDER)
            with file.opened(on_read=self.lease.renew) as opened:
                admitted = admission.take_in(incoming, arrivals.File(opened), remove=file.remove)
        except StillGrowing:
            self.result.waiting += 1
        except Exception as error:
            self.result.failed += 1
            self.result.error = error
            _backoff.failed(key)
            if concerns_all(error):
                raise
            log.warning("source %s, %s: %s", self.source.pk, found.name, error, exc_info=not is_known(error))
        else:
            self.result.count(admitted)
            _settling.forget(found.path)
            _backoff.succeeded(key)

    def _stop(self, error: Exception) -> None:
        self.result.error = error
        pause = _backoff.failed(self.source.pk)
        log.warning("source %s waits %.0f s: %s", self.source.pk, pause, error, exc_info=not is_known(error))


def check_marker(source: Source) -> None:
    """Write the marker into a folder that never had one; afterwards insist on it."""
    folder, installation = Path(source.folder), vault.installation_id()
    if source.marked_at is None:
        marker.write(folder, installation=installation, source_id=source.pk)
        source.marked_at = clock.now()
        Source.objects.filter(pk=source.pk).update(marked_at=source.marked_at)
    else:
        marker.check(folder, installation=installation, source_id=source.pk)


def is_video(name: str) -> bool:
    """Whether the suffix is one that recorders give to video, finished or not."""
    lowered = name.lower()
    return lowered.endswith(VIDEO_SUFFIXES) or any(
        suffix in lowered for suffix in (".mp4", ".dav", ".mkv", ".ts.")
    )


def is_known(error: BaseException) -> bool:
    """Whether the error describes itself (LetheError, and the log's own kind)."""
    return isinstance(error, LetheError) or hasattr(error, "hint")


def concerns_all(error: BaseException) -> bool:
    """Whether the next file would meet the same trouble: storage, keys, log, register, clock."""
    if isinstance(error, DatabaseError | InterfaceError | RegisterUnavailable):
        return True
    return not isinstance(error, SourceStays | FolderUnreadable) and int(getattr(error, "status", 0)) in (
        500,
        503,
        507,
    )
