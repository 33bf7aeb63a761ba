"""What the access log says of endings."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

PLAN = frozenset({"run", "digest", "segments", "quarantined", "bytes", "keys"})

register(
    EventType(
        kind="purge.start",
        required=PLAN | {"trigger", "cutoff", "cameras", "camera_count"},
        optional=frozenset({"site", "actor", "confirmed_by"}),
        sentence=_("The destruction of {segments} segments of {camera_count} cameras began."),
        personal=frozenset({"actor", "confirmed_by"}),
        icon="retention",
        keep="ledger",
        link=("purge-run", "run"),
    )
)
register(
    EventType(
        kind="purge.done",
        required=PLAN | {"failed", "mirrors", "roots"},
        optional=frozenset({"site", "generation_before", "generation_after"}),
        sentence=_("{segments} segments were destroyed; {failed} could not be deleted yet."),
        icon="destroyed",
        keep="ledger",
        link=("purge-run", "run"),
    )
)
register(
    EventType(
        kind="purge.paused",
        required=PLAN | {"code", "facts"},
        optional=frozenset({"site"}),
        sentence=_("The destruction of {segments} segments was paused ({code})."),
        icon="pause",
        keep="ledger",
        link=("purge-run", "run"),
    )
)
register(
    EventType(
        kind="purge.confirmed",
        required=frozenset({"run", "code", "digest", "segments", "actor", "terminal"}),
        optional=frozenset({"site"}),
        sentence=_("{actor} confirmed the paused destruction of {segments} segments."),
        personal=frozenset({"actor", "terminal"}),
        icon="key",
        keep="ledger",
        link=("purge-run", "run"),
    )
)
register(
    EventType(
        kind="purge.abandoned",
        required=frozenset({"run", "code", "digest", "segments"}),
        optional=frozenset({"site"}),
        sentence=_("The paused destruction of {segments} segments was given up: its plan no longer fits."),
        icon="x",
        keep="ledger",
        link=("purge-run", "run"),
    )
)
register(
    EventType(
        kind="purge.item_failed",
        required=frozenset({"run", "object", "site", "expired", "attempts", "error"}),
        optional=frozenset({"camera"}),
        sentence=_("Object {object} could not be deleted ({error}); it will be tried again."),
        icon="bad",
        keep="ledger",
        link=("purge-run", "run"),
    )
)
register(
    EventType(
        kind="retention.shortened",
        required=frozenset({"rule", "days", "segments", "quarantined"}),
        optional=frozenset({"site", "camera", "actor"}),
        sentence=_("A {days}-day retention was applied to existing segments ({segments})."),
        personal=frozenset({"actor"}),
        icon="calendar",
        link=("retention",),
    )
)
register(
    EventType(
        kind="certificate.issued",
        required=frozenset({"number", "run", "site", "sha256", "segments", "bytes"}),
        optional=frozenset(),
        sentence=_("Certificate {number} was issued for {segments} destroyed segments of {site}."),
        icon="check",
        keep="ledger",
        link=("certificate", "number"),
    )
)
register(
    EventType(
        kind="footage.erased",
        required=frozenset(
            {
                "erasure",
                "actor",
                "terminal",
                "site",
                "camera",
                "from",
                "to",
                "reference",
                "ground",
                "segments",
            }
        ),
        optional=frozenset({"quarantined", "held_back", "spans"}),
        sentence=_("{actor} had {segments} segments of {camera} erased on request ({reference})."),
        personal=frozenset({"actor", "terminal", "reference"}),
        icon="destroyed",
        keep="ledger",
        link=("erasure", "erasure"),
    )
)
