"""Reads of the segment catalogue. Expired segments are never among the answers (invariant 3).

The one exception is what a hold keeps, for a session that was opened from that hold.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min, Q, QuerySet

from cctv.core import clock
from cctv.footage import catalogue
from cctv.footage.catalogue import Span
from cctv.footage.models import Segment, ViewingSession
from cctv.sites.models import Camera, Site

# A camera that delivered nothing for this long counts as silent.
SILENT_AFTER = timedelta(minutes=15)
# No segment is longer; bounds the look-back for one that began before a span and reaches into it.
LONGEST_SEGMENT = timedelta(hours=2)


def live_segments(*, camera_id: UUID, start: datetime, end: datetime) -> QuerySet[Segment]:
    """The unexpired segments of a camera that overlap [start, end), in order."""
    return _overlapping(camera_id, start, end).filter(expires_at__gt=clock.now())


def _overlapping(camera_id: UUID, start: datetime, end: datetime) -> QuerySet[Segment]:
    return Segment.objects.filter(
        camera_id=camera_id,
        starts_at__gt=start - LONGEST_SEGMENT,
        starts_at__lt=end,
        ends_at__gt=start,
    ).order_by("starts_at")


def segments_of(session: ViewingSession, *, camera_id: UUID) -> QuerySet[Segment]:
    """What the session may see of the camera, in order: what has not expired.

    A session that was opened from a hold sees what that hold holds instead, expired or not, and nothing else.
    """
    if session.hold_id is None:
        return live_segments(camera_id=camera_id, start=session.starts_at, end=session.ends_at)
    found = _overlapping(camera_id, session.starts_at, session.ends_at)
    return found.filter(held__hold_id=session.hold_id)


def session_coverage(session: ViewingSession, *, camera_id: UUID) -> list[Span]:
    """The stretches of the camera that the session may see, merged."""
    spans = segments_of(session, camera_id=camera_id).values_list("starts_at", "ends_at")
    return catalogue.clip(catalogue.merge(spans), session.starts_at, session.ends_at)


def coverage(*, camera_id: UUID, start: datetime, end: datetime) -> list[Span]:
    """The recorded stretches of a camera inside [start, end), merged."""
    spans = live_segments(camera_id=camera_id, start=start, end=end).values_list("starts_at", "ends_at")
    return catalogue.clip(catalogue.merge(spans), start, end)


@dataclass(frozen=True, slots=True)
class CameraState:
    """How a camera is doing, without a picture of it."""

    camera: Camera
    segments: int
    first_at: datetime | None
    last_at: datetime | None
    size_bytes: int

    @property
    def state(self) -> str:
        """`recorded`, `silent` (nothing lately) or `empty` (nothing at all)."""
        if self.last_at is None:
            return "empty"
        return "silent" if clock.now() - self.last_at > SILENT_AFTER else "recorded"


def camera_states(cameras: Iterable[Camera]) -> list[CameraState]:
    """The states of the given cameras, in their order."""
    cameras = list(cameras)
    rows = (
        Segment.objects.filter(camera__in=cameras, expires_at__gt=clock.now())
        .values("camera_id")
        .annotate(count=Count("id"), first=Min("starts_at"), last=Max("ends_at"))
    )
    by_camera: dict[Any, dict[str, Any]] = {row["camera_id"]: dict(row) for row in rows}
    states = []
    for camera in cameras:
        row = by_camera.get(camera.pk, {})
        states.append(CameraState(camera, row.get("count", 0), row.get("first"), row.get("last"), 0))
    return states


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """One calendar day of a camera in the site's zone."""

    day: date
    start: datetime
    end: datetime
    spans: Sequence[Span]

    @property
    def seconds(self) -> float:
        """Recorded seconds of the day."""
        return catalogue.total_seconds(self.spans)


def days_of(*, camera: Camera, zone: ZoneInfo, last: date, count: int) -> list[DayCoverage]:
    """The `count` days up to and including `last`, newest first, with what was recorded on each."""
    first = last - timedelta(days=count - 1)
    start, end = catalogue.day_span(first, zone)[0], catalogue.day_span(last, zone)[1]
    spans = coverage(camera_id=camera.pk, start=start, end=end)
    days = []
    for offset in range(count):
        day = last - timedelta(days=offset)
        day_start, day_end = catalogue.day_span(day, zone)
        days.append(DayCoverage(day, day_start, day_end, catalogue.clip(spans, day_start, day_end)))
    return days


def active_cameras(site: Site) -> QuerySet[Camera]:
    """The cameras of a site, and retired ones while footage of theirs remains."""
    return (
        Camera.objects.filter(site=site)
        .filter(Q(retired_at__isnull=True) | Q(segments__expires_at__gt=clock.now()))
        .distinct()
        .select_related("site", "zone")
        .order_by("name")
    )
