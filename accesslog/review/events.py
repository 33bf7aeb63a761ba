"""What the log says of rules and reviews."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

RULES_CHANGED, RULE_FAILED = "flag.rules_changed", "flag.rule_failed"
OPENED, DECIDED, SIGNED = "review.opened", "review.decided", "review.signed"
EXPORTED = "review.exported"
_WHO = frozenset({"actor", "site", "month", "review"})
_LINK = ("log_review_month", "site.id", "month")

register(
    EventType(
        kind=RULES_CHANGED,
        required=frozenset({"rules", "count", "sha256"}),
        optional=frozenset(),
        sentence=_("From here on, {count} rules mark entries for the review, with these parameters."),
        icon="filter",
        link=("log_review_rules",),
    )
)
register(
    EventType(
        kind=RULE_FAILED,
        required=frozenset({"rule", "entry", "error"}),
        optional=frozenset(),
        sentence=_("The rule {rule} could not judge entry {entry} ({error})."),
        icon="warn",
        link=("log_review_rules",),
    )
)
register(
    EventType(
        kind=OPENED,
        required=_WHO | {"first", "end", "entries", "items", "flagged", "sampled", "root"},
        optional=frozenset({"terminal"}),
        sentence=_("{actor} began the review of {site} for {month}: {items} of {entries} entries."),
        personal=frozenset({"actor", "terminal"}),
        icon="review",
        link=_LINK,
    )
)
register(
    EventType(
        kind=DECIDED,
        required=_WHO | {"entry", "verdict", "capacity"},
        optional=frozenset({"terminal", "comment"}),
        sentence=_("{actor} decided on entry {entry} in the review of {site} for {month}: {verdict}."),
        personal=frozenset({"actor", "terminal", "comment"}),
        icon="check",
        routine=True,
        link=_LINK,
    )
)
register(
    EventType(
        kind=SIGNED,
        required=_WHO | {"entries", "items", "fine", "follow_up", "sha256"},
        optional=frozenset({"terminal", "comment"}),
        sentence=_(
            "{actor} signed the review of {site} for {month}: {items} of {entries} entries looked at,"
            " {follow_up} to follow up."
        ),
        personal=frozenset({"actor", "terminal", "comment"}),
        icon="shield",
        link=_LINK,
    )
)
register(
    EventType(
        kind=EXPORTED,
        required=_WHO | {"items", "language"},
        optional=frozenset({"terminal"}),
        sentence=_("{actor} took the signed review of {site} for {month} out as PDF: {items} entries."),
        personal=frozenset({"actor", "terminal"}),
        icon="download",
        link=_LINK,
    )
)
