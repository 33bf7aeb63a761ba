"""The clock of a request as it is stored: worked out again from its story whenever something moves it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import transaction

from cctv.core import clock, workdays
from cctv.core.clock import parse_rfc3339, rfc3339
from cctv.people.models import Account
from cctv.sites.models import Camera, Openness
from cctv.subjects.clocks import due
from cctv.subjects.clocks.due import Clock, NotPossible, Pause
from cctv.subjects.clocks.errors import ClockRefused
from cctv.subjects.requests import events, story
from cctv.subjects.requests.models import RequestAct, RequestActKind, SubjectRequest

EXTENSION, POSTPONEMENT = "extension", "postponement"
_STORY = (RequestActKind.PAUSED, RequestActKind.RESUMED, RequestActKind.EXTENDED)


def openness_of(cameras: Iterable[Camera]) -> str:
    """One camera where only staff may go is enough for the rights that they have there."""
    found = {camera.openness for camera in cameras}
    return Openness.NON_OPEN if Openness.NON_OPEN in found else Openness.OPEN


def begin(request: SubjectRequest, cameras: Iterable[Camera]) -> None:
    """Fill in the deadlines of a request that has arrived; the caller saves it."""
    zone, country = place_of(request)
    found = due.deadlines(
        request.kind, request.jurisdiction, request.received_at, zone=zone, country=country,
        openness=openness_of(cameras),
    )  # fmt: skip
    request.due_at = request.first_due_at = found.due_at
    request.reply_by = found.reply_by


def place_of(request: SubjectRequest) -> tuple[ZoneInfo, str]:
    """The site's clocks and whose holidays count."""
    zone = request.site.time_zone
    return ZoneInfo(zone), workdays.country_of(request.jurisdiction, zone)


def clock_of(request: SubjectRequest) -> Clock:
    """The clock from receipt and story."""
    zone, country = place_of(request)
    pauses: list[Pause] = []
    is_extended, cause_ends_at = False, None
    for act in request.acts.filter(kind__in=_STORY).order_by("at", "id"):
        if act.kind == RequestActKind.PAUSED:
            pauses.append(Pause(_at(act), None, act.facts.get("why", due.CLARIFICATION)))
        elif act.kind == RequestActKind.RESUMED and pauses:
            pauses[-1] = Pause(pauses[-1].begins_at, _at(act), pauses[-1].why)
        elif act.kind == RequestActKind.EXTENDED and act.facts.get("how") == POSTPONEMENT:
            cause_ends_at = parse_rfc3339(act.facts["cause_ends_at"])
        elif act.kind == RequestActKind.EXTENDED:
            is_extended = True
    return Clock(
        request.kind, request.jurisdiction, request.received_at, zone, country,
        openness_of(request.cameras.all()), tuple(pauses), is_extended, cause_ends_at,
    )  # fmt: skip


def _at(act: RequestAct) -> datetime:
    at = act.facts.get("at")
    return parse_rfc3339(at) if at else act.at


def pause(
    request: SubjectRequest, why: str, *, actor: Account | None = None, terminal: str = "",
    by_lethe: bool = False, event_id: UUID | None = None,
) -> bool:  # fmt: skip
    """Stop it while `why` (due.IDENTITY, due.CLARIFICATION) is awaited; False where it does not stop.

    It does not where the law knows no stop, where it stands already and where its time is over.
    """
    now = clock.now()
    with _locked(request) as told:
        if not _can(lambda: due.paused(told, now, why)):
            return False
        facts = {"why": why, "at": rfc3339(now)}
        _move(
            request, RequestActKind.PAUSED, facts, actor=actor, terminal=terminal, by_lethe=by_lethe,
            event_id=event_id, paused_at=now,
        )  # fmt: skip
    return True


def awaits(request: SubjectRequest, why: str) -> bool:
    """Whether it stands because `why` (due.IDENTITY, due.CLARIFICATION) is awaited."""
    if request.paused_at is None:
        return False
    last = request.acts.filter(kind=RequestActKind.PAUSED).order_by("at", "id").last()
    return last is not None and last.facts.get("why", due.CLARIFICATION) == why


def resume(
    request: SubjectRequest, *, actor: Account | None = None, terminal: str = "", by_lethe: bool = False,
    event_id: UUID | None = None,
) -> bool:  # fmt: skip
    """Let it go on, later by what was paused; False where it does not stand."""
    now = clock.now()
    with _locked(request) as told:
        if not _can(lambda: due.resumed(told, now)):
            return False
        facts = {"at": rfc3339(now), "due_at": rfc3339(due.resumed(told, now).due_at)}
        _move(
            request, RequestActKind.RESUMED, facts, actor=actor, terminal=terminal, by_lethe=by_lethe,
            event_id=event_id, paused_at=None,
        )  # fmt: skip
    return True


def extend(request: SubjectRequest, *, actor: Account, terminal: str, reason: str) -> SubjectRequest:
    """Two months more (EU, UK); `reason` is a code of `profiles`. The caller tells it. ClockRefused."""
    now = clock.now()
    with _locked(request) as told:
        moved = _or_refuse(lambda: due.extended(told, now))
        facts = {"how": EXTENSION, "reason": reason, "due_at": rfc3339(moved.due_at)}
        _move(request, RequestActKind.EXTENDED, facts, actor=actor, terminal=terminal, extended_at=now)
    return request


def postpone(
    request: SubjectRequest, cause_ends_at: datetime, *, actor: Account, terminal: str
) -> SubjectRequest:
    """Postponed by a decision (KR), until ten days after its cause has ended. ClockRefused."""
    now = clock.now()
    with _locked(request) as told:
        moved = _or_refuse(lambda: due.postponed(told, now, cause_ends_at))
        facts = {
            "how": POSTPONEMENT, "cause_ends_at": rfc3339(cause_ends_at), "due_at": rfc3339(moved.due_at)
        }  # fmt: skip
        _move(request, RequestActKind.EXTENDED, facts, actor=actor, terminal=terminal, extended_at=now)
    return request


def can_extend(request: SubjectRequest) -> bool:
    """Whether it could be extended now."""
    return _can(lambda: due.extended(clock_of(request), clock.now()))


def can_postpone(request: SubjectRequest) -> bool:
    """Whether it could be postponed now."""
    told = clock_of(request)
    return bool(told.rule.postponed_days) and clock.now() < told.due_at


def _can(move: Callable[[], Clock]) -> bool:
    try:
        move()
    except NotPossible:
        return False
    return True


def _or_refuse(move: Callable[[], Clock]) -> Clock:
    try:
        return move()
    except NotPossible as refused:
        raise ClockRefused(refused.code) from None


@contextmanager
def _locked(request: SubjectRequest) -> Iterator[Clock]:
    """The request for ourselves, and its clock: two who move it at once move it one after the other."""
    with transaction.atomic():
        SubjectRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        yield clock_of(request)


def _move(
    request: SubjectRequest, kind: RequestActKind, facts: dict[str, Any], *, actor: Account | None,
    terminal: str, by_lethe: bool = False, event_id: UUID | None = None, **row: Any,
) -> None:  # fmt: skip
    """The entry, the story, the row. Cut off after the entry, the same move tried again finds it."""
    moves = request.acts.filter(kind__in=_STORY).count()
    receipt = story.enter(
        request, events.kind_of(kind), actor=actor, terminal=terminal, body={"facts": facts},
        event_id=event_id or uuid5(request.pk, f"clock/{moves}/{kind}"), by_lethe=by_lethe,
    )  # fmt: skip
    story.note(request, kind, receipt, actor=actor, facts=receipt.body.get("facts", facts))
    request.due_at = clock_of(request).due_at
    for name, value in row.items():
        setattr(request, name, value)
    # No more than was moved: the rest of this copy of the row may be older than the lock.
    request.save(update_fields=["due_at", *row])
