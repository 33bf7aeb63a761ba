"""Why somebody looks on: a viewing's purpose may change, and the log holds each in its turn.

What was reserved under the old purpose serves no more, so the next picture has an entry with the new one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accesslog import Scope
from accesslog.selectors import Filters, Listed, first_index_at, numbers, opened, reading
from accesslog.types import to_us
from cctv.core import clock
from cctv.footage.errors import PurposeChangesSpent, PurposeRequired, ViewingClosed
from cctv.footage.models import CoveredSpan, ViewingSession
from cctv.footage.viewings.entries import purpose_fields, write_entry
from cctv.footage.viewings.standing import allows, case_of, require_open
from cctv.sites.models import Camera, Purpose

CHANGED = "viewing.purpose_changed"
# Whoever has so many reasons opens another viewing; the closing entry has room to tell all of these.
MOST_CHANGES = 20
# So many entries are read from the log at once.
PAGE = 200
# The log's times never fall, so after a clock was set they may differ from the register's.
CLOCKS_APART = timedelta(minutes=5)


def change_purpose(
    session: ViewingSession, *, purpose: Purpose | None, case: str = "", reason: str = ""
) -> ViewingSession:
    """Go on for another purpose (or case, or reason); the session as it is then.

    The entry is durable first. Raises PurposeRequired unless all cameras are registered for the purpose,
    PurposeChangesSpent after MOST_CHANGES, ViewingClosed, HoldEnded, policy errors, LogUnavailable. What is
    the same as before changes nothing.
    """
    require_open(session)
    cameras, case = list(session.cameras.all()), case_of(session.hold, case)
    if purpose is None or not allows(purpose, cameras):
        raise PurposeRequired
    if (purpose.pk, case, reason) == (session.purpose_id, session.case, session.purpose_text):
        return session
    if len(_changes([session]).get(session.pk, ())) >= MOST_CHANGES:
        raise PurposeChangesSpent
    before = purpose_fields(session.purpose, session.purpose_text)
    if session.case:
        before["case"] = session.case
    changed = ViewingSession.objects.select_related("actor", "site", "hold").get(pk=session.pk)
    changed.purpose, changed.case, changed.purpose_text = purpose, case, reason
    write_entry(
        changed, CHANGED, {"before": before}, cameras=cameras, span=(session.starts_at, session.ends_at)
    )
    with transaction.atomic():
        rows = ViewingSession.objects.select_for_update(of=("self",)).filter(
            pk=session.pk, closed_at__isnull=True, valid_until__gt=clock.now()
        )
        if not rows.exists():
            raise ViewingClosed
        changed.save(update_fields=["purpose", "case", "purpose_text"])
        CoveredSpan.objects.filter(session=session).delete()
    return changed


def common_purposes(cameras: Sequence[Camera]) -> QuerySet[Purpose]:
    """The purposes, still in use, that all of the cameras are registered for."""
    purposes = Purpose.objects.filter(retired_at__isnull=True)
    for camera in cameras:
        purposes = purposes.filter(pk__in=camera.purposes.values("pk"))
    return purposes.order_by("name")


@dataclass(frozen=True, slots=True)
class Stated:
    """A purpose as it was stated in a viewing, and when."""

    at: datetime
    code: str
    text: str
    reason: str
    case: str

    def logged(self) -> dict[str, str]:
        """The same for an entry."""
        said = {"code": self.code, "text": self.text, "since": clock.rfc3339(self.at)}
        return said | {name: value for name in ("reason", "case") if (value := getattr(self, name))}


def in_turn(session: ViewingSession) -> list[Stated]:
    """The purposes of a viewing in their order, as the log has them; LogUnavailable.

    The row knows the last one only: the log is what says what was stated before.
    """
    return _turns(session, _changes([session]).get(session.pk, []))


def in_turn_of(sessions: Iterable[ViewingSession]) -> dict[UUID, list[Stated]]:
    """The same for several viewings of one person; those that kept their purpose are left out."""
    rows = {session.pk: session for session in sessions}
    if not rows:
        return {}
    return {pk: _turns(rows[pk], found) for pk, found in _changes(list(rows.values())).items()}


def _turns(session: ViewingSession, changes: list[Listed]) -> list[Stated]:
    last = Stated(
        session.opened_at, session.purpose.code, session.purpose.name, session.purpose_text, session.case
    )
    if not changes:
        return [last]
    opening = (changes[0].body or {}).get("before", {})
    turns = [_stated(session.opened_at, opening, str(opening.get("case", "")))]
    for entry in changes:
        body = entry.body or {}
        turns.append(_stated(entry.time, body.get("purpose", {}), str(body.get("case", ""))))
    return turns


def _stated(at: datetime, purpose: Any, case: str) -> Stated:
    code, text, reason = (str(purpose.get(name, "")) for name in ("code", "text", "reason"))
    return Stated(at, code, text, reason, case)


def _changes(sessions: Sequence[ViewingSession]) -> dict[UUID, list[Listed]]:
    """The entries about changed purposes of one person's viewings, by viewing, oldest first.

    All of them, however many other viewings had meanwhile; what was erased of the log is missing.
    """
    wanted = {str(session.pk): session.pk for session in sessions}
    found: dict[UUID, list[Listed]] = {}
    for page in _pages(str(sessions[0].actor_id), _first_index(sessions), _end_index(sessions)):
        for entry in opened(page):
            pk = wanted.get(str((entry.body or {}).get("viewing", "")))
            if pk is not None:
                found.setdefault(pk, []).append(entry)
    return {pk: of_viewing[::-1] for pk, of_viewing in found.items()}


def _pages(actor: str, low: int, end: int | None) -> Iterator[list[int]]:
    """Numbers of somebody's entries about changed purposes in [low, end), newest first."""
    while page := numbers(
        filters=Filters(actor=actor, kind=CHANGED),
        scope=Scope(all_sites=True, bodies=True),
        before=end,
        limit=PAGE,
    ):
        if within := [number for number in page if number >= low]:
            yield within
        if len(within) < PAGE:
            return
        end = page[-1]


def _first_index(sessions: Sequence[ViewingSession]) -> int:
    """Below it lies no change of these. By their number and by their time: a lost log numbers anew."""
    since = min(session.opened_at for session in sessions) - CLOCKS_APART
    with reading():
        at = first_index_at(to_us(since))
    return min([at, *(session.opened_entry for session in sessions if session.opened_entry is not None)])


def _end_index(sessions: Sequence[ViewingSession]) -> int | None:
    """From it on lies none: all of them have their closing entry before. None while one has not."""
    ends = [session.closed_entry for session in sessions]
    return None if None in ends else max(end for end in ends if end is not None)
