"""Fixtures of the portal's tests: those of requests."""

from tests.subjects.requests.conftest import _fresh, counter, court, woken, yard

__all__ = ["_fresh", "counter", "court", "woken", "yard"]
