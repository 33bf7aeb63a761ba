"""A second person looks at the still of the sharp scene, and says whether it may be used.

The entry comes first, then bytes or rows. What is approved is one picture, by the id of what is kept: made
anew, nobody has looked at it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from accesslog import Receipt
from cctv.core import clock
from cctv.footage.derived.services import read_for_person
from cctv.footage.restrictions.services import require_free
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.redaction import services as redactions
from cctv.redaction.ended import require_there
from cctv.redaction.models import Redaction, RedactionScene, SceneVerdict, State
from cctv.redaction.review.errors import OwnRedaction, RemarkRequired
from cctv.redaction.review.services import has_hand_in
from cctv.redaction.scene import events
from cctv.redaction.scene.errors import NoStill, StillNotSeen
from cctv.redaction.scene.standing import How, kept_of, standing

REVIEW = "redaction.review"
MOST_REMARK = 1000
# Who looks at it on another day, or elsewhere, is told anew.
ENTRY_LASTS = timedelta(hours=12)


def waiting(*, redaction: Redaction, actor: Account) -> RedactionScene:
    """The still that waits for the actor.

    Forbidden, OwnRedaction, NoStill, RedactionGone, FootageRestricted.
    """
    permissions_of(actor).require(REVIEW, site_id=redaction.site_id)
    if has_hand_in(redaction, actor):
        raise OwnRedaction
    require_there(redaction)
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
    now = standing(redaction)
    if redaction.state != State.EDITING or now.how != How.WAITS or now.scene is None:
        raise NoStill
    return now.scene


def show(*, redaction: Redaction, actor: Account, terminal: str) -> bytes:
    """The still, a JPEG, read under an entry. As `waiting`, and FootageExpired, LogUnavailable."""
    scene = waiting(redaction=redaction, actor=actor)
    kept = kept_of(redaction).filter(pk=scene.kept).first()
    if kept is None:
        raise NoStill
    lasts = int(clock.now().timestamp() // ENTRY_LASTS.total_seconds())
    event_id = uuid5(scene.pk, f"{events.SHOWN} {actor.pk} {terminal} {lasts}")
    receipt = _log(events.SHOWN, redaction, scene, actor, terminal, {}, event_id)
    jpeg = read_for_person(receipt, kept, actor_id=actor.pk, hold_id=redaction.hold_id)
    with transaction.atomic():
        row = RedactionScene.objects.select_for_update(of=("self",)).get(pk=scene.pk)
        row.shown = sorted({*row.shown, str(actor.pk)})
        row.save(update_fields=["shown"])
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
    return jpeg


def approve(
    *, redaction: Redaction, still: UUID, actor: Account, terminal: str, remark: str = ""
) -> RedactionScene:
    """From now on the result is rendered with this still. As `waiting`, and StillNotSeen, LogUnavailable."""
    return _decide(redaction, still, SceneVerdict.APPROVED, events.APPROVED, actor, terminal, remark)


def refuse(
    *, redaction: Redaction, still: UUID, actor: Account, terminal: str, remark: str
) -> RedactionScene:
    """It is not used, for the reason that the remark says; the coarse scene is. As `approve`, and
    RemarkRequired."""
    if not remark.strip():
        raise RemarkRequired
    return _decide(redaction, still, SceneVerdict.REFUSED, events.REFUSED, actor, terminal, remark)


def _decide(
    redaction: Redaction,
    still: UUID,
    verdict: SceneVerdict,
    kind: str,
    actor: Account,
    terminal: str,
    remark: str,
) -> RedactionScene:
    with transaction.atomic():
        rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold")
        row = rows.select_for_update(of=("self",)).get(pk=redaction.pk)
        found = waiting(redaction=row, actor=actor)
        scene = RedactionScene.objects.select_for_update(of=("self",)).get(pk=found.pk)
        if scene.pk != still:
            raise NoStill
        if str(actor.pk) not in scene.shown:
            raise StillNotSeen
        said = {"remark": remark.strip()[:MOST_REMARK]} if remark.strip() else {}
        receipt = _log(kind, row, scene, actor, terminal, said, uuid5(scene.pk, kind))
        scene.verdict, scene.decided_by, scene.decided_at = verdict, actor, clock.now()
        scene.decided_entry, scene.remark = receipt.index, str(receipt.body.get("remark", ""))
        scene.save()
        if verdict == SceneVerdict.APPROVED:  # what would be rendered is another result
            row.revision += 1
            row.save(update_fields=["revision"])
    return scene


def _log(
    kind: str,
    redaction: Redaction,
    scene: RedactionScene,
    actor: Account,
    terminal: str,
    facts: Mapping[str, Any],
    event_id: UUID,
) -> Receipt:
    said = {"revision": redaction.revision, "still_sha256": scene.sha256, **facts}
    return redactions.log_about(kind, redaction, actor, terminal, said, action=REVIEW, event_id=event_id)
