"""The page "Health": what the doctor finds, for administrators."""

from importlib import import_module

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from cctv.core import clock, doctor
from cctv.core.doctor import Severity
from cctv.people.access import Request, requires

TONES = {Severity.OK: "ok", Severity.WARN: "warn", Severity.BAD: "bad"}


@require_GET
@requires("health.see")
def health(request: Request) -> HttpResponse:
    """Look now, and show what is not well before what is."""
    for module in settings.LETHE_DOCTORS:
        import_module(module)
    found = [(TONES[each.severity], each) for each in doctor.examine()]
    context = {
        "wrong": [pair for pair in found if pair[1].severity != Severity.OK],
        "well": [each for _tone, each in found if each.severity == Severity.OK],
        "bad": sum(each.severity == Severity.BAD for _tone, each in found),
        "looked_at": clock.now(),
    }
    return render(request, "shell/health.html", context)


urlpatterns = [path("health/", health, name="health")]
