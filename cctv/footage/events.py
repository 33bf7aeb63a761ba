"""What the access log says of viewings."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

WHO = frozenset({"actor", "terminal", "site", "purpose", "viewing"})
# Of a viewing that was opened from a hold: which one.
ALSO = frozenset({"case", "hold"})
CAMERA = ("register-camera", "camera.code")
SITE = ("register-site", "site.code")

register(
    EventType(
        kind="viewing.opened",
        required=WHO | {"cameras", "from", "to", "valid_until"},
        optional=ALSO,
        sentence=_("{actor} opened {cameras}, {from}–{to}, for {purpose}."),
        personal=frozenset({"actor", "terminal"}),
        icon="eye",
        link=SITE,
    )
)
register(
    EventType(
        kind="view.covered",
        required=WHO | {"camera", "from", "to"},
        optional=ALSO,
        sentence=_("{camera}, {from}–{to}, was released to {actor} for {purpose}."),
        personal=frozenset({"actor", "terminal"}),
        icon="play",
        link=CAMERA,
    )
)
register(
    EventType(
        kind="thumbs.covered",
        required=WHO | {"camera", "from", "to"},
        optional=ALSO,
        sentence=_("Small pictures of {camera}, {from}–{to}, were released to {actor} for {purpose}."),
        personal=frozenset({"actor", "terminal"}),
        icon="grid",
        link=CAMERA,
    )
)
register(
    EventType(
        kind="still.covered",
        required=WHO | {"camera", "from", "to"},
        optional=ALSO | {"reason"},
        sentence=_("A still of {camera} at {from} was released to {actor} for {purpose}."),
        personal=frozenset({"actor", "terminal", "reason"}),
        icon="still",
        link=CAMERA,
    )
)
register(
    EventType(
        kind="motion.covered",
        required=WHO | {"camera", "from", "to"},
        optional=ALSO,
        sentence=_("When something moved before {camera}, {from}–{to}, was shown to {actor} for {purpose}."),
        personal=frozenset({"actor", "terminal"}),
        icon="motion",
        link=CAMERA,
    )
)
register(
    EventType(
        kind="motion.searched",
        required=WHO | {"camera", "from", "to", "region"},
        optional=ALSO,
        sentence=_("{actor} searched {camera}, {from}–{to}, for motion, for {purpose}."),
        personal=frozenset({"actor", "terminal"}),
        icon="search",
        link=CAMERA,
    )
)
register(
    EventType(
        kind="viewing.extended",
        required=WHO | {"valid_until"},
        optional=ALSO,
        sentence=_("{actor} extended the viewing for {purpose} until {valid_until}."),
        personal=frozenset({"actor", "terminal"}),
        icon="clock",
        link=SITE,
    )
)
register(
    EventType(
        kind="viewing.purpose_changed",
        required=WHO | {"before"},
        optional=ALSO,
        sentence=_("{actor} goes on with the viewing for {purpose}, after {before}."),
        personal=frozenset({"actor", "terminal"}),
        icon="eye",
        link=SITE,
    )
)
register(
    EventType(
        kind="viewing.closed",
        required=WHO | {"sent", "reason"},
        optional=ALSO | {"sent_left_out", "small_pictures", "purposes", "purposes_left_out"},
        sentence=_("The viewing of {actor} for {purpose} was closed. Sent: {sent}."),
        personal=frozenset({"actor", "terminal"}),
        icon="x",
        link=SITE,
    )
)
