"""Is it alive, is it ready, how is it doing: for supervisors, load balancers and monitoring.

Anybody may ask whether it is alive. The rest is for this machine itself and for who has the token; from
a proxy's machine everybody's requests come, so behind one only the token counts.
"""

from collections.abc import Callable
from functools import wraps
from hmac import compare_digest

from django.conf import settings
from django.core.files.storage import storages
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from cctv.core import clock
from cctv.retention.backup.selectors import refuse_unfinished_restore
from config.peers import is_loopback


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
    "restore": refuse_unfinished_restore,
}


View = Callable[[HttpRequest], HttpResponseBase]


def _for_supervisors(view: View) -> View:
    """Hide the page (404) from strangers."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if not _is_supervisor(request):
            raise Http404
        return view(request)

    return guarded


def _is_supervisor(request: HttpRequest) -> bool:
    token = settings.LETHE_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if token and compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    return not settings.LETHE_BEHIND_PROXY and is_loopback(request.META.get("REMOTE_ADDR", ""))


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_GET
@_for_supervisors
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
@_for_supervisors
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures: counts and lags, nothing about people."""
    from cctv.footage.models import Segment, ViewingSession
    from cctv.ingest.models import Quarantined
    from cctv.retention.holds.models import PROTECTING, Hold
    from cctv.retention.plan import protected

    registry = CollectorRegistry()
    now = clock.now()
    newest = Segment.objects.order_by("-ingested_at").values_list("ingested_at", flat=True).first()
    figures = {
        "lethe_segments": Segment.objects.count(),
        "lethe_segments_overdue": Segment.objects.filter(expires_at__lte=now)
        .exclude(protected("segment"))
        .count(),
        "lethe_holds": Hold.objects.filter(state__in=PROTECTING).count(),
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
