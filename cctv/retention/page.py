"""What the retention page shows: headline with its cause, promises camera by camera, and the proofs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cctv.people.access import Request
from cctv.retention import charts, headline, selectors
from cctv.retention.models import Erasure
from cctv.retention.promises import Promise, SiteIds
from cctv.retention.reconcile import selectors as checks

ROWS = 8
ERASED_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Live:
    """The parts of the page that renew themselves, and a word that changes when they do."""

    headline: SafeString
    runs: SafeString
    state: str


def live(
    request: Request,
    now: selectors.Overview,
    sites: SiteIds,
    zone: ZoneInfo,
    runs: Sequence[dict[str, Any]],
) -> Live:
    """Headline, causes, figures; and the last runs."""
    causes = headline.causes(now, zone)
    context: dict[str, Any] = {
        "now": now,
        "zone": zone,
        "checked_at": now.at.astimezone(zone).strftime("%H:%M"),
        "why": causes[0] if causes and now.overdue else None,
        "causes": causes[1:] if now.overdue else [cause for cause in causes if cause.code != "paused"],
        "failures": selectors.failures(sites=sites)[:5],
    }
    oob = bool(request.GET.get("live"))
    below = render_to_string("cctv/retention/_runs.html", {"runs": runs, "zone": zone, "oob": oob}, request)
    body = render_to_string("cctv/retention/_live.html", context, request)
    state = sha256((body + below.replace(' hx-swap-oob="true"', "")).encode()).hexdigest()[:16]
    context["live_url"] = f"{reverse('retention')}?live=1&was={state}&card={_card(now)}"
    return Live(render_to_string("cctv/retention/_live.html", context, request), below, state)


def live_answer(request: Request, now_live: Live, now: selectors.Overview) -> HttpResponse:
    """What htmx gets: nothing when nothing has changed."""
    if request.GET.get("card") != _card(now):
        # The card of a pause holds a form: it comes and goes with the whole page, never under the hands.
        return HttpResponse(headers={"HX-Refresh": "true"})
    if request.GET.get("was") == now_live.state:
        return HttpResponse(status=204)
    return HttpResponse(now_live.headline + now_live.runs)


def _card(now: selectors.Overview) -> str:
    return now.paused.pk.hex if now.paused else "none"


def promise_rows(promises: Sequence[Promise], first: int) -> dict[str, Any]:
    """A page of the table of cameras, all on one scale."""
    days = [each for row in promises for each in (row.promised_days, row.oldest_days, row.held_oldest_days)]
    scale = charts.scale_days(days)
    shown = promises[first : first + ROWS]
    rows = [
        {
            "promise": row,
            "oldest": _age(row.oldest_days),
            "held_oldest": _age(row.held_oldest_days),
            "bar": charts.promise_bar(
                promised=row.promised_days, actual=row.oldest_days, held=row.held_oldest_days, scale=scale
            ),
        }
        for row in shown
    ]
    address = reverse("retention")
    return {
        "rows": rows,
        "scale": scale,
        "newer": f"{address}?from={max(0, first - ROWS)}" if first else "",
        "older": f"{address}?from={first + ROWS}" if first + ROWS < len(promises) else "",
        "pager_text": _("%(shown)d of %(all)d cameras, furthest from the promise first")
        % {"shown": len(shown), "all": len(promises)},
    }


def _age(days: float) -> str:
    if days < 1:
        return _("%(n)d h") % {"n": int(days * 24)}
    return _("%(n)d d") % {"n": int(days)}


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands behind the headline: holds, the last certificate, erasures, the last check."""

    now: selectors.Overview
    erasures: int
    erasures_open: int
    erased_at: datetime | None
    check: "checks.Summary | None"
    sees_checks: bool
    sees_records: bool
    may_erase: bool


def proof(request: Request, now: selectors.Overview, sites: SiteIds, zone: ZoneInfo) -> Proof:
    """The facts of the section “Proof”, as far as the reader may know them."""
    erasures = Erasure.objects.all() if sites is None else Erasure.objects.filter(site_id__in=sites)
    lately = erasures.filter(decided_at__gt=now.at - ERASED_WITHIN)
    return Proof(
        now=now,
        erasures=lately.count(),
        erasures_open=erasures.filter(done_at=None).count(),
        erased_at=erasures.values_list("decided_at", flat=True).first(),
        check=checks.last(request.permissions),
        sees_checks=request.permissions.may("fsck.see"),
        sees_records=request.permissions.everywhere("retention.see"),
        may_erase=request.permissions.may("retention.erase"),
    )
