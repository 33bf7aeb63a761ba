"""The one way in for recorded segments, whatever the source (architecture.md, "Of a segment").

    1  sealed     the bytes go into a sealed object under a fresh key that only memory holds
    2  probed     packets are counted and indexed; the sound is dropped by packet copy (see arrivals)
    3  indexed    the packet index is sealed beside it; all objects are durable
    4  keyed      the epoch's key is durable, the object's key wrapped under it
    5  committed  the row exists: from here on the recording is found, viewed and expired
    6  removed    only now the source file goes

A crash before 5 leaves the source and an object without a key, which the sweeper deletes; a crash
between 5 and 6 leaves the source, which is recognised by its duplicate tag at the next try. So a
recording is never lost and never there twice. What cannot be admitted takes the same way into
quarantine, sealed too. There is no step at which clear bytes touch a disk.

What was erased on request and comes once more is not taken in again: nothing is stored, and the source
goes (see `again`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from accesslog.types import to_us
from cctv.core import clock
from cctv.footage.media.facts import MediaFacts
from cctv.footage.models import Segment
from cctv.footage.playlist import playback_facts
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.ingest import again, leaves, moments, quarantine, reasons, schedule, tags
from cctv.ingest.arrivals import Arrival, Taken
from cctv.ingest.epochs import under_live
from cctv.ingest.errors import AdmissionStalled, ClockBehind, RegisterUnavailable, WrongChecksum
from cctv.ingest.incoming import (
    FUTURE_TOLERANCE,
    OVERLAP_TOLERANCE,
    Admission,
    Inadmissible,
    Incoming,
    Outcome,
    inadmissible,
)
from cctv.ingest.provisional import Provisional
from cctv.sites.models import AudioPolicy, Camera
from cctv.sites.selectors import expiry_for
from cctv.vault import services as vault
from cctv.vault.errors import EpochRetired, FootageExpired, ObjectMissing
from cctv.vault.models import Epoch
from cctv.vault.steps import reached

Step = Callable[[], None]


def take_in(incoming: Incoming, arrival: Arrival, *, remove: Step | None = None) -> Admission:
    """Admit one recording, or put it into quarantine.

    `remove` takes the source away and runs only when the recording is safe. Raises LetheError
    (WrongChecksum, StillGrowing, StorageFull, vault and register trouble) with nothing kept and the
    source in place.
    """
    try:
        _refuse_behind_clock()
        with Provisional() as provisional:
            admission = _decide(incoming, provisional, arrival)
    except (OperationalError, InterfaceError) as error:
        raise RegisterUnavailable from error
    if remove is not None:
        remove()
        reached("ingest.removed")
    return admission


def _decide(incoming: Incoming, provisional: Provisional, arrival: Arrival) -> Admission:
    """Live, duplicate, erased before or quarantined."""
    camera = incoming.camera
    keep_audio = camera is not None and camera.audio_policy == AudioPolicy.KEEP
    taken = arrival.take(provisional, keep_audio=keep_audio, probe=incoming.reason is None)
    original = taken.original_sha256
    if incoming.expected_sha256 not in (None, original):
        raise WrongChecksum
    if camera is not None and (seen := _seen_before(incoming, camera, taken)) is not None:
        return seen
    try:
        if incoming.reason is not None:
            raise Inadmissible(incoming.reason)
        if taken.facts is None:
            assert taken.refusal is not None
            raise Inadmissible(reasons.of_media(taken.refusal))
        draft = _draft(incoming, provisional, taken, taken.facts)
        return under_live(lambda: _commit(draft, provisional))
    except Inadmissible as refusal:
        reason = refusal.reason
    row = quarantine.keep(
        incoming=incoming,
        provisional=provisional,
        sealed=taken.sealed,
        original_sha256=original,
        reason=reason,
    )
    reached("ingest.quarantined")
    return Admission(Outcome.QUARANTINED, quarantined=row, reason=reason)


def _seen_before(incoming: Incoming, camera: Camera, taken: Taken) -> Admission | None:
    """What becomes of a recording that was erased on request, or is there already."""
    duration = timedelta(milliseconds=taken.facts.counted_ms) if taken.facts is not None else None
    if again.was_erased(camera=camera, starts=_settled(incoming, duration), duration=duration):
        return Admission(Outcome.ERASED)
    if duration is None:
        return None
    original, starts = taken.original_sha256, incoming.starts
    known = tags.find_segment(
        camera=camera, clear_sha256=original, starts=starts, duration=duration
    ) or again.find_moved(
        camera=camera, original_sha256=original, stored=taken.sealed.facts, starts=starts, duration=duration
    )
    return None if known is None else _duplicate(known)


def _settled(incoming: Incoming, duration: timedelta | None) -> tuple[datetime, ...]:
    """The start, or all that it may be while nothing tells."""
    if duration is None or not incoming.starts:
        return incoming.starts
    try:
        return (moments.settle(incoming.starts, ended_at=incoming.modified_at, duration=duration),)
    except moments.AmbiguousTime:
        return incoming.starts


@dataclass(frozen=True, slots=True)
class _Draft:
    """A recording that may become a segment, with everything about it known but its epoch."""

    camera: Camera
    taken: Taken
    facts: MediaFacts
    index_size_bytes: int
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    skew_ms: int | None
    origin: str


def _draft(incoming: Incoming, provisional: Provisional, taken: Taken, facts: MediaFacts) -> _Draft:
    """Place it in time and seal its index. Raises Inadmissible."""
    assert incoming.camera is not None
    duration = timedelta(milliseconds=facts.counted_ms)
    starts_at, expires_at = place(incoming, camera=incoming.camera, duration=duration)
    index_size = provisional.seal_index(taken.sealed, facts)
    reached("ingest.indexed")
    return _Draft(
        camera=incoming.camera,
        taken=taken,
        facts=facts,
        index_size_bytes=index_size,
        starts_at=starts_at,
        ends_at=starts_at + duration,
        expires_at=expires_at,
        skew_ms=moments.skew_ms(starts_at=starts_at, duration=duration, ended_at=incoming.modified_at),
        origin=incoming.origin,
    )


def place(incoming: Incoming, *, camera: Camera, duration: timedelta) -> tuple[datetime, datetime]:
    """When it began and when it expires; raises Inadmissible for times that cannot be right."""
    now = clock.now()
    try:
        starts_at = moments.settle(incoming.starts, ended_at=incoming.modified_at, duration=duration)
    except moments.AmbiguousTime as error:
        raise inadmissible("ambiguous_time", str(error)) from None
    if duration <= timedelta():
        raise inadmissible("broken_media", "The packets of the file cover no time.")
    if duration > LONGEST_SEGMENT:
        raise inadmissible("too_long", f"It lasts {duration}; {LONGEST_SEGMENT} is the most.")
    if starts_at > now + FUTURE_TOLERANCE:
        raise inadmissible("future_start", f"It claims to begin at {clock.rfc3339(starts_at)}.")
    if camera.retired_at is not None and starts_at >= camera.retired_at:
        raise inadmissible("retired_camera", f"The camera was retired at {clock.rfc3339(camera.retired_at)}.")
    expires_at = expiry_for(camera, starts_at + duration)
    if expires_at <= now:
        recent = incoming.modified_at is not None and expiry_for(camera, incoming.modified_at) > now
        code = "ancient_start" if recent else "already_expired"
        raise inadmissible(code, f"It claims to begin at {clock.rfc3339(starts_at)}.")
    return starts_at, expires_at


def refuse_overlap(*, camera: Camera, starts_at: datetime, ends_at: datetime) -> None:
    """Raise Inadmissible when other footage of the camera covers more than the tolerance of the span."""
    tolerance = min(OVERLAP_TOLERANCE, (ends_at - starts_at) / 2)
    for other in tags.footage_near(camera=camera, starts_at=starts_at, ends_at=ends_at):
        shared = min(ends_at, other.ends_at) - max(starts_at, other.starts_at)
        if shared > min(tolerance, (other.ends_at - other.starts_at) / 2):
            span = f"{clock.rfc3339(other.starts_at)} to {clock.rfc3339(other.ends_at)}"
            raise inadmissible("overlap", f"Footage from {span} is already there.", status=409)


def _commit(draft: _Draft, provisional: Provisional) -> Admission:
    """Make the row; from its commit on the objects belong to it."""
    epoch = vault.ensure_epoch(draft.camera.site_id, draft.expires_at)
    segment = _row(draft, epoch)
    reached("ingest.keyed")
    try:
        with transaction.atomic(durable=True):
            _lock(draft.camera, epoch)
            # While no other commit of this camera is on its way: so an hour that has ended is complete.
            segment.ingested_at = clock.now()
            provisional.refuse_stalled()
            if _erased(draft):  # since it was looked at first
                return Admission(Outcome.ERASED)
            refuse_overlap(camera=draft.camera, starts_at=draft.starts_at, ends_at=draft.ends_at)
            segment.save(force_insert=True)
    except (Inadmissible, FootageExpired, AdmissionStalled, EpochRetired):
        raise
    except IntegrityError:
        twin = {"camera": draft.camera, "duplicate_tag": segment.duplicate_tag}
        known = Segment.objects.filter(**twin).first()
        if known is None:
            raise
        return _duplicate(known)
    except BaseException:
        # The commit may have happened before the connection broke: the sweeper asks the rows.
        provisional.keep()
        raise
    provisional.keep()
    reached("ingest.committed")
    return Admission(Outcome.LIVE, segment=segment)


def _lock(camera: Camera, epoch: Epoch) -> None:
    """One commit per camera at a time, so that two sources cannot both pass the checks; the epoch stays.

    Raises FootageExpired when the epoch's key was destroyed meanwhile: nobody could open the recording;
    EpochRetired when it was given a new one. SQLite has one writer at a time as it is.
    """
    if connection.features.has_select_for_update:
        cameras = Camera.objects.select_for_update(of=("self",), no_key=True)
        cameras.values_list("pk").get(pk=camera.pk)
    vault.lock_live(epoch)


def _erased(draft: _Draft) -> bool:
    duration = draft.ends_at - draft.starts_at
    return again.was_erased(camera=draft.camera, starts=(draft.starts_at,), duration=duration)


def _row(draft: _Draft, epoch: Epoch) -> Segment:
    """The segment as it will stand in the register."""
    sealed, facts = draft.taken.sealed, draft.facts
    stream_id, parts = playback_facts(facts.index)
    return Segment(
        id=sealed.id,
        camera=draft.camera,
        epoch=epoch,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        expires_at=draft.expires_at,
        container=facts.container,
        codec=facts.codec,
        width=facts.width,
        height=facts.height,
        frames=facts.frames,
        size_bytes=sealed.facts.size_bytes,
        index_size_bytes=draft.index_size_bytes,
        stream_id=stream_id,
        parts=parts,
        sealed_name=sealed.name,
        wrapped_key=vault.wrap(epoch, sealed.key),
        ciphertext_sha256=sealed.facts.ciphertext_sha256,
        ingest_leaf=_leaf(draft),
        duplicate_tag=vault.duplicate_tag(epoch, draft.taken.original_sha256),
        source_audio=draft.taken.source_audio,
        audio_kept=facts.audio_codec is not None,
        clock_skew_ms=draft.skew_ms,
        out_of_schedule=not _in_schedule(draft),
        ingested_from=draft.origin,
    )


def _leaf(draft: _Draft) -> bytes:
    """What the tree of its hour says of it, while the key is in hand."""
    sealed = draft.taken.sealed
    said = leaves.Leaf(
        segment=str(sealed.id),
        camera=str(draft.camera.pk),
        from_us=to_us(draft.starts_at),
        to_us=to_us(draft.ends_at),
        clear_sha256=sealed.facts.clear_sha256.hex(),
        salt=vault.ingest_salt(sealed.key, sealed.id).hex(),
    )
    return said.hash()


def _in_schedule(draft: _Draft) -> bool:
    """Whether it was recorded within the camera's registered hours."""
    zone = ZoneInfo(draft.camera.site.time_zone)
    hours = draft.camera.schedule
    return schedule.within(hours, zone=zone, starts_at=draft.starts_at, ends_at=draft.ends_at)


def _duplicate(known: Segment) -> Admission:
    """The segment that is already there; its object must be, or the source is the only copy left."""
    if not vault.object_exists(known.sealed_name):
        raise ObjectMissing
    return Admission(Outcome.DUPLICATE, segment=known)


def _refuse_behind_clock() -> None:
    """Refuse to judge times while this machine's own clock shows less than the newest footage.

    Identifiers of segments begin with the time of their making (UUIDv7), so this costs one index probe.
    """
    newest = Segment.objects.order_by("-id").values_list("id", flat=True).first()
    if newest is None:
        return
    made_at = datetime.fromtimestamp((newest.int >> 80) / 1000, UTC)
    if made_at - datetime.now(UTC) > FUTURE_TOLERANCE:
        raise ClockBehind
