"""Fixtures of the tests of legal holds."""

from typing import Any

import pytest

from cctv.retention import tasks
from tests.retention.holds.court import Court, court
from tests.retention.yard import yard

__all__ = ["Court", "court", "yard"]


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the purge was woken with, instead of a worker."""
    calls: list[str] = []

    def delay(*, trigger: Any = "auto") -> None:
        calls.append(str(trigger))

    monkeypatch.setattr(tasks.purge_due, "delay", delay)
    return calls
