"""The pages of the log. A question is an entry itself, durable before the first answer is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accesslog import conf, links, presenting, proofs, selectors, sentences, services
from accesslog.desk import exports, question, questions
from accesslog.desk.question import Asked
from accesslog.errors import EventRefused
from accesslog.events import QUERIED
from accesslog.selectors import Filters
from accesslog.types import Scope

ASKED_SALT = "accesslog.asked"
ASKED_MAX_AGE_S = 3600
MAX_INDEX = 2**62
_PLACES = ("before", "after")


@require_GET
@never_cache
@login_required
def log(request: HttpRequest) -> HttpResponse:
    """The list: a question, its answer page by page, one entry opened beside it."""
    question.scope_of(request)
    if leads := question.quick(request):
        return redirect(leads)
    asked = question.ask_of(request)
    with timezone.override(asked.zone):
        context = asked.context()
        if asked.form.is_valid():
            context |= _answer(request, asked)
        status = 200 if asked.form.is_valid() else 400
        return render(request, "accesslog/log.html", context, status=status)


@require_GET
@never_cache
@login_required
def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One entry by its number: a question of its own."""
    scope = question.scope_of(request)
    if index > MAX_INDEX or not selectors.visible(index, scope=scope):
        raise Http404
    asked = _ask(request, {"entry": index})
    shown = selectors.listed(selectors.stored_entry(index))
    with timezone.override(presenting.zone_of_entry(shown)):
        return render(request, "accesslog/entry.html", {"asked": asked, **_details(request, shown, scope)})


def _answer(request: HttpRequest, question: Asked) -> dict[str, Any]:
    scope, filters = question.scope, question.form.filters()
    token, asked = _asked(request, filters)
    # Below the question's own entry: an answer that grew by the asking would never be at rest.
    before = min(_number(request.GET.get("before")) or MAX_INDEX, asked)
    page = selectors.entries(
        filters=filters, scope=scope, before=before, after=_number(request.GET.get("after"))
    )
    zone = timezone.get_current_timezone()
    entries = [each for each in page.entries if each.index < asked]
    # What came in since the question was asked is no part of its answer.
    newer = page.has_newer and bool(entries) and entries[0].index + 1 < asked and before < asked
    query = {**question.given, "asked": token}
    context = {
        "asked": asked,
        "lines": [presenting.line(each, zone, personal=scope.bodies) for each in entries],
        "query": urlencode(query),
        "place": urlencode({name: request.GET[name] for name in _PLACES if request.GET.get(name)}),
        "newer": "", "older": "", **_count(page, entries, asked, scope, newer=newer),
        "with_pdf": conf.pdf_writer() is not None, "most": exports.MOST,
    }  # fmt: skip
    if entries:
        has_newer = page.has_newer and entries[0].index + 1 < asked
        context["newer"] = "?" + urlencode({**query, "after": entries[0].index}) if has_newer else ""
        context["older"] = "?" + urlencode({**query, "before": entries[-1].index}) if page.has_older else ""
    return context | _opened(request, scope, filters, asked)


def _count(
    page: selectors.Page, entries: Sequence[selectors.Listed], asked: int, scope: Scope, *, newer: bool
) -> dict[str, Any]:
    """How many entries answer the question, and of how many people, as far as it is known."""
    known = page.whole
    if known is None and not (newer or page.has_older):
        known = [each.index for each in entries]
    if known is None:
        return {"count": len(entries), "count_is_whole": False, "people": 0}
    known = [each for each in known if each < asked]
    people = selectors.people(known) if scope.bodies else 0
    return {"count": len(known), "count_is_whole": True, "people": people}


def _opened(request: HttpRequest, scope: Scope, filters: Filters, asked: int) -> dict[str, Any]:
    """The entry beside the list, if it is part of this answer."""
    index = _number(request.GET.get("entry"))
    if index is None or index >= asked or not selectors.visible(index, scope=scope, filters=filters):
        return {}
    return _details(request, selectors.listed(selectors.stored_entry(index)), scope)


def _details(request: HttpRequest, shown: selectors.Listed, scope: Scope) -> dict[str, Any]:
    proof = proofs.inclusion(shown.index)
    zone = timezone.get_current_timezone()
    return {
        "entry": shown,
        "line": presenting.line(shown, zone, personal=scope.bodies),
        **_questions(shown, scope),
        "facts": presenting.facts(shown, personal=scope.bodies),
        "link": links.link_of(shown.kind, shown.body or {}, request.user, personal=scope.bodies),
        "proof": proof,
        "leaf": proof.leaf_hash.hex(),
        "root": f"{proof.root.hex()[:4]} {proof.root.hex()[4:8]}",
        "root_whole": proof.root.hex(),
        "drawing": presenting.drawing(proof),
        "proven": proof.holds and shown.problem != "damaged",
    }


def _questions(shown: selectors.Listed, scope: Scope) -> dict[str, Any]:
    """The sentence of an opened entry with links, and what one asks next."""
    if shown.body is None:
        return {}
    try:
        hrefs = questions.hrefs(shown.body, shown.kind, personal=scope.bodies)
        said = sentences.sentence_html(shown.body, shown.kind, personal=scope.bodies, hrefs=hrefs)
        return {"said": said, "questions": questions.about(shown.body, shown.kind, personal=scope.bodies)}
    except EventRefused:
        return {}


def _asked(request: HttpRequest, filters: Filters) -> tuple[str, int]:
    """(token, entry) of this question: the one it was logged as, or a new one.

    The token says who asked what, so that turning the pages of an answer is not another question, and
    nobody reads an answer whose question was not logged.
    """
    question = {"user": str(request.user.pk), "filters": filters.given()}
    try:
        said = signing.loads(request.GET.get("asked", ""), salt=ASKED_SALT, max_age=ASKED_MAX_AGE_S)
        if said["question"] == question:
            return request.GET["asked"], int(said["entry"])
    except signing.BadSignature:
        pass
    index = _ask(request, filters.given())
    return signing.dumps({"question": question, "entry": index}, salt=ASKED_SALT), index


def _ask(request: HttpRequest, query: Mapping[str, Any]) -> int:
    """Log a question; the index of its entry."""
    part, index = conf.actor_of(request)
    receipt = services.append(kind=QUERIED, body={**part, "query": dict(query)}, index=[index])
    return receipt.index


def _number(text: str | None) -> int | None:
    if text and text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    return None
