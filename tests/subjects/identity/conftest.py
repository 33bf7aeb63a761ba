"""The desk's request, whose requester comes by, or shows pictures over the portal."""

from tests.subjects.desk.conftest import bureau
from tests.subjects.identity.showing import shower
from tests.subjects.requests.conftest import _fresh, counter, court, woken, yard

__all__ = ["_fresh", "bureau", "counter", "court", "shower", "woken", "yard"]
