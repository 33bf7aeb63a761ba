"""The kinds of entry that the log itself makes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

QUERIED = "log.queried"
PRUNE = "log.prune"
RECOVERED = "log.recovered"
LOSS_ACCEPTED = "log.loss_accepted"

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
