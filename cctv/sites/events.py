"""What the access log says of the register."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

_SIMPLE = (
    ("organisation.created", _("{actor} registered the organisation {object}."), "site"),
    ("site.created", _("{actor} registered the site {object}."), "site"),
    ("site.retired", _("{actor} retired the site {object}."), "site"),
    ("zone.created", _("{actor} registered the zone {object} at {site}."), "location"),
    ("purpose.created", _("{actor} registered the purpose {object}."), "scales"),
    ("purpose.retired", _("{actor} retired the purpose {object}."), "scales"),
    ("camera.retired", _("{actor} retired the camera {object} at {site}."), "camera"),
)
for _kind, _sentence, _icon in _SIMPLE:
    register(
        EventType(
            kind=_kind,
            required=frozenset({"actor", "object"}) | ({"site"} if "{site}" in str(_sentence._args[0]) else set()),  # type: ignore[attr-defined]
            optional=frozenset({"site"}),
            sentence=_sentence,
            personal=frozenset({"actor"}),
            icon=_icon,
        )
    )

register(
    EventType(
        kind="camera.created",
        required=frozenset({"actor", "object", "site", "purposes"}),
        optional=frozenset(),
        sentence=_("{actor} registered the camera {object} at {site}."),
        personal=frozenset({"actor"}),
        icon="camera",
    )
)
for _kind, _sentence, _icon in (
    ("site.changed", _("{actor} changed the site {object}."), "site"),
    ("purpose.changed", _("{actor} changed the purpose {object}."), "scales"),
    ("camera.changed", _("{actor} changed the camera {object}."), "camera"),
):
    register(
        EventType(
            kind=_kind,
            required=frozenset({"actor", "object", "before", "after"}),
            optional=frozenset({"site"}),
            sentence=_sentence,
            personal=frozenset({"actor"}),
            icon=_icon,
        )
    )
register(
    EventType(
        kind="rule.added",
        required=frozenset({"actor", "object", "days", "effective_from", "reason"}),
        optional=frozenset({"site"}),
        sentence=_("{actor} set the retention of {object} to {days} days from {effective_from}."),
        personal=frozenset({"actor"}),
        icon="retention",
    )
)
