"""Watching before deciding: a viewing of what an export's hold keeps; and how much was seen."""

from datetime import datetime

from cctv.disclosure.exports.entries import DECIDE
from cctv.disclosure.exports.errors import ExportDecided, HoldGone, OwnExport
from cctv.disclosure.exports.models import OVER, Export, ExportSpan
from cctv.footage import catalogue
from cctv.footage.models import ViewedSpan, ViewingSession
from cctv.footage.viewing import open_viewing
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Purpose

MINUTES = 60


def watch(
    *, export: Export, actor: Account, terminal: str, span: ExportSpan, purpose: Purpose | None = None
) -> ViewingSession:
    """Open a viewing of exactly the cameras and the stretch of `span`, through its hold, for who decides.

    `purpose` only where the export names none of the cameras'. OwnExport, ExportDecided, HoldGone, and what
    `open_viewing` raises.
    """
    permissions_of(actor).require(DECIDE, site_id=export.site_id)
    if export.asked_by_id == actor.pk:
        raise OwnExport
    if export.state in OVER:
        raise ExportDecided
    if span.hold is None:
        raise HoldGone
    together = export.spans.filter(hold=span.hold, starts_at=span.starts_at, ends_at=span.ends_at)
    return open_viewing(
        actor=actor,
        terminal=terminal,
        cameras=[each.camera for each in together.select_related("camera__site").order_by("camera__name")],
        purpose=export.purpose or purpose,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        minutes=MINUTES,
        reason=export.number,
        case=export.case.number,
        hold=span.hold,
    )


def seconds_watched(export: Export, account: Account) -> float:
    """How many seconds of the export's spans were sent to the person as video, in any viewing."""
    return sum(catalogue.total_seconds(_sent(span, account)) for span in export.spans.all())


def _sent(span: ExportSpan, account: Account) -> list[tuple[datetime, datetime]]:
    rows = ViewedSpan.objects.filter(
        session__actor=account, camera=span.camera_id, kind="video", starts_at__lt=span.ends_at,
        ends_at__gt=span.starts_at,
    ).values_list("starts_at", "ends_at")  # fmt: skip
    return catalogue.clip(catalogue.merge(rows), span.starts_at, span.ends_at)
