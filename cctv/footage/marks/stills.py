"""Stills: a picture taken in a viewing, handed out as a JPEG or kept, sealed under its recording's own key.

Either way the reason stands in an entry that is durable first. A kept still is derived from the recording
and dies with it: it is opened by the vault's door for people, under the same key and the same expiry, in a
viewing of that one moment, so that its purpose, its entry and its line of the ledger are those of any other.

Stills are printed and handed on, so whatever is covered in copies of the camera's footage is covered in them,
when they are taken, and with the masks of the day when they are opened; the player shows the moment without.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.footage import playback, sealed, viewing
from cctv.footage.errors import FootageExpired
from cctv.footage.marks.errors import ReasonRequired, StillNotKept
from cctv.footage.marks.models import Still
from cctv.footage.media.masking import masked_jpeg
from cctv.footage.models import CloseReason, Segment, ViewingSession
from cctv.footage.playback import INSTANT, Picture
from cctv.footage.restrictions.services import require_free
from cctv.footage.viewings.entries import camera_fields
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.masks import polygons
from cctv.sites.models import Camera, Purpose
from cctv.vault import journal, past

SEE, REMOVE = "still.see", "still.remove"
# The viewing in which a kept still is opened closes at once; this bounds it if that fails.
SHOWN_MINUTES = 1


def hand_out(session: ViewingSession, *, camera: Camera, at: datetime, reason: str) -> Picture:
    """The picture at `at` to take away, its reason in the entry. ReasonRequired; what `playback` raises."""
    return playback.still(session, camera=camera, at=at, reason=_stated(reason))


def keep(session: ViewingSession, *, camera: Camera, at: datetime, reason: str) -> Still:
    """Keep the picture that stands at `at`, sealed, under its own moment; nothing of it leaves.

    Raises ReasonRequired, StillNotKept, and what `playback` raises. Entry first, then the row: after a crash
    in between the log tells of a still that there is not.
    """
    reason = _stated(reason)
    viewing.require_open(session)
    if past.is_over(playback.segment_at(session, camera=camera, at=at).expires_at):
        raise StillNotKept
    pk = new_id()
    facts = {"still": str(pk), "reason": reason}
    frame = playback.frame_of(session, camera=camera, at=at, kind="still.kept", facts=facts)
    row = Still(
        id=pk, segment=frame.segment, session=session, site=session.site, camera=camera, at=frame.moment,
        taken_by=session.actor, width=frame.width, height=frame.height, case=session.case, reason=reason,
        entry_index=frame.entry, sealed=sealed.seal(frame.segment, sealed.STILL, frame.jpeg, label=str(pk)),
    )  # fmt: skip
    with transaction.atomic():
        # Locked against a destruction that would otherwise leave a picture of what is gone.
        living = Segment.objects.select_for_update(of=("self",)).filter(pk=frame.segment.pk)
        if not living.exists():
            raise FootageExpired
        row.save(force_insert=True)
    return row


def show(
    still: Still, *, actor: Account, terminal: str, purpose: Purpose | None, reason: str, case: str = ""
) -> Picture:
    """A kept still, opened: a viewing of its moment, opened for a purpose and closed at once.

    Raises ReasonRequired, PurposeRequired, FootageExpired (purged or not), FootageRestricted,
    MasksChanged, policy and vault errors, LogUnavailable; then nothing leaves.
    """
    reason = _stated(reason)
    permissions_of(actor).require(viewing.ACTION, site_id=still.site_id)
    start, end = still.at, still.at + INSTANT
    require_living(still)
    require_free(still.camera, start, end)
    masks = playback.copy_masks_of(still.camera)
    session = viewing.open_viewing(
        actor=actor, terminal=terminal, cameras=[still.camera], purpose=purpose, starts_at=start, ends_at=end,
        minutes=SHOWN_MINUTES, reason=reason, case=case,
    )  # fmt: skip
    try:
        receipt = viewing.cover(
            session, camera=still.camera, start=start, end=end, kind="still.shown",
            facts={"still": str(still.pk)},
        )  # fmt: skip
        opened = sealed.for_person(receipt, _segment(still), session=session, span=(start, end))
        # The camera may have masks that it had not when the picture was taken.
        jpeg = masked_jpeg(opened.fact(sealed.STILL, bytes(still.sealed), str(still.pk)), masks)
        viewing.record_sent(session, camera=still.camera, start=start, end=end, kind="still")
        # It may have been restricted or masked while this was opened.
        require_free(still.camera, start, end)
        playback.require_copy_masks(still.camera, polygons.version(masks))
    finally:
        viewing.close_viewing(session, reason=CloseReason.USER)
    return Picture(jpeg, start, end, "still")


def require_living(still: Still) -> None:
    """Raise FootageExpired once its recording's retention has ended, purged or not, held or not."""
    if past.is_over(still.segment.expires_at):
        raise FootageExpired


def may_delete(still: Still, account: Account) -> bool:
    """Whoever took it may delete it, and the privacy officer may."""
    permissions = permissions_of(account)
    if permissions.may(REMOVE, site_id=still.site_id):
        return True
    return still.taken_by_id == account.pk and permissions.may(SEE, site_id=still.site_id)


def delete(still: Still, *, actor: Account, terminal: str) -> None:
    """Delete it, for good; the entry is durable first, then the journal's line, so that no backup brings it
    back. The policy's errors for anybody who may not."""
    if not may_delete(still, actor):
        permissions_of(actor).require(REMOVE, site_id=still.site_id)
    end = still.at + INSTANT
    body: dict[str, Any] = {
        "actor": actor_fields(actor, SEE, site_id=still.site_id), "terminal": terminal,
        "site": still.site.logged(), "camera": camera_fields(still.camera), "from": clock.rfc3339(still.at),
        "to": clock.rfc3339(end, round_up=True), "still": str(still.pk),
    }  # fmt: skip
    if still.case:
        body["case"] = still.case
    index = IndexFields(
        actor=str(actor.pk), camera=str(still.camera_id), site=str(still.site_id), case=still.case,
        terminal=terminal, footage_from=still.at, footage_to=end,
    )  # fmt: skip
    append(kind="still.deleted", body=body, index=[index])
    with transaction.atomic():
        if Still.objects.filter(pk=still.pk).delete()[0]:
            until = still.segment.expires_at.isoformat()  # no door shows it after that, wherever it is
            journal.tell("still_deleted", {"still": str(still.pk), "until": until})


def file_name(camera: Camera, at: datetime) -> str:
    """What a handed-out picture is called: the camera and the moment, on the site's clocks."""
    local = at.astimezone(ZoneInfo(camera.site.time_zone))
    return f"{camera.code}_{local:%Y-%m-%dT%H-%M-%S}-{local.microsecond // 1000:03d}.jpg"


def _segment(still: Still) -> Segment:
    segment = still.segment
    segment.camera = still.camera
    return segment


def _stated(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ReasonRequired
    return reason[: Still._meta.get_field("reason").max_length]
