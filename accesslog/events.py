"""The kinds of entry that the log itself makes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

QUERIED = "log.queried"
PRUNE = "log.prune"
VERIFIED = "log.verified"
WITNESS_REFUSED = "log.witness_refused"
EXPORTED = "log.exported"
RECOVERED = "log.recovered"
LOSS_ACCEPTED = "log.loss_accepted"

# What is missing elsewhere is explained by what these say, so they are never pruned. No person is in them.
KEPT_FOR_EVER = frozenset({PRUNE, RECOVERED})
ALWAYS = "always"

# A body that is missing in [first, end) is explained by it: only the published entries were left.
register(
    EventType(
        kind=RECOVERED,
        required=frozenset({"first", "end", "checkpoint"}),
        optional=frozenset(),
        sentence=_(
            "After a restore, the entries from {first} to before {end} were put back from the published log."
        ),
        icon="warn",
        keep=ALWAYS,
    )
)
register(
    EventType(
        kind=LOSS_ACCEPTED,
        required=frozenset({"kept", "signed_size", "signed_root", "reason"}),
        optional=frozenset({"actor"}),
        sentence=_("Of {signed_size} signed entries only {kept} were left; the loss was accepted: {reason}."),
        personal=frozenset({"actor", "reason"}),
        icon="warn",
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
        kind=EXPORTED,
        required=frozenset({"actor", "query", "entries", "format"}),
        optional=frozenset({"terminal", "site", "case"}),
        sentence=_("{actor} took {entries} entries of the access log out as {format}."),
        personal=frozenset({"actor", "terminal", "query"}),
        icon="download",
    )
)
register(
    EventType(
        kind=PRUNE,
        required=frozenset({"kinds", "below", "reason"}),
        optional=frozenset(),
        sentence=_("The log erased what entries before {below} said: {reason}."),
        icon="retention",
        keep=ALWAYS,
    )
)
register(
    EventType(
        kind=VERIFIED,
        # `wrong` lists what was found, in words: nothing, or the first thing.
        required=frozenset({"wrong", "size", "root"}),
        optional=frozenset({"actor", "entry", "against", "full"}),
        sentence=_("The log of {size} entries was verified; found wrong: {wrong}."),
        personal=frozenset({"actor"}),
        icon="proof",
    )
)
register(
    EventType(
        kind=WITNESS_REFUSED,
        required=frozenset({"witness", "reason", "ours"}),
        optional=frozenset({"theirs"}),
        sentence=_("The witness {witness}, who knows {theirs} entries, refused to sign the log of {ours}."),
        icon="bad",
    )
)
