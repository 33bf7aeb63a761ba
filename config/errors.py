"""Every refusal and failure becomes a designed page, or JSON for programs. Nobody sees a traceback.

Any exception that carries `code`, `message`, `hint` and `status` (as `cctv.core.errors.LetheError`
and the errors of `accesslog` do) is shown as it says. All else is one of the known HTTP failures.
"""

import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cctv.subjects.portal import errorpages
from config.secretless import without_secret

log = logging.getLogger("lethe.errors")


@dataclass(frozen=True)
class Failure:
    """What the page says: a stable code, what happened, what to do, and the HTTP status."""

    code: str
    message: str | Promise
    hint: str | Promise
    status: int
    reference: str = ""  # what a user can quote to the administrator; set for 5xx only


BAD_REQUEST = Failure(
    "request.bad",
    _("This request could not be understood."),
    _("Go back, load the page again and repeat what you did."),
    400,
)
CSRF = Failure(
    "request.stale",
    _("This page was open too long, or your browser did not send its cookie."),
    _("Load the page again and repeat what you did. Nothing was changed."),
    403,
)
FORBIDDEN = Failure(
    "forbidden",
    _("Your role does not allow this."),
    _("Ask your administrator if you need it for your work."),
    403,
)
NOT_FOUND = Failure(
    "not_found",
    _("There is nothing here that you can see."),
    _("Check the address. If a colleague sent it to you, your account may not cover that site."),
    404,
)
BROKEN = Failure(
    "internal",
    _("Something went wrong on our side."),
    _("Try again in a moment. If it happens again, give the reference to your administrator."),
    500,
)
UNAVAILABLE = Failure(
    "unavailable",
    _("This part of Lethe is not available at the moment."),
    _("Wait a minute and try again. Nothing was sent or changed."),
    503,
)


def failure_of(error: Exception) -> Failure | None:
    """The failure that an exception describes by itself, or None."""
    code, message, status = (getattr(error, name, None) for name in ("code", "message", "status"))
    if code is None or message is None or not isinstance(status, int):
        return None
    return Failure(str(code), message, getattr(error, "hint", ""), status)


def wants_json(request: HttpRequest) -> bool:
    """Programs get JSON: everything below /api/, and whoever asks for JSON but not for a page."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("application/json" in accept and "text/html" not in accept)


def respond(request: HttpRequest, failure: Failure) -> HttpResponse:
    """The response for a failure in the form that the client can use."""
    if failure.status >= 500:
        failure = Failure(failure.code, failure.message, failure.hint, failure.status, secrets.token_hex(4))
        path = without_secret(request.path)
        log.error("%s %s: %s (%s), reference %s", request.method, path, failure.message, failure.code,
                  failure.reference)  # fmt: skip
    if wants_json(request):
        response: HttpResponse = JsonResponse({"error": _as_json(failure)}, status=failure.status)
    elif request.headers.get("HX-Request") == "true":
        response = HttpResponse(
            render_to_string("shell/error_notice.html", {"failure": failure}), status=failure.status
        )
        response["HX-Retarget"], response["HX-Reswap"] = "#flash", "innerHTML"
    else:
        response = HttpResponse(_page(request, failure), status=failure.status)
    response["Cache-Control"] = "no-store"
    if failure.status == 503:
        response["Retry-After"] = "10"
    return response


def _as_json(failure: Failure) -> dict[str, str]:
    body = {"code": failure.code, "message": str(failure.message), "hint": str(failure.hint)}
    return {**body, "reference": failure.reference} if failure.reference else body


def _page(request: HttpRequest, failure: Failure) -> str:
    """The page inside the office for whoever is signed in; alone when the office itself may be broken."""
    context = {"failure": failure, "symbol": "restricted" if failure.status == 403 else "bad"}
    if failure.status == 404:
        context["symbol"] = "search"
    user = getattr(request, "user", None)
    try:
        if failure.status < 500 and user is not None and user.is_authenticated:
            return render_to_string("shell/error.html", {**context, "layout": "shell/office.html"}, request)
        return render_to_string("shell/error.html", {**context, "layout": "shell/gate.html"}, request)
    except Exception:
        # The database may be what is broken: a page that asks it nothing.
        log.exception("the error page itself failed")
        return render_to_string("shell/error_bare.html", context)


class ErrorPagesMiddleware:
    """Turns exceptions that describe themselves into their page; the last word of each view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        failure = failure_of(error)
        return respond(request, failure) if failure else None


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return respond(request, BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return respond(request, FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    if request.path.startswith("/portal/"):  # a stranger has no account, and no colleague
        return errorpages.not_found(request)
    return respond(request, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    return respond(request, BROKEN)


def unavailable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return respond(request, UNAVAILABLE)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    log.info("csrf: %s %s", without_secret(request.path), json.dumps(reason))
    return respond(request, CSRF)


def page_for(failure: Failure) -> Callable[..., Any]:
    """A view that shows `failure`: the style guide uses it."""
    return lambda request: respond(request, failure)
