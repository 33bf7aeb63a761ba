"""What the access log says of how long records are kept, and of their ends."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

ERASED = "records.erased"
RULE_CHANGED = "records.rule_changed"
RULE_WITHDRAWN = "records.rule_withdrawn"

register(
    EventType(
        kind=ERASED,
        required=frozenset({"number", "record_class", "kept_from", "records", "sha256"}),
        optional=frozenset({"keys", "prune_entry"}),
        sentence=_(
            "Certificate {number}: {records} records ({record_class}) from before {kept_from} were erased."
        ),
        icon="destroyed",
        keep="ledger",
        link=("record-erasure", "number"),
    )
)
register(
    EventType(
        kind=RULE_CHANGED,
        required=frozenset({"actor", "terminal", "record_class", "months", "before", "reason"}),
        optional=frozenset({"effective_from", "ends", "replaced"}),
        sentence=_("{actor} set a {months}-month retention for records ({record_class})."),
        personal=frozenset({"actor", "terminal", "reason"}),
        icon="calendar",
        keep="ledger",
        link=("records",),
    )
)
register(
    EventType(
        kind=RULE_WITHDRAWN,
        required=frozenset({"actor", "terminal", "record_class", "months", "effective_from", "kept"}),
        optional=frozenset(),
        sentence=_(
            "{actor} withdrew the announced {months}-month retention of records ({record_class})"
            " before it came into force."
        ),
        personal=frozenset({"actor", "terminal"}),
        icon="calendar",
        keep="ledger",
        link=("records",),
    )
)
