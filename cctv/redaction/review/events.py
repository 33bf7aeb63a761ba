"""What the access log says of reviews: who looked, and what they decided."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.footage.derived import services as derived
from cctv.footage.events import CAMERA

REVIEWED, APPROVED, RETURNED = "redaction.review_began", "redaction.approved", "redaction.returned"

_ABOUT = frozenset({"actor", "terminal", "site", "purpose", "redaction", "camera", "from", "to", "revision"})
_PERSONAL = frozenset({"actor", "terminal"})
_ALSO = frozenset({"case", "hold"})

register(
    EventType(
        kind=REVIEWED,
        required=_ABOUT,
        optional=_ALSO,
        sentence=_("{actor} began to review the redaction {redaction} of {camera}, {from}–{to}."),
        personal=_PERSONAL,
        icon="review",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=APPROVED,
        required=_ABOUT | {"result_sha256", "moments"},
        optional=_ALSO | {"remark"},
        sentence=_("{actor} approved the redaction {redaction} of {camera}, {from}–{to}."),
        personal=_PERSONAL | {"remark"},
        icon="ok",
        link=CAMERA,
    )
)
register(
    EventType(
        kind=RETURNED,
        required=_ABOUT | {"remark"},
        optional=_ALSO,
        sentence=_("{actor} returned the redaction {redaction} of {camera}, {from}–{to}: {remark}."),
        personal=_PERSONAL | {"remark"},
        icon="left",
        link=CAMERA,
    )
)

derived.register(REVIEWED, "looked", "edit")
