"""What the access log says of the register of provisions and of notices to recipients."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

TAKEN_OUT = "provision.taken_out"
TOLD, ANSWERED = "provision.told", "provision.answered"
_WHO = frozenset({"actor", "terminal"})
_NOTICE = _WHO | {"notice", "export", "site", "case", "recipient"}

register(
    EventType(
        kind=TAKEN_OUT,
        required=_WHO | {"lines"},
        optional=frozenset({"site"}),
        sentence=_("{actor} took {lines} lines of the register of provisions out as a file."),
        personal=_WHO,
        icon="hand",
        link=("provisions",),
    )
)
register(
    EventType(
        kind=TOLD,
        required=_NOTICE | {"how"},
        optional=frozenset({"camera", "from", "to"}),
        sentence=_("{actor} told {recipient} by notice {notice} to erase what they hold of export {export}."),
        personal=_WHO | {"recipient"},
        icon="mail",
        keep="ledger",
        link=("notice", "notice"),
    )
)
register(
    EventType(
        kind=ANSWERED,
        required=_NOTICE,
        optional=frozenset(),
        sentence=_("{actor} noted that {recipient} has answered notice {notice} about export {export}."),
        personal=_WHO | {"recipient"},
        icon="check",
        keep="ledger",
        link=("notice", "notice"),
    )
)
