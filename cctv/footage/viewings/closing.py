"""How a viewing ends, and the entry that says exactly what was sent in it."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min

from accesslog import Receipt, canonical
from accesslog.errors import BodyTooLarge
from cctv.core import clock
from cctv.footage.models import CloseReason, ViewedSpan, ViewingSession
from cctv.footage.viewings import entries
from cctv.footage.viewings.entries import action_of, camera_fields
from cctv.footage.viewings.purposes import in_turn
from cctv.footage.viewings.standing import hold_stands
from cctv.people.policy import permissions_of

log = logging.getLogger("lethe.footage")

# Without a sign of use for so long: what is sent meanwhile is none, because footage plays on by itself.
IDLE_AFTER = timedelta(minutes=10)
# Who jumps about more than this is told so in the entry.
MOST_SENT = 300
# Bytes for what was sent, and half of it for the purposes. An entry holds 256 KiB of everything; where the
# rest leaves too little, it says less rather than nothing.
ROOMS = (128 * 1024, 32 * 1024, 8 * 1024, 0)
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
    """Write the closing entry of a closed session; safe to repeat (its event id is the session's).

    One that would be too long for the log leaves out some of what was sent and of the purposes, and says how
    many; each of these has an entry of its own.
    """
    receipt = _write_closing(session)
    ViewingSession.objects.filter(pk=session.pk).update(closed_entry=receipt.index)


def _write_closing(session: ViewingSession) -> Receipt:
    pictures = ViewedSpan.objects.filter(session=session).exclude(kind="thumbs")
    sent = [_sent(span) for span in pictures.select_related("camera").order_by("starts_at")[:MOST_SENT]]
    total, small = pictures.count(), _small_pictures(session)
    purposes = [each.logged() for each in in_turn(session)]
    for room in ROOMS:
        told = _fitting(sent, room)
        facts: dict[str, Any] = {"sent": told, "small_pictures": small, "reason": session.close_reason}
        if total > len(told):
            facts["sent_left_out"] = total - len(told)
        if len(purposes) > 1:
            facts |= _purposes(purposes, room // 2)
        try:
            return entries.write_entry(
                session,
                "viewing.closed",
                facts,
                cameras=list(session.cameras.all()),
                span=(session.starts_at, session.ends_at),
                event_id=session.pk,
            )
        except BodyTooLarge:
            log.warning("The closing entry of viewing %s is too long and is made shorter.", session.pk)
    raise BodyTooLarge


def _sent(span: ViewedSpan) -> dict[str, Any]:
    return {
        "camera": camera_fields(span.camera),
        "from": clock.rfc3339(span.starts_at),
        "to": clock.rfc3339(span.ends_at, round_up=True),
        "kind": span.kind,
    }


def _purposes(turns: Sequence[dict[str, str]], room: int) -> dict[str, Any]:
    """The first, and the last ones, as far as they fit; how many of those in between do not."""
    told = _fitting([turns[0], *reversed(turns[1:])], room)
    facts: dict[str, Any] = {"purposes": told[:1] + told[:0:-1]} if told else {}
    if len(told) < len(turns):
        facts["purposes_left_out"] = len(turns) - len(told)
    return facts


def _fitting(facts: Sequence[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """Those from the front that fit into so many bytes of an entry."""
    told: list[dict[str, Any]] = []
    for each in facts:
        room -= len(canonical.encode(each)) + 1
        if room < 0:
            break
        told.append(each)
    return told


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
    """Close what is idle, over its time or no longer permitted, and finish closings that a crash cut off.

    One that cannot be closed or told keeps none of the others open: it is logged, and tried again next time.
    """
    now = clock.now()
    closed = 0
    for session in ViewingSession.objects.filter(closed_at__isnull=True).select_related(
        "actor", "site", "purpose", "hold"
    ):
        closed += _tried(session, lambda each: _close_if_over(each, now))
    for session in ViewingSession.objects.filter(
        closed_at__isnull=False, closed_entry__isnull=True, closed_at__lt=now - ENTRY_LATE
    ).select_related("actor", "site", "purpose"):
        _tried(session, log_closing)
    return closed


def idle_left(session: ViewingSession) -> float:
    """Seconds until the session closes for want of use, by the row's own last sign of it."""
    last = ViewingSession.objects.values_list("last_active_at", flat=True).get(pk=session.pk)
    return (last + IDLE_AFTER - clock.now()).total_seconds()


def _tried(session: ViewingSession, close: Callable[[ViewingSession], bool | None]) -> bool:
    try:
        return bool(close(session))
    except Exception:
        log.exception("Viewing %s could not be closed in the log; it is tried again.", session.pk)
        return False


def _close_if_over(session: ViewingSession, now: datetime) -> bool:
    if now >= session.valid_until:
        return close_viewing(session, reason=CloseReason.ENDED)
    if now - session.last_active_at > IDLE_AFTER:
        return close_viewing(session, reason=CloseReason.IDLE)
    permitted = permissions_of(session.actor).may(action_of(session.actor, session), site_id=session.site_id)
    if not (permitted and hold_stands(session)):
        return close_viewing(session, reason=CloseReason.REVOKED)
    return False
