"""The page "Health": what the doctor finds, for administrators."""

from importlib import import_module

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from cctv.core import clock, doctor
from cctv.core.doctor import Finding, Severity
from cctv.people.access import Request, requires

TONES = {Severity.OK: "ok", Severity.WARN: "warn", Severity.BAD: "bad"}


@require_GET
@requires("health.see")
def health(request: Request) -> HttpResponse:
    """Look now, and show what is not well before what is: of all sites, so only for who may see them all."""
    request.permissions.require_everywhere("health.see")
    for module in settings.LETHE_DOCTORS:
        import_module(module)
    found = doctor.examine()
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for each in found:
        if each.severity != Severity.OK:
            groups.setdefault((each.code, each.why, each.mend), []).append(each)
    context = {
        "groups": [
            {"tone": TONES[same[0].severity], "why": why, "mend": mend, "what": [each.what for each in same]}
            for (_code, why, mend), same in groups.items()
        ],
        "well": [each for each in found if each.severity == Severity.OK],
        "bad": sum(each.severity == Severity.BAD for each in found),
        "looked_at": clock.now(),
    }
    return render(request, "shell/health.html", context)


urlpatterns = [path("health/", health, name="health")]
