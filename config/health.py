"""Is it alive, is it ready, how is it doing: for supervisors, load balancers and monitoring."""

from collections.abc import Callable

from django.core.files.storage import storages
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from cctv.core import clock


def _database(alias: str) -> Callable[[], None]:
    def check() -> None:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")

    return check


def _storage() -> None:
    storages["footage"].check_marker()  # type: ignore[attr-defined]


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database("default"),
    "log": _database("log"),
    "storage": _storage,
}


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """Both databases and the footage storage can be used; 503 names those that cannot."""
    failed = {}
    for name, check in CHECKS.items():
        try:
            check()
        except Exception as error:  # whatever is wrong, the answer is "not ready"
            failed[name] = getattr(error, "code", type(error).__name__)
    return JsonResponse({"ready": not failed, "failed": failed}, status=503 if failed else 200)


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures: counts and lags, nothing about people."""
    from cctv.footage.models import Segment, ViewingSession
    from cctv.ingest.models import Quarantined

    registry = CollectorRegistry()
    now = clock.now()
    newest = Segment.objects.order_by("-ingested_at").values_list("ingested_at", flat=True).first()
    figures = {
        "lethe_segments": Segment.objects.count(),
        "lethe_segments_overdue": Segment.objects.filter(expires_at__lte=now).count(),
        "lethe_quarantined": Quarantined.objects.count(),
        "lethe_viewings_open": ViewingSession.objects.filter(
            closed_at__isnull=True, valid_until__gt=now
        ).count(),
        "lethe_seconds_since_last_ingest": (now - newest).total_seconds() if newest else -1,
    }
    for name, value in figures.items():
        Gauge(name, name.replace("_", " "), registry=registry).set(value)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
