"""Requests as rows, for what is written to their requesters: no footage, a hold, sealed details."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cctv.models import Decision, Hold, RequestAct, SubjectRequest
from cctv.sites.models import Camera
from cctv.subjects.clocks import stored
from cctv.subjects.deciding.models import DecisionState
from cctv.subjects.requests import details
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import RequestActKind, RequestState
from tests.people.cast import Cast

# Monday 16 November 2026, 10:42:08 in Seoul and Tokyo.
AT = datetime(2026, 11, 16, 1, 42, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAME, MAIL = "水瀬 遥", "haruka@people.example"


def request_of(cast: Cast, *cameras: Camera, held: bool = True, **more: Any) -> SubjectRequest:
    """One of the gate in Seoul on Saturday afternoon; its deadlines filled in."""
    cameras = cameras or (cast.gate, cast.lobby)
    site = cameras[0].site
    values: dict[str, Any] = {
        "reference": "R-2026-7K4QXM", "kind": "copy", "language": "ko", "site": site,
        "jurisdiction": site.jurisdiction, "starts_at": AT - 42 * HOUR, "ends_at": AT - 39 * HOUR,
        "received_at": AT, "state": RequestState.IDENTITY, **more,
    }  # fmt: skip
    known = values.pop("details", Details(name=NAME, email=MAIL))
    request = SubjectRequest(**values)
    details.write(request, known)
    stored.begin(request, cameras)
    request.save()
    request.cameras.set(cameras)
    if held:
        hold(request)
    return request


def hold(request: SubjectRequest, *, too_late: int = 0, held: int = 6) -> None:
    """Its footage is held, as of three seconds later."""
    request.hold = Hold.objects.create(
        number="H-2026-0318", year=2026, sequence=318, site=request.site, case=request.reference,
        ground="request", starts_at=request.starts_at, ends_at=request.ends_at, until=AT + 2000 * HOUR,
        key_id="", placed_by=None,
    )  # fmt: skip
    request.save()
    RequestAct.objects.create(
        request=request, kind=RequestActKind.FROZEN, at=AT + timedelta(seconds=3),
        facts={"held": held, "too_late": too_late},
    )  # fmt: skip


def decision_of(cast: Cast, request: SubjectRequest, outcome: str, **more: Any) -> Decision:
    """Sent on Monday 30 November 2026."""
    values: dict[str, Any] = {
        "state": DecisionState.SENT, "proposed_by": cast.privacy_officer, "sent_at": AT + 14 * 24 * HOUR,
        **more,
    }  # fmt: skip
    return Decision.objects.create(request=request, outcome=outcome, **values)
