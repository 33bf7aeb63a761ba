"""The pages of ingest: sources, recorders, quarantine."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.core.errors import LetheError
from cctv.ingest import quarantine, recorders, selectors, sources
from cctv.ingest.forms import RecorderForm, SourceForm, names_as_text
from cctv.ingest.incoming import Outcome
from cctv.ingest.models import Quarantined, Recorder, Source
from cctv.ingest.sources import FIELDS, SourceRefused
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound

SEE, CHANGE = "ingest.see", "ingest.change"


@require_GET
@requires(SEE)
def source_list(request: Request) -> HttpResponse:
    """How each source is doing."""
    allowed = request.permissions.sites(SEE)
    context = {"rows": selectors.sources(sites=allowed), **_tabs(request)}
    return render(request, "cctv/ingest/sources.html", context)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def source_add(request: Request) -> HttpResponse:
    """A new watched folder; "try" shows what its files would become and saves nothing."""
    allowed = request.permissions.sites(CHANGE)
    form = SourceForm(request.POST or None, allowed=allowed, initial={"time_zone": _first_zone(allowed)})
    context: dict[str, Any] = {"form": form, "source": None}
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        site = values.pop("site")
        if "try" in request.POST:
            tried = Source(site=site, **{name: values[name] for name in FIELDS})
            context |= _tried(request, form, tried)
        elif source := _saved(
            form,
            lambda: sources.add_source(
                actor=request.account, terminal=terminal_of(request), site=site, values=values
            ),
        ):
            messages.success(request, _("%(name)s is watched from now on.") % {"name": source.name})
            return redirect("sources")
    return render(request, "cctv/ingest/source_form.html", context)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def source_edit(request: Request, pk: UUID) -> HttpResponse:
    """Change a source; saving also marks its folder again."""
    source = _source(request, pk)
    initial = {name: getattr(source, name) for name in FIELDS} | {"site": source.site}
    initial["camera_names"] = names_as_text(source.camera_names)
    form = SourceForm(request.POST or None, allowed=[source.site_id], fixed_site=True, initial=initial)
    context: dict[str, Any] = {"form": form, "source": source, "state": selectors.SourceState(source)}
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in FIELDS}
        if "try" in request.POST:
            context |= _tried(request, form, Source(pk=source.pk, site=source.site, **values))
        elif _saved(
            form,
            lambda: sources.change_source(
                actor=request.account, terminal=terminal_of(request), source=source, values=values
            ),
        ):
            messages.success(request, _("%(name)s was saved.") % {"name": source.name})
            return redirect("sources")
    return render(request, "cctv/ingest/source_form.html", context)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def source_retire(request: Request, pk: UUID) -> HttpResponse:
    """Stop watching a folder, after asking once more."""
    source = _source(request, pk)
    if request.method == "POST":
        sources.retire_source(actor=request.account, terminal=terminal_of(request), source=source)
        messages.success(request, _("%(name)s is watched no longer.") % {"name": source.name})
        return redirect("sources")
    return render(request, "cctv/ingest/source_retire.html", {"source": source})


@require_GET
@requires(SEE)
def recorder_list(request: Request) -> HttpResponse:
    """The machines that upload."""
    allowed = request.permissions.sites(SEE)
    context = {"rows": selectors.recorders(sites=allowed), **_tabs(request)}
    return render(request, "cctv/ingest/recorders.html", context)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def recorder_add(request: Request) -> HttpResponse:
    """A new recorder; its token is on the answer's page and nowhere else, ever."""
    form = RecorderForm(request.POST or None, allowed=request.permissions.sites(CHANGE))
    if request.method != "POST" or not form.is_valid():
        return render(request, "cctv/ingest/recorder_form.html", {"form": form})
    data = form.cleaned_data
    recorder, token = recorders.create_recorder(
        actor=request.account,
        terminal=terminal_of(request),
        site=data["site"],
        name=data["name"],
        cameras=list(data["cameras"]),
    )
    address = request.build_absolute_uri("/api/v1/cameras/")
    context = {"recorder": recorder, "token": token, "address": address, "cameras": data["cameras"]}
    response = render(request, "cctv/ingest/recorder_token.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def recorder_revoke(request: Request, pk: UUID) -> HttpResponse:
    """End a token, after asking once more."""
    recorder = Recorder.objects.select_related("site").filter(pk=pk, revoked_at=None).first()
    if recorder is None:
        raise NotFound
    request.permissions.require(CHANGE, site_id=recorder.site_id)
    if request.method == "POST":
        recorders.revoke_recorder(actor=request.account, terminal=terminal_of(request), recorder=recorder)
        messages.success(request, _("The token of %(name)s is no longer accepted.") % {"name": recorder.name})
        return redirect("recorders")
    return render(request, "cctv/ingest/recorder_revoke.html", {"recorder": recorder})


@require_GET
@requires(SEE)
def quarantine_list(request: Request) -> HttpResponse:
    """What could not be admitted, and why."""
    before = _moment(request.GET.get("before", ""))
    items, more = selectors.quarantined(sites=request.permissions.sites(SEE), before=before)
    context = {
        "items": items,
        "more": more.isoformat() if more else "",
        "first": before is None,
        **_tabs(request),
    }
    return render(request, "cctv/ingest/quarantine.html", context)


@require_POST
@requires(CHANGE)
def quarantine_retry(request: Request, pk: UUID) -> HttpResponseBase:
    """Try once more to admit something."""
    row = Quarantined.objects.select_related(
        "site", "camera", "source", "source__site", "source__camera", "epoch"
    )
    found = row.filter(pk=pk).first()
    if found is None:
        raise NotFound
    admission = quarantine.retry(actor=request.account, terminal=terminal_of(request), row=found)
    if admission.outcome is Outcome.QUARANTINED and admission.reason is not None:
        messages.warning(request, f"{admission.reason.title} {admission.reason.hint}")
    elif admission.outcome is Outcome.ERASED:
        text = _("%(name)s was erased on request before. It is not taken in again.")
        messages.warning(request, text % {"name": found.original_name})
    else:
        messages.success(request, _("%(name)s was admitted.") % {"name": found.original_name})
    return redirect(_back(request) or "quarantine")


def _back(request: Request) -> str:
    """The page of this house that a form names to go back to, or ""."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else ""


def _source(request: Request, pk: UUID) -> Source:
    source = Source.objects.select_related("site", "camera").filter(pk=pk, retired_at=None).first()
    if source is None:
        raise NotFound
    request.permissions.require(CHANGE, site_id=source.site_id)
    return source


def _moment(text: str) -> datetime | None:
    """The moment that a query names, or None for anything that is none."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _saved(form: SourceForm, save: Any) -> Any:
    """What `save` returns, or None with the refusal beside its field."""
    try:
        return save()
    except SourceRefused as error:
        form.add_error(error.field, error.message)
        return None
    except LetheError as error:
        if error.status >= 500 and error.code != "folder_unreadable":
            raise
        form.add_error(
            "folder" if error.code in ("foreign_folder", "folder_unreadable") else None, str(error.message)
        )
        return None


def _tried(request: Request, form: SourceForm, source: Source) -> dict[str, Any]:
    """The preview, or why there is none: nothing is listed that could not be saved."""

    def check() -> bool:
        sources.check_source(actor=request.account, source=source)
        return True

    if not _saved(form, check):
        return {}
    try:
        return {"tried": True, "previews": selectors.preview(source), "zone": source.site.time_zone}
    except (OSError, ValueError):
        return {"tried": True, "previews": [], "unreadable": True}


def _tabs(request: Request) -> dict[str, Any]:
    """What the three lists have in common."""
    return {
        "quarantined": selectors.count_quarantined(sites=request.permissions.sites(SEE)),
        "may_change": request.permissions.may(CHANGE),
    }


def _first_zone(allowed: selectors.Allowed) -> str:
    """The zone of the only or first site: a fair guess for a new source."""
    return selectors.sites_of(allowed).values_list("time_zone", flat=True).first() or "UTC"
