"""What is there of a span, what of it is held, and by which hold: for asking, and for the pages."""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.retention.holds.models import PROTECTING, HeldObject
from cctv.sites.models import Camera


def held() -> "QuerySet[HeldObject]":
    """What a hold in force keeps of the outer query's segment."""
    return HeldObject.objects.filter(segment=OuterRef("pk"), hold__state__in=PROTECTING)


def recorded(camera: Camera, start: datetime, end: datetime) -> "QuerySet[Segment]":
    """The camera's segments that reach into [start, end): unexpired ones, and those that a hold keeps."""
    return Segment.objects.filter(
        Q(expires_at__gt=clock.now()) | Q(Exists(held())),
        camera=camera,
        starts_at__gt=start - LONGEST_SEGMENT,
        starts_at__lt=end,
        ends_at__gt=start,
    ).order_by("starts_at")


def unheld(
    camera: Camera, start: datetime, end: datetime, *, hold_id: UUID | None = None
) -> "QuerySet[Segment]":
    """Of these, what is under no hold; with `hold_id`, what is not under that one."""
    found = held() if hold_id is None else held().filter(hold_id=hold_id)
    return recorded(camera, start, end).exclude(Exists(found))
