"""Fixtures of the tests of requests."""

import pytest
from django.core.cache import cache

from cctv.disclosure.handing import tokens
from tests.retention.holds.conftest import woken
from tests.retention.holds.court import court
from tests.retention.yard import yard
from tests.subjects.requests.counter import counter

__all__ = ["counter", "court", "woken", "yard"]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has tried anything yet; and a secret's hash is slow elsewhere."""
    cache.clear()
    monkeypatch.setattr(tokens, "SCRYPT_N", 1 << 4)
