"""Why somebody looks on: a viewing's purpose may change, and the log holds each in its turn.

What was reserved under the old purpose serves no more, so the next picture has an entry with the new one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accesslog import Scope
from accesslog.selectors import Filters, Listed, entries
from cctv.core import clock
from cctv.footage.errors import PurposeRequired, ViewingClosed
from cctv.footage.models import CoveredSpan, ViewingSession
from cctv.footage.viewings.entries import purpose_fields, write_entry
from cctv.footage.viewings.standing import allows, require_open
from cctv.sites.models import Camera, Purpose

CHANGED = "viewing.purpose_changed"
# More than these in one list are not looked for: it says the last ones.
MOST_CHANGES = 200
# The log's times never fall, so after a clock was set they may differ from the register's.
CLOCKS_APART = timedelta(minutes=5)


def change_purpose(
    session: ViewingSession, *, purpose: Purpose | None, case: str = "", reason: str = ""
) -> ViewingSession:
    """Go on for another purpose (or case, or reason); the session as it is then.

    The entry is durable first. Raises PurposeRequired unless all cameras are registered for the purpose,
    ViewingClosed, HoldEnded, policy errors, LogUnavailable. What is the same as before changes nothing.
    """
    require_open(session)
    cameras = list(session.cameras.all())
    if purpose is None or not allows(purpose, cameras):
        raise PurposeRequired
    if (purpose.pk, case, reason) == (session.purpose_id, session.case, session.purpose_text):
        return session
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
    changes = _changes(actor=str(session.actor_id), since=session.opened_at, viewings={session.pk})
    return _turns(session, changes.get(session.pk, []))


def in_turn_of(sessions: Iterable[ViewingSession]) -> dict[UUID, list[Stated]]:
    """The same for several viewings of one person; those that kept their purpose are left out."""
    rows = {session.pk: session for session in sessions}
    if not rows:
        return {}
    first = min(rows.values(), key=lambda session: session.opened_at)
    changes = _changes(actor=str(first.actor_id), since=first.opened_at, viewings=set(rows))
    return {pk: _turns(rows[pk], found) for pk, found in changes.items()}


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


def _changes(*, actor: str, since: datetime, viewings: set[UUID]) -> dict[UUID, list[Listed]]:
    """The entries about changed purposes, by viewing, oldest first; what was erased of the log is missing."""
    page = entries(
        filters=Filters(actor=actor, kind=CHANGED, seen_from=since - CLOCKS_APART),
        scope=Scope(all_sites=True, bodies=True),
        limit=MOST_CHANGES,
    )
    wanted = {str(pk): pk for pk in viewings}
    found: dict[UUID, list[Listed]] = {}
    for entry in reversed(page.entries):
        pk = wanted.get(str((entry.body or {}).get("viewing", "")))
        if pk is not None:
            found.setdefault(pk, []).append(entry)
    return found
