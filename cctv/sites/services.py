"""What changes the register. Each change is an entry of the access log before it is a row.

The rules of `sites.rules` are enforced here, not in forms, because imports and commands come this way
too. The acting account is explicit and asked for its permission; None is the installation's set-up.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.people.actors import entry_actor
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites import rules
from cctv.sites.models import Camera, Organisation, Purpose, RetentionRule, Site, Zone
from cctv.sites.rules import RegisterRefused

__all__ = ["RegisterRefused"]

CHANGE, RULE = "register.change", "retention.rule"


def create_organisation(*, name: str, is_public_body: bool = False, contact: str = "") -> Organisation:
    """The controller, once per installation; the existing one if there is one."""
    existing = Organisation.objects.first()
    if existing is not None:
        return existing
    organisation = Organisation(name=name.strip(), is_public_body=is_public_body, contact=contact)
    rules.check_named(organisation)
    _log("organisation.created", None, {"object": _thing(organisation)})
    organisation.save(force_insert=True)
    return organisation


def create_site(
    *, actor: Account | None, organisation: Organisation, code: str, terminal: str = "", **fields: str
) -> Site:
    """A workplace: name, time_zone, jurisdiction, storage_place (O9) and, if known, address."""
    _require(actor, CHANGE, None)
    site = Site(organisation=organisation, code=code, **fields)
    rules.check_site(site)
    if Site.objects.filter(code=code).exists():
        raise rules.taken("code", code)
    _log("site.created", actor, {"object": _thing(site)}, site=site, terminal=terminal)
    _insert(site, "code")
    return site


def change_site(*, actor: Account, site: Site, changes: Mapping[str, Any], terminal: str = "") -> Site:
    """Change a site's name, address, zone or storage place; the entry holds before and after."""
    _require(actor, CHANGE, site)
    rules.check_in_use(site)
    trial = Site.objects.get(pk=site.pk)
    for name, value in changes.items():
        setattr(trial, name, value)
    rules.check_site(trial)
    _change(actor, site, changes, "site.changed", site=site, terminal=terminal)
    return site


def retire_site(*, actor: Account, site: Site, terminal: str = "") -> None:
    """Close a site: no new cameras or footage; what is there still expires by its own rule."""
    _require(actor, CHANGE, site)
    if Camera.objects.filter(site=site, retired_at__isnull=True).exists():
        raise RegisterRefused(
            "site_has_cameras",
            "",
            _("Cameras of this site are still in use."),
            _("Retire its cameras first."),
        )
    _retire(actor, site, "site.retired", site=site, terminal=terminal)


def create_zone(*, actor: Account | None, site: Site, name: str, kind: str, terminal: str = "") -> Zone:
    """A part of a site. Toilets, baths and changing rooms cannot be registered (O4)."""
    _require(actor, CHANGE, site)
    rules.check_in_use(site)
    rules.check_zone_kind(kind, "kind")
    zone = Zone(site=site, name=name, kind=kind)
    rules.check_named(zone)
    if Zone.objects.filter(site=site, name=name).exists():
        raise rules.taken("name", name)
    _log("zone.created", actor, {"object": _thing(zone)}, site=site, terminal=terminal)
    _insert(zone, "name")
    return zone


def create_purpose(
    *,
    actor: Account | None,
    organisation: Organisation,
    code: str,
    name: str,
    description: str = "",
    terminal: str = "",
) -> Purpose:
    """Why cameras are run (O2)."""
    _require(actor, CHANGE, None)
    purpose = Purpose(organisation=organisation, code=code, name=name, description=description)
    rules.check_named(purpose)
    if Purpose.objects.filter(organisation=organisation, code=code).exists():
        raise rules.taken("code", code)
    _log("purpose.created", actor, {"object": _thing(purpose)}, terminal=terminal)
    _insert(purpose, "code")
    return purpose


def change_purpose(
    *, actor: Account, purpose: Purpose, changes: Mapping[str, Any], terminal: str = ""
) -> Purpose:
    """Change a purpose's words; its code stays, because the log speaks of it."""
    _require(actor, CHANGE, None)
    rules.check_in_use(purpose)
    _change(actor, purpose, changes, "purpose.changed", terminal=terminal)
    return purpose


def retire_purpose(*, actor: Account, purpose: Purpose, terminal: str = "") -> None:
    """No viewing can state it any more. Refused while a camera has no other purpose."""
    _require(actor, CHANGE, None)
    for camera in Camera.objects.filter(purposes=purpose, retired_at__isnull=True):
        if not camera.purposes.filter(retired_at__isnull=True).exclude(pk=purpose.pk).exists():
            raise RegisterRefused(
                "purpose_needed",
                "",
                _("%(camera)s has no other purpose.") % {"camera": camera.name},
                _("Give the camera another purpose or retire it first."),
            )
    _retire(actor, purpose, "purpose.retired", terminal=terminal)


def create_camera(
    *,
    actor: Account | None,
    site: Site,
    code: str,
    purposes: Iterable[Purpose],
    terminal: str = "",
    **fields: Any,
) -> Camera:
    """Register a camera with purpose, legal basis, place and scope (O1, O2, O4, O7)."""
    _require(actor, CHANGE, site)
    rules.check_in_use(site)
    purposes = list(purposes)
    camera = Camera(site=site, code=code, **fields)
    rules.check_camera(camera, purposes)
    if Camera.objects.filter(code=code).exists():
        raise rules.taken("code", code)
    body = {"object": _thing(camera), "purposes": [purpose.code for purpose in purposes]}
    _log("camera.created", actor, body, site=site, camera=camera, terminal=terminal)
    with transaction.atomic():
        _insert(camera, "code")
        camera.purposes.set(purposes)
    return camera


def change_camera(
    *,
    actor: Account,
    camera: Camera,
    changes: Mapping[str, Any],
    purposes: Iterable[Purpose] | None = None,
    terminal: str = "",
) -> Camera:
    """Change a camera; its code stays. Existing footage keeps its own expiry."""
    _require(actor, CHANGE, camera.site)
    rules.check_in_use(camera)
    chosen = list(camera.purposes.filter(retired_at=None) if purposes is None else purposes)
    trial = Camera.objects.select_related("site", "zone").get(pk=camera.pk)
    for name, value in changes.items():
        setattr(trial, name, value)
    rules.check_camera(trial, chosen)
    before = {"purposes": sorted(camera.purposes.values_list("code", flat=True))}
    after = {"purposes": sorted(purpose.code for purpose in chosen)}
    _change(
        actor, camera, changes, "camera.changed",
        site=camera.site, camera=camera, before=before, after=after, terminal=terminal,
    )  # fmt: skip
    camera.purposes.set(chosen)
    return camera


def retire_camera(*, actor: Account, camera: Camera, terminal: str = "") -> None:
    """Nothing more comes in; footage that is there still expires by the camera's own rule."""
    _require(actor, CHANGE, camera.site)
    _retire(actor, camera, "camera.retired", site=camera.site, camera=camera, terminal=terminal)


def add_rule(
    *,
    actor: Account | None,
    scope: Organisation | Site | Camera,
    days: int,
    effective_from: datetime | None = None,
    reason: str = "",
    accepts_ending: bool = False,
    terminal: str = "",
) -> RetentionRule:
    """Add a retention rule to the history (O8); rules are never edited.

    It takes effect now or later. Keeping longer than the jurisdiction's default needs a reason. A rule that
    ends existing footage earlier takes effect 24 hours from now or later, and raises EndsFootage unless
    the caller `accepts_ending` after step-up, having seen what would end.
    """
    site = scope if isinstance(scope, Site) else scope.site if isinstance(scope, Camera) else None
    camera = scope if isinstance(scope, Camera) else None
    _require(actor, RULE, site)
    rules.check_rule(scope, days, effective_from, reason)
    moment, ending = rules.moment_of_rule(scope, days, effective_from, accepted=accepts_ending)
    rule = RetentionRule(effective_from=moment, days=days, reason=reason.strip(), created_by=actor)
    setattr(rule, type(scope).__name__.lower(), scope)
    body = {
        "object": _thing(scope),
        "days": days,
        "reason": rule.reason,
        "effective_from": clock.rfc3339(moment),
    }
    if ending:
        body["ends"] = {"segments": ending.segments, "quarantined": ending.quarantined}
    _log("rule.added", actor, body, site=site, camera=camera, action=RULE, terminal=terminal)
    rule.save(force_insert=True)
    return rule


def _require(actor: Account | None, action: str, site: Site | None) -> None:
    """Without a site the act concerns the whole organisation, and is for those who may do it everywhere."""
    if actor is None:
        return
    if site is None:
        permissions_of(actor).require_everywhere(action)
    else:
        permissions_of(actor).require(action, site_id=site.pk)


def _insert(row: Any, unique_field: str) -> None:
    """Save a new row; somebody may have taken its code between the check and here."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise rules.taken(unique_field, getattr(row, unique_field)) from error


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
    terminal: str = "",
) -> None:
    """Log what differs and save it; no entry and no write when nothing does."""
    was, becomes = dict(before or {}), dict(after or {})
    for name, value in changes.items():
        was[name], becomes[name] = _plain(getattr(row, name)), _plain(value)
    differing = [name for name in becomes if was[name] != becomes[name]]
    if not differing:
        return
    body = {
        "object": _thing(row),
        "before": {name: was[name] for name in differing},
        "after": {name: becomes[name] for name in differing},
    }
    _log(kind, actor, body, site=site, camera=camera, terminal=terminal)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))


def _retire(
    actor: Account,
    row: Any,
    kind: str,
    *,
    site: Site | None = None,
    camera: Camera | None = None,
    terminal: str = "",
) -> None:
    if row.retired_at is not None:
        return
    _log(kind, actor, {"object": _thing(row)}, site=site, camera=camera, terminal=terminal)
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
    terminal: str = "",
) -> None:
    full = {"actor": entry_actor(actor, action, site_id=site.pk if site else None), **body}
    if site is not None:
        full["site"] = site.logged()
    if terminal:
        full["terminal"] = terminal
    fields = IndexFields(
        actor=str(actor.pk) if actor else "",
        site=str(site.pk) if site else "",
        camera=str(camera.pk) if camera else "",
        terminal=terminal,
    )
    append(kind=kind, body=full, index=[fields])
