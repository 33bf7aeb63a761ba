"""What the access log's desk takes from the project: names to choose from, and paper (its injections)."""

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cctv.core.pdf import Column, Document
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera, Purpose, Site

READ = "log.read"


def choices(request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
    """(id, name) of the people, cameras, sites and purposes that this reader may ask about."""
    allowed = permissions_of(request.user).sites(READ)
    sites = Site.objects.order_by("name")
    cameras = Camera.objects.select_related("site").order_by("site__name", "name")
    people = Account.objects.order_by("name")
    if allowed is not None:
        sites, cameras = sites.filter(pk__in=allowed), cameras.filter(site__in=allowed)
        people = people.filter(grants__site__in=allowed).distinct()
    several = len(sites) > 1
    return {
        "actor": [(str(each.pk), each.name) for each in people],
        "camera": [(str(each.pk), _of_site(each) if several else each.name) for each in cameras],
        "camera_zone": [(str(each.pk), each.site.time_zone) for each in cameras],
        "site_zone": [(str(each.pk), each.time_zone) for each in sites],
        "home_zone": [(each.time_zone, each.name) for each in sites.order_by("created_at", "pk")[:1]],
        "site": [(str(each.pk), each.name) for each in sites],
        "purpose": [(each.code, each.name) for each in Purpose.objects.order_by("name")],
    }


def _of_site(camera: Camera) -> str:
    return _("%(camera)s, %(site)s") % {"camera": camera.name, "site": camera.site.name}


def pdf(
    title: str,
    meta: Sequence[tuple[str, str]],
    columns: Sequence[tuple[str, float]],
    rows: Sequence[Sequence[str]],
) -> bytes:
    """An A4 document in the active language: the facts at its head, then the table."""
    language = (translation.get_language() or "en").split("-")[0]
    now = timezone.now()
    document = Document(language=language, title=title, author="Lethe", made_at=now, foot=title)
    document.heading(title)
    document.facts(meta)
    document.heading(_("Entries"), level=2)
    document.table([Column(name, share) for name, share in columns], rows)
    return document.to_bytes()
