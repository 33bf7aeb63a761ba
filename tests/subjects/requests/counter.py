"""The yard with somebody who was filmed there, and short ways to file requests."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import serializers

from accesslog.errors import LogUnavailable
from cctv.footage.models import Segment
from cctv.models import Decision, Delivery, Message, RequestAct, RequestMail
from cctv.retention.holds import telling
from cctv.subjects.requests import receiving, story, tending
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.subjects.requests.receiving import Draft, Received
from cctv.vault import steps
from tests.retention.holds.court import Court
from tests.retention.yard import Sealed

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
TERMINAL = "203.0.113.9"
DETAILS = Details(
    name="Kim Chulsoo", email="chulsoo.kim@people.example", phone="+82 10-5550-1234",
    birth_date="1984-02-29", looks="a yellow raincoat and a violin case", place="at the turnstile",
    reason="my umbrella was taken", plate="12가3456", subject_name="Kim Younghee", relation="her uncle",
    correction="it was Tuesday",
)  # fmt: skip


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Counter:
    """Where requests come in."""

    court: Court

    def ask(self, *sealed: Sealed, draft_id: UUID | None = None, **options: Any) -> Received:
        """A request for just these segments' times and cameras."""
        values: dict[str, Any] = {
            "kind": "copy", "about": "person", "claimant": "self", "language": "ko",
            "site": self.court.yard.sites[0], "details": DETAILS,
            "cameras": list({each.row.camera_id: each.row.camera for each in sealed}.values()),
        }  # fmt: skip
        if sealed:
            values["starts_at"] = min(each.row.starts_at for each in sealed)
            values["ends_at"] = max(each.row.ends_at for each in sealed)
        draft = Draft(**(values | options))
        return receiving.receive(draft, terminal=TERMINAL, draft_id=draft_id or uuid4())

    def other(self, **changed: str) -> Details:
        """Somebody else's details."""
        return replace(DETAILS, **changed)

    def decide(self, request: SubjectRequest, *, objection: timedelta | None = None) -> None:
        """As the desk does it: decided, and until when one may object."""
        request.state, request.decided_at = RequestState.DECIDED, self.court.yard.now
        request.verified_at = request.verified_at or self.court.yard.now
        request.objection_until = self.court.yard.now + objection if objection else None
        request.save()

    def pass_time(self, step: timedelta) -> None:
        """Let time pass that somebody watches, with a tick and a purge at its end."""
        self.court.yard.move(step)
        tending.tend()
        self.court.purge()
        # What was let go is destroyed by the run that the release woke.
        self.court.purge()

    def there(self, sealed: Sealed) -> bool:
        """Whether the recording is in the register and its object in the store."""
        has_row = Segment.objects.filter(pk=sealed.row.pk).exists()
        assert has_row == (sealed.row.sealed_name in self.court.yard.objects())
        return has_row

    def down(self, patch: pytest.MonkeyPatch) -> None:
        """The log is not there."""

        def refuse(**_options: Any) -> None:
            raise LogUnavailable

        patch.setattr(story, "append", refuse)
        patch.setattr(telling, "append", refuse)


def kill_at(patch: pytest.MonkeyPatch, step: str) -> None:
    """End the process at this step."""

    def reached(here: str) -> None:
        if here == step:
            raise Killed

    patch.setattr(steps, "_listeners", [reached])


def register_of_requests() -> str:
    """All rows of requests and theirs, as a backup of the register has them."""
    models = (SubjectRequest, RequestAct, Message, RequestMail, Decision, Delivery)
    return "".join(serializers.serialize("json", model._default_manager.all()) for model in models)


def span(counter: Counter, number: int) -> dict[str, Any]:
    """An hour that no other number names."""
    ends_at = counter.court.yard.now - number * HOUR
    return {"starts_at": ends_at - HOUR, "ends_at": ends_at, "cameras": counter.court.yard.cameras[:1]}


def somebody(counter: Counter, number: int) -> Any:
    """A stranger each time."""
    return counter.other(email=f"robot{number}@example.org")


@pytest.fixture
def counter(court: Court) -> Counter:
    """Where requests come in."""
    return Counter(court)
