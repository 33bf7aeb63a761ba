"""The addresses of the process role `portal`: the public pages of requests, and no page of the office."""

from importlib.util import find_spec

from django.urls import include, path
from django.views.generic import RedirectView

AREAS = ("portal", "identity", "delivering", "watched")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="portal"), name="home"),
    *(
        path("", include(f"cctv.subjects.{area}.portal_urls"))
        for area in AREAS
        if find_spec(f"cctv.subjects.{area}.portal_urls")
    ),
    path("", include("config.alive")),
]

handler400 = "cctv.subjects.portal.errorpages.bad_request"
handler403 = "cctv.subjects.portal.errorpages.forbidden"
handler404 = "cctv.subjects.portal.errorpages.not_found"
handler500 = "config.errors.server_error"
