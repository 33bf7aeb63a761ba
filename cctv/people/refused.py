"""Refusals become entries of the access log: who asked for what and was not let through (403, 404).

One entry for the first refusal of a person at a terminal for a page and site; what repeats within ten minutes
is counted and told by the next one. The count is this process's own. A refusal stays one, log or no log.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accesslog import IndexFields
from accesslog.errors import AccessLogError
from accesslog.services import append
from cctv.people.actors import terminal_of
from cctv.people.models import Account
from cctv.people.policy import permissions_of

log = logging.getLogger("lethe.people")

WINDOW_S = 600.0
KEPT = 4096
ADDRESS_LENGTH = 200
# Not refusals: the person is asked for something first, or what they were let into is over.
NOT_REFUSED = frozenset({"temporary_password", "step_up_required", "viewing_closed"})

Key = tuple[str, str, str, str]


@dataclass(slots=True)
class _Told:
    at: float
    since: int = 0


_told: OrderedDict[Key, _Told] = OrderedDict()
_lock = threading.Lock()


class RefusalMiddleware:
    """The first to hear of a view's exception; it answers nothing itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Part of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing here."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Enter it if it refuses a person something."""
        account, status = getattr(request, "user", None), refusal_of(error)
        if status and isinstance(account, Account):
            try:
                note(request, account, status)
            except AccessLogError as failure:
                log.warning("a refusal was not logged: %s", failure)


def refusal_of(error: Exception) -> int:
    """403 or 404 where the exception refuses something, else 0."""
    if isinstance(error, Http404):
        return 404
    if isinstance(error, PermissionDenied):
        return 403
    status: Any = getattr(error, "status", None)
    return status if status in (403, 404) and getattr(error, "code", "") not in NOT_REFUSED else 0


def note(request: HttpRequest, account: Account, status: int) -> None:
    """Enter a refusal, unless the same was entered a moment ago. Raises LogUnavailable."""
    match, site = request.resolver_match, _site(request)
    page, terminal = (match.view_name if match else ""), terminal_of(request)
    key = (str(account.pk), terminal, page, str(site.pk) if site else "")
    repeated = since_last(key)
    if repeated is None:
        return
    body: dict[str, Any] = {
        "actor": {
            "id": str(account.pk), "name": account.name, "employer": account.employer,
            "role": ", ".join(sorted(permissions_of(account).roles)),
        },
        "terminal": terminal, "page": page, "address": request.path[:ADDRESS_LENGTH], "status": status,
    }  # fmt: skip
    if site is not None:
        body["site"] = site.logged()
    if repeated:
        body["repeated"] = repeated
    index = IndexFields(actor=str(account.pk), terminal=terminal, site=str(site.pk) if site else "")
    try:
        append(kind="access.refused", body=body, index=[index])
    except AccessLogError:
        forget(key)
        raise


def since_last(key: Key) -> int | None:
    """How often this was refused since its last entry; None if that was just now."""
    now = monotonic()
    with _lock:
        told = _told.get(key)
        if told is not None and now - told.at < WINDOW_S:
            told.since += 1
            return None
        _told[key] = _Told(now)
        _told.move_to_end(key)
        if len(_told) > KEPT:
            _told.popitem(last=False)
        return told.since if told else 0


def forget(key: Key) -> None:
    """Its entry could not be written: the next refusal is the first again."""
    with _lock:
        _told.pop(key, None)


def _site(request: HttpRequest) -> Any:
    """The site that the address is about, as far as the address says."""
    given = request.resolver_match.kwargs if request.resolver_match else {}
    if code := given.get("site_code"):
        return apps.get_model("cctv", "Site").objects.filter(code=code).first()
    if code := given.get("camera_code"):
        cameras = apps.get_model("cctv", "Camera").objects.filter(code=code).select_related("site")
        return camera.site if (camera := cameras.first()) else None
    return None
