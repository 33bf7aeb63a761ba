"""What a project injects into the log, for the tests of its pages."""

from typing import Any

from django.http import HttpRequest

from accesslog import IndexFields, Scope

SCOPES: dict[str, Scope | None] = {}


def scope(user: Any) -> Scope | None:
    """The scope that the test gave to this person."""
    return SCOPES.get(user.email)


def actor(request: HttpRequest) -> tuple[dict[str, Any], IndexFields]:
    """Who asks."""
    name = str(getattr(request.user, "email", ""))
    return {"actor": {"id": name, "name": name, "role": "privacy officer"}}, IndexFields(actor=name)


def two_clocks(_request: Any) -> dict[str, list[tuple[str, str]]]:
    """Choices of a project whose first site keeps Seoul's clocks, and whose dock keeps London's."""
    return {
        "camera": [("gate2", "Gate 2"), ("dock5", "Dock 5")],
        "camera_zone": [("gate2", "Asia/Seoul"), ("dock5", "Europe/London")],
        "home_zone": [("Asia/Seoul", "Baram Hub")],
    }
