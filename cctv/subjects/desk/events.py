"""What the access log says when the desk reads what a requester wrote of themselves."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.subjects.requests.events import WHAT

OPENED = "request.opened"

register(
    EventType(
        kind=OPENED,
        required=WHAT | {"facts"},
        optional=frozenset(),
        sentence=_("{actor} opened the contact data or a letter of request {request}."),
        personal=frozenset({"actor", "terminal"}),
        icon="eye",
        keep="ledger",
        link=("request", "request.name"),
    )
)
