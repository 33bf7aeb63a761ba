"""How a page says what it needs: signed in, and allowed (invariant 8).

`@requires("footage.browse")` sends strangers to the sign-in page, attaches the person's permissions and
refuses who may do the act nowhere. What concerns one site is asked again with `site_or_404`, where
somebody who may not know the site gets 404 before anything else is said.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cctv.core.errors import LetheError
from cctv.people.models import Account
from cctv.people.policy import NotFound, Permissions, permissions_of

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
M = TypeVar("M", bound=Model)


class TemporaryPassword(LetheError):
    """The account's password was set by somebody else; for programs and htmx, which cannot be redirected."""

    code = "temporary_password"
    status = 403
    message = gettext_lazy("Choose your own password first.")
    hint = gettext_lazy("The one you signed in with is known to your administrator.")


class Request(HttpRequest):
    """A request of a signed-in person whose permissions have been read."""

    account: Account
    permissions: Permissions


def requires(
    action: str,
) -> Callable[
    [Callable[Concatenate[Request, P], R]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]
]:
    """Let only those through who may do `action` at some site."""

    def decorate(
        view: Callable[Concatenate[Request, P], R],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            account: Any = request.user
            if not account.is_authenticated:
                return _sign_in(request)
            if account.password_is_temporary:
                return _choose_password(request)
            typed = cast("Request", request)
            typed.account = account
            typed.permissions = permissions_of(account)
            typed.permissions.require(action)
            return view(typed, *args, **kwargs)

        checked.lethe_action = action  # type: ignore[attr-defined]  # for `may_open`
        return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", checked)

    return decorate


def _sign_in(request: HttpRequest) -> HttpResponseBase:
    """Pages lead to the sign-in; programs are told."""
    if request.headers.get("Accept", "").startswith("application/json"):
        error = {
            "code": "signed_out",
            "message": _("You are not signed in."),
            "hint": _("Sign in and try again."),
        }
        return JsonResponse({"error": error}, status=401)
    return redirect_to_login(request.get_full_path())


def _choose_password(request: HttpRequest) -> HttpResponseBase:
    """Whoever knows the password besides its owner could act in the owner's name: first a new one."""
    if request.headers.get("HX-Request") or "application/json" in request.headers.get("Accept", ""):
        raise TemporaryPassword
    return redirect(f"{reverse('account_change_password')}?{urlencode({'next': request.get_full_path()})}")


def numbered_or_404(request: Request, found: QuerySet[M], number: str, action: str) -> M:
    """The row with this number, if the person may do `action` at its site: 404 before 403."""
    row = found.filter(number=number).first()
    if row is None:
        raise NotFound
    request.permissions.require(action, site_id=row.site_id)  # type: ignore[attr-defined]
    return row


def may_open(account: Any, path: str, site_id: str) -> bool:
    """Whether the person may open the page at `path`, of the site with this id ("" for none).

    The access log's injection for its links. Only pages that say what they need (`@requires`) are known.
    """
    action = getattr(resolve(path).func, "lethe_action", None)
    return action is not None and permissions_of(account).may(
        action, site_id=UUID(site_id) if site_id else None
    )


def site_or_404(request: Request, code: str, action: str) -> Any:
    """The site with this code, if the person may do `action` there: 404 before 403."""
    from django.apps import apps

    site = apps.get_model("cctv", "Site").objects.filter(code=code).first()
    if site is None:
        raise NotFound
    request.permissions.require(action, site_id=site.pk)
    return site
