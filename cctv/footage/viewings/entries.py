"""What the access log is told of a viewing: who, from where, for whom and why are the same in each entry."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.footage.models import ViewingSession
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera, Purpose

ACTION = "footage.view"
# To look at what one decides on: only through a hold, in a viewing that was opened for the decision.
WATCH = "footage.watch"
Span = tuple[datetime, datetime]


def write_entry(
    session: ViewingSession,
    kind: str,
    facts: Mapping[str, Any],
    *,
    cameras: Sequence[Camera] = (),
    span: Span | None = None,
    event_id: UUID | None = None,
) -> Receipt:
    """One durable entry about the session; LogUnavailable."""
    body: dict[str, Any] = {
        "viewing": str(session.pk),
        "actor": actor_fields(session.actor, action_of(session.actor, session), site_id=session.site_id),
        "terminal": session.terminal,
        "site": session.site.logged(),
        "purpose": purpose_fields(session.purpose, session.purpose_text),
        **facts,
    }
    if session.case:
        body["case"] = session.case
    if session.hold is not None:
        body["hold"] = {"id": str(session.hold.pk), "name": session.hold.number}
    return append(
        kind=kind,
        body=body,
        index=[_index(session, camera, span) for camera in cameras] or [_index(session, None, span)],
        event_id=event_id,
    )


def action_of(actor: Account, session: ViewingSession) -> str:
    """What the person has to be allowed for this session: ACTION; through a hold, WATCH will do."""
    if session.hold_id is None or permissions_of(actor).may(ACTION, site_id=session.site_id):
        return ACTION
    return WATCH


def camera_fields(camera: Camera) -> dict[str, str]:
    """A camera as entries name it."""
    return {"id": str(camera.pk), "code": camera.code, "name": camera.name}


def purpose_fields(purpose: Purpose, reason: str) -> dict[str, str]:
    """A purpose, and what for in the viewer's own words, as entries name it."""
    return {"code": purpose.code, "text": purpose.name, "reason": reason}


def _index(session: ViewingSession, camera: Camera | None, span: Span | None) -> IndexFields:
    return IndexFields(
        actor=str(session.actor_id),
        camera=str(camera.pk) if camera else "",
        site=str(session.site_id),
        purpose=session.purpose.code,
        case=session.case,
        terminal=session.terminal,
        footage_from=span[0] if span else None,
        footage_to=span[1] if span else None,
    )
