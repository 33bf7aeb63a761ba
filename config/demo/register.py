"""The demonstration's organisation, sites, cameras, people and watched folders, through the services."""

from pathlib import Path
from typing import Any

from django.conf import settings

from cctv.ingest.models import Source, SourceLayout
from cctv.ingest.sources import add_source
from cctv.people import services as people
from cctv.people.models import Account
from cctv.sites import services as register
from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import Camera, Organisation, Purpose, Site, Zone
from config.demo.plan import (
    CAMERAS,
    CONTACT,
    ORGANISATION,
    PASSWORD,
    PEOPLE,
    PURPOSES,
    SITE_DAYS,
    SITES,
    CameraPlan,
)

TERMINAL = "demo"


def create() -> None:
    """Everything that the footage needs to stand on; the caller sets the clock."""
    organisation = register.create_organisation(name=ORGANISATION, contact=CONTACT)
    purposes = {
        code: register.create_purpose(
            actor=None, organisation=organisation, code=code, name=name, description=description
        )
        for code, name, description in PURPOSES
    }
    sites = {plan.code: _site(organisation, plan) for plan in SITES}
    for camera in CAMERAS:
        _camera(sites[camera.site], camera, purposes)
    for person in PEOPLE:
        account = people.create_account(
            actor=None,
            email=person.email,
            name=person.name,
            employer=person.employer,
            password=PASSWORD,
            language=person.language,
        )
        people.grant_role(actor=None, account=account, role=person.role, site=sites.get(person.site))


def watch_folders() -> None:
    """A watched folder for each camera."""
    administrator = Account.objects.get(email="admin@demo.lethe")
    for plan in CAMERAS:
        camera = Camera.objects.select_related("site").get(code=plan.code)
        folder = Path(settings.LETHE_DROP_ROOT) / plan.code
        folder.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "name": f"ffmpeg, {plan.name}",
            "layout": SourceLayout.FFMPEG,
            "folder": str(folder),
            "camera": camera,
            "pattern": "%Y-%m-%d_%H-%M-%S.mp4",
            "time_zone": camera.site.time_zone,
            "settle_seconds": 2,
        }
        add_source(actor=administrator, terminal=TERMINAL, site=camera.site, values=values)


def live_folders() -> dict[str, Path]:
    """Camera code to watched folder."""
    sources = Source.objects.filter(camera__isnull=False, retired_at__isnull=True).select_related("camera")
    return {source.camera.code: Path(source.folder) for source in sources if source.camera}


def _site(organisation: Organisation, plan: Any) -> Site:
    site = register.create_site(
        actor=None,
        organisation=organisation,
        code=plan.code,
        name=plan.name,
        address=plan.address,
        time_zone=plan.time_zone,
        jurisdiction=plan.jurisdiction,
        storage_place=plan.storage_place,
    )
    register.add_rule(actor=None, scope=site, days=SITE_DAYS[plan.code])
    return site


def _camera(site: Site, plan: CameraPlan, purposes: dict[str, Purpose]) -> None:
    zone = Zone.objects.filter(site=site, name=plan.zone).first() or register.create_zone(
        actor=None, site=site, name=plan.zone, kind=plan.zone_kind
    )
    camera = register.create_camera(
        actor=None,
        site=site,
        code=plan.code,
        name=plan.name,
        zone=zone,
        location=plan.location,
        openness=plan.openness,
        legal_basis=profile_of(site.jurisdiction).legal_bases[0][0],
        scope_text=plan.scope,
        purposes=[purposes[code] for code in plan.purposes],
    )
    if plan.days:
        register.add_rule(actor=None, scope=camera, days=plan.days)
