"""A request whose redacted copy was granted: sealed as the job seals it, approved as a reviewer does it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from cctv.core import clock
from cctv.disclosure.handing import tokens
from cctv.people.models import Account
from cctv.redaction.models import Redaction
from cctv.subjects.deciding.models import Decision, DecisionState
from cctv.subjects.delivering import services
from cctv.subjects.delivering.models import Delivery
from cctv.subjects.portal import sessions
from cctv.subjects.requests import receiving
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.subjects.requests.receiving import Draft
from tests.redaction.review.conftest import Waiting, colleague, desk, room, waiting
from tests.subjects.requests.counter import DETAILS

__all__ = ["desk", "room", "waiting"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(tokens, "SCRYPT_N", 1 << 4)


@dataclass
class Given:
    """The copy, who asked for it, and who works on it."""

    waiting: Waiting
    request: SubjectRequest
    decision: Decision
    officer: Account

    @property
    def row(self) -> Delivery:
        """As it is now."""
        return services.deliveries().get(decision=self.decision)

    def browser(self, request: SubjectRequest | None = None) -> Client:
        """One in which a request was opened with its secret."""
        client, answer = Client(raise_request_exception=False), HttpResponse()
        sessions.begin(answer, request or self.request)
        client.cookies[sessions.COOKIE] = answer.cookies[sessions.COOKIE].value
        return client

    def url(self, more: str = "") -> str:
        return f"/portal/result/{self.row.pk}/{more}"

    def granted(self, client: Client | None = None) -> Client:
        """The browser of who gave the right code."""
        client = client or self.browser()
        grant = services.take(self.row, services.give_code(self.row, actor=self.officer, terminal="desk"))
        client.cookies["lethe_clip"] = services.signed(self.row, grant)
        return client


def ask(waiting: Waiting, **options: Any) -> SubjectRequest:
    """A request for what the redaction shows."""
    redaction = waiting.redaction
    values: dict[str, Any] = {
        "kind": "copy", "about": "person", "claimant": "self", "language": "en", "site": redaction.site,
        "cameras": [redaction.camera], "starts_at": redaction.starts_at, "ends_at": redaction.ends_at,
        "details": DETAILS, "channel": "portal",
    }  # fmt: skip
    draft = Draft(**(values | options))
    return receiving.receive(draft, terminal="203.0.113.9", draft_id=uuid4()).request


def decided(request: SubjectRequest, by: Account, outcome: str = "granted", **values: Any) -> Decision:
    """As the desk sends one."""
    request.state, request.verified_at, request.decided_at = RequestState.DECIDED, clock.now(), clock.now()
    request.save()
    return Decision.objects.create(
        request=request, outcome=outcome, state=DecisionState.SENT, proposed_by=by, approved_by=by,
        sent_at=clock.now(), **values,
    )  # fmt: skip


@pytest.fixture
def given(waiting: Waiting) -> Given:
    waiting.approved()
    officer, _client = colleague(waiting.desk.room, "privacy_officer", "officer")
    request = ask(waiting)
    Redaction.objects.update(case=request.reference)
    sha256 = waiting.redaction.result["sha256"]
    decision = decided(request, officer, results={str(waiting.redaction.pk): sha256})
    decision.redactions.set([waiting.redaction])
    services.make_deliveries(decision)
    return Given(waiting, request, decision, officer)


def grant_of(given: Given) -> UUID:
    """What the right code opens."""
    return services.take(given.row, services.give_code(given.row, actor=given.officer, terminal="desk"))
