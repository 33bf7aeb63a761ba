"""Pages of the register: cameras and retention rules."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from cctv.people.access import Request, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.refusals import attempt
from cctv.people.stepup import require_step_up
from cctv.sites import rules, selectors, services
from cctv.sites.forms import CameraForm, RuleForm
from cctv.sites.jurisdictions import profile_of
from cctv.sites.masks.services import current as masks_of
from cctv.sites.models import Camera, Organisation, Purpose, Site
from cctv.sites.schedules import write_hours
from cctv.sites.views import ASK, CHANGE, GET_POST, RULE, SEE, form_page, retire_page
from cctv.templatetags._times import absolute, localise


@require_GET
@requires(SEE)
def register_camera(request: Request, camera_code: str) -> HttpResponse:
    """One camera: what is registered of it, and the history of its retention."""
    camera = _camera_or_404(request, camera_code, SEE)
    bases = dict(profile_of(camera.site.jurisdiction).legal_bases)
    in_use = camera.retired_at is None
    context = {
        "camera": camera,
        "site": camera.site,
        "legal_basis": bases.get(camera.legal_basis, camera.legal_basis),
        "purposes": camera.purposes.order_by("name"),
        "hours": write_hours(camera.schedule) if camera.schedule else [],
        "kept": selectors.kept(camera),
        "history": selectors.history(camera),
        "masks": masks_of(camera),
        "may_mask": request.permissions.may(CHANGE, site_id=camera.site_id),
        "may_change": in_use and request.permissions.may(CHANGE, site_id=camera.site_id),
        "may_rule": in_use and request.permissions.may(RULE, site_id=camera.site_id),
        "may_ask": request.permissions.may(ASK, site_id=camera.site_id),
    }
    return render(request, "cctv/sites/camera.html", context)


@require_http_methods(GET_POST)
@requires(CHANGE)
def camera_add(request: Request, site_code: str) -> HttpResponse:
    """Register a camera."""
    site: Site = site_or_404(request, site_code, CHANGE)
    missing = _missing(site)
    if missing:
        return render(request, "cctv/sites/camera_first.html", {"site": site, "missing": missing})
    form = CameraForm(request.POST if request.method == "POST" else None, site=site)
    if form.is_valid() and attempt(
        form,
        lambda: services.create_camera(
            actor=request.account,
            site=site,
            code=form.cleaned_data["code"],
            purposes=form.cleaned_data["purposes"],
            terminal=terminal_of(request),
            **form.values(),
        ),
    ):
        count = selectors.sign_count(site)
        text = ngettext(
            "The camera is on the register. The site's sign has to say %(count)d camera now.",
            "The camera is on the register. The site's sign has to say %(count)d cameras now.",
            count,
        )
        messages.success(request, text % {"count": count})
        return redirect("register-camera", form.cleaned_data["code"])
    return form_page(
        request, form, "camera_form", heading=_("Add a camera"), button=_("Add the camera"), site=site
    )


@require_http_methods(GET_POST)
@requires(CHANGE)
def camera_edit(request: Request, camera_code: str) -> HttpResponse:
    """Change a camera."""
    camera = _camera_or_404(request, camera_code, CHANGE)
    form = CameraForm(request.POST if request.method == "POST" else None, site=camera.site, camera=camera)
    if form.is_valid() and attempt(
        form,
        lambda: services.change_camera(
            actor=request.account,
            camera=camera,
            changes=form.values(),
            purposes=form.cleaned_data["purposes"],
            terminal=terminal_of(request),
        ),
    ):
        messages.success(request, _("The change is on the register and in the log."))
        return redirect("register-camera", camera.code)
    heading = _("Change %(name)s") % {"name": camera.name}
    return form_page(
        request, form, "camera_form", heading=heading, button=_("Save"), site=camera.site, camera=camera
    )


@require_http_methods(GET_POST)
@requires(CHANGE)
def camera_retire(request: Request, camera_code: str) -> HttpResponse:
    """Take a camera out of use."""
    camera = _camera_or_404(request, camera_code, CHANGE)
    return retire_page(
        request,
        act=lambda: services.retire_camera(
            actor=request.account, camera=camera, terminal=terminal_of(request)
        ),
        done=_("The camera is retired. Its footage still expires by its own rule."),
        back=reverse("register-camera", args=[camera.code]),
        context={
            "what": "camera",
            "thing": camera,
            "site": camera.site,
            "camera": camera,
            "cameras": selectors.sign_count(camera.site) - 1,
            "kept": selectors.kept(camera),
            "is_retired": camera.retired_at,
        },
    )


@require_http_methods(GET_POST)
@requires(RULE)
def rule_add(request: Request, site_code: str = "", camera_code: str = "") -> HttpResponse:
    """Add a retention rule to a camera, to a site, or to all sites."""
    scope, back, context = _scope(request, site_code, camera_code)
    zone = ZoneInfo("UTC" if isinstance(scope, Organisation) else context["site"].time_zone)
    form = RuleForm(
        request.POST if request.method == "POST" else None, zone=zone, limit=rules.default_days(scope)
    )
    try:
        if form.is_valid() and attempt(form, lambda: _add_rule(request, scope, form.cleaned_data)):
            return redirect(back)
    except rules.EndsFootage as ends:
        shown = {"form": form, "back": back, "ending": ends.ending, "moment": ends.effective_from}
        return render(
            request, "cctv/sites/rule_confirm.html", {**context, **shown, "scope": scope, "zone": zone}
        )
    heading = _("Change the retention of %(name)s") % {"name": scope.name}
    return form_page(
        request, form, "rule_form", heading=heading, button=_("Add the rule"), back=back, **context
    )


def _add_rule(request: Request, scope: Organisation | Site | Camera, values: dict[str, Any]) -> None:
    """Add it; what ends existing footage only after a page that says so, and with the password given anew."""
    accepts = "accepts_ending" in request.POST
    if accepts:
        require_step_up(request)
    rule = services.add_rule(
        actor=request.account,
        scope=scope,
        accepts_ending=accepts,
        terminal=terminal_of(request),
        **values,
    )
    text = _("The rule is in the history. Longer ones leave existing footage alone.")
    if accepts:
        site = scope if isinstance(scope, Site) else scope.site if isinstance(scope, Camera) else None
        text = _(
            "The rule is in the history and takes effect at %(moment)s. Until then, another rule for the same"
            " minute takes it back."
        ) % {"moment": absolute(localise(rule.effective_from, site.time_zone if site else "UTC"), "datetime")}
    messages.success(request, text)


def _camera_or_404(request: Request, code: str, action: str) -> Camera:
    """The camera, if the person may know its site (404) and may do this there (403)."""
    camera = selectors.camera_by_code(code)
    if camera is None:
        raise NotFound
    request.permissions.require(action, site_id=camera.site_id)
    return camera


def _scope(
    request: Request, site_code: str, camera_code: str
) -> tuple[Organisation | Site | Camera, str, dict[str, Any]]:
    if camera_code:
        camera = _camera_or_404(request, camera_code, RULE)
        context = {"site": camera.site, "camera": camera, "kept": selectors.kept(camera)}
        return camera, reverse("register-camera", args=[camera.code]), context
    if site_code:
        site: Site = site_or_404(request, site_code, RULE)
        return site, reverse("register-site", args=[site.code]), {"site": site, "kept": selectors.kept(site)}
    request.permissions.require_everywhere(RULE)
    organisation = Organisation.objects.first()
    if organisation is None:
        raise NotFound
    return organisation, reverse("register"), {}


def _missing(site: Site) -> list[str]:
    """What has to be registered before a camera can be."""
    missing = [] if site.zones.exists() else ["zone"]
    return missing if Purpose.objects.filter(retired_at=None).exists() else [*missing, "purpose"]
