"""How it stands with the sharp scene of a redaction; told from rows alone, nothing sealed is opened for it.

Somebody asks for it by a decision (`sharp`), and takes it back by another one (`coarse`) or by undoing. A
still is made of one such decision and of the masks there are then: with another mask it is another picture,
which is made anew and looked at anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import QuerySet

from cctv.footage import playback
from cctv.footage.derived.models import Derived
from cctv.footage.errors import MasksUnreadable
from cctv.redaction.models import Mode, Redaction, RedactionScene, SceneVerdict, State, Work
from cctv.redaction.services import SCENE_FAILED
from cctv.sites.masks import polygons

SHARP = "plate/sharp"
ASK, BACK = "sharp", "coarse"
# Decisions after which the still that is wanted is another one, or none.
DECIDES = (ASK, BACK, "mask", "unmask", "mode")
# Bound to what a still looks like: another one, and each is made and looked at anew.
VERSION = 1


class How(StrEnum):
    """What is so of the sharp scene."""

    NONE = "none"
    BACK = "back"
    ASKED = "asked"
    MAKING = "making"
    FAILED = "failed"
    OUTDATED = "outdated"
    WAITS = "waits"
    APPROVED = "approved"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


# With these nobody knows yet what would be rendered.
UNDECIDED = (How.ASKED, How.MAKING, How.FAILED, How.OUTDATED, How.WAITS, How.UNREADABLE)
_BY_VERDICT = {
    SceneVerdict.OPEN: How.WAITS,
    SceneVerdict.APPROVED: How.APPROVED,
    SceneVerdict.REFUSED: How.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands, and the still that it is about, if one is there."""

    how: How
    scene: RedactionScene | None = None


def made_of(redaction: Redaction) -> str:
    """A digest of what the still is to be made of; empty while none is wanted. MasksUnreadable."""
    kinds = (ASK, BACK, "mask", "unmask")
    rows = redaction.edits.filter(undone=False, kind__in=kinds).order_by("number")
    standing = list(rows.values_list("number", "kind"))
    asked = [(number, kind) for number, kind in standing if kind in (ASK, BACK)]
    if redaction.mode != Mode.REVEAL or not asked or asked[-1][1] != ASK:
        return ""
    masks = [number for number, kind in standing if kind not in (ASK, BACK)]
    camera = polygons.version(playback.copy_masks_of(redaction.camera))
    said = json.dumps([VERSION, asked[-1][0], masks, camera, redaction.parameters.get("detector", "")])
    return hashlib.sha256(said.encode()).hexdigest()


def standing(redaction: Redaction) -> Standing:
    """Of one redaction. Where the camera's masks cannot be read nothing is drawn, but pages still list it."""
    try:
        wanted = made_of(redaction)
    except MasksUnreadable:
        return Standing(How.UNREADABLE)
    if not wanted:
        last = redaction.edits.filter(undone=False, kind__in=(ASK, BACK)).order_by("-number").first()
        taken_back = redaction.mode == Mode.REVEAL and last is not None and last.kind == BACK
        return Standing(How.BACK if taken_back else How.NONE)
    if redaction.work == Work.SCENE:
        return Standing(How.MAKING if redaction.lease_token else How.ASKED)
    found = redaction.scenes.filter(made_of=wanted).order_by("-made_at", "-pk").first()
    if found is None or not kept_of(redaction).filter(pk=found.kept).exists():
        return Standing(How.FAILED if redaction.parameters.get(SCENE_FAILED) else How.OUTDATED)
    return Standing(_BY_VERDICT[SceneVerdict(found.verdict)], found)


def approved(redaction: Redaction) -> Derived | None:
    """What is kept of the still that may be used now: approved, this very one, and of the masks of today."""
    now = standing(redaction)
    if now.how != How.APPROVED or now.scene is None:
        return None
    return kept_of(redaction).filter(pk=now.scene.kept).first()


def waiting(redactions: Collection[Redaction]) -> set[UUID]:
    """Ids of those whose still waits for a second person."""
    ids = [each.pk for each in redactions if each.state == State.EDITING]
    rows = RedactionScene.objects.filter(redaction__in=ids, verdict=SceneVerdict.OPEN)
    open_ = set(rows.values_list("redaction_id", flat=True))
    return {each.pk for each in redactions if each.pk in open_ and standing(each).how == How.WAITS}


def kept_of(redaction: Redaction) -> QuerySet[Derived]:
    """What is kept of its still: one row, or none."""
    return Derived.objects.filter(owner=redaction.pk, label=SHARP).defer("sealed")
