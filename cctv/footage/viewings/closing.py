"""How a viewing ends, and the entry that says exactly what was sent in it."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Min

from cctv.core import clock
from cctv.footage.models import CloseReason, ViewedSpan, ViewingSession
from cctv.footage.viewings import entries
from cctv.footage.viewings.entries import ACTION, camera_fields
from cctv.footage.viewings.purposes import in_turn
from cctv.footage.viewings.standing import hold_stands
from cctv.people.policy import permissions_of

IDLE_AFTER = timedelta(minutes=10)
# An entry holds 64 KiB; who jumps about more than this is told so in the entry.
MOST_SENT = 300
# Left to whoever closed the row: after that, its entry is written by the beat.
ENTRY_LATE = timedelta(seconds=30)


def close_viewing(session: ViewingSession, *, reason: CloseReason) -> bool:
    """Close a session and log exactly what was sent; False if somebody else closed it first.

    The row closes first, so that nothing more is sent while the summary is written. If the process
    dies in between, `close_idle_viewings` finds the row without its entry and writes it.
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
            "camera": camera_fields(span.camera),
            "from": clock.rfc3339(span.starts_at),
            "to": clock.rfc3339(span.ends_at, round_up=True),
            "kind": span.kind,
        }
        for span in ViewedSpan.objects.filter(session=session)
        .exclude(kind="thumbs")
        .select_related("camera")
        .order_by("starts_at")
    ]
    more: dict[str, Any] = {"sent_left_out": len(sent) - MOST_SENT} if len(sent) > MOST_SENT else {}
    purposes = in_turn(session)
    if len(purposes) > 1:
        more["purposes"] = [each.logged() for each in purposes]
    receipt = entries.write_entry(
        session,
        "viewing.closed",
        {
            "sent": sent[:MOST_SENT],
            "small_pictures": _small_pictures(session),
            "reason": session.close_reason,
            **more,
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
            "camera": camera_fields(cameras[row["camera_id"]]),
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
        closed_at__isnull=False, closed_entry__isnull=True, closed_at__lt=now - ENTRY_LATE
    ).select_related("actor", "site", "purpose"):
        log_closing(session)
    return closed
