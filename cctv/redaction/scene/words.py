"""How it stands with the sharp scene, in words."""

from typing import Any

from django.utils.translation import gettext as _

from cctv.redaction.models import Mode, Redaction
from cctv.redaction.scene.standing import UNDECIDED, How, Standing, standing


def told(redaction: Redaction) -> dict[str, Any]:
    """For the editor: {"how", "wanted", "settled", "again", "says"}.

    `wanted`: the switch is on. `settled`: the result can be rendered. `again`: another may be asked for.
    """
    now = standing(redaction)
    return {
        "how": now.how,
        "wanted": now.how not in (How.NONE, How.BACK),
        "settled": now.how not in UNDECIDED,
        "again": now.how in (How.REFUSED, How.OUTDATED),
        "says": says(now) if redaction.mode == Mode.REVEAL else "",
    }


def says(now: Standing) -> str:
    """One sentence or two; nothing where nobody has asked."""
    scene = now.scene
    if scene is not None and scene.decided_by is not None:
        who = {"name": scene.decided_by.name, "remark": scene.remark}
        if now.how == How.APPROVED:
            return _("%(name)s has approved it. The result is rendered with it.") % who
        return _("%(name)s has refused it: “%(remark)s” The coarse scene is used.") % who
    return {
        How.BACK: _("It was taken back. The coarse scene is used."),
        How.ASKED: _("It is asked for and will be made in a moment."),
        How.MAKING: _("It is being made."),
        How.FAILED: _("It could not be made."),
        How.OUTDATED: _("The picture is not there any more, or masks were changed. Have it made again."),
        How.WAITS: _("It waits until a second person has looked at it."),
        How.UNREADABLE: _("The masks of this camera cannot be read. Nothing is made of it until they can."),
    }.get(now.how, "")
