"""Looking for a requester's footage: in a viewing of its own, whose case is the request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid5

from cctv.footage import viewing
from cctv.footage.models import ViewedSpan, ViewingSession
from cctv.footage.viewings.entries import ACTION, WATCH
from cctv.footage.viewings.standing import allows
from cctv.people.models import Account
from cctv.people.policy import Permissions, permissions_of
from cctv.sites.models import Camera, Purpose
from cctv.subjects.delivering.errors import NothingToFind
from cctv.subjects.requests import story
from cctv.subjects.requests.models import STANDING, RequestActKind, RequestState, SubjectRequest

WORK = "request.work"
MINUTES = 60


def open_viewing(
    request: SubjectRequest, *, actor: Account, terminal: str, cameras: Sequence[Camera] = ()
) -> ViewingSession:
    """A viewing of what it names, bound to it: redactions that are begun there belong to the request.

    NotFound, Forbidden, NothingToFind, what opening a viewing raises, LogUnavailable.
    """
    permissions_of(actor).require(WORK, site_id=request.site_id)
    if request.state not in (*STANDING, RequestState.DECIDED):
        raise NothingToFind
    wanted = list(cameras) or cameras_of(request)[: viewing.MOST_CAMERAS]
    if not wanted:
        raise NothingToFind
    session = viewing.open_viewing(
        actor=actor, terminal=terminal, cameras=wanted, purpose=purpose_of(wanted),
        starts_at=request.starts_at, ends_at=request.ends_at, minutes=MINUTES, reason=request.reference,
        case=request.reference, hold=request.hold,
    )  # fmt: skip
    # Of its own: the viewing's closing entry has the viewing's.
    story.act(
        request, RequestActKind.FOUND, actor=actor, terminal=terminal, event_id=uuid5(session.pk, "found"),
        facts={"viewing": str(session.pk), "cameras": len(wanted)},
    )  # fmt: skip
    return session


def may_look(request: SubjectRequest, permissions: Permissions) -> bool:
    """Whether the person may look at footage for it: at what it holds, or at any."""
    looks = [ACTION, WATCH] if request.hold is not None else [ACTION]
    return any(permissions.may(each, site_id=request.site_id) for each in looks)


def cameras_of(request: SubjectRequest) -> list[Camera]:
    """Those that can be looked at for it."""
    cameras = request.cameras.select_related("site").order_by("name", "pk")
    if request.hold is not None:
        cameras = cameras.filter(pk__in=request.hold.cameras.values("pk"))
    return list(cameras)


def purpose_of(cameras: Sequence[Camera]) -> Purpose | None:
    """A purpose in use that all of these are registered for: what they film for."""
    for purpose in Purpose.objects.filter(cameras=cameras[0], retired_at=None).order_by("name"):
        if allows(purpose, cameras):
            return purpose
    return None


@dataclass(frozen=True, slots=True)
class Searched:
    """What was really looked at of a camera, for the request."""

    camera: Camera
    spans: list[tuple[datetime, datetime]]


def searched(request: SubjectRequest) -> list[Searched]:
    """What was sent in viewings of this request: what a letter may say of the search, and no more."""
    rows = ViewedSpan.objects.filter(session__case=request.reference, session__site=request.site_id)
    rows = rows.exclude(kind="thumbs").select_related("camera").order_by("camera__name", "starts_at")
    found: dict[object, Searched] = {}
    for row in rows:
        spans = found.setdefault(row.camera_id, Searched(row.camera, [])).spans
        if spans and row.starts_at <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], row.ends_at))
        else:
            spans.append((row.starts_at, row.ends_at))
    return list(found.values())
