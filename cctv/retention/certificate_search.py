"""Finding certificates."""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from cctv.retention.models import Certificate, CertificateCamera
from cctv.sites.models import Camera

SiteIds = frozenset[UUID] | None
Span = tuple[datetime, datetime]


def certificates(*, sites: SiteIds, number: str = "") -> "QuerySet[Certificate]":
    """Certificates of the given sites (None: all) whose number contains the text, newest first."""
    found = Certificate.objects.select_related("site", "run")
    if sites is not None:
        found = found.filter(site_id__in=sites)
    return found.filter(number__icontains=number) if number else found


def cameras(*, sites: SiteIds) -> list[Camera]:
    """The cameras that can be asked for, retired ones among them."""
    found = Camera.objects.select_related("site").order_by("site__name", "name")
    return list(found if sites is None else found.filter(site_id__in=sites))


def of_camera(found: "QuerySet[Certificate]", camera: Camera, span: Span | None) -> "QuerySet[Certificate]":
    """Those that speak of footage of the camera (recorded within the span)."""
    rows = CertificateCamera.objects.filter(certificate=OuterRef("pk"), camera=camera)
    return found.filter(Exists(_within(rows, span)))


def of_span(found: "QuerySet[Certificate]", span: Span | None) -> "QuerySet[Certificate]":
    """Those that speak of footage of any camera recorded within the span."""
    return found.filter(Exists(_within(CertificateCamera.objects.filter(certificate=OuterRef("pk")), span)))


def _within(rows: "QuerySet[CertificateCamera]", span: Span | None) -> "QuerySet[CertificateCamera]":
    return rows if span is None else rows.filter(starts_at__lt=span[1], ends_at__gt=span[0])


def by_number(number: str) -> Certificate | None:
    """The certificate with exactly this number, whoever asks: what is said of it is said to everybody."""
    return Certificate.objects.filter(number=number.upper()).first()
