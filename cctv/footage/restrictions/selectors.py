"""Which stretches of which cameras are restricted, and what the pages say of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from cctv.footage.catalogue import Span
from cctv.footage.restrictions.models import Restriction
from cctv.sites.models import Camera

SiteIds = frozenset[UUID] | None
LIFTED_SHOWN = 30


def in_force(*, camera_id: UUID, start: datetime, end: datetime) -> QuerySet[Restriction]:
    """The restrictions that lie over some of [start, end) of the camera, the earliest stretch first."""
    return Restriction.objects.filter(
        cameras=camera_id, lifted_at__isnull=True, starts_at__lt=end, ends_at__gt=start
    ).order_by("starts_at", "placed_at")


def restricted_spans(*, camera_ids: Iterable[UUID], start: datetime, end: datetime) -> dict[UUID, list[Span]]:
    """Of each camera the restricted stretches inside [start, end), in order; none: not among the keys."""
    rows = Restriction.cameras.through._default_manager.filter(
        camera_id__in=list(camera_ids),
        restriction__lifted_at__isnull=True,
        restriction__starts_at__lt=end,
        restriction__ends_at__gt=start,
    )
    found: dict[UUID, list[Span]] = {}
    for camera_id, first, last in rows.order_by("restriction__starts_at").values_list(
        "camera_id", "restriction__starts_at", "restriction__ends_at"
    ):
        found.setdefault(camera_id, []).append((max(first, start), min(last, end)))
    return found


@dataclass(frozen=True, slots=True)
class RestrictionRow:
    """A restriction in a list."""

    restriction: Restriction
    cameras: list[str]


@dataclass(frozen=True, slots=True)
class Overview:
    """What is restricted now, the newest first, and what no longer is."""

    standing: list[RestrictionRow]
    lifted: list[RestrictionRow]
    more_lifted: bool


def restrictions(*, sites: SiteIds) -> QuerySet[Restriction]:
    """The restrictions of the given sites (None: all)."""
    found = Restriction.objects.select_related("site", "placed_by", "lifted_by")
    return found if sites is None else found.filter(site_id__in=sites)


def overview(*, sites: SiteIds, site_code: str = "", first_lifted: int = 0) -> Overview:
    """Of the given sites, or of the one among them with this code."""
    found = restrictions(sites=sites).filter(Q(site__code=site_code) if site_code else Q())
    over = list(
        found.exclude(lifted_at=None).order_by("-lifted_at")[first_lifted : first_lifted + LIFTED_SHOWN + 1]
    )
    standing = list(found.filter(lifted_at=None).order_by("-placed_at"))
    return Overview(_rows(standing), _rows(over[:LIFTED_SHOWN]), len(over) > LIFTED_SHOWN)


def _rows(found: Sequence[Restriction]) -> list[RestrictionRow]:
    names: dict[UUID, list[str]] = {}
    pairs = Camera.objects.filter(restrictions__in=[each.pk for each in found]).order_by("name")
    for pk, name in pairs.values_list("restrictions", "name"):
        names.setdefault(pk, []).append(name)
    return [RestrictionRow(each, names.get(each.pk, [])) for each in found]
