"""The desk's request, whose requester comes by."""

from tests.subjects.desk.conftest import bureau
from tests.subjects.requests.conftest import _fresh, counter, court, woken, yard

__all__ = ["_fresh", "bureau", "counter", "court", "woken", "yard"]
