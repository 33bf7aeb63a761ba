"""What the access log says of stills and bookmarks. What a note says is not in it: it goes with footage."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.footage.events import ALSO, CAMERA, WHO

_PICTURE = WHO | {"camera", "from", "to", "still"}
_ACT = frozenset({"actor", "terminal", "site", "camera", "from", "to"})
_PERSONAL = frozenset({"actor", "terminal"})

register(
    EventType(
        kind="still.kept",
        required=_PICTURE | {"reason"},
        optional=ALSO,
        sentence=_("{actor} kept a still of {camera} at {from}, sealed, for {purpose}: {reason}."),
        personal=_PERSONAL | {"reason"},
        icon="still",
        link=CAMERA,
    )
)
register(
    EventType(
        kind="still.shown",
        required=_PICTURE,
        optional=ALSO,
        sentence=_("A kept still of {camera} at {from} was shown to {actor} for {purpose}."),
        personal=_PERSONAL,
        icon="still",
        link=CAMERA,
    )
)
register(
    EventType(
        kind="still.deleted",
        required=_ACT | {"still"},
        optional=frozenset({"case"}),
        sentence=_("{actor} deleted a kept still of {camera} at {from}."),
        personal=_PERSONAL,
        icon="trash",
        link=CAMERA,
    )
)
for _kind, _more, _sentence in (
    ("bookmark.made", {"viewing", "again"}, _("{actor} bookmarked {camera}, {from}–{to}.")),
    ("bookmark.changed", set(), _("{actor} changed the bookmark of {camera}, {from}–{to}.")),
    ("bookmark.removed", set(), _("{actor} removed the bookmark of {camera}, {from}–{to}.")),
):
    register(
        EventType(
            kind=_kind,
            required=_ACT | {"bookmark"},
            optional=frozenset({"case"}) | _more,
            sentence=_sentence,
            personal=_PERSONAL,
            icon="bookmark",
            link=CAMERA,
        )
    )
