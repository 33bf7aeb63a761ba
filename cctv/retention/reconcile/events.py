"""What the access log says of checks."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

register(
    EventType(
        kind="fsck.done",
        required=frozenset({"run", "depth", "rows", "stored", "keys", "foreign", "counts", "findings"}),
        optional=frozenset({"error", "site"}),
        sentence=_(
            "Register, storage and keyring were held against each other ({depth}): {findings} findings."
        ),
        icon="check",
        link=("fsck-run", "run"),
    )
)
register(
    EventType(
        kind="fsck.repaired",
        required=frozenset({"run", "code", "objects"}),
        optional=frozenset({"site", "camera", "from", "to", "spans", "names"}),
        sentence=_("The check mends {objects} findings of the kind {code}."),
        icon="check",
        link=("fsck-run", "run"),
    )
)
