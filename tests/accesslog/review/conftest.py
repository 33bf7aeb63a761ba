"""A log whose entries are as old as a test wants, and the settings of a project that reviews them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from accesslog import IndexFields, records, services, writer
from accesslog.registry import EventType, register
from accesslog.types import to_us
from tests.accesslog.review import hooks

MARCH = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # a Monday
for _kind in ("test.opened", "test.copied", "test.incident", "test.refused"):
    register(
        EventType(
            kind=_kind,
            required=frozenset({"actor"}),
            optional=frozenset({"site", "camera", "purpose", "case", "reason", "repeated", "since", "until"}),
            sentence=f"{{actor}} did {_kind}.",
            personal=frozenset({"actor"}),
        )
    )

Log = Callable[..., int]


@pytest.fixture
def review(access_log: str, settings: Any) -> str:
    """The review's settings, with every rule; the alias of the log."""
    settings.ACCESSLOG_SITES = f"{hooks.HERE}.sites"
    settings.ACCESSLOG_REVIEWERS = f"{hooks.HERE}.reviewer"
    settings.ACCESSLOG_ACTOR = f"{hooks.HERE}.actor"
    settings.ACCESSLOG_STEP_UP = f"{hooks.HERE}.step_up"
    settings.ACCESSLOG_REVIEWED = ["test.opened", "test.copied"]
    settings.ACCESSLOG_RULES = hooks.ALL
    hooks.STEPPED.clear()
    return access_log


@pytest.fixture
def log(review: str, monkeypatch: pytest.MonkeyPatch) -> Log:
    """`log(kind, at, actor=…, camera=…, minutes=…)`: an entry that was made `at` (a time, or hours after
    10:00 UTC of Monday, 2 March 2026); its number."""
    from tests.accesslog import cast  # registers test.covered

    def make(
        kind: str = "test.opened", at: datetime | float = 0, *, actor: str = "minji", camera: str = "gate2",
        site: str = "baram", case: str = "", minutes: int = 10, from_hour: float = -5,
        terminal: str = "", **body: Any,
    ) -> int:  # fmt: skip
        moment = MARCH + timedelta(hours=at) if not isinstance(at, datetime) else at
        clock = SimpleNamespace(
            time_ns=lambda: to_us(moment) * 1000, monotonic=time.monotonic, sleep=time.sleep
        )
        starts = moment + timedelta(hours=from_hour)
        fields = IndexFields(
            actor=actor, camera=camera, site=site, case=case, terminal=terminal, purpose="crime",
            footage_from=starts if camera else None,
            footage_to=starts + timedelta(minutes=minutes) if camera else None,
        )  # fmt: skip
        full: dict[str, Any] = {"actor": {"id": actor, "name": actor.title(), "role": "operator"}, **body}
        if site:
            full["site"] = {"id": site, "name": site.title(), "zone": "Asia/Seoul"}
        if kind == cast.COVERED:
            full = {**cast.covered(actor, camera), **full}
        with monkeypatch.context() as patch:
            patch.setattr(writer, "time", clock)
            patch.setattr(records, "time", clock)
            return services.append(kind=kind, body=full, index=[fields]).index

    return make
