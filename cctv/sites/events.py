"""What the access log says of the register."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register


def _event(
    kind: str, sentence: str | Promise, icon: str, *fields: str, optional: frozenset[str] = frozenset()
) -> None:
    """An event with actor and object, further required `fields`, and perhaps site, terminal, `optional`."""
    required = frozenset({"actor", "object", *fields})
    register(
        EventType(
            kind=kind,
            required=required,
            optional=(optional | {"site", "terminal"}) - required,
            sentence=sentence,
            personal=frozenset({"actor", "terminal"}),
            icon=icon,
        )
    )


_event("organisation.created", _("{actor} registered the organisation {object}."), "site")
_event("site.created", _("{actor} registered the site {object}."), "site")
_event("site.changed", _("{actor} changed the site {object}."), "site", "before", "after")
_event("site.retired", _("{actor} retired the site {object}."), "site")
_event("zone.created", _("{actor} registered the zone {object} at {site}."), "location", "site")
_event("purpose.created", _("{actor} registered the purpose {object}."), "scales")
_event("purpose.changed", _("{actor} changed the purpose {object}."), "scales", "before", "after")
_event("purpose.retired", _("{actor} retired the purpose {object}."), "scales")
_event("camera.created", _("{actor} registered the camera {object} at {site}."), "camera", "site", "purposes")
_event("camera.changed", _("{actor} changed the camera {object}."), "camera", "before", "after")
_event("camera.retired", _("{actor} retired the camera {object} at {site}."), "camera", "site")
_event(
    "rule.added",
    _("{actor} set the retention of {object} to {days} days from {effective_from}."),
    "retention",
    "days",
    "effective_from",
    "reason",
    optional=frozenset({"ends"}),
)
