"""The desk: a request of somebody who was filmed, and who works on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from cctv.footage.models import ViewingSession
from cctv.people.models import Account, Role, RoleGrant
from cctv.redaction.models import Redaction
from cctv.sites.models import Purpose
from cctv.subjects.deciding import services
from cctv.subjects.deciding.models import Decision
from cctv.subjects.deciding.proposing import Proposal
from cctv.subjects.requests.models import RequestState, SubjectRequest
from tests.retention.people import PASSWORD
from tests.retention.yard import Sealed
from tests.subjects.requests.conftest import _fresh, counter, court, woken, yard
from tests.subjects.requests.counter import DAY, TERMINAL, Counter

__all__ = ["_fresh", "counter", "court", "woken", "yard"]

WORDS = "The others in the picture could be harmed."


@dataclass
class Bureau:
    """One request, and short ways to work on it."""

    counter: Counter
    sealed: Sealed
    request: SubjectRequest
    client: Callable[..., Client]

    @property
    def people(self) -> Any:
        return self.counter.court.people

    def again(self) -> SubjectRequest:
        """The row as it is now."""
        self.request = SubjectRequest.objects.select_related("site", "hold", "assigned_to").get(
            pk=self.request.pk
        )
        return self.request

    def verify(self) -> None:
        """Who asks is settled."""
        SubjectRequest.objects.filter(pk=self.request.pk).update(
            state=RequestState.OPEN, verified_at=self.counter.court.yard.now
        )
        self.again()

    def propose(self, actor: Account | None = None, **changes: Any) -> Decision:
        """A refusal by the officer of Seoul, unless said otherwise."""
        values: dict[str, Any] = {"outcome": "refused", "grounds": ["others"], "text": WORDS, **changes}
        return services.propose(
            self.again(), Proposal(**values), actor=actor or self.people.seoul_officer, terminal=TERMINAL,
            decision_id=uuid4(),
        )  # fmt: skip

    def approve(self, decision: Decision, actor: Account | None = None, **options: Any) -> Decision:
        """By the approver, of what is there now."""
        decision.refresh_from_db()
        values = {"seen": services.seen_of(decision), **options}
        return services.approve(decision, actor=actor or self.people.approver, terminal=TERMINAL, **values)

    def url(self, more: str = "") -> str:
        """The page of the request, or one below it."""
        return f"/requests/{self.request.reference}/{more}"

    def handler(self, name: str) -> Account:
        """One more privacy officer of Seoul."""
        account = Account.objects.create_user(f"{name}@example.org", PASSWORD, name=name, employer="Hub")
        RoleGrant.objects.create(account=account, role=Role.PRIVACY_OFFICER, site=self.request.site)
        return account


@pytest.fixture
def bureau(counter: Counter, sign_in: Callable[..., Client]) -> Bureau:
    sealed = counter.court.yard.segment(expires_in=10 * DAY)
    received = counter.ask(sealed)
    return Bureau(counter, sealed, received.request, sign_in)


def redaction(bureau: Bureau, sha256: str = "a" * 64, **changes: Any) -> Redaction:
    """A row that says it is an approved copy of the request's footage; its pictures have tests elsewhere."""
    request, camera = bureau.request, bureau.sealed.row.camera
    people = bureau.people
    purpose, _made = Purpose.objects.get_or_create(
        organisation=request.site.organisation, code="requests", defaults={"name": "Requests"}
    )
    session = ViewingSession.objects.create(
        actor=people.operator, site=request.site, purpose=purpose, starts_at=request.starts_at,
        ends_at=request.ends_at, case=request.reference, opened_at=bureau.counter.court.yard.now,
        valid_until=bureau.counter.court.yard.now,
    )  # fmt: skip
    count = Redaction.objects.count() + 1
    values: dict[str, Any] = {
        "number": f"RD-2026-{count:04d}", "year": 2026, "sequence": count, "site": request.site,
        "camera": camera,
        "starts_at": request.starts_at, "ends_at": request.ends_at, "session": session, "purpose": purpose,
        "case": request.reference, "hold": request.hold, "made_by": people.operator, "state": "approved",
        "result": {"sha256": sha256}, "rendered_revision": 0, **changes,
    }  # fmt: skip
    return Redaction.objects.create(**values)
