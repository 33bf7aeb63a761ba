"""Addresses of all that has to do with requests: each area has its own, where there are any."""

from importlib.util import find_spec

from django.urls import include, path

AREAS = ("portal", "identity", "desk", "deciding", "delivering", "watched")

urlpatterns = [
    path("", include(f"cctv.subjects.{area}.{name}"))
    for area in AREAS
    for name in ("portal_urls", "urls")
    if find_spec(f"cctv.subjects.{area}.{name}")
]
