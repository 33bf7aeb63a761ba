"""What arrives and what becomes of it: the values that every source and admission exchange."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined, Recorder, Source
from cctv.ingest.reasons import Reason
from cctv.sites.models import Camera, Site

# Clocks may differ by this much before a start counts as lying in the future.
FUTURE_TOLERANCE = timedelta(minutes=5)
# Recorders start a file on a keyframe, so neighbours may overlap by a little.
OVERLAP_TOLERANCE = timedelta(seconds=2)


class Origin(StrEnum):
    """How a recording came; kept with the segment."""

    FOLDER = "folder"
    UPLOAD = "upload"
    IMPORT = "import"
    QUARANTINE = "quarantine"


class Outcome(StrEnum):
    """What became of a recording."""

    LIVE = "live"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    # Erased on request before: nothing of it is stored again.
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A file or body that claims to be a recorded segment.

    `starts` are the possible starts (two in an hour that happened twice, none when the name is
    unreadable); `modified_at` is when the recorder last wrote it. `reason` is set when it is known
    already that it cannot be admitted.
    """

    site: Site
    camera: Camera | None
    starts: tuple[datetime, ...]
    origin: str
    original_name: str
    source: Source | None = None
    recorder: Recorder | None = None
    expected_sha256: bytes | None = None
    modified_at: datetime | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """The outcome: the segment (live or there already), the quarantined object and why, or neither."""

    outcome: Outcome
    segment: Segment | None = None
    quarantined: Quarantined | None = None
    reason: Reason | None = None
    notes: dict[str, Any] = field(default_factory=dict)


class Inadmissible(Exception):
    """The recording belongs into quarantine, for `reason`."""

    def __init__(self, reason: Reason) -> None:
        """Carry the reason to whoever seals it away."""
        self.reason = reason
        super().__init__(reason.code)


def inadmissible(code: str, detail: str, *, status: int = 422) -> Inadmissible:
    """An Inadmissible with a new reason."""
    return Inadmissible(Reason(code, detail, status))
