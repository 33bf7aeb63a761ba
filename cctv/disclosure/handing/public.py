"""The recipient's pages: a code, then what is in the copy, then its download. No account, no script, nothing
cached.

A link that is unknown, used up, ended or expired is answered alike. The address holds a secret, so it goes
nowhere as a referrer; browsers then send no origin either, which is why these forms bring their own proof
(the token, and the signed grant) in place of the token against forged requests.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure.exports.requirements import require_handable
from cctv.disclosure.handing import selectors, sending, services
from cctv.disclosure.handing.errors import LinkClosed, NoSuchLink, RangeUnfit, WrongCode
from cctv.disclosure.handing.models import HandOver, Sealing
from cctv.disclosure.packages.zipping import safe_name
from cctv.people.actors import terminal_of
from cctv.retention.public_views import PER_MINUTE, TooManyQuestions

COOKIE = "lethe_copy"
NO_REFERRER = "no-referrer"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z", re.ASCII)
View = Callable[..., HttpResponseBase]


def _apart(view: View) -> View:
    """What every answer here says of itself; a link that leads nowhere has one page, whatever the reason."""

    @csrf_exempt
    @wraps(view)
    def answered(request: HttpRequest, token: str) -> HttpResponseBase:
        try:
            response = view(request, token)
        except NoSuchLink:
            response = render(request, "cctv/disclosure/handing/nowhere.html", _frame(request), status=404)
        return private(response)

    return answered


def private(response: HttpResponseBase) -> HttpResponseBase:
    """Kept by nobody, told to nobody, found by nobody."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = NO_REFERRER
    response["X-Robots-Tag"] = "noindex, nofollow"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


def _frame(request: HttpRequest) -> dict[str, Any]:
    """What each of these pages needs: addresses that switch the language."""
    return {
        "languages": [(code, name, f"?{urlencode({'lang': code})}") for code, name in settings.LANGUAGES],
        "language": (get_language() or "en").split("-")[0],
    }


def _refuse_haste(request: HttpRequest) -> None:
    """TooManyQuestions from one address within a minute; the count is each process's own."""
    key = f"handing/{terminal_of(request)}/{clock.now():%H%M}"
    if not cache.add(key, 1, timeout=120) and cache.incr(key) > PER_MINUTE:
        raise TooManyQuestions


def _grant(request: HttpRequest, row: HandOver) -> UUID | None:
    return services.grant_of(row, request.COOKIES.get(COOKIE, ""))


@_apart
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, token: str) -> HttpResponseBase:
    """The code, or for who gave it what is in the copy."""
    chosen = request.GET.get("lang", "")
    if request.method != "POST" and chosen in dict(settings.LANGUAGES):
        answer = redirect("take", token)
        secure = bool(settings.LANGUAGE_COOKIE_SECURE)
        answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, secure=secure, samesite="Lax")
        return answer
    if request.method == "POST":
        _refuse_haste(request)
        return _try(request, token)
    row = services.find(token)
    grant = _grant(request, row)
    if grant is not None and services.is_alive(row):
        return _opened(request, row, token, grant)
    if not services.is_open(row):
        raise NoSuchLink
    return render(request, "cctv/disclosure/handing/code.html", _frame(request))


def _try(request: HttpRequest, token: str) -> HttpResponse:
    frame = _frame(request)
    typed = request.POST.get("code", "")[:80]
    try:
        row, grant = services.take(token, typed, terminal=terminal_of(request))
    except WrongCode as error:
        left = {"wrong": True, "left": error.left}
        return render(request, "cctv/disclosure/handing/code.html", {**frame, **left}, status=403)
    except LinkClosed as error:
        return render(
            request, "cctv/disclosure/handing/closed.html", {**frame, "error": error}, status=error.status
        )
    answer = redirect("take", token)
    answer.set_cookie(
        COOKIE, services.signed(row, grant), max_age=int(services.GO_ON.total_seconds()),
        path=reverse("take", args=[token]), httponly=True, secure=settings.LETHE_HTTPS, samesite="Lax",
    )  # fmt: skip
    return answer


def _opened(request: HttpRequest, row: HandOver, token: str, grant: UUID) -> HttpResponse:
    context = {**_frame(request), "export": row.export, "copy": row, "token": token}
    try:
        require_handable(row.export)
        context |= selectors.contents(row)
    except LetheError as error:
        context["refused"] = error
    last = sending.last_of(row, grant)
    context |= {
        "going_on": sending.may_go_on(last) and last is not None and last.sent_bytes > 0,
        "done": last is not None and last.is_whole,
        "received": row.received_at is not None,
        "may_download": sending.may_begin(row, grant, last),
    }
    return render(request, "cctv/disclosure/handing/copy.html", context)


@_apart
@require_http_methods(["GET", "HEAD"])
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """The copy itself, counted and entered first. HEAD tells its size and counts nothing."""
    row = services.find(token)
    grant = _grant(request, row)
    if grant is None or not services.is_alive(row):
        if grant is None and services.is_open(row):
            return redirect("take", token)
        raise NoSuchLink
    try:
        return answer(request, row, grant=grant)
    except RangeUnfit as error:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{error.size or '*'}"})
    except LetheError as error:
        if error.status == 503:
            raise
        context = {**_frame(request), "error": error, "token": token}
        return render(request, "cctv/disclosure/handing/refused.html", context, status=error.status)


def answer(request: HttpRequest, row: HandOver, *, grant: UUID, actor: Any = None) -> HttpResponseBase:
    """The copy as a response; also for whoever writes it onto a medium."""
    size = sending.size_of(row)
    start = _start(request, row, size)
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(content_type="application/zip")
        return _described(response, row, size, 0)
    out = sending.send(row, grant=grant, terminal=terminal_of(request), actor=actor, start=start)
    response = StreamingHttpResponse(out.pieces, content_type="application/zip", status=206 if start else 200)
    return _described(response, row, out.size, out.start)


def _described(response: HttpResponseBase, row: HandOver, size: int | None, start: int) -> HttpResponseBase:
    response["Content-Disposition"] = content_disposition_header(True, file_name(row)) or ""
    response["Accept-Ranges"] = "bytes" if size else "none"
    if size:
        response["Content-Length"] = str(size - start)
        response["ETag"] = _tag(row)
        if start:
            response["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    return response


def _tag(row: HandOver) -> str:
    """Which bytes they are: the same copy of the same package."""
    return f'"{row.pk.hex}-{str(row.export.package.get("sha256", ""))[:16]}"'


def _start(request: HttpRequest, row: HandOver, size: int | None) -> int:
    """From which byte on it is asked for: only "from here to the end" is taken up, all else is the whole.

    RangeUnfit (416) beyond the end.
    """
    asked = _RANGE.match(request.headers.get("Range", ""))
    if not asked or size is None or request.headers.get("If-Range", _tag(row)) != _tag(row):
        return 0
    first, last = asked.groups()
    if not first or (last and int(last) < size - 1):
        return 0
    if int(first) >= size:
        raise RangeUnfit(size)
    return int(first)


def file_name(row: HandOver) -> str:
    """What the browser saves it as; Korean and Japanese stay."""
    said = _("%(number)s %(site)s copy %(copy)d") % {
        "number": row.export.number, "site": row.export.site.name, "copy": row.copy,
    }  # fmt: skip
    return safe_name(f"{said} ({_('sealed')}).zip" if row.sealing != Sealing.PLAIN else f"{said}.zip")


@_apart
@require_POST
def receipt(request: HttpRequest, token: str) -> HttpResponseBase:
    """The recipient says that they have it."""
    row = services.find(token)
    grant = _grant(request, row)
    if grant is None or not services.is_alive(row):
        raise NoSuchLink
    services.confirm_received(handover=row, actor=None, terminal=terminal_of(request), grant=grant)
    return redirect("take", token)
