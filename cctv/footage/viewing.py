"""Viewing sessions: opened for a stated purpose, covered entry by entry, closed with what was sent.

The order is the invariant: the entry is durable first, then the row, then bytes. A crash in between
leaves an entry that says more than happened, never less.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from accesslog import Receipt
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.footage.errors import (
    HoldEnded,
    OutsideViewing,
    PurposeRequired,
    PurposeRetired,
    SpanRefused,
    ViewingClosed,
)
from cctv.footage.models import CoveredSpan, ViewedSpan, ViewingSession
from cctv.footage.viewings.closing import close_idle_viewings, close_viewing, log_closing
from cctv.footage.viewings.entries import ACTION, WATCH, camera_fields, write_entry
from cctv.footage.viewings.purposes import change_purpose
from cctv.footage.viewings.standing import allows, case_of, hold_stands, may_go_on, require_open
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera, Purpose

__all__ = (
    "ACTION", "change_purpose", "close_idle_viewings", "close_viewing", "cover", "extend_viewing",
    "hold_stands", "log_closing", "may_go_on", "open_viewing", "record_sent", "require_open", "touch",
)  # fmt: skip

# A month of a site, the hour that a change of the clocks adds included.
LONGEST_SPAN = timedelta(days=31, hours=1)
MOST_CAMERAS = 16
# However often it is extended, nobody looks on for longer without saying why anew.
LONGEST = timedelta(hours=12)
# An entry reserves at most this much of a camera, so the log is never vaguer than that.
COVER = timedelta(seconds=60)
# Small pictures come by the dozen over a long span; a still is always an entry of its own.
REACH = {
    "view.covered": COVER,
    "thumbs.covered": timedelta(hours=1),
    "motion.covered": timedelta(days=1),
}
# Two parts that follow each other closer than this were one stretch of viewing.
JOIN_SENT = timedelta(milliseconds=200)


def open_viewing(
    *,
    actor: Account,
    terminal: str,
    cameras: Sequence[Camera],
    purpose: Purpose | None,
    starts_at: datetime,
    ends_at: datetime,
    minutes: int,
    reason: str = "",
    case: str = "",
    hold: Any = None,
) -> ViewingSession:
    """Open a session after its entry is durable. With a `hold` it shows what that holds, and nothing else.

    Whoever may only WATCH needs a hold; which one is for the caller to have decided. Through the hold of a
    request it belongs to the request.

    Raises PurposeRequired, SpanRefused, HoldEnded, policy errors (404/403), LogUnavailable.
    """
    _check_opening(actor, cameras, purpose, starts_at, ends_at, WATCH if hold is not None else ACTION)
    if hold is not None:
        _check_hold(hold, cameras)
    assert purpose is not None
    now = clock.now()
    session = ViewingSession(
        id=new_id(),
        actor=actor,
        site=cameras[0].site,
        purpose=purpose,
        purpose_text=reason,
        case=case_of(hold, case),
        hold=hold,
        starts_at=starts_at,
        ends_at=ends_at,
        terminal=terminal,
        opened_at=now,
        last_active_at=now,
        valid_until=_bounded(hold, now + timedelta(minutes=minutes)),
    )
    session.opened_entry = _log_opening(session, cameras).index
    with transaction.atomic():
        session.save(force_insert=True)
        session.cameras.set(cameras)
    return session


def _check_opening(
    actor: Account, cameras: Sequence[Camera], purpose: Purpose | None, starts_at: datetime,
    ends_at: datetime, action: str,
) -> None:  # fmt: skip
    if not cameras:
        raise OutsideViewing
    site = cameras[0].site
    permissions_of(actor).require(action, site_id=site.pk)
    if any(camera.site_id != site.pk for camera in cameras) or len(cameras) > MOST_CAMERAS:
        raise OutsideViewing
    if purpose is None or not allows(purpose, cameras):
        raise PurposeRequired
    if not timedelta() < ends_at - starts_at <= LONGEST_SPAN:
        raise SpanRefused


def _check_hold(hold: Any, cameras: Sequence[Camera]) -> None:
    if not hold.protects or clock.now() >= hold.opens_until:
        raise HoldEnded
    wanted = {camera.pk for camera in cameras}
    if not wanted <= set(hold.cameras.values_list("pk", flat=True)):
        raise OutsideViewing


def _bounded(hold: Any, until: datetime) -> datetime:
    return until if hold is None else min(until, hold.opens_until)


def _log_opening(session: ViewingSession, cameras: Sequence[Camera]) -> Receipt:
    facts = {
        "cameras": [camera_fields(camera) for camera in cameras],
        "from": clock.rfc3339(session.starts_at),
        "to": clock.rfc3339(session.ends_at, round_up=True),
        "valid_until": clock.rfc3339(session.valid_until),
    }
    span = (session.starts_at, session.ends_at)
    return write_entry(session, "viewing.opened", facts, cameras=cameras, span=span)


def cover(
    session: ViewingSession,
    *,
    camera: Camera,
    start: datetime,
    end: datetime,
    kind: str = "view.covered",
    facts: Mapping[str, Any] | None = None,
) -> Receipt:
    """A receipt of a durable entry that covers [start, end) of the camera in this session.

    An earlier entry that covers the whole stretch serves again; otherwise a new one reserves the
    next minute (an hour for thumbnails), so an hour of one camera makes at most about 70 entries.
    """
    reach = REACH.get(kind)
    if reach is not None:
        covered = (
            CoveredSpan.objects.filter(
                session=session, camera=camera, kind=kind, starts_at__lte=start, ends_at__gte=end
            )
            .order_by("-starts_at")
            .first()
        )
        if covered is not None:
            return load_receipt(covered.entry_index)
    until = max(end, min(start + (reach or timedelta()), session.ends_at))
    receipt = write_entry(
        session,
        kind,
        {
            "camera": camera_fields(camera),
            "from": clock.rfc3339(start),
            "to": clock.rfc3339(until, round_up=True),
            **(facts or {}),
        },
        cameras=[camera],
        span=(start, until),
    )
    if reach is not None:
        _reserve(session, camera, (start, until), kind, receipt)
    return receipt


def _reserve(
    session: ViewingSession, camera: Camera, span: tuple[datetime, datetime], kind: str, receipt: Receipt
) -> None:
    """Note the stretch for the pictures that follow, unless the purpose has changed since the entry."""
    stated = {"purpose_id": session.purpose_id, "purpose_text": session.purpose_text, "case": session.case}
    with transaction.atomic():
        rows = ViewingSession.objects.select_for_update(of=("self",)).filter(pk=session.pk, **stated)
        if rows.exists():
            CoveredSpan.objects.create(
                session=session,
                camera=camera,
                kind=kind,
                starts_at=span[0],
                ends_at=span[1],
                entry_index=receipt.index,
            )


def record_sent(
    session: ViewingSession, *, camera: Camera, start: datetime, end: datetime, kind: str = "video"
) -> None:
    """Note that [start, end) of the camera leaves now; called before its first byte does.

    The session's row is locked, so that a closing either comes first, and this raises ViewingClosed, or
    finds the note and sums it up. A connection that breaks makes the note say more than arrived, never less.
    """
    with transaction.atomic():
        is_open = ViewingSession.objects.select_for_update(of=("self",)).filter(
            pk=session.pk, closed_at__isnull=True, valid_until__gt=clock.now()
        )
        if not is_open.exists():
            raise ViewingClosed
        if not hold_stands(session):
            raise HoldEnded
        _join_sent(session, camera, start, end, kind)


def _join_sent(session: ViewingSession, camera: Camera, start: datetime, end: datetime, kind: str) -> None:
    """Neighbouring stretches of video join; pictures stay single."""
    touching: list[tuple[Any, datetime, datetime]] = []
    if kind == "video":
        spans = ViewedSpan.objects.filter(
            session=session,
            camera=camera,
            kind=kind,
            starts_at__lte=end + JOIN_SENT,
            ends_at__gte=start - JOIN_SENT,
        )
        touching = list(spans.order_by("pk").values_list("pk", "starts_at", "ends_at"))
    if not touching:
        ViewedSpan.objects.create(session=session, camera=camera, starts_at=start, ends_at=end, kind=kind)
        return
    start = min(start, *(first for _pk, first, _last in touching))
    end = max(end, *(last for _pk, _first, last in touching))
    (grown, *_times), *others = touching
    ViewedSpan.objects.filter(pk=grown).update(starts_at=start, ends_at=end)
    if others:
        ViewedSpan.objects.filter(pk__in=[pk for pk, _first, _last in others]).delete()


def extend_viewing(session: ViewingSession, *, minutes: int) -> ViewingSession:
    """Give an open session more time, up to LONGEST in all; an entry of its own comes first.

    A purpose that was retired meanwhile serves to the end of the time that was given for it, and no longer:
    PurposeRetired. Raises what `require_open` does, and LogUnavailable.
    """
    require_open(session)
    if not allows(session.purpose, list(session.cameras.all())):
        raise PurposeRetired
    until = min(session.valid_until + timedelta(minutes=minutes), session.opened_at + LONGEST)
    until = _bounded(session.hold, until)
    write_entry(session, "viewing.extended", {"valid_until": clock.rfc3339(until)})
    session.valid_until = until
    session.save(update_fields=["valid_until"])
    return session


def touch(session: ViewingSession) -> None:
    """Note that the viewer used it, so that the session does not close as idle."""
    ViewingSession.objects.filter(pk=session.pk, last_active_at__lt=F("valid_until")).update(
        last_active_at=clock.now()
    )
