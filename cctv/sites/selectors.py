"""Reads of the register."""

from datetime import datetime

from django.db.models import Q, QuerySet

from cctv.core import clock
from cctv.sites import expiry
from cctv.sites.expiry import Rule
from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import Camera, RetentionRule


def rules_for(camera: Camera) -> list[Rule]:
    """Every rule, past and future, that can decide for the camera."""
    rows = RetentionRule.objects.filter(
        Q(camera=camera) | Q(site_id=camera.site_id) | Q(organisation__sites=camera.site_id)
    ).order_by("effective_from", "created_at")
    return [
        Rule(
            row.effective_from,
            row.days,
            expiry.CAMERA if row.camera_id else expiry.SITE if row.site_id else expiry.ORGANISATION,
        )
        for row in rows
    ]


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
