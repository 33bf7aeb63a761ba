"""What every public page does: bounded, kept by nobody, found by no machine, in three languages, no script.

`public` goes around each view; `of_requester` inside it around those that show a request; `page` renders.
"""

import logging
import unicodedata
from collections.abc import Callable, Mapping
from functools import wraps
from secrets import compare_digest
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accesslog.errors import AccessLogError
from cctv.core.errors import LetheError
from cctv.people.actors import terminal_of
from cctv.sites.models import Organisation
from cctv.subjects.portal import sessions, throttle
from cctv.subjects.portal.errors import NothingHere, NotNow, ProofMissing, TooMuch
from cctv.subjects.requests.models import SubjectRequest

# The longest form has a few thousand characters.
MOST_BYTES = 64 << 10
REFUSED = "cctv/subjects/portal/refused.html"
JSON = "application/json"
View = Callable[..., HttpResponseBase]
log = logging.getLogger("lethe.portal")
Fields = Callable[[HttpRequest], Mapping[str, str]]
terminal = terminal_of


def public(
    *methods: str, most_bytes: int = MOST_BYTES, too_much: type[LetheError] = TooMuch
) -> Callable[[View], View]:
    """A page for everybody; `methods` besides GET and HEAD. More than `most_bytes` is refused unread.

    Its forms bring their own proof: no address of these pages is told to anybody, so browsers send no origin.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @require_http_methods(["GET", "HEAD", *methods])
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                _bound(request, most_bytes, too_much)
                throttle.keep_pace(request)
                response = _in_language(request) or view(request, *args, **kwargs)
            except Http404:
                response = refused(request, NothingHere())
            except (LetheError, AccessLogError) as error:
                response = refused(request, _for_strangers(error))
            return private(response)

        return answered

    return decorate


def of_requester(view: View, *, fields: Fields | None = None) -> View:
    """Inside `public`: a page of one request, `view(request, subject_request, …)`, opened on this browser.

    Who has not opened it comes to the page that asks for reference and secret. A form needs its proof;
    `fields` reads it from a form that Django is not to read.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        session = sessions.find(request)
        if session is None:
            return redirect(f"{reverse('portal-open')}?{urlencode({'ended': 1})}")
        if request.method == "POST":
            require_proof(fields(request) if fields else request.POST, sessions.proof_of(session))
        request.portal_session = session  # type: ignore[attr-defined]  # for `page`
        response = view(request, session.subject_request, *args, **kwargs)
        if not getattr(request, "portal_ended", False):
            sessions.keep(response, session)
        return response

    return checked


def require_proof(given: Mapping[str, str], proof: str) -> None:
    """ProofMissing for a form that was not handed out to this browser."""
    if not compare_digest(str(given.get("proof", ""))[:100].encode(), proof.encode()):
        raise ProofMissing


def hidden_proof(proof: str) -> str:
    """What a form carries it in."""
    return format_html('<input type="hidden" name="proof" value="{}">', proof)


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200,
    subject_request: SubjectRequest | None = None,
) -> HttpResponse:  # fmt: skip
    """A public page with what each of them needs: languages, the proof for its forms, how to reach us."""
    frame: dict[str, Any] = {
        "languages": [(code, name, _address(request, lang=code)) for code, name in settings.LANGUAGES],
        "language": (get_language() or "en").split("-")[0],
        "phone": public_contact(),
    }
    session = getattr(request, "portal_session", None)
    if session is not None:
        frame["proof"] = hidden_proof(sessions.proof_of(session))
        frame["subject_request"] = session.subject_request
    if subject_request is not None:
        frame["subject_request"] = subject_request
    return render(request, template, frame | (context or {}), status=status)


def _for_strangers(error: LetheError | AccessLogError) -> LetheError | AccessLogError:
    """What of ours is down is told to those who can mend it; a stranger reads what to do."""
    is_ours = error.status >= 500 and not type(error).__module__.startswith("cctv.subjects.")
    if not (is_ours or isinstance(error, AccessLogError)):
        return error
    log.error("the portal cannot answer: %s (%s)", error.message, error.code)
    return NotNow()


def refused(request: HttpRequest, error: LetheError | AccessLogError) -> HttpResponse:
    """The public page of an error; its words alone for the script of a page."""
    if request.headers.get("Accept") == JSON:
        said = {"code": error.code, "message": str(error.message), "hint": str(error.hint)}
        return JsonResponse({"error": said}, status=error.status)
    return page(request, REFUSED, {"error": error}, status=error.status)


def private(response: HttpResponseBase) -> HttpResponseBase:
    """Kept by nobody, told to nobody, found by nobody."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


def public_contact() -> str:
    """How to reach the organisation, as far as it is no e-mail address: none stands in clear (O58)."""
    said = str(Organisation.objects.values_list("contact", flat=True).first() or "")
    return "" if "@" in unicodedata.normalize("NFKC", said) else said


def remember_language(response: HttpResponseBase, code: str) -> None:
    """The language that was chosen, if there is such a one."""
    if code in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, code, secure=bool(settings.LANGUAGE_COOKIE_SECURE),
            samesite="Lax", httponly=True,
        )  # fmt: skip


def _in_language(request: HttpRequest) -> HttpResponseBase | None:
    """Back to the same page in the language that was asked for."""
    chosen = request.GET.get("lang", "")
    if request.method != "GET" or chosen not in dict(settings.LANGUAGES):
        return None
    response = redirect(_address(request, lang=""))
    remember_language(response, chosen)
    return response


def _address(request: HttpRequest, *, lang: str) -> str:
    """This page with that language asked for."""
    asked: QueryDict = request.GET.copy()
    asked.pop("lang", None)
    if lang:
        asked["lang"] = lang
    return f"{request.path}?{asked.urlencode()}" if asked else request.path


def _bound(request: HttpRequest, most_bytes: int, too_much: type[LetheError]) -> None:
    """`too_much` before a byte of the body is read."""
    if request.method in ("GET", "HEAD"):
        return
    said = str(request.META.get("CONTENT_LENGTH") or "0")
    if not said.isdigit() or int(said) > most_bytes:
        raise too_much
