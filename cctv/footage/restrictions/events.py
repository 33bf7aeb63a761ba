"""What the access log says of restrictions."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

WHAT = frozenset({"actor", "terminal", "site", "restriction", "cameras", "from", "to", "ground", "reason"})
PERSONAL = frozenset({"actor", "terminal", "reason", "reference"})

for _kind, _sentence, _icon in (
    (
        "restriction.placed",
        _("{actor} restricted {cameras}, {from}–{to}: nobody is shown it for now."),
        "restricted",
    ),
    (
        "restriction.lifted",
        _("{actor} lifted the restriction of {cameras}, {from}–{to}."),
        "check",
    ),
):
    register(
        EventType(
            kind=_kind,
            required=WHAT,
            optional=frozenset({"reference"}),
            sentence=_sentence,
            personal=PERSONAL,
            icon=_icon,
            link=("restriction", "restriction.id"),
        )
    )
