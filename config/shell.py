"""What every page knows: navigation, sites, account, theme and language; and the few views behind them."""

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from cctv.people import services as people
from cctv.people.actors import terminal_of
from cctv.people.models import Role
from cctv.people.policy import Permissions, permissions_of
from cctv.sites.models import Organisation, Site
from config import errors
from config.navigation import Link, address, home_for, links_for

THEMES = ("light", "dark")
THEME_COOKIE = "lethe_theme"
THEME_AGE_S = 365 * 86400
MANIFEST = Path(__file__).parent / "assets" / "manifest.json"


def _versions() -> dict[str, str]:
    packages = json.loads(MANIFEST.read_text())["packages"]
    return {name: entry["version"] for name, entry in packages.items()}


VERSIONS = _versions()


class Shell:
    """Everything around the content of a page. Asked lazily: a page without a rail queries nothing."""

    languages = settings.LANGUAGES
    htmx_version = VERSIONS["htmx.org"]

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._user: Any = getattr(request, "user", None)

    @property
    def language(self) -> str:
        return (translation.get_language() or settings.LANGUAGE_CODE).split("-")[0]

    @property
    def theme(self) -> str:
        """The theme that the user chose, "light" or "dark"; "" follows the system."""
        chosen = self._request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else ""

    @property
    def is_demo(self) -> bool:
        return bool(getattr(settings, "LETHE_DEMO", False))

    @cached_property
    def navigation(self) -> list[Link]:
        return links_for(self._user, self._request.path)

    @cached_property
    def account_links(self) -> list[Link]:
        wanted = [
            (_("My account"), "user", "account"),
            (_("Change password"), "key", "account_change_password"),
        ]
        links = [Link(label, icon, address(name)) for label, icon, name in wanted]
        return [link for link in links if link.url]

    @cached_property
    def _permissions(self) -> Permissions:
        return permissions_of(self._user)

    @cached_property
    def organisation(self) -> str:
        """The organisation's name; one installation serves one organisation."""
        return str(Organisation.objects.values_list("name", flat=True).first() or "")

    @property
    def role_label(self) -> str:
        """The roles the user holds, most telling first, for the account menu."""
        held = self._permissions.roles
        return ", ".join(str(label) for value, label in Role.choices if value in held)

    @cached_property
    def sites(self) -> list[dict[str, Any]]:
        """The sites of the switcher (pk, name, url): those whose footage the user may browse."""
        if not address("sites"):
            return []
        sites = Site.objects.filter(retired_at=None)
        allowed = self._permissions.sites("footage.browse")
        if allowed is not None:
            sites = sites.filter(pk__in=allowed)
        return [{"pk": site.pk, "name": site.name, "url": address("site", site.code)} for site in sites]

    @property
    def sites_url(self) -> str:
        return address("sites")

    @property
    def current_site(self) -> dict[str, Any] | None:
        path = self._request.path
        return next((site for site in self.sites if path.startswith(site["url"])), None)

    @property
    def user_name(self) -> str:
        return str(getattr(self._user, "name", "") or self._user or "")

    @property
    def employer(self) -> str:
        return str(getattr(self._user, "employer", "") or "")


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `shell` in every template."""
    return {"shell": Shell(request)}


class AccountLanguageMiddleware:
    """The account's language, if one is set, wins over cookie and Accept-Language (LocaleMiddleware)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            chosen = getattr(user, "language", "")
            if chosen in dict(settings.LANGUAGES):
                translation.activate(chosen)
                request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """Back to the page the form was on, never to another host."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if safe else "/")


@login_not_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keeps the choice of light, dark or the system's in a cookie."""
    response = HttpResponse(status=204) if request.headers.get("X-Quiet") else _back(request)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=THEME_AGE_S, samesite="Lax",
                            secure=settings.SESSION_COOKIE_SECURE, httponly=True)  # fmt: skip
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keeps the language in a cookie, and in the account of whoever is signed in."""
    response = _back(request)
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return response
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=THEME_AGE_S, samesite="Lax",
                        secure=settings.LANGUAGE_COOKIE_SECURE, httponly=True)  # fmt: skip
    if request.user.is_authenticated:
        people.set_language(account=request.user, language=language, terminal=terminal_of(request))
    return response


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """To the page where the user's work starts; to the sign-in for everybody else."""
    if not request.user.is_authenticated:
        return redirect(settings.LOGIN_URL)
    if getattr(request.user, "password_is_temporary", False):
        return redirect("account_change_password")
    if target := home_for(request.user):
        return redirect(target)
    return render(request, "shell/nothing.html")


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponseBase:
    """All components in all states; on development and demonstration installations only."""
    if not (settings.DEBUG or getattr(settings, "LETHE_DEMO", False)):
        return errors.not_found(request)
    from config.styleguide import context

    return render(request, "shell/styleguide.html", context())
