"""The shell's own pages, and pages that fail in every way a page can fail."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class LogDown(LetheError):
    """As the access log's own error."""

    code = "log.unavailable"
    status = 503
    message = _("The access log does not answer.")
    hint = _("No footage is sent while it is down.")


def refused(request: HttpRequest) -> HttpResponse:
    raise LetheError("This camera has no purpose.", hint="Give it one first.", code="camera.purpose")


def log_down(request: HttpRequest) -> HttpResponse:
    raise LogDown


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("secret detail 7f3a")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("secret detail 7f3a")


def room(request: HttpRequest) -> HttpResponse:
    return render(request, "shell/room.html")


def public(request: HttpRequest) -> HttpResponse:
    return render(request, "shell/public.html")


def page(request: HttpRequest, **_arguments: str) -> HttpResponse:
    return render(request, "shell/nothing.html")


FAILURES = {
    "refused": refused,
    "log-down": log_down,
    "broken": broken,
    "forbidden": forbidden,
    "missing": missing,
    "suspicious": suspicious,
}

urlpatterns = [
    path("accounts/", include("config.accounts")),
    path("", include("config.pages")),
    *[path(f"{name}/", view) for name, view in FAILURES.items()],
    *[path(f"api/v1/{name}/", view) for name, view in FAILURES.items()],
    path("room/", room),
    path("public/", public),
    path("sites/", page, name="sites"),
    path("sites/<slug:code>/", page, name="site"),
    path("retention/", page, name="retention"),
    path("log/", page, name="log"),
    path("register/", page, name="register"),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
