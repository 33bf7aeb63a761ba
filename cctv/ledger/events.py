"""What the access log says of the ledger."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

register(
    EventType(
        kind="ledger.written",
        required=frozenset({"number", "act", "site", "item", "form", "source"}),
        optional=frozenset({"from", "to"}),
        sentence=_("Line {number} was written into the ledger: {act}, {item}."),
        # What an item is called is typed by people, and may name one.
        personal=frozenset({"item"}),
        icon="ledger",
        keep="ledger",
        link=("ledger",),
    )
)
register(
    EventType(
        kind="ledger.exported",
        required=frozenset({"lines", "actor", "terminal"}),
        optional=frozenset({"site"}),
        sentence=_("{actor} took {lines} lines of the ledger out as a file."),
        personal=frozenset({"actor", "terminal"}),
        icon="ledger",
        link=("ledger",),
    )
)
