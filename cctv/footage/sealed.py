"""How a segment's sealed objects are opened: the vault's two doors, with what the row knows."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from accesslog import Receipt
from cctv.footage.errors import HoldEnded
from cctv.footage.media.index import PacketIndex
from cctv.footage.models import Segment, ViewingSession
from cctv.vault import services as vault
from cctv.vault.names import MEDIA
from cctv.vault.sealing import SealedReader

INDEX, THUMB = "index", "thumb"
# Told from the pictures, and sealed in the register under the segment's key.
MOTION, STILL = "motion", "still"

vault.register_person_kind("view.covered", MEDIA, INDEX)
vault.register_person_kind("still.covered", MEDIA, INDEX)
vault.register_person_kind("still.kept", MEDIA, INDEX)
vault.register_person_kind("still.shown", STILL)
vault.register_person_kind("thumbs.covered", THUMB)
vault.register_person_kind("motion.covered", MOTION)
vault.register_person_kind("motion.searched", MOTION)


def held_by(segment: Segment, hold_id: UUID | None) -> Any:
    """The row by which the hold keeps the segment, for `keyed`; without a hold None. HoldEnded."""
    if hold_id is None:
        return None
    held: Any = next((each for each in segment.held.all() if each.hold_id == hold_id), None)
    if held is None or not held.hold.protects:
        raise HoldEnded
    return held


def keyed(segment: Segment, part: str, *, held: Any = None) -> vault.KeyedObject:
    """One of a segment's objects as the vault wants it; the row needs its epoch and camera.

    `held` is the row by which a hold keeps the segment: then the hold's key opens it, until the hold ends.
    """
    sizes = {
        MEDIA: segment.size_bytes,
        INDEX: segment.index_size_bytes,
        THUMB: segment.thumb_size_bytes if segment.thumb_size_bytes > 0 else None,
    }
    return vault.KeyedObject(
        name=vault.part_name(segment.sealed_name, part),
        size_bytes=sizes.get(part),
        wrapped_key=bytes(held.wrapped_key if held else segment.wrapped_key),
        key_id=held.hold.key_id if held else segment.epoch.key_id,
        ring="records" if held else "footage",
        context_id=segment.pk,
        camera_id=segment.camera_id,
        site_id=segment.camera.site_id,
        starts_at=segment.starts_at,
        ends_at=segment.ends_at,
        expires_at=held.hold.opens_until if held else segment.expires_at,
        part=part,
    )


class Opened:
    """A segment that a receipt allows to be read; each object is opened when it is asked for."""

    def __init__(
        self,
        open_part: Callable[[str], SealedReader],
        salt: Callable[[], bytes],
        open_fact: Callable[[str, bytes, str], bytes],
    ) -> None:
        """`open_part` opens one part through a door; `salt` and `open_fact` ask the same door."""
        self._open_part = open_part
        self._salt = salt
        self._open_fact = open_fact

    def media(self) -> SealedReader:
        """The video; reads are ranges."""
        return self._open_part(MEDIA)

    def index(self) -> PacketIndex:
        """The packet index."""
        return PacketIndex.from_bytes(self._open_part(INDEX).read())

    def ingest_salt(self) -> bytes:
        """What hides the recording's hash in the tree of its hour: see `ingest.hours`."""
        return self._salt()

    def thumb(self) -> bytes:
        """The small picture, JPEG."""
        return self._open_part(THUMB).read()

    def fact(self, part: str, sealed: bytes, label: str = "") -> bytes:
        """What `seal` sealed of it: MOTION, or the STILL of this label."""
        return self._open_fact(part, sealed, label)


def for_person(
    receipt: Receipt, segment: Segment, *, session: ViewingSession, span: tuple[datetime, datetime]
) -> Opened:
    """Open for the session's viewer; the vault checks the receipt against actor, camera and span.

    In a session that was opened from a hold, only through that hold's key: HoldEnded if it does not hold it.
    """
    held = held_by(segment, session.hold_id)

    def open_part(part: str) -> SealedReader:
        obj = keyed(segment, part, held=held)
        return vault.open_for_person(receipt, obj, actor_id=session.actor_id, span=span)

    def salt() -> bytes:
        obj = keyed(segment, MEDIA, held=held)
        return vault.salt_for_person(receipt, obj, actor_id=session.actor_id, span=span)

    def fact(part: str, sealed: bytes, label: str) -> bytes:
        obj = keyed(segment, part, held=held)
        return vault.fact_for_person(receipt, obj, sealed, actor_id=session.actor_id, span=span, label=label)

    return Opened(open_part, salt, fact)


def facts_for_person(
    receipt: Receipt,
    facts: Iterable[tuple[vault.KeyedObject, bytes]],
    *,
    session: ViewingSession,
    span: tuple[datetime, datetime],
) -> Iterator[bytes | None]:
    """What `seal` sealed of many segments of a camera, in order; None for what has ended meanwhile.

    The receipt must cover the whole span.
    """
    return vault.facts_for_person(receipt, facts, actor_id=session.actor_id, span=span)


def for_system(receipt: Receipt, segment: Segment, *, job: str, hold_id: UUID | None = None) -> Opened:
    """Open for a job whose `vault.job` entry names this segment, and the hold if it is opened through one.

    With a hold only what that hold holds, by its key: HoldEnded.
    """
    held = held_by(segment, hold_id)

    def open_part(part: str) -> SealedReader:
        return vault.open_for_system(receipt, keyed(segment, part, held=held), job=job)

    def fact(part: str, sealed: bytes, label: str) -> bytes:
        return vault.fact_for_system(receipt, keyed(segment, part, held=held), sealed, job=job, label=label)

    obj = keyed(segment, MEDIA, held=held)
    return Opened(open_part, partial(vault.salt_for_system, receipt, obj, job=job), fact)


def seal(segment: Segment, part: str, data: bytes, *, label: str = "", held: Any = None) -> bytes:
    """MOTION or a STILL (told apart by `label`) of a segment, sealed for the register under its key."""
    return vault.seal_fact(keyed(segment, part, held=held), data, label=label)


def add_thumb(receipt: Receipt, segment: Segment, jpeg: bytes, *, job: str) -> int:
    """Seal the small picture beside its segment, under the same key; its stored size in bytes."""
    return vault.add_part(receipt, keyed(segment, THUMB), jpeg, job=job)


def drop_thumb(segment: Segment) -> None:
    """Delete the small picture alone."""
    vault.delete_object(vault.part_name(segment.sealed_name, THUMB))
