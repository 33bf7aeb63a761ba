"""What the access log says of ingest: changes and exceptions, not each ordinary segment."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

_PERSONAL = frozenset({"actor", "terminal"})

register(
    EventType(
        kind="ingest.quarantined",
        required=frozenset({"site", "object", "name", "reason", "expires_at"}),
        optional=frozenset({"camera", "from", "source", "recorder"}),
        sentence=_("The recording {name} was not admitted ({reason}) and is kept sealed until {expires_at}."),
        icon="quarantine",
        link=("quarantine",),
    )
)
register(
    EventType(
        kind="ingest.retried",
        required=frozenset({"site", "object", "name", "reason", "actor", "terminal"}),
        optional=frozenset({"camera", "from"}),
        sentence=_("{actor} tried to admit the quarantined recording {name} again."),
        personal=_PERSONAL,
        icon="refresh",
        link=("quarantine",),
    )
)
register(
    EventType(
        kind="ingest.orphans",
        required=frozenset({"deleted"}),
        optional=frozenset(),
        sentence=_("{deleted} sealed objects that no recording belongs to were deleted."),
        icon="trash",
    )
)
register(
    EventType(
        kind="ingest.hour",
        required=frozenset({"camera", "site", "hour", "segments", "root"}),
        optional=frozenset(),
        sentence=_(
            "{segments} segments of {camera} came in during the hour of {hour}; their root is {root}."
        ),
        icon="proof",
        routine=True,
        # A hold may keep footage for years, and its export must still prove when it came in.
        keep="ledger",
        link=("register-camera", "camera.code"),
    )
)
for _kind, _sentence in (
    ("source.added", _("{actor} added the source {source}.")),
    ("source.changed", _("{actor} changed the source {source}: {change}.")),
    ("source.retired", _("{actor} retired the source {source}.")),
    ("recorder.created", _("{actor} added the recorder {recorder} with a new token.")),
    ("recorder.revoked", _("{actor} revoked the token of the recorder {recorder}.")),
):
    _subject = _kind.partition(".")[0]
    register(
        EventType(
            kind=_kind,
            required=frozenset({"actor", "terminal", "site", _subject}),
            optional=frozenset({"change", "cameras"}),
            sentence=_sentence,
            personal=_PERSONAL,
            icon="source" if _subject == "source" else "upload",
            link=("sources",) if _subject == "source" else ("recorders",),
        )
    )
