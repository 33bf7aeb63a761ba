"""Reads of the segment catalogue. Expired segments are never among the answers (invariant 3).

The one exception is what a hold keeps, for a session that was opened from that hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from cctv.footage import catalogue
from cctv.footage.catalogue import Span
from cctv.footage.models import Segment, ViewingSession
from cctv.sites.models import Camera, Site
from cctv.vault import past

# No segment is longer; bounds the look-back for one that began before a span and reaches into it.
LONGEST_SEGMENT = timedelta(hours=2)


def live_segments(*, camera_id: UUID, start: datetime, end: datetime) -> QuerySet[Segment]:
    """The unexpired segments of a camera that overlap [start, end), in order."""
    return _overlapping(camera_id, start, end).filter(expires_at__gt=past.reached())


def _overlapping(camera_id: UUID, start: datetime, end: datetime) -> QuerySet[Segment]:
    return Segment.objects.filter(
        camera_id=camera_id,
        starts_at__gt=start - LONGEST_SEGMENT,
        starts_at__lt=end,
        ends_at__gt=start,
    ).order_by("starts_at")


def segments_of(session: ViewingSession, *, camera_id: UUID, window: Span | None = None) -> QuerySet[Segment]:
    """What the session may see of the camera, in order: what has not expired. `window` narrows it.

    A session that was opened from a hold sees what that hold holds instead, expired or not, and nothing else.
    """
    start, end = window or (session.starts_at, session.ends_at)
    start, end = max(start, session.starts_at), min(end, session.ends_at)
    if session.hold_id is None:
        return live_segments(camera_id=camera_id, start=start, end=end)
    return _overlapping(camera_id, start, end).filter(held__hold_id=session.hold_id)


def footage_beside(
    session: ViewingSession, *, camera_id: UUID, window: Span
) -> tuple[datetime | None, datetime | None]:
    """The end of the last footage before the window, and the start of the first after it, in the session."""
    earlier = segments_of(session, camera_id=camera_id, window=(session.starts_at, window[0]))
    before = earlier.order_by("-starts_at").values_list("ends_at", flat=True).first()
    later = segments_of(session, camera_id=camera_id, window=(window[1], session.ends_at))
    after = later.values_list("starts_at", flat=True).first()
    return before and min(before, window[0]), after and max(after, window[1])


def coverage(*, camera_id: UUID, start: datetime, end: datetime) -> list[Span]:
    """The recorded stretches of a camera inside [start, end), merged."""
    spans = live_segments(camera_id=camera_id, start=start, end=end).values_list("starts_at", "ends_at")
    return catalogue.clip(catalogue.merge(spans), start, end)


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
    remains = Segment.objects.filter(camera=OuterRef("pk"), expires_at__gt=past.reached())
    return (
        Camera.objects.filter(site=site)
        .filter(Q(retired_at__isnull=True) | Exists(remains))
        .select_related("site", "zone")
        .order_by("name")
    )
