"""Whether a viewing may still send: asked anew before each picture."""

from collections.abc import Sequence
from typing import Any

from cctv.core import clock
from cctv.footage.errors import HoldEnded, ViewingClosed
from cctv.footage.models import ViewingSession
from cctv.footage.viewings.entries import action_of
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera, Purpose


def case_of(hold: Any, case: str) -> str:
    """The case of a viewing: through a hold that somebody's receipt has placed it is their request, whatever
    is said, since what is frozen for it is for it alone."""
    return str(hold.case) if hold is not None and hold.placed_by_id is None else case


def hold_stands(session: ViewingSession) -> bool:
    """Whether the hold that the session was opened from still holds; asked anew each time."""
    if session.hold is None:
        return True
    session.hold.refresh_from_db()
    return session.hold.protects and clock.now() < session.hold.opens_until


def require_open(session: ViewingSession) -> None:
    """Raise unless the session may still send: open, in time, and its viewer still permitted."""
    if session.closed_at is not None or clock.now() >= session.valid_until:
        raise ViewingClosed
    if not hold_stands(session):
        raise HoldEnded
    permissions_of(session.actor).require(action_of(session.actor, session), site_id=session.site_id)


def may_go_on(session: ViewingSession) -> bool:
    """Whether a long answer may go on: the session is still open and its viewer still permitted."""
    still_open = ViewingSession.objects.filter(
        pk=session.pk, closed_at__isnull=True, valid_until__gt=clock.now()
    )
    if not still_open.exists() or not hold_stands(session):
        return False
    return permissions_of(session.actor).may(action_of(session.actor, session), site_id=session.site_id)


def allows(purpose: Purpose, cameras: Sequence[Camera]) -> bool:
    """Whether every camera is registered for the purpose, and the purpose is still in use."""
    return purpose.retired_at is None and all(
        camera.purposes.filter(pk=purpose.pk).exists() for camera in cameras
    )
