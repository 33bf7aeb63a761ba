"""What the access log says of a redaction's life and of its result."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.footage.derived import services as derived
from cctv.footage.events import ALSO, CAMERA, WHO

BEGUN, CANCELLED, SHOWN = "redaction.begun", "redaction.cancelled", "redaction.shown"
RENDERED = "redaction.rendered"

_OF = frozenset({"redaction", "camera", "from", "to"})
_PERSON = frozenset({"actor", "terminal", "site", "purpose"})
_PERSONAL = frozenset({"actor", "terminal"})

register(
    EventType(
        kind=BEGUN,
        required=WHO | _OF | {"mode"},
        optional=ALSO,
        sentence=_("{actor} began the redaction {redaction} of {camera}, {from}–{to}, for {purpose}."),
        personal=_PERSONAL,
        icon="eyeoff",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=CANCELLED,
        required=_PERSON | _OF,
        optional=ALSO,
        sentence=_("{actor} cancelled the redaction {redaction} of {camera}, {from}–{to}."),
        personal=_PERSONAL,
        icon="x",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=RENDERED,
        required=frozenset({"site", "revision", "result_sha256", "detector", "mode"}) | _OF,
        optional=frozenset({"case", "hold"}),
        sentence=_("The redaction {redaction} of {camera}, {from}–{to}, was rendered."),
        personal=frozenset(),
        icon="eyeoff",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=SHOWN,
        required=_PERSON | _OF | {"revision"},
        optional=ALSO,
        sentence=_("The result of redaction {redaction}, {camera} {from}–{to}, was released to {actor}."),
        personal=_PERSONAL,
        icon="eyeoff",
        link=CAMERA,
    )
)

derived.register(SHOWN, "redacted")
