"""What changes the register. Each change is an entry of the access log before it is a row.

Rules enforced here, not in forms, because imports and commands come this way too (domain.md O1-O9):
a legal basis of the jurisdiction's, at least one purpose, no forbidden zone, a reason for keeping
longer than the profile's default, no sound where the law forbids it, a place of storage.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import (
    FORBIDDEN_ZONES,
    AudioPolicy,
    Camera,
    Organisation,
    Purpose,
    RetentionRule,
    Site,
    Zone,
)
from cctv.sites.schedules import check_schedule

CHANGE, RULE = "register.change", "retention.rule"


class RegisterRefused(LetheError):
    """The register's rules do not allow this; `field` names the form field that it is about."""

    code = "register_refused"

    def __init__(self, code: str, field: str, message: Any, hint: Any = "") -> None:
        """A refusal with its own code."""
        super().__init__(message, hint=hint, code=code)
        self.field = field


def create_organisation(*, name: str, is_public_body: bool = False, contact: str = "") -> Organisation:
    """The controller, once per installation; the existing one if there is one."""
    existing = Organisation.objects.first()
    if existing is not None:
        return existing
    organisation = Organisation(name=name, is_public_body=is_public_body, contact=contact)
    _log("organisation.created", None, {"object": {"id": str(organisation.pk), "name": name}})
    organisation.save(force_insert=True)
    return organisation


def create_site(
    *,
    actor: Account | None,
    organisation: Organisation,
    code: str,
    name: str,
    time_zone: str,
    jurisdiction: str,
    storage_place: str,
    address: str = "",
) -> Site:
    """A workplace with its time zone, law and place of storage (O9)."""
    _check_site(time_zone=time_zone, storage_place=storage_place)
    site = Site(
        organisation=organisation, code=code, name=name, time_zone=time_zone, jurisdiction=jurisdiction,
        storage_place=storage_place, address=address,
    )  # fmt: skip
    _unique(Site.objects.filter(code=code).exists(), "code", code)
    _log("site.created", actor, {"object": _thing(site)}, site=site)
    site.save(force_insert=True)
    return site


def change_site(*, actor: Account, site: Site, changes: Mapping[str, Any]) -> Site:
    """Change a site's name, address, zone or storage place; the entry holds before and after."""
    _check_site(
        time_zone=changes.get("time_zone", site.time_zone),
        storage_place=changes.get("storage_place", site.storage_place),
    )
    return _change(actor, site, changes, "site.changed", site=site)


def retire_site(*, actor: Account, site: Site) -> None:
    """Close a site: no new cameras or footage; what is there still expires by its own rule."""
    if Camera.objects.filter(site=site, retired_at__isnull=True).exists():
        raise RegisterRefused(
            "site_has_cameras", "", _("Cameras of this site are still in use."), _("Retire its cameras first.")
        )
    _retire(actor, site, "site.retired", site=site)


def create_zone(*, actor: Account | None, site: Site, name: str, kind: str) -> Zone:
    """A part of a site. Toilets, baths and changing rooms cannot be registered (O4)."""
    if kind in FORBIDDEN_ZONES:
        raise RegisterRefused(
            "forbidden_zone",
            "kind",
            _("Cameras are forbidden in toilets, baths and changing rooms."),
            _("Choose another place; there is no exception to this."),
        )
    _unique(Zone.objects.filter(site=site, name=name).exists(), "name", name)
    zone = Zone(site=site, name=name, kind=kind)
    _log("zone.created", actor, {"object": _thing(zone)}, site=site)
    zone.save(force_insert=True)
    return zone


def create_purpose(
    *, actor: Account | None, organisation: Organisation, code: str, name: str, description: str = ""
) -> Purpose:
    """Why cameras are run (O2)."""
    _unique(Purpose.objects.filter(organisation=organisation, code=code).exists(), "code", code)
    purpose = Purpose(organisation=organisation, code=code, name=name, description=description)
    _log("purpose.created", actor, {"object": _thing(purpose)})
    purpose.save(force_insert=True)
    return purpose


def change_purpose(*, actor: Account, purpose: Purpose, changes: Mapping[str, Any]) -> Purpose:
    """Change a purpose's words; its code stays, because the log speaks of it."""
    return _change(actor, purpose, changes, "purpose.changed")


def retire_purpose(*, actor: Account, purpose: Purpose) -> None:
    """No viewing can state it any more. Refused while a camera has no other purpose."""
    for camera in Camera.objects.filter(purposes=purpose, retired_at__isnull=True):
        if not camera.purposes.filter(retired_at__isnull=True).exclude(pk=purpose.pk).exists():
            raise RegisterRefused(
                "purpose_needed",
                "",
                _("%(camera)s has no other purpose.") % {"camera": camera.name},
                _("Give the camera another purpose or retire it first."),
            )
    _retire(actor, purpose, "purpose.retired")


def create_camera(
    *, actor: Account | None, site: Site, code: str, purposes: Iterable[Purpose], **fields: Any
) -> Camera:
    """Register a camera with purpose, legal basis, place and scope (O1, O2, O4, O7)."""
    purposes = list(purposes)
    camera = Camera(site=site, code=code, **fields)
    _check_camera(camera, purposes)
    _unique(Camera.objects.filter(code=code).exists(), "code", code)
    body = {"object": _thing(camera), "purposes": [purpose.code for purpose in purposes]}
    _log("camera.created", actor, body, site=site, camera=camera)
    with transaction.atomic():
        camera.save(force_insert=True)
        camera.purposes.set(purposes)
    return camera


def change_camera(
    *, actor: Account, camera: Camera, changes: Mapping[str, Any], purposes: Iterable[Purpose] | None = None
) -> Camera:
    """Change a camera; its code stays. Existing footage keeps its own expiry."""
    chosen = list(purposes) if purposes is not None else list(camera.purposes.all())
    trial = Camera.objects.select_related("site", "zone").get(pk=camera.pk)
    for name, value in changes.items():
        setattr(trial, name, value)
    _check_camera(trial, chosen)
    before = {"purposes": sorted(camera.purposes.values_list("code", flat=True))}
    after = {"purposes": sorted(purpose.code for purpose in chosen)}
    changed = _change(
        actor, camera, changes, "camera.changed", site=camera.site, camera=camera, before=before, after=after
    )
    changed.purposes.set(chosen)
    return changed


def retire_camera(*, actor: Account, camera: Camera) -> None:
    """Nothing more comes in; footage that is there still expires by the camera's own rule."""
    _retire(actor, camera, "camera.retired", site=camera.site, camera=camera)


def add_rule(
    *,
    actor: Account | None,
    scope: Organisation | Site | Camera,
    days: int,
    effective_from: datetime | None = None,
    reason: str = "",
) -> RetentionRule:
    """Add a retention rule to the history (O8); rules are never edited.

    Keeping longer than the jurisdiction's default needs a reason. A rule never takes effect in the past:
    nothing may be made to have expired already by a slip of the pen.
    """
    moment = effective_from or clock.now()
    if effective_from is not None and effective_from < clock.now():
        raise RegisterRefused(
            "rule_in_the_past",
            "effective_from",
            _("A rule cannot take effect in the past."),
            _("Leave the field empty to let it take effect now."),
        )
    if not 1 <= days <= 3660:
        raise RegisterRefused("rule_days", "days", _("Give between 1 and 3660 days."))
    limit = min(profile_of(code).default_days for code in _jurisdictions(scope))
    if days > limit and not reason.strip():
        raise RegisterRefused(
            "rule_needs_reason",
            "reason",
            _("Keeping footage longer than %(days)d days needs a reason here.") % {"days": limit},
            _("Write down why, as you would tell the authority."),
        )
    site = scope if isinstance(scope, Site) else scope.site if isinstance(scope, Camera) else None
    rule = RetentionRule(effective_from=moment, days=days, reason=reason.strip(), created_by=actor)
    setattr(rule, type(scope).__name__.lower(), scope)
    body = {
        "object": _thing(scope), "days": days, "reason": rule.reason, "effective_from": clock.rfc3339(moment),
    }  # fmt: skip
    camera = scope if isinstance(scope, Camera) else None
    _log("rule.added", actor, body, site=site, camera=camera, action=RULE)
    rule.save(force_insert=True)
    return rule


def _jurisdictions(scope: Organisation | Site | Camera) -> list[str]:
    if isinstance(scope, Organisation):
        return [site.jurisdiction for site in scope.sites.all()] or ["KR"]
    return [scope.jurisdiction if isinstance(scope, Site) else scope.site.jurisdiction]


def _check_site(*, time_zone: str, storage_place: str) -> None:
    if time_zone not in available_timezones():
        raise RegisterRefused(
            "time_zone", "time_zone", _("This is not a time zone."), _("Write it as Asia/Seoul or Europe/London.")
        )
    if not storage_place.strip():
        raise RegisterRefused(
            "storage_place", "storage_place", _("Say where the footage is stored."), _("The public notice names it.")
        )


def _check_camera(camera: Camera, purposes: list[Purpose]) -> None:
    profile = profile_of(camera.site.jurisdiction)
    if camera.legal_basis not in {code for code, _text in profile.legal_bases}:
        raise RegisterRefused(
            "legal_basis", "legal_basis", _("Choose the legal basis that this camera rests on.")
        )
    if not purposes or any(purpose.retired_at for purpose in purposes):
        raise RegisterRefused("purposes", "purposes", _("Choose at least one purpose that is in use."))
    if camera.zone.site_id != camera.site_id:
        raise RegisterRefused("zone", "zone", _("Choose a zone of this site."))
    if camera.zone.kind in FORBIDDEN_ZONES:
        raise RegisterRefused(
            "forbidden_zone", "zone", _("Cameras are forbidden in toilets, baths and changing rooms.")
        )
    for field in ("location", "scope_text"):
        if not getattr(camera, field).strip():
            raise RegisterRefused(field, field, _("Say what is filmed and from where; the sign names it."))
    if camera.audio_policy == AudioPolicy.KEEP and not profile.audio_allowed:
        raise RegisterRefused(
            "audio_forbidden",
            "audio_policy",
            _("Recording sound is not allowed here."),
            _("Lethe removes the sound from what the recorder sends."),
        )
    if problem := check_schedule(camera.schedule):
        raise RegisterRefused("schedule", "schedule", problem)


def _unique(taken: bool, field: str, value: str) -> None:
    if taken:
        raise RegisterRefused(
            "taken", field, _("“%(value)s” is in use already.") % {"value": value}, _("Choose another one.")
        )


def _change(
    actor: Account,
    row: Any,
    changes: Mapping[str, Any],
    kind: str,
    *,
    site: Site | None = None,
    camera: Camera | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Any:
    """Log what differs and save it; no entry and no write when nothing does."""
    was, becomes = dict(before or {}), dict(after or {})
    for name, value in changes.items():
        was[name], becomes[name] = _plain(getattr(row, name)), _plain(value)
    differing = [name for name in becomes if was[name] != becomes[name]]
    if not differing:
        return row
    body = {
        "object": _thing(row),
        "before": {name: was[name] for name in differing},
        "after": {name: becomes[name] for name in differing},
    }
    _log(kind, actor, body, site=site, camera=camera)
    for name, value in changes.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise RegisterRefused("taken", "", _("This conflicts with another row of the register.")) from error
    return row


def _retire(actor: Account, row: Any, kind: str, *, site: Site | None = None, camera: Camera | None = None) -> None:
    if row.retired_at is not None:
        return
    _log(kind, actor, {"object": _thing(row)}, site=site, camera=camera)
    row.retired_at = clock.now()
    row.save(update_fields=["retired_at"])


def _thing(row: Any) -> dict[str, str]:
    return {"id": str(row.pk), "name": str(row), **({"code": row.code} if hasattr(row, "code") else {})}


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, bool, list, dict)) or value is None else str(value)


def _log(
    kind: str,
    actor: Account | None,
    body: dict[str, Any],
    *,
    site: Site | None = None,
    camera: Camera | None = None,
    action: str = CHANGE,
) -> None:
    """One entry; without an actor it is the installation itself (set-up)."""
    site_id = site.pk if site else None
    who = (
        actor_fields(actor, action, site_id=site_id)
        if actor
        else {"id": "", "name": "Lethe", "employer": "", "role": "setup"}
    )
    full = {"actor": who, **body}
    if site is not None:
        full["site"] = {"id": str(site.pk), "name": site.name}
    fields = IndexFields(
        actor=str(actor.pk) if actor else "",
        site=str(site.pk) if site else "",
        camera=str(camera.pk) if camera else "",
    )
    append(kind=kind, body=full, index=[fields])
