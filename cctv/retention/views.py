"""The pages of endings: what is overdue, promised, destroyed, and the decision on a pause."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.stepup import step_up_required
from cctv.retention import charts, guards, page, selectors, tasks
from cctv.retention.confirm import CONFIRM, DigestMismatch, confirm_run
from cctv.retention.models import PurgeRun, RunState
from cctv.retention.promises import SiteIds, promises
from cctv.sites.selectors import common_zone

SEE = "retention.see"
RECENT_RUNS = 6
PAGE = 30


@require_GET
@requires(SEE)
def retention(request: Request) -> HttpResponse:
    """The page, and for htmx its live part: headline, figures and runs, when they have changed."""
    sites = request.permissions.sites(SEE)
    now = selectors.overview(sites=sites)
    zone = common_zone(sites)
    runs = _run_rows(list(selectors.runs(sites=sites)[:RECENT_RUNS]), sites)
    live = page.live(request, now, sites, zone, runs)
    if request.GET.get("live"):
        return page.live_answer(request, live, now)
    context = {
        "live_html": live.headline,
        "runs_html": live.runs,
        "zone": zone,
        "zone_name": zone.key,
        "chart": charts.hour_chart(selectors.hourly(sites=sites)),
        "next_total": now.next_segments,
        "proof": page.proof(request, now, sites, zone),
        **page.promise_rows(promises(sites=sites), _number(request.GET.get("from"))),
        **_paused(request, now.paused, sites),
    }
    return render(request, "cctv/retention/retention.html", context)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 else 0


def _run_rows(runs: list[PurgeRun], sites: SiteIds) -> list[dict[str, Any]]:
    """Runs with the reader's own sites' numbers in them."""
    rows = []
    for run in runs:
        shares = selectors.shares(run, sites=sites)
        destroyed = sum(share.segments + share.quarantined for share in shares)
        failed = sum(share.failed for share in shares)
        rows.append(
            {
                "run": run,
                "planned": sum(share.planned for share in shares),
                "segments": destroyed,
                "failed": failed,
                "only_failed": bool(failed) and not destroyed and run.state == RunState.DONE,
                "certificates": [c for share in shares for c in share.certificates if c.run_id == run.pk],
            }
        )
    return rows


def _paused(request: Request, run: PurgeRun | None, sites: SiteIds) -> dict[str, Any]:
    """What the card of a paused run says."""
    if run is None:
        return {"paused": None}
    shares = selectors.shares(run, sites=sites)
    planned = selectors.planned(run, sites=sites)
    zone = common_zone(sites)
    digest = run.digest[:16]
    return {
        "paused": run,
        "run": run,
        "run_is_hard": run.pause_code in guards.HARD,
        "confirmable": selectors.may_confirm(run, request.permissions, CONFIRM),
        "pause_text": selectors.pause_sentence(run, sites=sites),
        "zone": zone,
        "paused_sum": {
            "planned": sum(share.planned for share in shares),
            "bytes": sum(share.planned_bytes for share in shares),
            "cameras": len(planned.cameras),
            "span": planned.span,
        },
        "digest_shown": " ".join(digest[at : at + 4] for at in range(0, len(digest), 4)),
    }


@require_GET
@requires(SEE)
def runs(request: Request) -> HttpResponse:
    """All runs, newest first."""
    sites = request.permissions.sites(SEE)
    first = _number(request.GET.get("from"))
    found = list(selectors.runs(sites=sites)[first : first + PAGE + 1])
    address = reverse("purge-runs")
    context = {
        "runs": _run_rows(found[:PAGE], sites),
        "zone": common_zone(sites),
        "newer": f"{address}?from={max(0, first - PAGE)}" if first else "",
        "older": f"{address}?from={first + PAGE}" if len(found) > PAGE else "",
    }
    return render(request, "cctv/retention/runs.html", context)


def _run_or_404(request: Request, pk: UUID) -> tuple[PurgeRun, list[selectors.SiteShare]]:
    """The run, if it took or takes something from a site that the reader may see."""
    sites = request.permissions.sites(SEE)
    run = selectors.runs(sites=sites).filter(pk=pk).first()
    if run is None:
        raise NotFound
    return run, selectors.shares(run, sites=sites)


@require_GET
@requires(SEE)
def run(request: Request, pk: UUID) -> HttpResponse:
    """One run: its plan, its steps, and what it took from each site."""
    found, shares = _run_or_404(request, pk)
    sites = request.permissions.sites(SEE)
    zone = common_zone(sites)
    context = {
        "run": found,
        "shares": shares,
        "keys": selectors.keys_of(found, sites=sites),
        "zone": zone,
        "destroyed": sum(share.segments + share.quarantined for share in shares),
        "planned": sum(share.planned for share in shares),
        "pause_text": selectors.pause_sentence(found, sites=sites) if found.pause_code else "",
        "failures": selectors.failures(sites=sites).filter(run=found),
        "is_paused": found.state == "paused",
    }
    if context["is_paused"]:
        context |= _paused(request, found, sites)
        context["planned_cameras"] = selectors.planned(found, sites=sites).named()
    return render(request, "cctv/retention/run.html", context)


@require_http_methods(["GET", "POST"])
@requires(CONFIRM)
@step_up_required
def run_confirm(request: Request, pk: UUID) -> HttpResponse:
    """The decision on a paused run: by POST with the digest's first characters, after step-up."""
    found, _shares = _run_or_404(request, pk)
    error = ""
    if request.method == "POST":
        try:
            confirm_run(
                run_id=pk,
                actor=request.account,
                digest_prefix=request.POST.get("digest", ""),
                terminal=terminal_of(request),
            )
        except DigestMismatch as mismatch:
            error = f"{mismatch.message} {mismatch.hint}"
        else:
            transaction.on_commit(lambda: tasks.purge_due.delay(), robust=True)
            messages.success(
                request, _("The run is released. It destroys what its plan names, and nothing else.")
            )
            return redirect("retention")
    elif found.state != "paused":
        return redirect("purge-run", pk)
    typed = request.POST.get("digest", request.GET.get("digest", ""))[:80]
    context = _paused(request, found, request.permissions.sites(SEE))
    context |= {"digest_error": error, "digest_typed": typed, "deciding": True}
    return render(request, "cctv/retention/confirm.html", context, status=400 if error else 200)
