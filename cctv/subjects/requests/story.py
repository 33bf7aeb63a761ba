"""The one way to write a request's story: the entry of the log first, then the row."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.core import clock
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera
from cctv.subjects.requests import events
from cctv.subjects.requests.models import RequestAct, SubjectRequest

SUBJECT, JOB = "subject", "job"
# Where a requester sits is nobody's business: not even the log has their address.
PORTAL = "portal"
_ACTIONS = ("request.handle", "request.decide", "request.identity", "request.work")


def act(
    request: SubjectRequest,
    kind: str,
    *,
    actor: Account | None = None,
    terminal: str = "",
    facts: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    event_id: UUID | None = None,
    by_lethe: bool = False,
) -> RequestAct:
    """Write a line: durable entry `request.<kind>`, then the row. LogUnavailable: nothing is written.

    Without an actor it is the requester's act, or with `by_lethe` the installation's own. `facts` (codes,
    times, numbers) stand in the row and in the entry; `body` (fields of the event) in the entry alone. The
    same `event_id` writes one line, however often it is tried.
    """
    told = {**(body or {}), **({"facts": dict(facts)} if facts else {})}
    receipt = enter(
        request, events.kind_of(kind), actor=actor, terminal=terminal, body=told, event_id=event_id,
        by_lethe=by_lethe,
    )  # fmt: skip
    return note(request, kind, receipt, actor=actor, facts=facts)


def note(
    request: SubjectRequest,
    kind: str,
    receipt: Receipt,
    *,
    actor: Account | None = None,
    facts: Mapping[str, Any] | None = None,
) -> RequestAct:
    """The row of an entry that is durable; once for each."""
    row, _made = RequestAct.objects.get_or_create(
        request=request, entry=receipt.index, kind=kind,
        defaults={"by": actor, "at": clock.now(), "facts": dict(facts or {})},
    )  # fmt: skip
    return row


def enter(
    request: SubjectRequest,
    kind: str,
    *,
    actor: Account | None = None,
    terminal: str = "",
    body: Mapping[str, Any] | None = None,
    event_id: UUID | None = None,
    by_lethe: bool = False,
    cameras: Sequence[Camera] = (),
) -> Receipt:
    """The durable entry of something about a request; without `cameras` it is found by its reference."""
    who = str(actor.pk) if actor else ""
    where = terminal if actor else ("" if by_lethe else PORTAL)
    told: dict[str, Any] = {
        "actor": actor_of(request, actor, by_lethe=by_lethe),
        "terminal": where,
        "site": request.site.logged(),
        "request": {"id": str(request.pk), "name": request.reference},
        "case": request.reference,
        **(body or {}),
    }
    index = [
        IndexFields(
            actor=who, site=str(request.site_id), case=request.reference, terminal=where if actor else "",
            camera=str(camera.pk) if camera else "",
            footage_from=request.starts_at if camera else None,
            footage_to=request.ends_at if camera else None,
        )
        for camera in (cameras or (None,))
    ]  # fmt: skip
    return append(kind=kind, body=told, index=index, event_id=event_id)


def actor_of(request: SubjectRequest, actor: Account | None, *, by_lethe: bool = False) -> dict[str, Any]:
    """Who did it, as entries say: the requester is their reference, without a name."""
    if actor is None:
        if by_lethe:
            return {"id": "", "name": "Lethe", "employer": "", "role": JOB}
        return {"id": "", "name": request.reference, "employer": "", "role": SUBJECT}
    permissions = permissions_of(actor)
    action = next((each for each in _ACTIONS if permissions.may(each, site_id=request.site_id)), _ACTIONS[0])
    return actor_fields(actor, action, site_id=request.site_id)
