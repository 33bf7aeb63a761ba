"""What the access log says of telling somebody who has watched them."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

TOLD = "watched.told"

register(
    EventType(
        kind=TOLD,
        required=frozenset({"actor", "terminal", "site", "request", "case"})
        | {"cameras", "from", "to", "count"},
        optional=frozenset(),
        sentence=_(
            "The requester of {request} was told who has watched {cameras}, {from}–{to}: {count} entries."
        ),
        personal=frozenset({"actor", "terminal"}),
        icon="eye",
        keep="ledger",
        link=("request", "request.name"),
    )
)
