"""What the access log says of holds."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

WHAT = frozenset({"hold", "site", "case", "cameras", "from", "to"})
WHO = WHAT | {"actor", "terminal"}
PERSONAL = frozenset({"actor", "terminal", "deputy", "reason"})

for _kind, _required, _optional, _sentence, _icon in (
    (
        "hold.placed",
        WHO | {"until", "ground", "held", "too_late", "needs"},
        frozenset(),
        _("{actor} placed hold {hold} on {cameras}, {from}–{to}, case {case}, until {until}."),
        "held",
    ),
    (
        "hold.confirmed",
        WHO,
        frozenset({"reason"}),
        _("{actor} confirmed hold {hold}, case {case}."),
        "check",
    ),
    (
        "hold.refused",
        WHO | {"reason"},
        frozenset(),
        _("{actor} refused hold {hold}, case {case}. It holds nothing any more."),
        "x",
    ),
    (
        "hold.released",
        WHO | {"reason", "held", "past_retention"},
        frozenset(),
        _("{actor} released hold {hold}, case {case}; {past_retention} recordings end with it."),
        "x",
    ),
    (
        "hold.prolonged",
        WHO | {"reason", "until", "before"},
        frozenset(),
        _("{actor} prolonged hold {hold}, case {case}, until {until}."),
        "clock",
    ),
    (
        "hold.escalated",
        WHAT | {"confirm_by", "deputy"},
        frozenset(),
        _("Hold {hold}, case {case}, still waited for a decision; {deputy} was asked as the deputy."),
        "warn",
    ),
    (
        "hold.lapsed",
        WHAT | {"confirm_by", "held", "past_retention"},
        frozenset(),
        _("Hold {hold}, case {case}, lapsed: nobody confirmed it in time."),
        "warn",
    ),
    (
        "hold.ended",
        WHAT | {"until", "held", "past_retention"},
        frozenset(),
        _("Hold {hold}, case {case}, ended: its time was over."),
        "retention",
    ),
):
    register(
        EventType(
            kind=_kind,
            required=_required,
            optional=_optional,
            sentence=_sentence,
            personal=PERSONAL & (_required | _optional),
            icon=_icon,
            link=("hold", "hold.name"),
        )
    )
