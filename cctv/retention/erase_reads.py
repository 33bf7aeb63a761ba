"""What the pages of erasures show: what one would take and leave, what became of those decided."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.db.models import QuerySet

from cctv.core import clock
from cctv.ingest.models import Quarantined
from cctv.retention import erase
from cctv.retention.erase import Found
from cctv.retention.holds.models import PROTECTING, Hold
from cctv.retention.models import Certificate, Erasure, PurgeRun, RunState
from cctv.sites.models import Camera

Span = tuple[datetime, datetime]
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would take. `more_before` and `more_after` lie outside the span that was asked for,
    and go because a segment goes as a whole."""

    found: Found
    spans: list[Span]
    more_before: Span | None
    more_after: Span | None
    held: list[Span]
    holds: list[Hold]
    undated: int

    @property
    def shown(self) -> list[Span]:
        """The first of the stretches that go."""
        return self.spans[:SHOWN]

    @property
    def hidden(self) -> int:
        """How many more there are."""
        return max(0, len(self.spans) - SHOWN)

    @property
    def seconds(self) -> float:
        """How long the stretches are together."""
        return sum((end - start).total_seconds() for start, end in self.spans)

    @property
    def seconds_more(self) -> float:
        """How much of it was not asked for."""
        outside = [span for span in (self.more_before, self.more_after) if span]
        return sum((end - start).total_seconds() for start, end in outside)

    @property
    def digest(self) -> str:
        """Stands for exactly these objects: what is confirmed is what was shown."""
        return sha256("".join(sorted(str(each.pk) for each in self.found.going)).encode()).hexdigest()[:32]


def preview(*, camera: Camera, starts_at: datetime, ends_at: datetime) -> Preview:
    """What an erasure of [starts_at, ends_at) would take now, and what it would leave."""
    found = erase.find(camera=camera, starts_at=starts_at, ends_at=ends_at)
    going = erase.spans(found.segments)
    undated = Quarantined.objects.filter(camera=camera, claimed_start=None, expires_at__gt=clock.now())
    holds = Hold.objects.filter(state__in=PROTECTING, objects_held__segment__in=[o.pk for o in found.held])
    return Preview(
        found=found,
        spans=going,
        more_before=(going[0][0], starts_at) if going and going[0][0] < starts_at else None,
        more_after=(ends_at, going[-1][1]) if going and going[-1][1] > ends_at else None,
        held=erase.spans(found.held),
        holds=list(holds.distinct().order_by("number")[:SHOWN]) if found.held else [],
        undated=undated.count(),
    )


def erasures(*, sites: Collection[UUID] | None) -> "QuerySet[Erasure]":
    """Those of the sites (None for every site), newest first."""
    rows = Erasure.objects.select_related("camera", "site", "decided_by").order_by("-decided_at")
    return rows if sites is None else rows.filter(site__in=sites)


def certificates_of(erasure: Erasure) -> list[Certificate]:
    """The certificates that name the camera and the time, issued since; none before it is destroyed."""
    if erasure.applied_at is None:
        return []
    found = Certificate.objects.filter(
        site=erasure.site_id,
        issued_at__gte=erasure.applied_at,
        of_cameras__camera=erasure.camera_id,
        of_cameras__starts_at__lt=erasure.ends_at,
        of_cameras__ends_at__gt=erasure.starts_at,
    )
    return list(found.distinct().order_by("issued_at")[:SHOWN])


def purge_is_paused() -> bool:
    """Whether a guard stops all destruction at the moment."""
    return PurgeRun.objects.filter(is_open=True, state=RunState.PAUSED).exists()
