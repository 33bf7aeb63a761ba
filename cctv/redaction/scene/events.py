"""What the access log says of sharp scenes: who asked, that one was made, who saw it and what they said.

A still is named by its SHA-256: the log shows which picture was approved.
"""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.footage.derived import services as derived
from cctv.footage.events import ALSO, CAMERA, WHO

PLATE_ASKED, MADE, SHOWN = "redaction.plate_asked", "redaction.plate_made", "redaction.plate_shown"
APPROVED, REFUSED = "redaction.plate_approved", "redaction.plate_refused"

_OF = frozenset({"redaction", "camera", "from", "to"})
_PERSON = frozenset({"actor", "terminal", "site", "purpose", "revision"}) | _OF
_STILL = frozenset({"still_sha256"})
_PERSONAL = frozenset({"actor", "terminal"})

register(
    EventType(
        kind=PLATE_ASKED,
        required=WHO | _OF,
        optional=ALSO,
        sentence=_(
            "{actor} asked for the sharp scene in the redaction {redaction} of {camera}, {from}–{to}."
        ),
        personal=_PERSONAL,
        icon="still",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=MADE,
        required=frozenset({"site", "pictures"}) | _OF | _STILL,
        optional=frozenset({"case", "hold"}),
        sentence=_("The sharp scene of the redaction {redaction} of {camera}, {from}–{to}, was made."),
        personal=frozenset(),
        icon="still",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=SHOWN,
        required=_PERSON,
        # Earlier entries do not name the picture.
        optional=ALSO | _STILL,
        sentence=_(
            "The sharp picture of the empty scene for redaction {redaction}, {camera} {from}–{to}, was "
            "released to {actor}."
        ),
        personal=_PERSONAL,
        icon="still",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=APPROVED,
        required=_PERSON,
        optional=ALSO | _STILL | {"remark"},
        sentence=_(
            "{actor} approved the sharp picture of the empty scene for the redaction {redaction} of "
            "{camera}, {from}–{to}."
        ),
        personal=_PERSONAL | {"remark"},
        icon="ok",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=REFUSED,
        required=_PERSON | _STILL | {"remark"},
        optional=ALSO,
        sentence=_(
            "{actor} refused the sharp picture of the empty scene for the redaction {redaction} of "
            "{camera}, {from}–{to}: {remark}."
        ),
        personal=_PERSONAL | {"remark"},
        icon="left",
        link=CAMERA,
    )
)

derived.register(SHOWN, "plate")
