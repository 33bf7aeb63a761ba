"""Viewing sessions: opened for a stated purpose, covered entry by entry, closed with what was sent.

The order is the invariant: the entry is durable first, then the row, then bytes. A crash in between
leaves an entry that says more than happened, never less.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max, Min

from accesslog import IndexFields, Receipt
from accesslog.selectors import load_receipt
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.footage.errors import HoldEnded, OutsideViewing, PurposeRequired, SpanRefused, ViewingClosed
from cctv.footage.models import CloseReason, CoveredSpan, ViewedSpan, ViewingSession
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera, Purpose

ACTION = "footage.view"
LONGEST_SPAN = timedelta(hours=24)
MOST_CAMERAS = 9
# An entry reserves at most this much of a camera, so the log is never vaguer than that.
COVER = timedelta(seconds=60)
# Small pictures come by the dozen over a long span; a still is always an entry of its own.
REACH = {"view.covered": COVER, "thumbs.covered": timedelta(hours=1)}
IDLE_AFTER = timedelta(minutes=10)
# An entry holds 64 KiB; who jumps about more than this is told so in the entry.
MOST_SENT = 300
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

    Raises PurposeRequired, SpanRefused, HoldEnded, policy errors (404/403), LogUnavailable.
    """
    _check_opening(actor, cameras, purpose, starts_at, ends_at)
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
        case=case,
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
    actor: Account, cameras: Sequence[Camera], purpose: Purpose | None, starts_at: datetime, ends_at: datetime
) -> None:
    if not cameras:
        raise OutsideViewing
    site = cameras[0].site
    permissions_of(actor).require(ACTION, site_id=site.pk)
    if any(camera.site_id != site.pk for camera in cameras) or len(cameras) > MOST_CAMERAS:
        raise OutsideViewing
    if purpose is None or not _allows(purpose, cameras):
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


def hold_stands(session: ViewingSession) -> bool:
    """Whether the hold that the session was opened from still holds; asked anew each time."""
    if session.hold is None:
        return True
    session.hold.refresh_from_db()
    return session.hold.protects and clock.now() < session.hold.opens_until


def _log_opening(session: ViewingSession, cameras: Sequence[Camera]) -> Receipt:
    facts = {
        "cameras": [_camera(camera) for camera in cameras],
        "from": clock.rfc3339(session.starts_at),
        "to": clock.rfc3339(session.ends_at),
        "valid_until": clock.rfc3339(session.valid_until),
    }
    span = (session.starts_at, session.ends_at)
    return _append(session, "viewing.opened", facts, cameras=cameras, span=span)


def require_open(session: ViewingSession) -> None:
    """Raise unless the session may still send: open, in time, and its viewer still permitted."""
    if session.closed_at is not None or clock.now() >= session.valid_until:
        raise ViewingClosed
    if not hold_stands(session):
        raise HoldEnded
    permissions_of(session.actor).require(ACTION, site_id=session.site_id)


def cover(
    session: ViewingSession, *, camera: Camera, start: datetime, end: datetime, kind: str = "view.covered"
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
    receipt = _append(
        session,
        kind,
        {"camera": _camera(camera), "from": clock.rfc3339(start), "to": clock.rfc3339(until, round_up=True)},
        cameras=[camera],
        span=(start, until),
    )
    if reach is not None:
        CoveredSpan.objects.create(
            session=session,
            camera=camera,
            kind=kind,
            starts_at=start,
            ends_at=until,
            entry_index=receipt.index,
        )
    return receipt


def record_sent(
    session: ViewingSession, *, camera: Camera, start: datetime, end: datetime, kind: str = "video"
) -> None:
    """Note that [start, end) of the camera leaves now; called before its first byte does.

    The session's row is locked, so that a closing either comes first, and this raises ViewingClosed, or
    finds the note and sums it up. A connection that breaks makes the note say more than arrived, never less.
    """
    with transaction.atomic():
        now = clock.now()
        is_open = ViewingSession.objects.select_for_update(of=("self",)).filter(
            pk=session.pk, closed_at__isnull=True, valid_until__gt=now
        )
        if not is_open.exists():
            raise ViewingClosed
        if not hold_stands(session):
            raise HoldEnded
        _join_sent(session, camera, start, end, kind)
        ViewingSession.objects.filter(pk=session.pk).update(last_active_at=now)


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


def may_go_on(session: ViewingSession) -> bool:
    """Whether a long answer may go on: the session is still open and its viewer still permitted."""
    still_open = ViewingSession.objects.filter(
        pk=session.pk, closed_at__isnull=True, valid_until__gt=clock.now()
    )
    if not still_open.exists() or not hold_stands(session):
        return False
    return permissions_of(session.actor).may(ACTION, site_id=session.site_id)


def extend_viewing(session: ViewingSession, *, minutes: int) -> ViewingSession:
    """Give an open session more time; an entry of its own comes first."""
    require_open(session)
    until = min(clock.now() + timedelta(minutes=minutes), session.opened_at + timedelta(hours=12))
    until = _bounded(session.hold, until)
    _append(session, "viewing.extended", {"valid_until": clock.rfc3339(until)})
    session.valid_until = until
    session.save(update_fields=["valid_until"])
    return session


def close_viewing(session: ViewingSession, *, reason: CloseReason) -> bool:
    """Close a session and log exactly what was sent; False if somebody else closed it first.

    The row closes first, so that nothing more is sent while the summary is written. If the process
    dies in between, `finish_closing` finds the row without its entry and writes it.
    """
    now = clock.now()
    changed = ViewingSession.objects.filter(pk=session.pk, closed_at__isnull=True).update(
        closed_at=now, close_reason=reason
    )
    if not changed:
        return False
    session.refresh_from_db()
    log_closing(session)
    return True


def log_closing(session: ViewingSession) -> None:
    """Write the closing entry of a closed session; safe to repeat (its event id is the session's)."""
    sent = [
        {
            "camera": _camera(span.camera),
            "from": clock.rfc3339(span.starts_at),
            "to": clock.rfc3339(span.ends_at, round_up=True),
            "kind": span.kind,
        }
        for span in ViewedSpan.objects.filter(session=session)
        .exclude(kind="thumbs")
        .select_related("camera")
        .order_by("starts_at")
    ]
    left_out = {"sent_left_out": len(sent) - MOST_SENT} if len(sent) > MOST_SENT else {}
    receipt = _append(
        session,
        "viewing.closed",
        {
            "sent": sent[:MOST_SENT],
            "small_pictures": _small_pictures(session),
            "reason": session.close_reason,
            **left_out,
        },
        cameras=list(session.cameras.all()),
        span=(session.starts_at, session.ends_at),
        event_id=session.pk,
    )
    ViewingSession.objects.filter(pk=session.pk).update(closed_entry=receipt.index)


def _small_pictures(session: ViewingSession) -> list[dict[str, Any]]:
    """How many small pictures of each camera were sent, and from when to when."""
    rows = (
        ViewedSpan.objects.filter(session=session, kind="thumbs")
        .values("camera_id")
        .annotate(first=Min("starts_at"), last=Max("ends_at"), count=Count("pk"))
        .order_by("camera__name")
    )
    cameras = {camera.pk: camera for camera in session.cameras.all()}
    return [
        {
            "camera": _camera(cameras[row["camera_id"]]),
            "from": clock.rfc3339(row["first"]),
            "to": clock.rfc3339(row["last"], round_up=True),
            "count": row["count"],
        }
        for row in rows
    ]


def close_idle_viewings() -> int:
    """Close what is idle, over its time or no longer permitted, and finish closings that a crash cut off."""
    now = clock.now()
    closed = 0
    for session in ViewingSession.objects.filter(closed_at__isnull=True).select_related(
        "actor", "site", "purpose", "hold"
    ):
        if now >= session.valid_until:
            closed += close_viewing(session, reason=CloseReason.ENDED)
        elif now - session.last_active_at > IDLE_AFTER:
            closed += close_viewing(session, reason=CloseReason.IDLE)
        elif not hold_stands(session) or not permissions_of(session.actor).may(
            ACTION, site_id=session.site_id
        ):
            closed += close_viewing(session, reason=CloseReason.REVOKED)
    for session in ViewingSession.objects.filter(
        closed_at__isnull=False, closed_entry__isnull=True, closed_at__lt=now - timedelta(seconds=30)
    ).select_related("actor", "site", "purpose"):
        log_closing(session)
    return closed


def touch(session: ViewingSession) -> None:
    """Note that the viewer is there, so that the session does not close as idle."""
    ViewingSession.objects.filter(pk=session.pk, last_active_at__lt=F("valid_until")).update(
        last_active_at=clock.now()
    )


def _allows(purpose: Purpose, cameras: Sequence[Camera]) -> bool:
    """Whether every camera is registered for the purpose, and the purpose is still in use."""
    return purpose.retired_at is None and all(
        camera.purposes.filter(pk=purpose.pk).exists() for camera in cameras
    )


def _camera(camera: Camera) -> dict[str, str]:
    return {"id": str(camera.pk), "code": camera.code, "name": camera.name}


def _append(
    session: ViewingSession,
    kind: str,
    facts: dict[str, Any],
    *,
    cameras: Sequence[Camera] = (),
    span: tuple[datetime, datetime] | None = None,
    event_id: Any = None,
) -> Receipt:
    """One entry about the session; who, where from and why are the same in each."""
    body: dict[str, Any] = {
        "viewing": str(session.pk),
        "actor": actor_fields(session.actor, ACTION, site_id=session.site_id),
        "terminal": session.terminal,
        "site": session.site.logged(),
        "purpose": {
            "code": session.purpose.code,
            "text": session.purpose.name,
            "reason": session.purpose_text,
        },
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


def _index(
    session: ViewingSession, camera: Camera | None, span: tuple[datetime, datetime] | None
) -> IndexFields:
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
