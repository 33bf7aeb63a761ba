"""The pages of the review. Looking at a month is a question to the log, and logged as one."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accesslog import conf, services
from accesslog.events import QUERIED
from accesslog.models import Review, ReviewItem
from accesslog.review import charts, judging, months, paper, record, selectors
from accesslog.review import services as reviews
from accesslog.review.errors import ReviewRefused
from accesslog.review.roles import Reviewer, ReviewSite
from accesslog.types import IndexFields, from_us

ASKED = "accesslog.review.asked"
ASKED_FOR_S = 3600
ONLY = ("open", "mine")
WINDOW = 45  # entries listed at once, around the present one


@require_GET
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """Sites and months: what waits, and what is signed."""
    reviewer = _reviewer(request)
    rows = selectors.overview(reviewer)
    flat = [month for _site, found in rows for month in found]
    waiting = [month for month in flat if selectors.waits(month)]
    columns = sorted({month.month for month in flat}, reverse=True)
    context = {
        "rows": [
            (site, [{month.month: month for month in found}.get(each) for each in columns])
            for site, found in rows
        ],
        "waiting": sorted(waiting, key=lambda month: (month.due, month.site.name)),
        "others": [m for m in flat if m.state == selectors.BEGUN and not selectors.waits(m)],
        "overdue": sum(month.overdue for month in flat),
        "columns": [months.first_day(each) for each in columns],
    }
    return render(request, "accesslog/review/overview.html", context)


@require_GET
@never_cache
@login_required
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule in words, with its parameters, and how often it fired."""
    _reviewer(request)
    now = timezone.now()
    month, year = (selectors.fired(since=now - timedelta(days=days)) for days in (30, 365))
    found = [
        {
            "rule": rule, "month": month.get(rule.code, 0), "year": year.get(rule.code, 0),
            "parameters": [(rule.labels[name], value) for name, value in rule.parameters().items()],
        }
        for rule in conf.rules()
    ]  # fmt: skip
    context = {"rules": found, "mark": judging.mark(), "size": judging.size()}
    return render(request, "accesslog/review/rules.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def month(request: HttpRequest, site: str, month: str) -> HttpResponse:
    """One month of one site: begun by POST; looked at, decided on entry by entry, or previewed."""
    reviewer, place = _place(request, site, month)
    found = selectors.find(place, month)
    if request.method == "POST":
        if place.id not in reviewer.officer:
            raise PermissionDenied
        actor = conf.actor_of(request)
        reviews.open_review(reviewer=reviewer, actor=actor, site=place, month=month)
        return redirect("log_review_month", site, month)
    asked = _asked(request, place, month)
    personal = _personal(request)
    first, end = (found.first, found.end) if found else reviews.span(place, month)
    context: dict[str, Any] = {
        "site": place, "path": site, "month": month, "day": months.first_day(month),
        "asked": asked, "review": found, "charts": charts.charts(place, first, end, personal=personal),
        "personal": personal, "may_sign": place.id in reviewer.officer,
        "over": timezone.now() >= months.bounds(month, place.zone)[1], "languages": list(paper.LANGUAGES.items()),
    }  # fmt: skip
    with timezone.override(ZoneInfo(place.zone)):
        if found is None:
            context |= _preview(place, reviewer, first, end, personal=personal)
            return render(request, "accesslog/review/preview.html", context)
        context |= _page(request, found, reviewer, place, personal=personal)
        return render(request, "accesslog/review/month.html", context)


@require_POST
@never_cache
@login_required
def decide(request: HttpRequest, site: str, month: str, index: int) -> HttpResponse:
    """The verdict on one entry; then on to the next."""
    reviewer, place, found = _begun(request, site, month)
    item = found.items.select_related("review").filter(index=index).first()
    if item is None or request.POST.get("verdict") not in reviews.VERDICTS:
        raise Http404
    only = request.GET.get("only", "")
    order = [row.index for row in selectors.items_of(found, reviewer, place, only=only)]
    following = [each for each in order if each > index] or [each for each in order if each < index]
    try:
        reviews.decide(
            reviewer=reviewer, actor=conf.actor_of(request), site=place, item=item,
            verdict=request.POST["verdict"], comment=request.POST.get("comment", "")[:2000],
        )  # fmt: skip
    except ReviewRefused as error:
        if error.status != 400:
            raise
        query = {**({"only": only} if only in ONLY else {}), "item": index, "missing": 1}
    else:
        query = {**({"only": only} if only in ONLY else {}), "item": following[0] if following else index}
    return redirect(f"{reverse('log_review_month', args=[site, month])}?{urlencode(query)}#item")


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def sign(request: HttpRequest, site: str, month: str) -> HttpResponse:
    """Say in numbers what is signed, ask for the password, sign."""
    reviewer, place, found = _begun(request, site, month)
    if place.id not in reviewer.officer:
        raise PermissionDenied
    if found.signed_us is not None:
        return redirect("log_review_month", site, month)
    conf.step_up(request)
    rows = list(found.items.values_list("verdict", flat=True))
    if request.method == "POST":
        reviews.sign(
            reviewer=reviewer, actor=conf.actor_of(request), site=place, review=found,
            comment=request.POST.get("comment", "")[:2000],
        )  # fmt: skip
        return redirect("log_review_month", site, month)
    context = {
        "site": place, "path": site, "month": month, "day": months.first_day(month),
        "review": found, "items": len(rows), "fine": rows.count(ReviewItem.FINE),
        "follow_up": rows.count(ReviewItem.FOLLOW_UP), "left": rows.count(ReviewItem.OPEN),
    }  # fmt: skip
    return render(request, "accesslog/review/sign.html", context)


@require_GET
@never_cache
@login_required
def pdf(request: HttpRequest, site: str, month: str, language: str) -> HttpResponse:
    """A signed review on paper; taking it out is logged first."""
    reviewer, place, found = _begun(request, site, month)
    if found.signed_us is None or language not in paper.LANGUAGES or conf.pdf_writer() is None:
        raise Http404
    _ask(request, place, {"review": month, "file": f"review.{language}.pdf"})
    content = paper.render(found, site=place, reader=reviewer, language=language, personal=_personal(request))
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="review-{month}.{language}.pdf"'
    return answer


def _page(
    request: HttpRequest, found: Review, reviewer: Reviewer, place: ReviewSite, *, personal: bool
) -> dict[str, Any]:
    only = request.GET.get("only", "") if request.GET.get("only") in ONLY else ""
    rows = list(found.items.order_by("index"))
    listed = selectors.items_of(found, reviewer, place, only=only)
    mine = selectors.items_of(found, reviewer, place, only="mine")
    asked_for = [row for row in rows if str(row.index) == request.GET.get("item")]
    here = next(iter([*asked_for, *mine, *listed, *rows]), None)
    before = [row.index for row in listed if here and row.index < here.index]
    after = [row.index for row in listed if here and row.index > here.index]
    start = max(0, len(before) - WINDOW // 3)
    window = listed[start : start + WINDOW]
    opened = selectors.shown(
        [*window, *([here] if here else [])], reviewer=reviewer, site=place, personal=personal
    )
    still = sum(row.verdict == ReviewItem.OPEN for row in rows)
    return {
        "items": opened[: len(window)], "here": opened[-1] if here else None,
        "above": start, "below": len(listed) - start - len(window),
        "previous": before[-1] if before else None, "next": after[0] if after else None, "only": only,
        "total": len(rows), "decided": len(rows) - still, "still": still, "mine": len(mine),
        "sampled": sum(row.sampled for row in rows), "missing": request.GET.get("missing"),
        **_signature(found, personal=personal),
    }  # fmt: skip


def _signature(found: Review, *, personal: bool) -> dict[str, Any]:
    if found.signed_us is None:
        return {"state": record.OPEN}
    said = reviews.comment_of(found) or {}
    return {
        "state": record.state(found), "said": selectors.said_by(found) if personal else "",
        "comment": said.get("comment", "") if personal else "", "signed_at": from_us(found.signed_us),
        "sha256": bytes(found.signed_sha256 or b"").hex(), "papers": conf.pdf_writer() is not None,
    }  # fmt: skip


def _preview(
    place: ReviewSite, reviewer: Reviewer, first: int, end: int, *, personal: bool
) -> dict[str, Any]:  # fmt: skip
    """What the rules have marked so far; nothing is drawn by lot before the month is over."""
    marked = list(
        reviews.flags_of(place.id, first, end).order_by("index").values_list("index", flat=True).distinct()
    )
    rows = [ReviewItem(index=index) for index in marked[-50:]]
    return {
        "items": selectors.shown(rows, reviewer=reviewer, site=place, personal=personal),
        "marked": len(marked), "entries": reviews.count_entries(place.id, first, end),
    }  # fmt: skip


def _reviewer(request: HttpRequest) -> Reviewer:
    reviewer = conf.reviewer_of(request.user)
    if reviewer is None:
        raise Http404
    return reviewer


def _place(request: HttpRequest, site: str, month: str) -> tuple[Reviewer, ReviewSite]:
    """The reader and the site; 404 where the site is none of theirs, or the month has not begun."""
    reviewer = _reviewer(request)
    place = selectors.site_by(reviewer, site)
    if place is None or not months.is_month(month):
        raise Http404
    if not months.month_of(place.since, place.zone) <= month <= months.month_of(timezone.now(), place.zone):
        raise Http404
    return reviewer, place


def _begun(request: HttpRequest, site: str, month: str) -> tuple[Reviewer, ReviewSite, Review]:
    reviewer, place = _place(request, site, month)
    found = selectors.find(place, month)
    if found is None:
        raise Http404
    return reviewer, place, found


def _personal(request: HttpRequest) -> bool:
    """Whether the reader may see persons and what they wrote."""
    scope = conf.scope_of(request.user)
    return scope is not None and scope.bodies


def _asked(request: HttpRequest, place: ReviewSite, month: str) -> int:
    """The entry of this question: once an hour and session for each month, like the pages of an answer."""
    known = request.session.get(ASKED, {})
    key, now = f"{place.id}/{month}", int(time.time())
    if key in known and now - known[key][1] < ASKED_FOR_S:
        return int(known[key][0])
    index = _ask(request, place, {"review": month})
    fresh = {name: value for name, value in known.items() if now - value[1] < ASKED_FOR_S}
    request.session[ASKED] = {**fresh, key: [index, now]}
    return index


def _ask(request: HttpRequest, place: ReviewSite, query: dict[str, str]) -> int:
    """Log a question; the number of its entry."""
    part, index = conf.actor_of(request)
    body: dict[str, Any] = {**part, "query": query, "site": {"id": place.id, "name": place.name}}
    row = IndexFields(actor=index.actor, terminal=index.terminal, site=place.id)
    return services.append(kind=QUERIED, body=body, index=[row]).index
