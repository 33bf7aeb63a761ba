"""The kinds of entry that the log itself makes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

QUERIED = "log.queried"
PRUNE = "log.prune"
RECOVERED = "log.recovered"
LOSS_ACCEPTED = "log.loss_accepted"

# A body that is missing in [first, end) is explained by it: only the published entries were left.
register(
    EventType(
        kind=RECOVERED,
        required=frozenset({"first", "end", "checkpoint"}),
        optional=frozenset({"actor"}),
        sentence=_(
            "After a restore, the entries from {first} to before {end} were put back from the published log."
        ),
        personal=frozenset({"actor"}),
        icon="warning",
        keep="ledger",
    )
)
register(
    EventType(
        kind=LOSS_ACCEPTED,
        required=frozenset({"kept", "signed_size", "signed_root", "reason"}),
        optional=frozenset({"actor"}),
        sentence=_("Of {signed_size} signed entries only {kept} were left; the loss was accepted: {reason}."),
        personal=frozenset({"actor"}),
        icon="warning",
        keep="ledger",
    )
)
register(
    EventType(
        kind=QUERIED,
        required=frozenset({"actor", "query"}),
        optional=frozenset({"terminal", "site", "case"}),
        sentence=_("{actor} searched the access log."),
        personal=frozenset({"actor", "terminal", "query"}),
        icon="search",
    )
)
register(
    EventType(
        kind=PRUNE,
        required=frozenset({"kinds", "below", "reason"}),
        optional=frozenset({"actor"}),
        sentence=_("The log erased what entries before {below} said: {reason}."),
        icon="retention",
    )
)
