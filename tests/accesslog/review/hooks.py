"""What a project injects into the review, for its tests: sites, who reviews them, duty hours, rules."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

from accesslog import IndexFields
from accesslog.review.history import History
from accesslog.review.roles import Reviewer, ReviewSite
from accesslog.review.rules import (
    AfterIncident,
    AgainAndAgain,
    DownloadReason,
    Duty,
    Facts,
    MuchMore,
    OtherPurpose,
    OutsideDuty,
    Refused,
    Rule,
    Seen,
)

OFFICER, COLLEAGUE, AUDITOR, GUARD = "officer@x", "colleague@x", "auditor@x", "minji"
BARAM = ReviewSite(
    "baram", "Baram Hub", "Asia/Seoul", datetime(2026, 1, 10, tzinfo=UTC), frozenset({OFFICER, COLLEAGUE})
)
MINATO = ReviewSite(
    "minato", "Minato Depot", "Asia/Tokyo", datetime(2026, 1, 10, tzinfo=UTC), frozenset({COLLEAGUE})
)
PEOPLE = {
    OFFICER: Reviewer(OFFICER, officer=frozenset({"baram"})),
    COLLEAGUE: Reviewer(COLLEAGUE, officer=frozenset({"baram", "minato"})),
    AUDITOR: Reviewer(AUDITOR, auditor=frozenset({"baram", "minato"})),
}
STEPPED: list[str] = []


def sites() -> list[ReviewSite]:
    return [BARAM, MINATO]


def reviewer(user: Any) -> Reviewer | None:
    return PEOPLE.get(user.email)


def actor(request: HttpRequest) -> tuple[dict[str, Any], IndexFields]:
    name = str(getattr(request.user, "email", ""))
    return part(name)


def part(name: str) -> tuple[dict[str, Any], IndexFields]:
    """What ACCESSLOG_ACTOR would say of a person."""
    return {"actor": {"id": name, "name": name, "role": "officer"}}, IndexFields(actor=name)


def step_up(request: HttpRequest) -> None:
    STEPPED.append(request.path)


def duty(site: str, account: str, moment: datetime) -> Duty | None:
    """Baram is on duty from 06:00 to 22:00 UTC, without Sundays; Minato has no hours."""
    if site != "baram":
        return None
    if moment.weekday() == 6:
        return Duty(on=False)
    return Duty(on=6 <= moment.hour < 22, hours=["06:00–22:00"])


OPENED, COPY = ("test.opened",), ("test.copied",)
OUTSIDE = OutsideDuty(kinds=OPENED, duty=duty)
MORE = MuchMore(kinds=("test.covered",), minutes=30, days_known=3)
AGAIN = AgainAndAgain(kinds=OPENED, times=3)
OTHER = OtherPurpose(kinds=OPENED)
INCIDENT = AfterIncident(kinds=OPENED, incidents=("test.incident",))
REFUSED = Refused(kinds=("test.refused",))
REASON = DownloadReason(kinds=COPY)


class Broken(Rule):
    """Raises on every entry."""

    code = "broken"

    def look(self, entry: Seen, history: History) -> Facts | None:
        raise RuntimeError("no")

    def says(self) -> str:
        return "Raises."


BROKEN = Broken(kinds=OPENED)
HERE = "tests.accesslog.review.hooks"
ALL = [f"{HERE}.{name}" for name in ("OUTSIDE", "MORE", "AGAIN", "OTHER", "INCIDENT", "REFUSED", "REASON")]
