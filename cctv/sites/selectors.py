"""Reads of the register."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, Q, QuerySet

from cctv.core import clock
from cctv.sites import expiry
from cctv.sites.expiry import Rule
from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import Camera, Organisation, Purpose, RetentionRule, Site


def rules_for(camera: Camera) -> list[Rule]:
    """Every rule, past and future, that can decide for the camera."""
    return [as_rule(row) for row in _rows_for(camera)]


def ended_before(cameras: Iterable[Camera], *, at: datetime | None = None) -> dict[UUID, datetime]:
    """Of each camera (with its site) the moment before which all footage has expired by the rules.

    As of now, or as it will be `at` a later time.
    """
    cameras = list(cameras)
    sites = {camera.site_id: camera.site for camera in cameras}.values()
    concerned = (
        Q(camera__in=cameras)
        | Q(site__in=sites)
        | Q(organisation__in=[site.organisation_id for site in sites])
    )
    rows = list(RetentionRule.objects.filter(concerned).order_by("effective_from", "created_at"))
    now = at or clock.now()
    return {
        camera.pk: expiry.ended_before(
            [as_rule(row) for row in rows if _concerns(row, camera)],
            now=now,
            default_days=profile_of(camera.site.jurisdiction).default_days,
        )
        for camera in cameras
    }


def expiry_for(camera: Camera, ends_at: datetime) -> datetime:
    """When footage of the camera that ended then expires, as the rules stand now."""
    default_days = profile_of(camera.site.jurisdiction).default_days
    return expiry.expires_at(ends_at, rules_for(camera), now=clock.now(), default_days=default_days)


def camera_by_code(code: str) -> Camera | None:
    """The camera with this code, retired or not, with its site."""
    return Camera.objects.select_related("site", "zone").filter(code=code).first()


def cameras_in_use() -> QuerySet[Camera]:
    """Cameras that are not retired."""
    return Camera.objects.filter(retired_at__isnull=True).select_related("site", "zone")


@dataclass(frozen=True, slots=True)
class Kept:
    """How long something new is kept now: `days`, by the rule `row`, or by the law's default without one."""

    days: int
    row: RetentionRule | None
    default_days: int

    @property
    def needs_reason(self) -> bool:
        """Kept longer than the law's default, by a rule that gives no reason."""
        return self.days > self.default_days and not (self.row and self.row.reason)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A rule in a history; `state` is now, later, past, or overruled (by a narrower one)."""

    row: RetentionRule
    scope: str
    state: str


def register_sites(allowed: frozenset[UUID] | None) -> list[dict[str, Any]]:
    """The sites of the register with cameras, zones, sign count and retention; those in use first."""
    cameras = Camera.objects.select_related("zone", "site").prefetch_related("purposes")
    sites = Site.objects.select_related("organisation").prefetch_related(
        Prefetch("cameras", queryset=cameras.order_by("retired_at", "name")), "zones"
    )
    if allowed is not None:
        sites = sites.filter(pk__in=allowed)
    rows = list(RetentionRule.objects.order_by("effective_from", "created_at"))
    return [
        {
            "site": site,
            "cameras": [{"camera": each, "kept": kept(each, rows)} for each in site.cameras.all()],
            "sign": sum(each.retired_at is None for each in site.cameras.all()),
            "kept": kept(site, rows),
        }
        for site in sorted(sites, key=lambda site: (site.retired_at is not None, site.name))
    ]


def kept(scope: Site | Camera, rows: Iterable[RetentionRule] | None = None) -> Kept:
    """What holds for new footage of a camera, or of a site's cameras that have no rule of their own."""
    candidates = (
        [row for row in rows if _concerns(row, scope)] if rows is not None else list(_rows_for(scope))
    )
    now = clock.now()
    current = [row for row in candidates if row.effective_from <= now]
    row = max(reversed(current), key=lambda row: (_rank(row), row.effective_from), default=None)
    site = scope if isinstance(scope, Site) else scope.site
    default_days = profile_of(site.jurisdiction).default_days
    return Kept(row.days if row else default_days, row, default_days)


def history(scope: Organisation | Site | Camera) -> list[HistoryRow]:
    """Every rule that concerns it, the newest first."""
    rows = list(_rows_for(scope).select_related("site", "camera", "created_by"))
    now = clock.now()
    current = {}
    for row in rows:  # of each scope the last one that has begun
        if row.effective_from <= now:
            current[_rank(row)] = row
    deciding = max(current, default=None)
    found = []
    for row in reversed(rows):
        if row.effective_from > now:
            state = "later"
        elif current[_rank(row)] is not row:
            state = "past"
        else:
            state = "now" if _rank(row) == deciding else "overruled"
        found.append(HistoryRow(row, ("organisation", "site", "camera")[_rank(row)], state))
    return found


def common_zone(sites: frozenset[UUID] | None) -> ZoneInfo:
    """The zone of those sites (None: all) if their clocks show the same time now, else UTC."""
    found = Site.objects.all() if sites is None else Site.objects.filter(pk__in=sites)
    zones = [ZoneInfo(name) for name in sorted(set(found.values_list("time_zone", flat=True)))]
    now = clock.now()
    offsets = {now.astimezone(zone).utcoffset() for zone in zones}
    return zones[0] if len(offsets) == 1 else ZoneInfo("UTC")


def sign_count(site: Site) -> int:
    """How many cameras the site's sign has to name (O3)."""
    return site.cameras.filter(retired_at=None).count()


def purposes_with_use() -> QuerySet[Purpose]:
    """All purposes, those in use first, with `in_use`: how many cameras that are not retired have them."""
    used = Count("cameras", filter=Q(cameras__retired_at=None))
    return Purpose.objects.annotate(in_use=used).order_by("retired_at", "name")


def _rows_for(scope: Organisation | Site | Camera) -> QuerySet[RetentionRule]:
    if isinstance(scope, Organisation):
        concerned = Q(organisation=scope)
    elif isinstance(scope, Site):
        concerned = Q(site=scope) | Q(organisation=scope.organisation_id)
    else:
        concerned = Q(camera=scope) | Q(site=scope.site_id) | Q(organisation__sites=scope.site_id)
    return RetentionRule.objects.filter(concerned).order_by("effective_from", "created_at")


def _concerns(row: RetentionRule, scope: Site | Camera) -> bool:
    if isinstance(scope, Camera):
        return row.camera_id == scope.pk or _concerns(row, scope.site)
    return row.site_id == scope.pk or row.organisation_id == scope.organisation_id


def _rank(row: RetentionRule) -> int:
    return expiry.CAMERA if row.camera_id else expiry.SITE if row.site_id else expiry.ORGANISATION


def as_rule(row: RetentionRule) -> Rule:
    """The row as `sites.expiry` reckons with it."""
    return Rule(row.effective_from, row.days, _rank(row))
