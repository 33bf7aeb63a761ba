"""Who may read the log, who reviews it, and the one rule of this house."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

from accesslog import IndexFields, Scope
from accesslog.review.roles import Reviewer, ReviewSite
from accesslog.review.rules import AgainAndAgain

AGAIN = AgainAndAgain(kinds=("file.opened",), times=3, days=7)


def scope(user: Any) -> Scope | None:
    return Scope(all_sites=True, bodies=True) if user.is_staff else None


def actor(request: HttpRequest) -> tuple[dict[str, Any], IndexFields]:
    name = str(request.user)
    return {"actor": {"id": name, "name": name, "role": "officer"}}, IndexFields(actor=name)


def wards() -> list[ReviewSite]:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return [ReviewSite("east", "Ward East", "Europe/Berlin", since, frozenset({"officer"}))]


def reviewer(user: Any) -> Reviewer | None:
    return Reviewer(str(user), officer=frozenset({"east"})) if user.is_staff else None
