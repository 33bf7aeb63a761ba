"""Who asks is settled by a member of staff who saw it: in person, or from an account known already (O35).

No copy is taken and no number written down: the log keeps which documents were seen, by whom and when.
"""

from collections.abc import Collection
from uuid import uuid5

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.subjects import profiles
from cctv.subjects.identity import destroying, settling
from cctv.subjects.identity.errors import NotSeen, NotWaiting
from cctv.subjects.identity.models import CheckState, IdentityCheck, Method
from cctv.subjects.identity.settling import CHECK
from cctv.subjects.requests import access, mails, story
from cctv.subjects.requests.errors import RequestOver
from cctv.subjects.requests.models import RequestAct, RequestActKind, RequestState, SubjectRequest
from cctv.vault.steps import reached

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
        row = settling.locked(request)
        if not settling.is_awaited(row):
            raise NotWaiting
        told = story.act(
            row, RequestActKind.VERIFIED, actor=actor, terminal=terminal, event_id=uuid5(row.pk, "verified"),
            facts={"method": str(method), "seen": sorted(seen)},
        )  # fmt: skip
        reached("identity.seen-logged")
        check = _noted(row, method, told, actor)
        settling.mark(row, about=check.pk)
    reached("identity.seen")
    # What was sent over the portal besides is wanted no longer.
    destroying.end_others(row, for_secret=False)
    settling.follow(row, actor=actor, terminal=terminal)
    return check


@sensitive_variables()
def renew(request: SubjectRequest, *, seen: Collection[str], actor: Account, terminal: str) -> str:
    """A new secret for somebody who lost theirs and showed a document; told once, and good at once.

    The one before opens nothing any more. NotSeen, RequestOver, NotFound, Forbidden, LogUnavailable.
    """
    permissions_of(actor).require(CHECK, site_id=request.site_id)
    if profiles.DOCUMENT not in seen:
        raise NotSeen
    with transaction.atomic():
        row = settling.locked(request)
        if row.state == RequestState.ENDED:
            raise RequestOver
        secret = access.new_secret(row, actor=actor, terminal=terminal)
        check = IdentityCheck.objects.create(
            request=row, method=Method.IN_PERSON, state=CheckState.VERIFIED, for_secret=True,
            shown_at=clock.now(), decided_by=actor, decided_at=clock.now(),
        )  # fmt: skip
        mails.queue(row, "secret", f"request/{row.pk}/secret/{check.pk}")
    # Whoever waits with a secret of their own has been here, or is somebody else.
    destroying.end_others(row, for_secret=True)
    return secret


def _noted(row: SubjectRequest, method: str, told: RequestAct, actor: Account) -> IdentityCheck:
    return IdentityCheck.objects.create(
        request=row, method=method, state=CheckState.VERIFIED, shown_at=told.at, decided_by=actor,
        decided_at=told.at, entry=told.entry,
    )  # fmt: skip
