"""Setting a camera's privacy masks: the entry first, and nothing uncovered by a slip of the pen.

After the entry comes the keys' journal, then the row, so that no mask is in force that a register which is
put back from a backup would not be told of.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core.errors import LetheError
from cctv.people.actors import entry_actor
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.masks import polygons, scopes
from cctv.sites.masks.polygons import BadMasks, Masks, Polygon
from cctv.sites.masks.scopes import CameraMasks
from cctv.sites.models import Camera
from cctv.sites.rules import RegisterRefused

CHANGE = "register.change"
# One place more that copies cover, by whoever redacts: it uncovers nothing.
KEEP = "masks.keep"
UNREADABLE = "unreadable"
SCALE = 10**polygons.PLACES
TEXTS: dict[str, str | Promise] = {
    "not_a_list": _("These are no masks."),
    "too_many": _("A camera has at most %(most)d masks."),
    "points": _(
        "Mask %(mask)d needs between %(fewest)d and %(points)d points, each with both of its numbers."
    ),
    "outside": _("A point of mask %(mask)d lies outside the picture; its numbers go from 0 to 100."),
    "flat": _("All points of mask %(mask)d lie on a line, so it covers nothing."),
}


class Uncovers(LetheError):
    """The new masks leave open what is covered now; whoever sets them has to confirm that."""

    code = "masks_uncover"
    status = 409
    message = _("These masks show a part of the picture that is covered now.")
    hint = _("Say why, and confirm it with your password.")


def current(camera: Camera) -> CameraMasks | None:
    """The camera's masks; None when the register holds something else, and so no picture is shown."""
    try:
        return scopes.read(camera.privacy_masks)
    except BadMasks:
        return None


def stamp(camera: Camera) -> str:
    """Which masks a person saw when they began to change them."""
    masks = current(camera)
    return UNREADABLE if masks is None else masks.version


def read(value: Any) -> CameraMasks:
    """Masks as somebody drew them; RegisterRefused, in words, unless they are sound."""
    try:
        return scopes.read(value)
    except BadMasks as error:
        numbers = {
            "mask": error.mask,
            "most": polygons.MOST_MASKS,
            "fewest": polygons.FEWEST_POINTS,
            "points": polygons.MOST_POINTS,
        }
        text = str(TEXTS[error.code]) % numbers
        raise RegisterRefused(f"masks_{error.code}", "polygons", text) from error


def uncovers(camera: Camera, masks: CameraMasks) -> bool:
    """Whether people will see more than they do now, of the camera or of copies."""
    old = current(camera)
    return old is None or scopes.uncovers(old, masks)


@transaction.atomic
def set_masks(
    *,
    actor: Account,
    camera: Camera,
    masks: CameraMasks,
    seen: str,
    reason: str = "",
    accepts_uncovering: bool = False,
    terminal: str = "",
) -> bool:
    """Give the camera these masks; False when it has them already. Open viewings get them with the next part.

    `seen` is the `stamp` that the change was begun from. What uncovers needs a reason, and raises Uncovers
    unless the caller accepts it after step-up. RegisterRefused, policy errors, LogUnavailable.
    """
    permissions_of(actor).require(CHANGE, site_id=camera.site_id)
    _lock(camera)
    if stamp(camera) != seen:
        raise RegisterRefused(
            "masks_changed",
            "",
            _("Somebody else changed the masks of this camera meanwhile."),
            _("Open the page again and begin from what is there now."),
        )
    if current(camera) == masks:
        return False
    opens = uncovers(camera, masks)
    if opens and not reason.strip():
        raise RegisterRefused("masks_reason", "reason", _("Say why this part of the picture may be seen."))
    if opens and not accepts_uncovering:
        raise Uncovers
    facts = {"uncovers": opens, "reason": reason.strip()}
    _log(actor, camera, masks, facts, action=CHANGE, terminal=terminal)
    _save(camera, masks)
    return True


@transaction.atomic
def keep_for_copies(
    *, actor: Account, camera: Camera, polygon: Polygon, redaction: str, terminal: str = ""
) -> bool:
    """Cover one place more in every redaction of the camera; False when it is covered so already.

    `redaction`: the number of the one that it was drawn in. RegisterRefused, policy errors, LogUnavailable.
    """
    permissions_of(actor).require(KEEP, site_id=camera.site_id)
    _lock(camera)
    old = current(camera)
    if old is None:
        raise RegisterRefused(
            "masks_unreadable",
            "",
            _("The privacy masks of this camera cannot be read, so none can be added."),
            _("Have an administrator open the camera's masks on the register and save them anew."),
        )
    if polygon in old.of_copies:
        return False
    masks = read(scopes.kept(CameraMasks(old.always, (*old.copies, polygon))))
    facts = {"uncovers": False, "reason": "", "redaction": redaction}
    _log(actor, camera, masks, facts, action=KEEP, terminal=terminal)
    _save(camera, masks)
    return True


def _lock(camera: Camera) -> None:
    """Until the entry and the row are written: of two changes at once the second sees the first."""
    locked = Camera.objects.select_for_update(of=("self",), no_key=True)
    camera.refresh_from_db(fields=["privacy_masks"], from_queryset=locked)


def _save(camera: Camera, masks: CameraMasks) -> None:
    camera.privacy_masks = scopes.kept(masks)
    # The vault lies above: whoever keeps its journal is injected.
    tell = import_string(settings.LETHE_JOURNAL)
    camera.save(update_fields=["privacy_masks"])
    told = {"polygons": camera.privacy_masks, "version": masks.version}
    tell("masks", {"camera": str(camera.pk), **told})


def _log(
    actor: Account, camera: Camera, masks: CameraMasks, facts: dict[str, Any], *, action: str, terminal: str
) -> None:
    old = current(camera)
    body: dict[str, Any] = {
        "actor": entry_actor(actor, action, site_id=camera.site_id),
        "object": {"id": str(camera.pk), "code": camera.code, "name": camera.name},
        "site": camera.site.logged(),
        "before": [{"name": "?"}] if old is None else _told(old.always),
        "after": _told(masks.always),
        "terminal": terminal,
        **facts,
    }
    if (old is not None and old.copies) or masks.copies:
        body["copies_before"] = [] if old is None else _told(old.copies)
        body["copies_after"] = _told(masks.copies)
    fields = IndexFields(
        actor=str(actor.pk), site=str(camera.site_id), camera=str(camera.pk), terminal=terminal
    )
    append(kind="camera.masks_changed", body=body, index=[fields])


def _told(masks: Masks) -> list[dict[str, Any]]:
    """Each polygon for people (percent, x then y) and for programs (ten-thousandths; no floats in a log)."""
    return [
        {
            "name": f"({', '.join(f'{x * 100:g} {y * 100:g}' for x, y in polygon)}) %",
            "points": [[round(x * SCALE), round(y * SCALE)] for x, y in polygon],
        }
        for polygon in masks
    ]
