"""What the access log says of proofs of identity: which, never whose name or what is on them."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.subjects.requests.events import WHAT
from cctv.vault.papers import register_paper_kind

OPENED, DESTROYED, CODE = "identity.opened", "identity.destroyed", "identity.code"
LOST = "identity.lost"
PAPER = "paper"

for _kind, _more, _sentence, _icon in (
    (
        OPENED, {"check", PAPER},
        _("{actor} looked at a proof of identity of request {request}: {paper}."), "eye",
    ),
    (
        DESTROYED, {"check", "facts"},
        _("What was shown as proof of identity for request {request} was destroyed."), "destroyed",
    ),
    (CODE, {"check"}, _("A code to show who asks was sent for request {request}."), "key"),
):  # fmt: skip
    register(
        EventType(
            kind=_kind,
            required=WHAT | _more,
            optional=frozenset(),
            sentence=_sentence,
            personal=frozenset({"actor", "terminal"}),
            icon=_icon,
            keep="ledger",
            link=("request", "request.name"),
        )
    )

# No request is named: whether there is one is nobody's to learn who types a reference.
register(
    EventType(
        kind=LOST,
        required=frozenset({"actor", "facts"}),
        optional=frozenset(),
        sentence=_("Somebody asked over the portal for a new secret of a request. It is entered once a day."),
        personal=frozenset({"actor"}),
        icon="key",
        keep="ledger",
    )
)

register_paper_kind(OPENED, PAPER)
