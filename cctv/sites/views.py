"""Pages of the register: sites, zones and purposes. Cameras and rules are in `camera_views`."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cctv.people.access import Request, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.refusals import attempt
from cctv.sites import duty, selectors, services
from cctv.sites.forms import PurposeForm, SiteChangeForm, SiteForm, ZoneForm
from cctv.sites.models import Organisation, Purpose, Site

SEE, CHANGE, RULE = "register.see", "register.change", "retention.rule"
ASK = "log.read"
GET_POST = ["GET", "POST"]


def form_page(request: Request, form: forms.Form, template: str = "form", **context: Any) -> HttpResponse:
    """A page that is one form; 400 when it was sent and something in it is wrong."""
    status = 400 if form.is_bound else 200
    return render(request, f"cctv/sites/{template}.html", {"form": form, **context}, status=status)


def retire_page(
    request: Request, *, act: Callable[[], object], done: str, back: str, context: dict[str, Any]
) -> HttpResponse:
    """Ask once more, then retire; what forbids it is said on the same page."""
    form = forms.Form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and attempt(form, act):
        messages.success(request, done)
        return redirect(back)
    return form_page(request, form, "retire", back=back, **context)


@require_GET
@requires(SEE)
def register(request: Request) -> HttpResponse:
    """Sites with their zones and cameras."""
    allowed = request.permissions.sites(SEE)
    rows = selectors.register_sites(allowed)
    organisation = Organisation.objects.first()
    context = {
        "organisation": organisation,
        "rows": rows,
        "cameras": sum(row["sign"] for row in rows),
        "may_change": {row["site"].pk for row in rows if _may(request, CHANGE, row["site"])},
        "may_add_site": request.permissions.everywhere(CHANGE),
        "may_rule_all": request.permissions.everywhere(RULE),
        "history": selectors.history(organisation) if organisation else [],
    }
    return render(request, "cctv/sites/register.html", context)


@require_GET
@requires(SEE)
def register_site(request: Request, site_code: str) -> HttpResponse:
    """One site: facts, zones, cameras, and the history of its retention."""
    site = site_or_404(request, site_code, SEE)
    row = selectors.register_sites(frozenset({site.pk}))[0]
    context = {
        **row,
        "history": selectors.history(site),
        "may_change": _may(request, CHANGE, site) and site.retired_at is None,
        "may_rule": _may(request, RULE, site) and site.retired_at is None,
        "may_ask": _may(request, ASK, site),
        "may_marks": _may(request, "still.see", site),
        "may_duty": _may(request, duty.ACTION, site) and site.retired_at is None,
        "duty": duty.hours_of(site),
    }
    return render(request, "cctv/sites/site.html", context)


@require_http_methods(GET_POST)
@requires(CHANGE)
def site_add(request: Request) -> HttpResponse:
    """Register a site."""
    request.permissions.require_everywhere(CHANGE)
    organisation = Organisation.objects.first()
    if organisation is None:
        raise NotFound
    form = SiteForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and attempt(
        form,
        lambda: services.create_site(
            actor=request.account,
            organisation=organisation,
            terminal=terminal_of(request),
            **form.cleaned_data,
        ),
    ):
        messages.success(request, _("The site is on the register. Add its zones next, then its cameras."))
        return redirect("register-site", form.cleaned_data["code"])
    return form_page(request, form, heading=_("Add a site"), button=_("Add the site"))


@require_http_methods(GET_POST)
@requires(CHANGE)
def site_edit(request: Request, site_code: str) -> HttpResponse:
    """Change a site."""
    site = site_or_404(request, site_code, CHANGE)
    names = ("name", "address", "time_zone", "storage_place")
    initial = {name: getattr(site, name) for name in names}
    form = SiteChangeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid() and attempt(
        form,
        lambda: services.change_site(
            actor=request.account, site=site, changes=form.cleaned_data, terminal=terminal_of(request)
        ),
    ):
        messages.success(request, _("The change is on the register and in the log."))
        return redirect("register-site", site.code)
    return form_page(
        request, form, heading=_("Change %(name)s") % {"name": site.name}, button=_("Save"), site=site
    )


@require_http_methods(GET_POST)
@requires(CHANGE)
def site_retire(request: Request, site_code: str) -> HttpResponse:
    """Close a site."""
    site: Site = site_or_404(request, site_code, CHANGE)
    return retire_page(
        request,
        act=lambda: services.retire_site(actor=request.account, site=site, terminal=terminal_of(request)),
        done=_("The site is retired. Its footage still expires by its own rules."),
        back=reverse("register-site", args=[site.code]),
        context={
            "what": "site",
            "thing": site,
            "site": site,
            "cameras": selectors.sign_count(site),
            "is_retired": site.retired_at,
        },
    )


@require_http_methods(GET_POST)
@requires(CHANGE)
def zone_add(request: Request, site_code: str) -> HttpResponse:
    """Register a part of a site."""
    site = site_or_404(request, site_code, CHANGE)
    form = ZoneForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and attempt(
        form,
        lambda: services.create_zone(
            actor=request.account, site=site, terminal=terminal_of(request), **form.cleaned_data
        ),
    ):
        messages.success(request, _("The zone is on the register. Cameras can be placed in it now."))
        return redirect("register-site", site.code)
    return form_page(request, form, heading=_("Add a zone"), button=_("Add the zone"), site=site)


@require_GET
@requires(SEE)
def purposes(request: Request) -> HttpResponse:
    """Why cameras are run; common to all sites."""
    context = {
        "purposes": selectors.purposes_with_use(),
        "may_change": request.permissions.everywhere(CHANGE),
    }
    return render(request, "cctv/sites/purposes.html", context)


@require_http_methods(GET_POST)
@requires(CHANGE)
def purpose_add(request: Request) -> HttpResponse:
    """Register a purpose."""
    request.permissions.require_everywhere(CHANGE)
    organisation = Organisation.objects.first()
    if organisation is None:
        raise NotFound
    form = PurposeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and attempt(
        form,
        lambda: services.create_purpose(
            actor=request.account,
            organisation=organisation,
            terminal=terminal_of(request),
            **form.cleaned_data,
        ),
    ):
        messages.success(request, _("The purpose is on the register. Give it to the cameras that serve it."))
        return redirect("purposes")
    return form_page(request, form, heading=_("Add a purpose"), button=_("Add the purpose"), purposes=True)


@require_http_methods(GET_POST)
@requires(CHANGE)
def purpose_edit(request: Request, purpose_code: str) -> HttpResponse:
    """Change a purpose's words."""
    purpose = _purpose_or_404(request, purpose_code)
    initial = {"name": purpose.name, "description": purpose.description}
    form = PurposeForm(request.POST if request.method == "POST" else None, initial=initial)
    del form.fields["code"]
    if form.is_valid() and attempt(
        form,
        lambda: services.change_purpose(
            actor=request.account, purpose=purpose, changes=form.cleaned_data, terminal=terminal_of(request)
        ),
    ):
        messages.success(request, _("The change is on the register and in the log."))
        return redirect("purposes")
    return form_page(
        request, form, heading=_("Change %(name)s") % {"name": purpose.name}, button=_("Save"), purposes=True
    )


@require_http_methods(GET_POST)
@requires(CHANGE)
def purpose_retire(request: Request, purpose_code: str) -> HttpResponse:
    """Let no viewing state this purpose any more."""
    purpose = _purpose_or_404(request, purpose_code)
    return retire_page(
        request,
        act=lambda: services.retire_purpose(
            actor=request.account, purpose=purpose, terminal=terminal_of(request)
        ),
        done=_("The purpose is retired. No viewing can be opened for it any more."),
        back=reverse("purposes"),
        context={
            "what": "purpose",
            "thing": purpose,
            "purposes": True,
            "cameras": purpose.cameras.filter(retired_at=None).count(),
            "is_retired": purpose.retired_at,
        },
    )


def _purpose_or_404(request: Request, code: str) -> Purpose:
    """Purposes belong to the whole organisation: whoever sees the register knows of them."""
    purpose = Purpose.objects.filter(code=code).first()
    if purpose is None:
        raise NotFound
    request.permissions.require_everywhere(CHANGE)
    return purpose


def _may(request: Request, action: str, site: Site) -> bool:
    return request.permissions.may(action, site_id=site.pk)
