"""From a request for pictures to their bytes: check, cover, unseal, build. In that order, always.

No function here returns a byte of footage before `viewing.cover` has returned a receipt, and only the
vault's door for people, which checks that receipt again, hands out a reader (invariant 1).
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from accesslog import Receipt
from cctv.footage import sealed, viewing
from cctv.footage.errors import FootageExpired, MasksChanged, MasksUnreadable, OutsideViewing, ViewingBusy
from cctv.footage.media.fmp4 import init_segment, media_part, ticks_of
from cctv.footage.media.keys import keyframes_of
from cctv.footage.media.masking import masked_jpeg
from cctv.footage.media.parts import partition
from cctv.footage.media.stills import still as frame_at
from cctv.footage.media.transcode import TranscodePool
from cctv.footage.models import Segment, ViewingSession
from cctv.footage.playlist import PartRow, needs_converting, part_rows
from cctv.footage.restrictions.services import free_spans, is_free, require_free
from cctv.people.policy import NotFound
from cctv.sites.masks import polygons, scopes
from cctv.sites.models import Camera
from cctv.vault import past

# Answers go out in pieces; while a slow line takes them, the session is looked at again this often.
PIECE_BYTES = 512 * 1024
LOOK_AGAIN_S = 0.25
COVER_WAIT_S = 5.0
# A picture shows one moment.
INSTANT = timedelta(milliseconds=1)

_covering = [threading.Lock() for _unused in range(64)]


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes ready to leave, and what the log and the session say of them."""

    data: bytes
    start: datetime
    end: datetime
    kind: str
    mask: str = ""  # the version of the masks drawn in it
    camera: Camera | None = None  # whose it is, once it has been noted
    copy: bool = False  # drawn as copies are, with `copy_masks_of`


def part(
    session: ViewingSession,
    *,
    camera: Camera,
    segment_id: UUID,
    number: int,
    base_ms: float,
    plays_hevc: bool,
    keys_only: bool = False,
    mask: str = "",
) -> Picture:
    """One part as fMP4; `keys_only` holds its keyframes, each shown until the next, for the same seconds.

    `mask` is the version of the camera's masks that the address was made for (MasksChanged if it has others).
    Raises viewing and vault errors; nothing is read before the entry is durable.
    """
    masks = masks_of(camera, mask)
    segment = _segment(session, camera, segment_id)
    row = _part_row(segment, number)
    start, end = _times(segment, row)
    _require_inside(session, start, end)
    require_free(camera, start, end)
    receipt = _cover(session, camera, start, end, "view.covered")
    reader = sealed.for_person(receipt, segment, session=session, span=(start, end))
    index = reader.index()
    place = partition(index)[number]
    first, stop, base = place.first, place.stop, ticks_of(index, base_ms)
    if keys_only and (found := keyframes_of(index, first, stop)) is not None:
        index, begin = found
        first, stop, base = 0, len(index), base + begin
    build = media_part
    if masks or needs_converting(segment.codec, plays_hevc=plays_hevc):
        build = partial(transcoder().part, masks=masks)
    data = build(index, reader.media().read_range, first, stop, sequence=number + 1, base_decode_time=base)
    return _noted(session, camera, Picture(data, start, end, "video", mask))


def init(
    session: ViewingSession, *, camera: Camera, segment_id: UUID, plays_hevc: bool, mask: str = ""
) -> bytes:
    """The init segment of a segment's stream: its parameters, no picture; covered all the same."""
    masks = masks_of(camera, mask)
    segment = _segment(session, camera, segment_id)
    start, end = _shown_of(session, camera, segment)
    receipt = _cover(session, camera, start, end, "view.covered")
    index = sealed.for_person(receipt, segment, session=session, span=(start, end)).index()
    if masks or needs_converting(segment.codec, plays_hevc=plays_hevc):
        return transcoder().init_segment(index)
    return init_segment(index)


def thumbnail(session: ViewingSession, *, camera: Camera, segment_id: UUID) -> Picture:
    """The small picture of a segment, sealed beside it. NotFound while the job has not made it."""
    masks = masks_of(camera)
    segment = _segment(session, camera, segment_id)
    if segment.thumb_size_bytes <= 0:
        raise NotFound
    start, end = segment.starts_at, segment.starts_at + INSTANT  # it shows the segment's first picture
    if not session.starts_at <= start < session.ends_at:
        raise OutsideViewing
    require_free(camera, start, end)
    receipt = _cover(session, camera, start, end, "thumbs.covered")
    jpeg = sealed.for_person(receipt, segment, session=session, span=(start, end)).thumb()
    data = masked_jpeg(jpeg, masks)
    return _noted(session, camera, Picture(data, start, end, "thumbs", polygons.version(masks)))


def still(session: ViewingSession, *, camera: Camera, at: datetime, reason: str = "") -> Picture:
    """The frame shown at `at`, full size, as JPEG, under an entry of its own that says the reason.

    It is taken away, so what is covered in copies alone is covered in it."""
    facts = {"reason": reason} if reason else {}
    frame = frame_of(session, camera=camera, at=at, kind="still.covered", facts=facts)
    return _noted(session, camera, Picture(frame.jpeg, at, at + INSTANT, "still", frame.mask, copy=True))


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture out of a segment, as a JPEG; its size in pixels, and the entry that it was taken under.

    `moment` is when it was recorded, at or before the time that was asked for; `mask` is the version
    of the masks drawn in it.
    """

    segment: Segment
    moment: datetime
    jpeg: bytes
    width: int
    height: int
    entry: int
    mask: str


def frame_of(
    session: ViewingSession, *, camera: Camera, at: datetime, kind: str, facts: Mapping[str, Any]
) -> Frame:
    """The frame shown at `at`, to be kept or taken away, under an entry of `kind` that is durable first."""
    masks = copy_masks_of(camera)
    segment = segment_at(session, camera=camera, at=at)
    end = at + INSTANT
    require_free(camera, at, end)
    receipt = _cover(session, camera, at, end, kind, facts)
    reader = sealed.for_person(receipt, segment, session=session, span=(at, end))
    offset_ms = (at - segment.starts_at) / timedelta(milliseconds=1)
    shown = frame_at(reader.index(), reader.media().read_range, offset_ms, masks)
    # The picture that stands at this moment may have been taken before a restriction's end.
    moment = segment.starts_at + timedelta(milliseconds=shown.at_ms)
    require_free(camera, min(at, moment), max(at, moment) + INSTANT)
    return Frame(
        segment, moment, shown.jpeg, shown.width, shown.height, receipt.index, polygons.version(masks)
    )


def segment_at(session: ViewingSession, *, camera: Camera, at: datetime) -> Segment:
    """The segment that the session may show at `at`. OutsideViewing, NotFound, FootageExpired, and more."""
    if at >= session.ends_at:  # the calendar may end here, too
        raise OutsideViewing
    _require_inside(session, at, at + INSTANT)
    found = Segment.objects.filter(_held_by(session), camera=camera, starts_at__lte=at, ends_at__gt=at)
    segment = found.select_related("epoch").order_by("-starts_at").first()
    if segment is None:
        raise NotFound
    segment.camera = camera
    _require_unexpired(session, segment)
    return segment


def masks_of(camera: Camera, mask: str | None = None) -> polygons.Masks:
    """What has to be covered in every picture of the camera that leaves; each door for people asks this.

    With `mask`, the version that an address was made for, MasksChanged if these are others: what the browser
    has already would not go with them. MasksUnreadable, and so no picture at all, if the register holds
    something else than masks.
    """
    return _of_version(_masks(camera).always, mask)


def copy_masks_of(camera: Camera, mask: str | None = None) -> polygons.Masks:
    """What has to be covered in all that is made of the camera's footage to be handed out, and while it is
    made: the privacy masks, and the places that are kept for copies alone. Raises as `masks_of`."""
    return _of_version(_masks(camera).of_copies, mask)


def _masks(camera: Camera) -> scopes.CameraMasks:
    try:
        return scopes.read(camera.privacy_masks)
    except polygons.BadMasks as error:
        raise MasksUnreadable from error


def _of_version(masks: polygons.Masks, mask: str | None) -> polygons.Masks:
    if mask is not None and mask != polygons.version(masks):
        raise MasksChanged
    return masks


def require_masks(camera: Camera, mask: str) -> None:
    """Raise MasksChanged, MasksUnreadable unless the camera has the masks of this version now.

    Asked anew before anything leaves: one may have been drawn while it was made, and while it is sent.
    """
    camera.refresh_from_db(fields=["privacy_masks"])
    masks_of(camera, mask)


def require_copy_masks(camera: Camera, mask: str) -> None:
    """The same of what is covered in copies (`copy_masks_of`)."""
    camera.refresh_from_db(fields=["privacy_masks"])
    copy_masks_of(camera, mask)


def sending(session: ViewingSession, picture: Picture) -> Iterator[bytes]:
    """The bytes for the response, cut off when the session ends meanwhile."""
    looked = time.monotonic()
    for offset in range(0, len(picture.data), PIECE_BYTES):
        if offset and time.monotonic() - looked >= LOOK_AGAIN_S:
            if not viewing.may_go_on(session) or not _may_be_shown(picture):
                return
            looked = time.monotonic()
        yield picture.data[offset : offset + PIECE_BYTES]


def _noted(session: ViewingSession, camera: Camera, picture: Picture) -> Picture:
    """What is about to leave stands on the session first; a session that closed meanwhile refuses."""
    viewing.record_sent(session, camera=camera, start=picture.start, end=picture.end, kind=picture.kind)
    # It may have been restricted or masked while this was made.
    require_free(camera, picture.start, picture.end)
    (require_copy_masks if picture.copy else require_masks)(camera, picture.mask)
    return replace(picture, camera=camera)


def _may_be_shown(picture: Picture) -> bool:
    if picture.camera is None:
        return True
    try:
        (require_copy_masks if picture.copy else require_masks)(picture.camera, picture.mask)
    except (MasksChanged, MasksUnreadable):
        return False
    return is_free(picture.camera, picture.start, picture.end)


@cache
def transcoder() -> TranscodePool:
    """The process's bounded pool of conversion jobs."""
    return TranscodePool(max_jobs=settings.LETHE_TRANSCODE_JOBS)


def _segment(session: ViewingSession, camera: Camera, segment_id: UUID) -> Segment:
    """A live segment of the session's camera; expired ones are refused, purged or not (invariant 3)."""
    found = Segment.objects.filter(_held_by(session), pk=segment_id, camera=camera)
    segment = found.select_related("epoch").first()
    if segment is None:
        raise NotFound
    segment.camera = camera
    _require_unexpired(session, segment)
    return segment


def _held_by(session: ViewingSession) -> Q:
    """A session that was opened from a hold knows nothing but what that hold holds."""
    return Q() if session.hold_id is None else Q(held__hold_id=session.hold_id)


def _require_unexpired(session: ViewingSession, segment: Segment) -> None:
    """What a hold keeps ends with the hold: the session itself and the vault's door look after that."""
    if session.hold_id is None and past.is_over(segment.expires_at):
        raise FootageExpired


def _require_inside(session: ViewingSession, start: datetime, end: datetime) -> None:
    """Parts are cut at keyframes, so a part may begin before the span; but it must show some of it."""
    if not _is_inside(session, start, end):
        raise OutsideViewing


def _is_inside(session: ViewingSession, start: datetime, end: datetime) -> bool:
    return start < session.ends_at and session.starts_at < end


def _shown_of(session: ViewingSession, camera: Camera, segment: Segment) -> tuple[datetime, datetime]:
    """The first part of the segment that the session may show; OutsideViewing, FootageRestricted."""
    parts = (_times(segment, row) for row in part_rows(segment))
    inside = [span for span in parts if _is_inside(session, *span)]
    if not inside:
        raise OutsideViewing
    free = free_spans(camera, inside[0][0], inside[-1][1])
    for start, end in inside:
        if any(first <= start and end <= last for first, last in free):
            return start, end
    require_free(camera, inside[0][0], inside[-1][1])
    return inside[0]


def _part_row(segment: Segment, number: int) -> PartRow:
    rows = part_rows(segment)
    if number >= len(rows):
        raise NotFound
    return rows[number]


def _times(segment: Segment, row: PartRow) -> tuple[datetime, datetime]:
    return (
        segment.starts_at + timedelta(milliseconds=row.start_ms),
        segment.starts_at + timedelta(milliseconds=row.end_ms),
    )


def _cover(
    session: ViewingSession,
    camera: Camera,
    start: datetime,
    end: datetime,
    kind: str,
    facts: Mapping[str, Any] | None = None,
) -> Receipt:
    """One request at a time decides whether a new entry is needed, so that two do not write the same."""
    lock = _covering[hash((session.pk, camera.pk)) % len(_covering)]
    if not lock.acquire(timeout=COVER_WAIT_S):
        raise ViewingBusy
    try:
        return viewing.cover(session, camera=camera, start=start, end=end, kind=kind, facts=facts)
    finally:
        lock.release()
