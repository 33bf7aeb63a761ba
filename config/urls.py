"""Every address of Lethe."""

from importlib.util import find_spec

from django.urls import include, path

AREAS = (
    "people", "sites", "ledger", "footage", "footage.marks", "footage.restrictions", "footage.timeline",
    "footage.wall", "ingest", "ingest.health", "retention", "retention.holds", "retention.reconcile",
    "retention.records", "redaction.editing", "redaction.rendering", "redaction.review", "redaction.scene",
    "disclosure", "subjects",
)  # fmt: skip

urlpatterns = [
    path("accounts/", include("config.accounts")),
]
OWN = ("accesslog.urls", "config.pages", "config.health", "config.condition")
for module in (*(f"cctv.{area}.urls" for area in AREAS), *OWN):
    if find_spec(module):
        urlpatterns.append(path("", include(module)))

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
