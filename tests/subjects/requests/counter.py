"""The yard with somebody who was filmed there, and short ways to file requests."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from cctv.subjects.requests import receiving
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.receiving import Draft, Received
from tests.retention.holds.court import Court
from tests.retention.yard import Sealed

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
TERMINAL = "203.0.113.9"
DETAILS = Details(
    name="Kim Chulsoo", email="chulsoo.kim@people.example", phone="+82 10-5550-1234",
    birth_date="1984-02-29", looks="a yellow raincoat and a violin case", place="at the turnstile",
    reason="my umbrella was taken",
)  # fmt: skip


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


@pytest.fixture
def counter(court: Court) -> Counter:
    """Where requests come in."""
    return Counter(court)
