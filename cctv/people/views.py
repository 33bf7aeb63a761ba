"""Pages of accounts and roles. What gives or takes power asks for the password again (step-up)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from cctv.people import outbox as mail
from cctv.people import selectors, services
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.forms import AccountChangeForm, AccountForm, GrantForm
from cctv.people.models import Account
from cctv.people.policy import Forbidden, NotFound, may_change_account
from cctv.people.refusals import attempt
from cctv.people.selectors import GRANT, SEE
from cctv.people.stepup import require_step_up

CHANGE = "people.change"
GET_POST = ["GET", "POST"]


@require_GET
@requires(SEE)
def people(request: Request) -> HttpResponse:
    """Everybody the reader may know, with roles per site."""
    everybody = selectors.people(request.permissions)
    context = {
        "people": [person for person in everybody if person.account.is_active],
        "closed": [person for person in everybody if not person.account.is_active],
        "viewers": selectors.headcount(request.permissions),
        "may_add": request.permissions.may(CHANGE),
        "may_see_mail": request.permissions.may("health.see"),
    }
    return render(request, "cctv/people/people.html", context)


@require_GET
@requires("health.see")
def outbox(request: Request) -> HttpResponse:
    """Mail that did not go out yet, to whom and why; what it says stands on the pages that it is about."""
    known = [person.account.pk for person in selectors.people(request.permissions)]
    context = {"unsent": mail.unsent().filter(to__in=known)[:100], "configured": mail.is_configured()}
    return render(request, "cctv/people/outbox.html", context)


@require_GET
@requires(SEE)
def person(request: Request, pk: UUID) -> HttpResponse:
    """One person: the account, roles in force, and the history of roles."""
    found = selectors.person_or_404(request.permissions, pk)
    own = found.account.pk == request.account.pk
    context = {
        "person": found,
        "own": own,
        "may_change": may_change_account(request.permissions, found.account, actor_id=request.account.pk),
        "may_grant": not own and found.account.is_active and request.permissions.may(GRANT),
    }
    return render(request, "cctv/people/person.html", context)


@never_cache
@sensitive_variables("password")
@require_http_methods(GET_POST)
@requires(CHANGE)
def person_add(request: Request) -> HttpResponse:
    """Make an account; its temporary password is shown once."""
    form = AccountForm(request.POST if request.method == "POST" else None)
    password = services.new_password()
    if form.is_valid() and attempt(
        form,
        lambda: services.create_account(
            actor=request.account,
            password=password,
            password_is_temporary=True,
            terminal=terminal_of(request),
            **form.cleaned_data,
        ),
    ):
        account = Account.objects.get(email=form.cleaned_data["email"].strip().lower())
        return _show_password(request, account, password, is_new=True)
    context = {"heading": _("Add a person"), "button": _("Make the account")}
    return _form_page(request, form, **context)


@require_http_methods(GET_POST)
@requires(CHANGE)
def person_edit(request: Request, pk: UUID) -> HttpResponse:
    """Change name, employer or title."""
    account = _changeable_or_404(request, pk)
    initial = {name: getattr(account, name) for name in ("name", "employer", "title")}
    form = AccountChangeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid() and attempt(
        form,
        lambda: services.change_account(
            actor=request.account, account=account, changes=form.cleaned_data, terminal=terminal_of(request)
        ),
    ):
        messages.success(request, _("The change is saved and in the log."))
        return redirect("person", account.pk)
    heading = _("Change %(name)s") % {"name": account.name}
    return _form_page(request, form, heading=heading, button=_("Save"), account=account)


@never_cache
@sensitive_variables("password")
@require_http_methods(GET_POST)
@requires(CHANGE)
def person_password(request: Request, pk: UUID) -> HttpResponse:
    """Set a temporary password, after asking once more; it is shown once."""
    account = _changeable_or_404(request, pk)
    return _new_password_page(
        request,
        account,
        "password",
        lambda: services.reset_password(
            actor=request.account, account=account, terminal=terminal_of(request)
        ),
    )


@never_cache
@sensitive_variables("password")
@require_http_methods(GET_POST)
@requires(CHANGE)
def person_reactivate(request: Request, pk: UUID) -> HttpResponse:
    """Open a closed account again, without roles and with a temporary password."""
    account = _changeable_or_404(request, pk)
    return _new_password_page(
        request,
        account,
        "reactivate",
        lambda: services.reactivate_account(
            actor=request.account, account=account, terminal=terminal_of(request)
        ),
    )


@require_http_methods(GET_POST)
@requires(CHANGE)
def person_deactivate(request: Request, pk: UUID) -> HttpResponse:
    """Off-boarding: say what is taken, ask once more, do it at once."""
    account = _changeable_or_404(request, pk)
    return _confirm_page(
        request,
        account,
        "deactivate",
        lambda: services.deactivate_account(
            actor=request.account, account=account, terminal=terminal_of(request)
        ),
        done=_("The account is closed, its roles are taken back and its sessions have ended."),
    )


@require_http_methods(GET_POST)
@requires(GRANT)
def grant_add(request: Request, pk: UUID) -> HttpResponse:
    """Give somebody a role."""
    account = selectors.person_or_404(request.permissions, pk).account
    require_step_up(request)
    form = GrantForm(request.POST if request.method == "POST" else None, permissions=request.permissions)
    if form.is_valid() and attempt(
        form,
        lambda: services.grant_role(
            actor=request.account, account=account, terminal=terminal_of(request), **form.values()
        ),
    ):
        messages.success(request, _("The role is given. It counts at once."))
        return redirect("person", account.pk)
    heading = _("Give %(name)s a role") % {"name": account.name}
    context = {"heading": heading, "button": _("Give the role"), "account": account}
    return _form_page(request, form, "grant", **context)


@require_http_methods(GET_POST)
@requires(GRANT)
def grant_revoke(request: Request, pk: UUID, grant: UUID) -> HttpResponse:
    """Take a role back."""
    person = selectors.person_or_404(request.permissions, pk)
    row = next((row for row in [*person.current, *person.past] if row.grant.pk == grant), None)
    if row is None:
        raise NotFound
    if not request.permissions.may_grant(row.grant.role, site_id=row.grant.site_id):
        raise Forbidden
    return _confirm_page(
        request,
        person.account,
        "revoke",
        lambda: services.revoke_grant(actor=request.account, grant=row.grant, terminal=terminal_of(request)),
        done=_("The role is taken back."),
        row=row,
    )


@login_required
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """The person's own account: who they are here, what they may do, language and password."""
    own = request.user
    assert isinstance(own, Account)
    return render(request, "cctv/people/account.html", {"account": own, "grants": selectors.grants_of(own)})


def _changeable_or_404(request: Request, pk: UUID) -> Account:
    """An account that the person may know (404) and change (403)."""
    account = selectors.person_or_404(request.permissions, pk).account
    if not may_change_account(request.permissions, account, actor_id=request.account.pk):
        raise Forbidden
    return account


def _form_page(request: Request, form: forms.Form, template: str = "form", **context: Any) -> HttpResponse:
    status = 400 if form.is_bound else 200
    return render(request, f"cctv/people/{template}.html", {"form": form, **context}, status=status)


def _confirm_page(
    request: Request,
    account: Account,
    what: str,
    act: Callable[[], object],
    *,
    done: str,
    **context: Any,
) -> HttpResponse:
    """Password again, the numbers, one more question; then the act."""
    require_step_up(request)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and attempt(form, act):
        messages.success(request, done)
        return redirect("person", account.pk)
    held = [row for row in selectors.grants_of(account) if row.state == "now"]
    return _form_page(request, form, "confirm", account=account, what=what, roles=len(held), **context)


@sensitive_variables("password")
def _new_password_page(request: Request, account: Account, what: str, act: Callable[[], str]) -> HttpResponse:
    require_step_up(request)
    form = forms.Form(request.POST if request.method == "POST" else None)
    made: list[str] = []
    if request.method == "POST" and attempt(form, lambda: made.append(act())):
        return _show_password(request, account, made[0])
    return _form_page(request, form, "confirm", account=account, what=what)


@sensitive_variables("password")
def _show_password(
    request: Request, account: Account, password: str, *, is_new: bool = False
) -> HttpResponse:
    """The one page that shows a password."""
    context = {"account": account, "password": password, "is_new": is_new}
    return render(request, "cctv/people/password.html", context)
