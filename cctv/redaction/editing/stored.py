"""What was seen and what was decided, as it lies sealed beside the footage: read through a door, and kept.

Whoever reads brings the door: a person's, under an entry, or a job's. A decision that cannot be read is no
reason to go on without it: nothing is resolved then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import numpy as np

from accesslog import Receipt
from cctv.core.errors import LetheError
from cctv.footage import playback
from cctv.footage.derived import selectors
from cctv.footage.derived import services as derived
from cctv.footage.derived.models import Derived
from cctv.footage.errors import FootageExpired
from cctv.footage.models import Segment
from cctv.redaction.drawing.drawing import Style
from cctv.redaction.editing.errors import NotLookedAt
from cctv.redaction.editing.memory import MEMORY
from cctv.redaction.looking.facts import FrameFacts, decode
from cctv.redaction.models import Redaction, RedactionEdit
from cctv.redaction.resolve import Edit, Known, Mode, Settings, SubjectKind

# How a door opens several facts at once: in their order, None for what ended meanwhile.
Door = Callable[[Sequence[Derived]], Iterable[bytes | None]]
EDIT = "edit"


def for_person(receipt: Receipt, redaction: Redaction, actor_id: UUID) -> Door:
    """The door for whoever the receipt (`redaction.opened`, or another that opens these parts) names."""

    def door(rows: Sequence[Derived]) -> Iterable[bytes | None]:
        return derived.facts_for_person(receipt, rows, actor_id=actor_id, hold_id=redaction.hold_id)

    return door


def for_system(receipt: Receipt, redaction: Redaction, job: str) -> Door:
    """The door for a job whose entry names the redaction's segments."""

    def door(rows: Sequence[Derived]) -> Iterable[bytes | None]:
        return derived.facts_for_system(receipt, rows, job=job, hold_id=redaction.hold_id)

    return door


def known_of(redaction: Redaction, door: Door) -> Known:
    """What was seen in all of the redaction's frames, linked. NotLookedAt, FootageExpired, vault errors."""
    return known_and_digest(redaction, door)[0]


def known_and_digest(redaction: Redaction, door: Door) -> tuple[Known, bytes]:
    """The same, with a digest (32 bytes) of what was seen: it lies nowhere in clear and ends with the
    footage, so that it serves as a key for what may not be read without that."""
    parts = list(redaction.parts.order_by("number").values_list("number", "frames"))
    rows = selectors.all_of(owner=redaction.pk, beginning="looked/")
    if not parts or any(frames is None for _number, frames in parts):
        raise NotLookedAt
    try:
        told = _opened(door, [rows.get(f"looked/{number}") for number, _frames in parts])
    except LetheError:
        MEMORY.drop(redaction.pk)
        raise
    seen = hashlib.sha256()
    for data in told:
        seen.update(hashlib.sha256(data).digest())
    known = MEMORY.of(redaction.pk, seen.hexdigest(), lambda: Known(_facts(told)))
    return known, seen.digest()


def _facts(told: Iterable[bytes]) -> list[FrameFacts]:
    return [one for data in told for one in decode(data)]


def edits_of(redaction: Redaction, door: Door) -> list[Edit]:
    """The decisions that stand, in the order in which they were made. FootageExpired, vault errors."""
    standing = redaction.edits.filter(undone=False).order_by("number").values_list("number", "kind")
    rows = selectors.all_of(owner=redaction.pk, beginning=f"{EDIT}/")
    told = _opened(door, [rows.get(f"{EDIT}/{number}") for number, _kind in standing])
    return [Edit(number, kind, json.loads(data)) for (number, kind), data in zip(standing, told, strict=True)]


def _opened(door: Door, rows: Sequence[Derived | None]) -> list[bytes]:
    there = [row for row in rows if row is not None]
    told = [data for data in door(there) if data is not None] if there else []
    if len(told) != len(rows):
        raise FootageExpired
    return told


def keep(edit: RedactionEdit, body: Mapping[str, Any]) -> Derived:
    """Seal what a decision says, under the redaction's first segment and for as long as all of them live."""
    redaction = edit.redaction
    sources = sources_of(redaction)
    segment = Segment.objects.filter(pk=sources[0]).first() if sources else None
    if segment is None:
        raise FootageExpired
    return derived.keep_fact(
        segment,
        owner=redaction.pk,
        label=f"{EDIT}/{edit.number}",
        part=EDIT,
        span=(redaction.starts_at, redaction.ends_at),
        of=set(sources),
        data=json.dumps(body, separators=(",", ":")).encode(),
        hold_id=redaction.hold_id,
    )


def sources_of(redaction: Redaction) -> list[UUID]:
    """The segments that it is made of, in order."""
    return list(dict.fromkeys(redaction.parts.order_by("number").values_list("segment", flat=True)))


def settings_of(redaction: Redaction) -> Settings:
    """What holds for all of it: how it is to look, and the camera's own masks for copies as they are now."""
    width, height = size_of(redaction)
    masks = playback.copy_masks_of(redaction.camera)
    return Settings(
        mode=cast(Mode, redaction.mode),
        style=cast(Style, redaction.style),
        subject_kind=cast(SubjectKind, redaction.subject_kind),
        masks=tuple(np.asarray(polygon, np.float32) for polygon in masks),
        aspect=width / height,
    )


def size_of(redaction: Redaction) -> tuple[int, int]:
    """Width and height of its pictures in pixels."""
    sources = sources_of(redaction)[:1]
    found = Segment.objects.filter(pk__in=sources).values_list("width", "height").first()
    if found is None:
        raise FootageExpired
    return found
