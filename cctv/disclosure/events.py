"""What the access log says of prints and media. Who exactly has one is sealed in the register, not here."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

_PERSONAL = frozenset({"actor", "terminal", "witness", "recipient", "item"})
_ALWAYS = frozenset({"actor", "terminal", "site", "medium", "kind"})

for _kind, _more, _sentence in (
    ("medium.registered", {"item"}, _("{actor} registered {medium}: {item}.")),
    ("medium.handed_over", {"recipient", "ground"}, _("{actor} handed {medium} over to {recipient}.")),
    ("medium.returned", set(), _("{actor} took {medium} back.")),
    ("medium.destroyed", {"how", "witness"}, _("{actor} destroyed {medium}; {witness} was the witness.")),
):
    register(
        EventType(
            kind=_kind,
            required=_ALWAYS | _more,
            optional=frozenset({"camera", "from", "to", "case", "purpose", "copies"}),
            sentence=_sentence,
            personal=_PERSONAL & (_ALWAYS | _more),
            icon="print",
            keep="ledger",
            link=("medium", "medium"),
        )
    )
