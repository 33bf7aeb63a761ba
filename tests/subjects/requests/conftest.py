"""Fixtures of the tests of requests."""

from tests.retention.holds.conftest import woken
from tests.retention.holds.court import court
from tests.retention.people import people
from tests.retention.yard import yard
from tests.subjects.requests.counter import counter

__all__ = ["counter", "court", "people", "woken", "yard"]
