"""What somebody has answered so far. It lies in the address of the page, sealed, and nowhere on the server.

Each page's address holds the answers as they were then, so the browser's own way back shows what was
written, a language switch keeps it, and two windows do not disturb each other. The lock in a cookie of the
browser is half of the key: an address without its cookie opens nothing, and sending or leaving drops it.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from cctv.core import clock
from cctv.subjects.portal import sealed

LOCK = "lethe_answers"
LOCK_PATH = "/portal/ask/"
# Longer than a day's looking for the receipt that tells the time.
LIFE = timedelta(hours=24)
LONGEST_VALUE = 1_500
MOST_VALUES = 60
# What proxies take as an address is 8,000 characters.
LONGEST_TOKEN = 7_000

Value = str | list[str]


@dataclass(slots=True)
class Answers:
    """`steps`: of each page that was answered what was written, as it was written."""

    draft: UUID = field(default_factory=uuid4)
    begun: int = field(default_factory=lambda: int(clock.now().timestamp()))
    steps: dict[str, dict[str, Value]] = field(default_factory=dict)

    def of(self, step: str) -> dict[str, Value]:
        """What was written on a page."""
        return self.steps.get(step, {})

    def text(self, step: str, name: str) -> str:
        """One field of a page as text; "" where there is none."""
        value = self.of(step).get(name, "")
        return value if isinstance(value, str) else ""

    def write(self, step: str, given: dict[str, Value]) -> None:
        """Take over a page, cut to what any form of it takes."""
        self.steps[step] = {name: _cut(value) for name, value in given.items()}

    def sealed(self, lock: bytes) -> str:
        """For the address of the next page."""
        facts = {"draft": str(self.draft), "begun": self.begun, "steps": self.steps}
        return sealed.seal("answers", facts, lock=lock)

    @classmethod
    def opened(cls, token: str, lock: bytes) -> Self | None:
        """The answers of an address, with this browser's lock; None where they do not open (any more)."""
        facts = sealed.opened("answers", token, life=LIFE, lock=lock) if lock else None
        if facts is None:
            return None
        return cls(UUID(facts["draft"]), facts["begun"], facts["steps"])

    def age(self) -> timedelta:
        """How long it has taken so far."""
        return timedelta(seconds=max(0, int(clock.now().timestamp()) - self.begun))


def lock_of(request: HttpRequest) -> bytes:
    """This browser's lock; empty where it has none."""
    try:
        lock = urlsafe_b64decode(request.COOKIES.get(LOCK, "").encode() + b"==")
    except ValueError:
        return b""
    return lock if len(lock) == 32 else b""


def give_lock(response: HttpResponseBase, lock: bytes | None = None) -> bytes:
    """A lock for this browser, a new one unless it has one already, for as long as answers live."""
    lock = lock or secrets.token_bytes(32)
    response.set_cookie(
        LOCK, urlsafe_b64encode(lock).decode().rstrip("="), max_age=int(LIFE.total_seconds()),
        path=LOCK_PATH, httponly=True, secure=settings.LETHE_HTTPS, samesite="Lax",
    )  # fmt: skip
    return lock


def drop_lock(response: HttpResponseBase) -> None:
    """No address with answers opens on this browser any more."""
    response.delete_cookie(LOCK, path=LOCK_PATH, samesite="Lax")


def _cut(value: Any) -> Value:
    if isinstance(value, list):
        return [str(each)[:64] for each in value[:MOST_VALUES]]
    return str(value)[:LONGEST_VALUE]
