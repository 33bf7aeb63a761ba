"""What the access log says of requests: gathered from the areas."""

from cctv.subjects.delivering import events as delivering
from cctv.subjects.desk import events as desk
from cctv.subjects.identity import events as identity
from cctv.subjects.requests import events as requests
from cctv.subjects.watched import events as watched

__all__ = ["delivering", "desk", "identity", "requests", "watched"]
