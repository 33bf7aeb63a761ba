"""Pages of the duty hours: of a site, and of one person there."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cctv.people.access import Request, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.models import Account
from cctv.people.policy import NotFound
from cctv.people.refusals import attempt
from cctv.sites import duty as hours
from cctv.sites.forms import DutyForm
from cctv.sites.models import Site
from cctv.sites.views import GET_POST


@require_http_methods(GET_POST)
@requires(hours.ACTION)
def duty(request: Request, site_code: str) -> HttpResponse:
    """The hours of the site, and who has hours of their own."""
    site: Site = site_or_404(request, site_code, hours.ACTION)
    own = hours.people_with_hours(site)
    having = {each.account.pk for each in own if each.account}
    people = [account for account in hours.people_at(site) if account.pk not in having]
    return _page(request, site, None, {"own": own, "people": people})


@require_http_methods(GET_POST)
@requires(hours.ACTION)
def duty_of(request: Request, site_code: str, pk: UUID) -> HttpResponse:
    """The hours of one person, which replace those of the site for them."""
    site: Site = site_or_404(request, site_code, hours.ACTION)
    known = [*hours.people_at(site), *(each.account for each in hours.people_with_hours(site))]
    account = next((each for each in known if each is not None and each.pk == pk), None)
    if account is None:
        raise NotFound
    return _page(request, site, account, {})


def _page(request: Request, site: Site, account: Account | None, context: dict[str, Any]) -> HttpResponse:
    form = DutyForm(
        request.POST if request.method == "POST" else None, hours=hours.hours_of(site, account).texts
    )
    if form.is_valid() and _save(request, form, site, account):
        messages.success(request, _("The duty hours are set. Rules use them from now on."))
        return redirect("site-duty", site.code)
    status = 400 if form.is_bound else 200
    context |= {"form": form, "site": site, "account": account}
    return render(request, "cctv/sites/duty.html", context, status=status)


def _save(request: Request, form: forms.Form, site: Site, account: Account | None) -> bool:
    return attempt(
        form,
        lambda: hours.set_duty_hours(
            actor=request.account, site=site, account=account, texts=form.cleaned_data["texts"],
            terminal=terminal_of(request),
        ),
    )  # fmt: skip
