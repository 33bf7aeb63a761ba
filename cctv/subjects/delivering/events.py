"""What the access log says of copies that requesters get: never who they are, only their reference."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.footage.derived import services as derived

SENT, SHOWN, CODE = "delivery.sent", "delivery.shown", "delivery.code"

_WHO = frozenset({"actor", "terminal", "site", "request", "case", "delivery"})
_WHAT = frozenset({"redaction", "camera", "from", "to", "purpose"})

for _kind, _required, _optional, _sentence, _icon in (
    (
        SENT, _WHO | _WHAT, frozenset({"hold"}),
        _("The redacted copy {redaction} of {camera}, {from}–{to}, was sent to the requester of {request}."),
        "export",
    ),
    (
        SHOWN, _WHO | _WHAT, frozenset({"hold"}),
        _("{actor} showed the requester of {request} the copy {redaction} of {camera}, {from}–{to}."),
        "eye",
    ),
    (CODE, _WHO | {"way"}, frozenset(), _("A code for a copy of request {request} was made."), "key"),
):  # fmt: skip
    register(
        EventType(
            kind=_kind,
            required=_required,
            optional=_optional,
            sentence=_sentence,
            personal=frozenset({"actor", "terminal"}),
            icon=_icon,
            keep="ledger",
            link=("request", "request.name"),
        )
    )

derived.register(SENT, "redacted")
derived.register(SHOWN, "redacted")
