"""The pages of erasures on request: choose, look at exactly what goes, confirm, and see it gone."""

from typing import Any
from urllib.parse import urlencode
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
from cctv.people.stepup import require_step_up
from cctv.retention import erase, erase_reads, tasks
from cctv.retention.erase_forms import CameraForm, EraseForm
from cctv.retention.models import Erasure, Trigger
from cctv.sites.models import Camera

ERASE = erase.ACTION
PAGE = 30


@require_GET
@requires(ERASE)
def erasures(request: Request) -> HttpResponse:
    """All erasures, newest first, and the choice of a camera for a new one."""
    sites = request.permissions.sites(ERASE)
    form = CameraForm(request.GET if "camera" in request.GET else None, sites=sites)
    if form.is_bound and form.is_valid():
        return redirect("erase", form.cleaned_data["camera"].code)
    first = int(text) if (text := request.GET.get("from", "")).isdecimal() and len(text) < 7 else 0
    found = list(erase_reads.erasures(sites=sites)[first : first + PAGE + 1])
    address = reverse("erasures")
    context = {
        "form": form,
        "rows": [_row(row) for row in found[:PAGE]],
        "newer": f"{address}?from={max(0, first - PAGE)}" if first else "",
        "older": f"{address}?from={first + PAGE}" if len(found) > PAGE else "",
    }
    return render(request, "cctv/retention/erasures.html", context)


def _row(erasure: Erasure) -> dict[str, Any]:
    """An erasure with its state in words."""
    if erasure.done_at is not None:
        tone, word = "ok", _("Gone")
    elif erasure.applied_at is not None:
        tone, word = "warn", _("Refused; waits for the purge")
    else:
        tone, word = "warn", _("Decided; waits for the access log")
    ground = erase.GROUNDS.get(erasure.ground, erasure.ground)
    return {"erasure": erasure, "tone": tone, "word": word, "ground": ground}


@require_http_methods(["GET", "POST"])
@requires(ERASE)
def new(request: Request, camera_code: str) -> HttpResponse:
    """Which span of a camera; then exactly what goes with it; and by POST, after step-up, the erasure."""
    camera = Camera.objects.select_related("site").filter(code=camera_code).first()
    if camera is None:
        raise NotFound
    request.permissions.require(ERASE, site_id=camera.site_id)
    given = request.POST if request.method == "POST" else request.GET
    form = EraseForm(given if "day" in given else None, camera=camera)
    context = {"camera": camera, "site": camera.site, "form": form, "zone": camera.site.time_zone}
    if not (form.is_bound and form.is_valid()):
        status = 400 if request.method == "POST" else 200
        return render(request, "cctv/retention/erase.html", context, status=status)
    starts_at, ends_at = form.cleaned_data["span"]
    shown = erase_reads.preview(camera=camera, starts_at=starts_at, ends_at=ends_at)
    context |= {
        "preview": shown,
        "asked": (starts_at, ends_at),
        "ground": erase.GROUNDS[form.cleaned_data["ground"]],
        "change": f"{request.path}?{_query(form)}",
    }
    if request.method == "GET" and request.GET.get("change"):
        return render(request, "cctv/retention/erase.html", context)
    if request.method == "POST":
        require_step_up(request)
        if request.POST.get("digest") == shown.digest:
            return _erase(request, camera, form)
        context["moved"] = True
    return render(request, "cctv/retention/erase_confirm.html", context)


def _query(form: EraseForm) -> str:
    """The form's values for going back to it."""
    return urlencode({name: form.data.get(name, "") for name in form.fields} | {"change": "1"})


def _erase(request: Request, camera: Camera, form: EraseForm) -> HttpResponse:
    starts_at, ends_at = form.cleaned_data["span"]
    erasure = erase.erase_segments(
        camera=camera,
        starts_at=starts_at,
        ends_at=ends_at,
        reference=form.cleaned_data["reference"],
        ground=form.cleaned_data["ground"],
        actor=request.account,
        terminal=terminal_of(request),
    )
    if erasure.applied_at is None:
        messages.warning(
            request,
            _("The erasure is decided, but nothing has changed yet: it waits for the access log."),
        )
    else:
        messages.success(request, _("From now on nobody can open this footage. The purge destroys it."))
    transaction.on_commit(lambda: tasks.purge_due.delay(Trigger.REQUEST), robust=True)
    return redirect("erasure", erasure.pk)


@require_GET
@requires(ERASE)
def erasure(request: Request, pk: UUID) -> HttpResponse:
    """What became of one."""
    found = Erasure.objects.select_related("camera", "site", "decided_by").filter(pk=pk).first()
    if found is None:
        raise NotFound
    request.permissions.require(ERASE, site_id=found.site_id)
    context = {
        **_row(found),
        "zone": found.site.time_zone,
        "certificates": erase_reads.certificates_of(found),
        "paused": found.done_at is None and erase_reads.purge_is_paused(),
    }
    return render(request, "cctv/retention/erasure.html", context)
