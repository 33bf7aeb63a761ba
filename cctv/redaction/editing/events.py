"""What the access log says of editing: who saw where people walked, what they decided, what they previewed.

The entries hold no box and no picture: how many decisions of which kinds, under the redaction's number.
"""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.footage.derived import services as derived
from cctv.footage.events import ALSO, CAMERA, WHO
from cctv.vault import services as vault
from cctv.vault.names import MEDIA

OPENED, PREVIEWED = "redaction.opened", "redaction.previewed"
EDITED, SUBMITTED = "redaction.edited", "redaction.submitted"

_OF = frozenset({"redaction", "camera", "from", "to"})
_PERSONAL = frozenset({"actor", "terminal"})

register(
    EventType(
        kind=OPENED,
        required=WHO | _OF,
        optional=ALSO,
        sentence=_(
            "{actor} opened the redaction {redaction} of {camera}, {from}–{to}, for {purpose}: where people "
            "walked, and what was decided about them."
        ),
        personal=_PERSONAL,
        icon="eyeoff",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=PREVIEWED,
        required=WHO | _OF,
        optional=ALSO,
        sentence=_(
            "{camera}, {from}–{to}, was released to {actor} as the redaction {redaction} shows it, for "
            "{purpose}."
        ),
        personal=_PERSONAL,
        icon="eyeoff",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=EDITED,
        required=frozenset({"actor", "site", "count", "decisions", "undone", "began", "ended"}) | _OF,
        optional=frozenset({"case", "redone"}),
        sentence=_(
            "{actor} corrected the redaction {redaction} of {camera}, {from}–{to}. Decisions: {count}."
        ),
        personal=frozenset({"actor"}),
        icon="edit",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=SUBMITTED,
        required=WHO | _OF | {"revision", "decisions", "doubts_left"},
        optional=ALSO,
        sentence=_("{actor} sent the redaction {redaction} of {camera}, {from}–{to}, to review."),
        personal=_PERSONAL,
        icon="eyeoff",
        link=CAMERA,
    )
)

derived.register(OPENED, "looked", "edit", "plate")
vault.register_person_kind(PREVIEWED, MEDIA, "index")
