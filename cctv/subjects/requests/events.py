"""What the access log says of requests: reference, site, cameras and span; never who asked."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.subjects.requests.models import RequestActKind

WHAT = frozenset({"actor", "terminal", "site", "request", "case"})
# `facts`: codes, times and numbers, as the story shows them.
MORE = frozenset({"facts", "cameras", "from", "to", "kind", "channel", "hold", "held", "too_late"})
MESSAGE = "request.message"
Kind = RequestActKind

_SENTENCES = {
    Kind.RECEIVED: (_("Request {request} was received at {site}."), "user"),
    Kind.FROZEN: (_("The footage of request {request} was held as {hold}."), "held"),
    Kind.RELEASED: (_("The footage of request {request} is held no longer."), "x"),
    Kind.REPLIED: (_("{actor} replied to request {request} for the first time."), "mail"),
    Kind.ASSIGNED: (_("{actor} assigned request {request}."), "user"),
    Kind.SCREENED: (_("{actor} accepted request {request} after screening."), "check"),
    Kind.IDENTITY_ASKED: (_("Request {request}: identity was asked for."), "key"),
    Kind.IDENTITY_SENT: (_("Request {request}: identity was shown."), "key"),
    Kind.VERIFIED: (_("Request {request}: identity was verified."), "check"),
    Kind.NOT_VERIFIED: (_("Request {request}: identity was not verified."), "x"),
    Kind.PAUSED: (_("The clock of request {request} was stopped."), "clock"),
    Kind.RESUMED: (_("The clock of request {request} goes on."), "clock"),
    Kind.EXTENDED: (_("{actor} extended the deadline of request {request}."), "clock"),
    Kind.ADDED: (_("Information was added to request {request}."), "edit"),
    Kind.RESTRICTED: (_("Use of the footage of request {request} was stopped."), "held"),
    Kind.FOUND: (_("{actor} looked for the footage of request {request}."), "eye"),
    Kind.REDACTED: (_("{actor} chose a redacted copy for request {request}."), "edit"),
    Kind.PROPOSED: (_("{actor} proposed a decision on request {request}."), "edit"),
    Kind.RETURNED: (_("{actor} gave the decision on request {request} back."), "x"),
    Kind.DECIDED: (_("{actor} decided on request {request}."), "check"),
    Kind.DELIVERED: (_("What request {request} asked for was made available."), "mail"),
    Kind.FETCHED: (_("The requester of {request} fetched the copy."), "eye"),
    Kind.SHOWN: (_("{actor} showed the requester of {request} the footage."), "eye"),
    Kind.APPOINTED: (_("An appointment of request {request} was made or changed."), "clock"),
    Kind.OBJECTED: (_("The requester of {request} objected."), "warn"),
    Kind.WITHDRAWN: (_("Request {request} was withdrawn."), "x"),
    Kind.SECRET: (_("Request {request} was given a new secret."), "key"),
    Kind.ESCALATED: (_("Request {request} was escalated before its deadline."), "warn"),
    Kind.CLOSED: (_("Request {request} was closed."), "check"),
    Kind.ENDED: (_("The file of request {request} was destroyed."), "x"),
}
_NEEDS = {Kind.RECEIVED: frozenset({"cameras", "from", "to", "kind", "channel"})}


def kind_of(kind: str) -> str:
    """The kind of entry of an act."""
    return f"request.{kind}"


for _kind, (_sentence, _icon) in _SENTENCES.items():
    _required = WHAT | _NEEDS.get(_kind, frozenset())
    if _kind == Kind.FROZEN:
        _required |= {"hold", "held", "too_late"}
    register(
        EventType(
            kind=kind_of(_kind.value),
            required=_required,
            optional=MORE - _required,
            sentence=_sentence,
            personal=frozenset({"actor", "terminal"}),
            icon=_icon,
            keep="ledger",
            link=("request", "request.name"),
        )
    )

register(
    EventType(
        kind=MESSAGE,
        required=WHAT | {"message"},
        optional=frozenset({"facts"}),
        sentence=_("{actor} wrote a message about request {request}."),
        personal=frozenset({"actor", "terminal"}),
        icon="mail",
        keep="ledger",
        link=("request", "request.name"),
    )
)
