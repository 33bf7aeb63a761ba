"""The footage of a request is held from its receipt to its outcome, and longer where one may object to it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction

from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.retention.holds import of_requests as holds
from cctv.retention.holds.models import PROTECTING, Hold
from cctv.retention.holds.services import Placed
from cctv.sites.models import Camera
from cctv.subjects.requests import story
from cctv.subjects.requests.limits import FROZEN_KINDS
from cctv.subjects.requests.models import STANDING, RequestActKind, RequestState, SubjectRequest
from cctv.vault.steps import reached

# A hold has an end of its own; while the request stands it is put off (`tending`).
HELD_FOR = timedelta(days=365)
PROLONG_WITHIN, PROLONGED_BY = timedelta(days=60), timedelta(days=180)


def freeze(request: SubjectRequest) -> Placed | None:
    """Hold what it names, in force at once, and say so in its story; None where nothing is to be held.

    Also of a request that was screened or verified: a second call holds what came in since, and no more.
    LogUnavailable with the footage held and its entry still to come.
    """
    if request.kind not in FROZEN_KINDS or request.state not in STANDING:
        return None
    return _place(request)


def keep(request: SubjectRequest) -> bool:
    """Whether its footage is held while an objection waits: where the hold has ended, what is left is held
    anew. Nothing is for whom nobody has ever identified, or screening would be of no use. LogUnavailable."""
    if holds_of(request):
        return True
    if request.kind not in FROZEN_KINDS or request.verified_at is None:
        return False
    return _place(request).held > 0


def _place(request: SubjectRequest) -> Placed:
    cameras = list(request.cameras.order_by("pk"))
    placed = holds.place_for_request(
        hold_id=_hold_id(request, cameras), site=request.site, cameras=cameras, reference=request.reference,
        starts_at=request.starts_at, ends_at=request.ends_at, until=clock.now() + HELD_FOR,
        terminal=story.PORTAL if request.taken_in_by_id is None else "",
    )  # fmt: skip
    reached("request.held")
    counts = {"held": placed.held, "too_late": placed.too_late}
    story.act(
        request, RequestActKind.FROZEN, by_lethe=True,
        facts={**counts, "hold": placed.hold.number, "until": rfc3339(placed.hold.until)},
        body={**counts, "hold": _named(placed.hold)}, event_id=uuid5(placed.hold.pk, "frozen"),
    )  # fmt: skip
    reached("request.frozen")
    # Last: a receipt that was cut off is known by having none.
    if request.hold_id != placed.hold.pk:
        SubjectRequest.objects.filter(pk=request.pk).update(hold=placed.hold)
        request.hold = placed.hold
    return placed


def widen(
    request: SubjectRequest, *, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> Placed | None:
    """More was named, or cameras were added: what is held already stays, the rest is held beside it."""
    with transaction.atomic():
        row = SubjectRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        row.starts_at = min(row.starts_at, starts_at or row.starts_at)
        row.ends_at = max(row.ends_at, ends_at or row.ends_at)
        row.save(update_fields=["starts_at", "ends_at"])
    request.starts_at, request.ends_at = row.starts_at, row.ends_at
    return freeze(request) if request.state != RequestState.SCREENING else None


def holds_of(request: SubjectRequest) -> list[Hold]:
    """Its holds in force."""
    return holds.standing(site=request.site, reference=request.reference)


def release(request: SubjectRequest, *, why: str) -> int:
    """Hold nothing for it any more; how many holds ended. What is past its retention goes at once.

    `why` is a code for the story: "withdrawn", "over" (the time to object), "unidentified". LogUnavailable.
    """
    ended = holds_of(request)
    for hold in ended:
        story.act(
            request, RequestActKind.RELEASED, by_lethe=True, facts={"why": why, "hold": hold.number},
            body={"hold": _named(hold)}, event_id=uuid5(hold.pk, "released"),
        )  # fmt: skip
        reached("request.release-logged")
        holds.end_for_request(hold)
        reached("request.released")
    return len(ended)


def prolong(request: SubjectRequest, now: datetime) -> None:
    """While it stands, no hold of it runs out."""
    for hold in holds_of(request):
        if hold.until - now < PROLONG_WITHIN:
            until = max(now, hold.until) + PROLONGED_BY
            holds.prolong_for_request(hold, until=until, reason=request.reference)


def _hold_id(request: SubjectRequest, cameras: Sequence[Camera]) -> UUID:
    """The same for the same footage, so that it is held once; another where that hold has ended."""
    name = f"hold/{rfc3339(request.starts_at)}/{rfc3339(request.ends_at)}"
    name += "/" + ",".join(str(camera.pk) for camera in cameras)
    pk = uuid5(request.pk, name)
    while Hold.objects.filter(pk=pk).exclude(state__in=PROTECTING).exists():
        pk = uuid5(pk, "again")
    return pk


def _named(hold: Hold) -> dict[str, str]:
    return {"id": str(hold.pk), "name": hold.number}
