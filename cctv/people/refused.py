"""Refusals become entries of the access log: who asked for what and was not let through (403, 404).

One entry for the first refusal of a person at a terminal for a page and site, within ten minutes at most
PER_PERSON by a person and PER_INSTALLATION by all. What goes beyond is counted: an entry tells the count when
it reaches one of TOLD_AT, and the last one when the ten minutes are over, or the process ends. Such an entry
is the last of the refusals it tells of, with `repeated`, `since` and `until` of the others. So a person can
add some forty entries in ten minutes, and everybody together few more than PER_INSTALLATION. The counts are
each process's own (a process that is killed takes along what was counted since the last of TOLD_AT); the
bound of the installation is looked up in the log. A refusal stays one, log or no log.
"""

import atexit
import ipaddress
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from accesslog import IndexFields
from accesslog.errors import AccessLogError
from accesslog.selectors import newest_of
from accesslog.services import append
from cctv.people.actors import terminal_of
from cctv.people.models import Account
from cctv.people.policy import permissions_of

log = logging.getLogger("lethe.people")

WINDOW_S = 600.0
PER_PERSON = 30
PER_INSTALLATION = 300
# Refusals of ten minutes that have no entry of their own: told by these.
TOLD_AT = frozenset({4, 10, 100, 1_000, 10_000, 100_000})
CLOSED_AT_ONCE = 10
RETRY_S = 60.0
KEPT = 4096
ADDRESS_LENGTH = 200
# Not refusals: the person is asked for something first, or what they were let into is over.
NOT_REFUSED = frozenset({"temporary_password", "step_up_required", "viewing_closed"})

Key = tuple[str, str, str]
"""Terminal (of an IPv6 address its network: one person has them by the quintillion), page, site."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One refusal: when, and what its entry says."""

    at: datetime
    body: dict[str, Any]
    index: IndexFields


@dataclass(slots=True)
class _Person:
    """Ten minutes of one person: what has an entry, and what waits to be told."""

    ends: float
    keys: set[Key] = field(default_factory=set)
    repeats: int = 0
    waiting: int = 0
    first: _Refusal | None = None
    last: _Refusal | None = None

    def wait(self, refusal: _Refusal, count: int = 1) -> None:
        """Count a refusal that has no entry yet (or the last of several)."""
        self.waiting += count
        self.first, self.last = self.first or refusal, refusal

    def taken(self) -> "tuple[int, _Refusal, _Refusal] | None":
        """What waits, which waits no longer: how many, the first and the last of them."""
        if self.first is None or self.last is None:
            return None
        found = self.waiting, self.first, self.last
        self.waiting, self.first, self.last = 0, None, None
        return found


@dataclass(slots=True)
class _Told:
    at: float
    since: int = 0


_told: OrderedDict[tuple[str, ...], _Told] = OrderedDict()
_people: dict[str, _Person] = {}
_lock = threading.Lock()
_retry_at = 0.0


class RefusalMiddleware:
    """The first to hear of a view's exception; it answers nothing itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Part of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing but that counts are told once their time is over."""
        response = self.get_response(request)
        close_due()
        return response

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
    """Enter a refusal, or count it. Raises LogUnavailable; it is counted then."""
    match, site = request.resolver_match, _site(request)
    page, terminal = (match.view_name if match else ""), terminal_of(request)
    body: dict[str, Any] = {
        "actor": {
            "id": str(account.pk), "name": account.name, "employer": account.employer,
            "role": ", ".join(sorted(permissions_of(account).roles)),
        },
        "terminal": terminal, "page": page, "address": request.path[:ADDRESS_LENGTH], "status": status,
    }  # fmt: skip
    if site is not None:
        body["site"] = site.logged()
    index = IndexFields(actor=str(account.pk), terminal=terminal, site=str(site.pk) if site else "")
    key = (_network(terminal), page, str(site.pk) if site else "")
    refusal, who = _Refusal(timezone.now(), body, index), str(account.pk)
    try:
        close(who, due=monotonic())
    except AccessLogError:
        with _lock:
            _person(who).wait(refusal)
        raise
    if _is_new(who, key) and not _too_many():
        _enter(who, 1, refusal, refusal)
        return
    with _lock:
        person = _person(who)
        person.repeats += 1
        person.wait(refusal)
        tell = person.taken() if person.repeats in TOLD_AT else None
    if tell:
        _enter(who, *tell)


def since_last(key: tuple[str, ...]) -> int | None:
    """How often this (a lock-out) came up since its last entry; None if that was just now."""
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


def forget(key: tuple[str, ...]) -> None:
    """Its entry could not be written: the next one is the first again."""
    with _lock:
        _told.pop(key, None)


def close_due() -> None:
    """Tell the counts whose ten minutes are over, a few at a time; nothing if the log is down."""
    global _retry_at
    now = monotonic()
    if now < _retry_at:
        return
    with _lock:
        over = [who for who, person in _people.items() if person.ends <= now][:CLOSED_AT_ONCE]
    try:
        for who in over:
            close(who, due=now)
    except AccessLogError as failure:
        _retry_at = now + RETRY_S
        log.warning("refusals that were counted are not logged yet: %s", failure)


def close(who: str, *, due: float) -> None:
    """Tell what waits of this person if their ten minutes were over at `due`. Raises LogUnavailable."""
    with _lock:
        person = _people.get(who)
        if person is None or person.ends > due:
            return
        del _people[who]
        tell = person.taken()
    if tell:
        _enter(who, *tell)


def close_all() -> None:
    """The process ends: tell every count now."""
    try:
        for who in list(_people):
            close(who, due=float("inf"))
    except Exception as failure:
        log.warning("refusals that were counted are lost: %s", failure)


def forget_all() -> None:
    """As after a restart."""
    global _retry_at
    with _lock:
        _told.clear()
        _people.clear()
        _retry_at = 0.0


atexit.register(close_all)


def _enter(who: str, count: int, first: _Refusal, last: _Refusal) -> None:
    """The entry of the last of some refusals. What cannot be written waits on. Raises LogUnavailable."""
    body = dict(last.body)
    if count > 1:
        body |= {"repeated": count - 1, "since": _utc(first.at), "until": _utc(last.at)}
    try:
        append(kind="access.refused", body=body, index=[last.index])
    except AccessLogError:
        with _lock:
            person = _person(who)
            person.keys.clear()
            person.wait(last, count)
            person.first = first
        raise


def _person(who: str) -> _Person:
    return _people.setdefault(who, _Person(monotonic() + WINDOW_S))


def _is_new(who: str, key: Key) -> bool:
    """Whether this has no entry yet, within the person's bound; it counts as entered then."""
    with _lock:
        keys = _person(who).keys
        if key in keys or len(keys) >= PER_PERSON:
            return False
        keys.add(key)
        return True


def _too_many() -> bool:
    """Whether all together were refused so often just now that nobody's refusal gets an entry of its own."""
    oldest = newest_of("access.refused", PER_INSTALLATION)
    return oldest is not None and timezone.now() - oldest < timedelta(seconds=WINDOW_S)


def _network(terminal: str) -> str:
    try:
        address = ipaddress.ip_address(terminal)
    except ValueError:
        return terminal
    return terminal if address.version == 4 else str(ipaddress.ip_network((int(address), 64), strict=False))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _site(request: HttpRequest) -> Any:
    """The site that the address is about, as far as the address says."""
    given = request.resolver_match.kwargs if request.resolver_match else {}
    if code := given.get("site_code"):
        return apps.get_model("cctv", "Site").objects.filter(code=code).first()
    if code := given.get("camera_code"):
        cameras = apps.get_model("cctv", "Camera").objects.filter(code=code).select_related("site")
        return camera.site if (camera := cameras.first()) else None
    return None
