"""Who asks is settled by a member of staff who saw it: in person, or from an account known already (O35).

No copy is taken and no number written down: the log keeps which documents were seen, by whom and when.
"""

from collections.abc import Collection
from uuid import uuid5

from django.db import transaction

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.subjects import profiles
from cctv.subjects.clocks import stored
from cctv.subjects.delivering import carrying
from cctv.subjects.identity.errors import NotSeen, NotWaiting
from cctv.subjects.identity.models import CheckState, IdentityCheck, Method
from cctv.subjects.requests import freezing, remembered, story
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest

CHECK = "request.identity"
BY_STAFF = (Method.IN_PERSON, Method.ACCOUNT)


def offered(request: SubjectRequest) -> list[Method]:
    """How a member of staff may settle it for this request, the usual way first."""
    codes = profiles.methods_of(
        request.jurisdiction, kind=request.kind, about=request.about, claimant=request.claimant
    )
    return [method for method in BY_STAFF if method.value in codes]


def papers(request: SubjectRequest) -> tuple[str, ...]:
    """What has to be seen in person (`models.PaperPart`): the requester's own, and why they stand for
    somebody."""
    return profiles.papers_of(profiles.DOCUMENT, about=request.about, claimant=request.claimant)


def verify(
    request: SubjectRequest, *, method: str, seen: Collection[str], actor: Account, terminal: str
) -> IdentityCheck:
    """Say that it is them. `seen` are the documents that were looked at.

    The entry comes first. Killed after it, the same verdict is finished by the next try. NotWaiting, NotSeen,
    NotFound, Forbidden, LogUnavailable.
    """
    permissions_of(actor).require(CHECK, site_id=request.site_id)
    if method not in offered(request) or (
        method == Method.IN_PERSON and not set(papers(request)) <= set(seen)
    ):
        raise NotSeen
    with transaction.atomic():
        rows = SubjectRequest.objects.select_for_update(of=("self",)).select_related("site", "hold")
        row = rows.get(pk=request.pk)
        if row.state != RequestState.IDENTITY or row.verified_at is not None:
            raise NotWaiting
        told = story.act(
            row, RequestActKind.VERIFIED, actor=actor, terminal=terminal, event_id=uuid5(row.pk, "verified"),
            facts={"method": str(method), "seen": sorted(seen)},
        )  # fmt: skip
        check = IdentityCheck.objects.create(
            request=row, method=method, state=CheckState.VERIFIED, shown_at=told.at, decided_by=actor,
            decided_at=told.at, entry=told.entry,
        )  # fmt: skip
        row.state, row.verified_at = RequestState.OPEN, clock.now()
        row.save(update_fields=["state", "verified_at"])
    stored.resume(row, actor=actor, terminal=terminal)
    if row.hold_id is None:
        freezing.freeze(row)
    carrying.on_verified(row, actor=actor, terminal=terminal)
    remembered.tell(row)
    return check
