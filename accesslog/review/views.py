"""The pages of the review. Looking at a month is a question to the log, and logged as one."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
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
PREVIEWED = 50
LONGEST = 19  # digits of an entry's number
# Checking a signature reads every item again: 30 ms for a thousand.
CHECKED_AT_ONCE = 2000
UNCHECKED = "unchecked"


@require_GET
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """Sites and months: what waits, and what is signed."""
    reviewer = _reviewer(request)
    rows = selectors.overview(reviewer, personal=_personal(request))
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
        "unaudited": [site.name for site, _found in rows if site.without_auditor],
    }
    return render(request, "accesslog/review/overview.html", context)


@require_GET
@never_cache
@login_required
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule in words, with its parameters, and how often it fired."""
    sites, now = selectors.known_sites(_reviewer(request)), timezone.now()
    month, year = (selectors.fired(sites, since=now - timedelta(days=days)) for days in (30, 365))
    found = [
        {
            "rule": rule, "month": month.get(rule.code, 0), "year": year.get(rule.code, 0),
            "parameters": [(rule.labels[name], value) for name, value in rule.parameters().items()],
        }
        for rule in conf.rules()
    ]  # fmt: skip
    scope = conf.scope_of(request.user)
    # How much is logged elsewhere is not for readers of some sites.
    sizes = {"mark": judging.mark(), "size": judging.size()} if scope and scope.all_sites else {}
    context = {"rules": found, **sizes}
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
        "over": timezone.now() >= months.bounds(month, place.zone)[1],
        "languages": list(paper.LANGUAGES.items()),
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
    order = selectors.items_of(found, reviewer, place, only=only).exclude(index=index)
    following = (order.filter(index__gt=index).first() or order.first()) or item
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
        query = {**({"only": only} if only in ONLY else {}), "item": following.index}
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
    if request.method == "POST":
        reviews.sign(
            reviewer=reviewer, actor=conf.actor_of(request), site=place, review=found,
            comment=request.POST.get("comment", "")[:2000], shown=request.POST.get("shown", ""),
        )  # fmt: skip
        return redirect("log_review_month", site, month)
    # The fingerprint first: a verdict that comes in between makes the numbers newer than it, and is refused.
    context = {
        "shown": record.fingerprint(found), "site": place, "path": site, "month": month,
        "day": months.first_day(month), "review": found, **reviews.verdicts_of(found),
    }  # fmt: skip
    return render(request, "accesslog/review/sign.html", context)


@require_GET
@never_cache
@login_required
def pdf(request: HttpRequest, site: str, month: str, language: str) -> HttpResponse:
    """A signed review on paper; the password is asked for, and taking it out is logged first."""
    reviewer, place, found = _begun(request, site, month)
    if found.signed_us is None or language not in paper.LANGUAGES or conf.pdf_writer() is None:
        raise Http404
    conf.step_up(request)
    reviews.take_out(review=found, actor=conf.actor_of(request), site=place, language=language)
    content = paper.render(found, site=place, reader=reviewer, language=language, personal=_personal(request))
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="review-{month}.{language}.pdf"'
    return answer


def _page(
    request: HttpRequest, found: Review, reviewer: Reviewer, place: ReviewSite, *, personal: bool
) -> dict[str, Any]:
    only = request.GET.get("only", "") if request.GET.get("only") in ONLY else ""
    listed = selectors.items_of(found, reviewer, place, only=only)
    mine = selectors.items_of(found, reviewer, place, only="mine")
    here = _here(request, found, mine, listed)
    before = listed.filter(index__lt=here.index).order_by("-index") if here else listed.none()
    after = listed.filter(index__gt=here.index) if here else listed.none()
    start, total = max(0, before.count() - WINDOW // 3), listed.count()
    window = list(listed[start : start + WINDOW])
    opened = selectors.shown(window, reviewer=reviewer, site=place, personal=personal)
    beside = [each for each in opened if here and each.row.pk == here.pk]
    if here and not beside:
        beside = selectors.shown([here], reviewer=reviewer, site=place, personal=personal)
    counts = reviews.verdicts_of(found)
    return {
        "items": opened, "here": beside[0] if beside else None, "above": start,
        "below": max(0, total - start - len(window)), "only": only,
        "previous": before.values_list("index", flat=True).first(),
        "next": after.values_list("index", flat=True).first(),
        "above_item": listed.values_list("index", flat=True)[start - 1] if start else None,
        "below_item": listed.filter(index__gt=window[-1].index).values_list("index", flat=True).first()
        if window else None,
        "total": counts["items"], "decided": counts["items"] - counts["left"], "still": counts["left"],
        "mine": mine.count(), "sampled": found.items.filter(sampled=True).count(),
        "missing": request.GET.get("missing"),
        **_signature(found, counts["items"], asked=request.GET.get("check") == "1", personal=personal),
    }  # fmt: skip


def _here(
    request: HttpRequest, found: Review, mine: QuerySet[ReviewItem], listed: QuerySet[ReviewItem]
) -> ReviewItem | None:
    """The item beside the list: the one asked for, else the first that waits for the reader, or of all."""
    asked = request.GET.get("item", "")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < LONGEST else -1
    if (item := found.items.filter(index=number).first()) is not None:
        return item
    return mine.first() or listed.first() or found.items.order_by("index").first()


def _signature(found: Review, items: int, *, asked: bool, personal: bool) -> dict[str, Any]:
    """What the page says of the signature. A long review is checked when somebody asks for it."""
    if found.signed_us is None:
        return {"state": record.OPEN}
    said = reviews.comment_of(found) or {}
    return {
        "state": record.state(found) if asked or items <= CHECKED_AT_ONCE else UNCHECKED,
        "said": selectors.said_by(found) if personal else "",
        "comment": said.get("comment", "") if personal else "", "signed_at": from_us(found.signed_us),
        "sha256": bytes(found.signed_sha256 or b"").hex(), "papers": conf.pdf_writer() is not None,
    }  # fmt: skip


def _preview(
    place: ReviewSite, reviewer: Reviewer, first: int, end: int, *, personal: bool
) -> dict[str, Any]:  # fmt: skip
    """What the rules have marked so far; nothing is drawn by lot before the month is over."""
    flags = reviews.flags_of(place.id, first, end).order_by("-index")
    marked = flags.values_list("index", flat=True).distinct()
    rows = [ReviewItem(index=index) for index in sorted(marked[:PREVIEWED])]
    return {
        "items": selectors.shown(rows, reviewer=reviewer, site=place, personal=personal),
        "marked": marked.count(), "listed": len(rows), "entries": reviews.count_entries(place.id, first, end),
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
