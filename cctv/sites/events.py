"""What the access log says of the register."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

SITE = ("register-site", "object.code")
CAMERA = ("register-camera", "object.code")
PURPOSE = ("purposes",)
# Free text of a person, which may name one.
TYPED = frozenset({"before", "after", "reason"})


def _event(
    kind: str,
    sentence: str | Promise,
    icon: str,
    *fields: str,
    link: tuple[str, ...],
    optional: frozenset[str] = frozenset(),
) -> None:
    """An event with actor and object, further required `fields`, and perhaps site, terminal, `optional`."""
    required = frozenset({"actor", "object", *fields})
    register(
        EventType(
            kind=kind,
            required=required,
            optional=(optional | {"site", "terminal"}) - required,
            sentence=sentence,
            personal=frozenset({"actor", "terminal"}) | (TYPED & required),
            icon=icon,
            link=link,
        )
    )


_event("organisation.created", _("{actor} registered the organisation {object}."), "site", link=("register",))
_event("site.created", _("{actor} registered the site {object}."), "site", link=SITE)
_event("site.changed", _("{actor} changed the site {object}."), "site", "before", "after", link=SITE)
_event("site.retired", _("{actor} retired the site {object}."), "site", link=SITE)
_event(
    "zone.created",
    _("{actor} registered the zone {object} at {site}."),
    "location",
    "site",
    link=("register-site", "site.code"),
)
_event("purpose.created", _("{actor} registered the purpose {object}."), "scales", link=PURPOSE)
_event(
    "purpose.changed", _("{actor} changed the purpose {object}."), "scales", "before", "after", link=PURPOSE
)
_event("purpose.retired", _("{actor} retired the purpose {object}."), "scales", link=PURPOSE)
_event(
    "camera.created",
    _("{actor} registered the camera {object} at {site}."),
    "camera",
    "site",
    "purposes",
    link=CAMERA,
)
_event("camera.changed", _("{actor} changed the camera {object}."), "camera", "before", "after", link=CAMERA)
_event(
    "camera.masks_changed",
    _("{actor} changed the privacy masks of {object}."),
    "eyeoff",
    "site",
    "before",
    "after",
    "uncovers",
    "reason",
    link=CAMERA,
    optional=frozenset({"copies_before", "copies_after", "redaction"}),
)
_event("camera.retired", _("{actor} retired the camera {object} at {site}."), "camera", "site", link=CAMERA)
_event(
    "duty.changed",
    _("{actor} set the duty hours of {object} at {site}."),
    "calendar",
    "site",
    "before",
    "after",
    link=("site-duty", "site.code"),
)
_event(
    "rule.added",
    _("{actor} set a {days}-day retention for {object} from {effective_from}."),
    "retention",
    "days",
    "effective_from",
    "reason",
    link=("register",),
    optional=frozenset({"ends"}),
)
