"""Reads of the register of prints and media."""

from uuid import UUID

from django.db.models import F, Q, QuerySet

from cctv.core import clock
from cctv.disclosure.models import Medium, MediumState
from cctv.people.models import Account, RoleGrant
from cctv.sites.models import Camera, Site

SiteIds = frozenset[UUID] | None


def media(*, sites: SiteIds) -> "QuerySet[Medium]":
    """All of the sites, with what their rows show."""
    found = Medium.objects.select_related("site", "camera", "made_by", "destroyed_by", "witness")
    return found if sites is None else found.filter(site_id__in=sites)


def existing(*, sites: SiteIds, text: str = "") -> "QuerySet[Medium]":
    """Those that still exist: what is overdue first, then by the day it falls due, then the rest."""
    found = _matching(media(sites=sites), text).exclude(state=MediumState.DESTROYED)
    return found.order_by(F("due_at").asc(nulls_last=True), "-made_at")


def destroyed(*, sites: SiteIds, text: str = "") -> "QuerySet[Medium]":
    """Those that are no more, the last one first."""
    found = _matching(media(sites=sites), text).filter(state=MediumState.DESTROYED)
    return found.order_by("-destroyed_at")


def overdue(*, sites: SiteIds) -> int:
    """How many should have been returned or destroyed by now."""
    return existing(sites=sites).filter(due_at__lt=clock.now()).count()


def _matching(found: "QuerySet[Medium]", text: str) -> "QuerySet[Medium]":
    words = Q(number__icontains=text) | Q(serial__icontains=text) | Q(case__icontains=text)
    return found.filter(words | Q(description__icontains=text)) if text else found


def sites_of(allowed: SiteIds) -> "QuerySet[Site]":
    """Sites in use that a medium can belong to."""
    found = Site.objects.filter(retired_at=None)
    return found if allowed is None else found.filter(pk__in=allowed)


def cameras_of(allowed: SiteIds) -> "QuerySet[Camera]":
    """Cameras whose footage a medium can hold, retired ones among them."""
    found = Camera.objects.select_related("site").order_by("site__name", "name")
    return found if allowed is None else found.filter(site_id__in=allowed)


def witnesses(site: Site, *, besides: Account) -> "QuerySet[Account]":
    """Colleagues with a role at the site, who can have seen a destruction."""
    grants = RoleGrant.objects.in_force().filter(Q(site=site) | Q(site=None))
    people = Account.objects.filter(pk__in=grants.values("account_id"), is_active=True)
    return people.exclude(pk=besides.pk).order_by("name")
