"""Rendering: sealed footage in, sealed parts of the result out, one for each part of the redaction.

A part that is there already, made of the same decisions, is not made again: so whoever goes on after a crash
does what is left. Nothing is on disk in clear, and no more than some seconds of the result are in memory.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings

from accesslog import Receipt
from cctv.footage import playback
from cctv.footage.derived import selectors
from cctv.footage.derived import services as derived
from cctv.footage.derived.models import Derived
from cctv.footage.media.encoder import OPTIONS, SQUARE, Aspect, encoder, output_size
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.parameter_sets import record_of
from cctv.footage.models import Segment
from cctv.redaction import movie
from cctv.redaction.child import plain, protocol
from cctv.redaction.child.protocol import Item
from cctv.redaction.drawing.compose import PLAIN
from cctv.redaction.drawing.covers import colour_for
from cctv.redaction.drawing.plate import plate_of
from cctv.redaction.editing import stored
from cctv.redaction.errors import Interrupted, WorkFailed, damaged
from cctv.redaction.models import Redaction, RedactionPart
from cctv.redaction.rendering.children import helper
from cctv.redaction.rendering.looking import aspect_of_row
from cctv.redaction.rendering.planning import JOB, MS, Sources, items, segment_ids
from cctv.redaction.resolve import Known, Resolved, resolve
from cctv.redaction.scene import standing
from cctv.sites.masks import polygons
from cctv.sites.masks.polygons import Masks
from cctv.vault.steps import reached

REDACTED, PLATE = "redacted", "plate"
# Bound to what a part looks like: another one, and everything is rendered anew.
VERSION = 2
CUT_MS = 8000.0
# A pause in the recording that is longer than this is shown as one.
PAUSE_MS = 1000.0


@dataclass(frozen=True)
class Recipe:
    """All that the pictures depend on besides their drawings."""

    width: int
    height: int
    style: str
    colour: tuple[int, int, int]
    plate: bytes
    sharp: bytes
    masks: Masks = ()
    aspect: Aspect = SQUARE

    def header(self, do: str) -> dict[str, Any]:
        """For the child."""
        return {
            "do": do, "width": self.width, "height": self.height, "timescale": movie.TIMESCALE,
            "style": self.style, "colour": list(self.colour),
            "masks": polygons.plain(self.masks), "aspect": list(self.aspect),
            "plate": base64.b64encode(self.plate).decode(), "sharp": base64.b64encode(self.sharp).decode(),
        }  # fmt: skip

    def digest(self) -> bytes:
        """SHA-256 of it, with the encoder's options."""
        said = [VERSION, self.width, self.height, self.style, self.colour, OPTIONS]
        said += [polygons.plain(self.masks), *([self.aspect] if self.aspect != SQUARE else [])]
        text = json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode() + self.plate + b"|" + self.sharp).digest()


@dataclass(frozen=True)
class Ready:
    """A redaction that can be drawn: what was decided, and how it is painted."""

    resolved: Resolved
    recipe: Recipe
    first: dict[int, int]  # number of a part -> its first frame


def ready(
    redaction: Redaction,
    receipt: Receipt,
    parts: Sequence[RedactionPart],
    going: Callable[[], None] = lambda: None,
) -> Ready:
    """Read what was seen and decided, by the job's door. `going` is called between what takes long."""
    door = stored.for_system(receipt, redaction, JOB)
    known = stored.known_of(redaction, door)
    going()
    edits = stored.edits_of(redaction, door)
    going()
    resolved = resolve(known, edits, stored.settings_of(redaction))
    going()
    sharp = b""
    if (kept := standing.approved(redaction)) is not None:
        sharp = derived.read_for_system(receipt, kept, job=JOB, hold_id=redaction.hold_id)
    recipe = recipe_of(known, resolved, stored.size_of(redaction), sharp)
    masks, aspect = playback.copy_masks_of(redaction.camera), aspect_of_row(redaction)
    return Ready(resolved, replace(recipe, masks=masks, aspect=aspect), firsts(parts))


def firsts(parts: Sequence[RedactionPart]) -> dict[int, int]:
    """Of each part the number of its first frame in the whole."""
    found, at = {}, 0
    for part in parts:
        found[part.number] = at
        at += part.frames or 0
    return found


def recipe_of(known: Known, resolved: Resolved, size: tuple[int, int], sharp: bytes = b"") -> Recipe:
    """How it is painted: a colour far from what is covered, and the scene as coarse as it is by default."""
    samples = [one.sample for one in known.facts if one.sample is not None]
    colour = colour_for(np.concatenate([each.rgb for each in samples])) if samples else PLAIN
    plate = plate_of(samples).tobytes() if resolved.settings.mode == "reveal" else b""
    width, height = output_size(*size)
    y, u, v = (int(value) for value in colour)
    return Recipe(width, height, resolved.settings.style, (y, u, v), plate, sharp)


def digest_of(ready: Ready, redaction: Redaction, part: RedactionPart, parts: Sequence[RedactionPart]) -> str:
    """Of all that a part's pictures depend on."""
    first = ready.first[part.number]
    seen = hashlib.sha256(ready.recipe.digest())
    seen.update(ready.resolved.digest(first, first + (part.frames or 0)).encode())
    seen.update(json.dumps(_said_of_time(redaction, part, parts)).encode())
    return seen.hexdigest()


def _said_of_time(
    redaction: Redaction, part: RedactionPart, parts: Sequence[RedactionPart]
) -> dict[str, Any]:
    """Where it is cut, where it is plain, and until when its last picture is shown (ms)."""
    start, end = (_ms(redaction, moment) for moment in (part.starts_at, part.ends_at))
    begin, until = shown_in(redaction, part, parts)
    said: dict[str, Any] = {"cuts": list(np.arange(start, end, CUT_MS)), "end_ms": until}
    if until - end > PAUSE_MS:
        said["blank_ms"] = end
    if begin < start:
        said["lead_ms"] = begin
    return said


def shown_in(
    redaction: Redaction, part: RedactionPart, parts: Sequence[RedactionPart]
) -> tuple[float, float]:
    """From when until when (ms) something of the part is shown: with the pause before the first one, and the
    one after it, until the next begins."""
    start, end = (_ms(redaction, moment) for moment in (part.starts_at, part.ends_at))
    after = next((each for each in parts if each.number == part.number + 1), None)
    until = _ms(redaction, after.starts_at if after else redaction.ends_at)
    return 0.0 if part.number == 0 and start > PAUSE_MS else start, max(until, end)


def render(
    redaction: Redaction,
    sources: Sources,
    receipt: Receipt,
    *,
    stopped: Callable[[], bool],
    done: Callable[[float], None],
    fence: Callable[[], None],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Render what is not rendered yet; facts of the result, and how it was made.

    `fence` is asked where a part is committed: Interrupted, once the work is another's.

    Raises Interrupted, SegmentDamaged, WorkFailed, errors of the vault and the store.
    """
    parts = list(redaction.parts.order_by("number"))

    def going() -> None:
        if stopped():  # also renews the lease: an hour has many drawings
            raise Interrupted

    made = ready(redaction, receipt, parts, going)
    digests: dict[int, str] = {}
    for part in parts:
        going()
        digests[part.number] = digest_of(made, redaction, part, parts)
    there = {label: row.pk for label, row in selectors.all_of(owner=redaction.pk, beginning="out/").items()}
    left = [part for part in parts if not _is_made(part, digests[part.number], there)]
    if left:
        of = set(segment_ids(redaction)) if made.recipe.plate else set()
        with helper(redaction, stopped) as child:
            said = child.work(made.recipe.header("render"), _fed(redaction, sources, left, parts, made))
            for part in left:
                sealed = of | {part.segment}
                _keep(redaction, part, parts, said, sealed, digests[part.number], made.recipe, fence)
                reached("redaction.rendered-part")
                done((parts.index(part) + 1) / len(parts))
            for _rest in said:
                raise WorkFailed
    return _result(redaction, made.recipe), _how(made)


def _how(made: Ready) -> dict[str, Any]:
    """With what the result was made, as it is recorded: with the same, the same would come out."""
    decided = made.resolved.settings
    return {
        "mode": decided.mode, "style": decided.style, "subject_kind": decided.subject_kind,
        "colour": list(made.recipe.colour), "linking": asdict(decided.linking),
        "padding": asdict(decided.padding), "plate": "sharp" if made.recipe.sharp else "coarse",
        "encoder": dict(OPTIONS), "version": VERSION, "program": settings.LETHE_VERSION,
    }  # fmt: skip


def _is_made(part: RedactionPart, digest: str, there: dict[str, UUID]) -> bool:
    """Whether what is kept is the part, made of what is decided now."""
    kept = there.get(f"out/{part.number}")
    return kept is not None and part.kept == kept and part.rendered == digest


def _fed(
    redaction: Redaction,
    sources: Sources,
    left: Sequence[RedactionPart],
    parts: Sequence[RedactionPart],
    made: Ready,
) -> Iterator[Item]:
    for part in left:
        said = {**drawn_in(made, part), **_said_of_time(redaction, part, parts)}
        yield from items(redaction, part, sources.of(part.segment), said)


def drawn_in(made: Ready, part: RedactionPart) -> dict[str, Any]:
    """Times and drawings of a part's frames, for the child."""
    first = made.first[part.number]
    frames = range(first, first + (part.frames or 0))
    return {
        "times": [float(made.resolved.times[frame]) for frame in frames],
        "drawings": [plain.of_drawing(made.resolved.drawing(frame)) for frame in frames],
    }


def _keep(
    redaction: Redaction,
    part: RedactionPart,
    parts: Sequence[RedactionPart],
    said: Iterator[Item],
    of: set[Any],
    digest: str,
    recipe: Recipe,
    fence: Callable[[], None],
) -> None:
    """Seal what the child makes of a part, fragment by fragment; its row and the object's are one commit."""
    segment = Segment.objects.get(pk=part.segment)
    seen, size, frames = hashlib.sha256(), 0, 0
    end = round(_said_of_time(redaction, part, parts)["end_ms"] * movie.TIMESCALE / 1000)

    def ours(made: Derived) -> None:
        fence()
        RedactionPart.objects.filter(pk=part.pk).update(
            rendered=digest, kept=made.pk, sha256=seen.hexdigest(), size_bytes=size
        )

    writer = derived.keep_object(
        segment, owner=redaction.pk, label=f"out/{part.number}", part=REDACTED,
        span=(part.starts_at, part.ends_at), of=of, hold_id=redaction.hold_id,
        guard=ours,
    )  # fmt: skip
    with writer:
        for pictures, until in _groups(said, end, recipe):
            data = movie.fragment_of(pictures, until, part.number * 1000 + 1 + frames // 10)
            seen.update(data)
            size, frames = size + len(data), frames + len(pictures)
            writer.write(data)
        if not frames:
            raise damaged(redaction, part)
    reached("redaction.part-sealed")


def _groups(said: Iterator[Item], end: int, recipe: Recipe) -> Iterator[tuple[list[tuple[int, bytes]], int]]:
    """The pictures of a part from keyframe to keyframe, and until when the last of them is shown (ticks)."""
    pictures: list[tuple[int, bytes]] = []
    for item in said:
        if item.kind == protocol.DONE:
            break
        if item.kind == protocol.EXTRADATA:
            if record_of(movie.CODEC, item.data) != _record(recipe):
                raise WorkFailed
            continue
        if item.kind != protocol.PICTURE or not (pictures or item.key):
            raise WorkFailed
        if item.key and pictures:
            yield pictures, item.pts
            pictures = []
        pictures.append((item.pts, to_lengths(item.data)))
    if pictures:
        yield pictures, max(end, pictures[-1][0] + 1)


def _extradata(recipe: Recipe) -> bytes:
    return bytes(encoder(recipe.width, recipe.height, movie.TIMESCALE, recipe.aspect).extradata)


def _record(recipe: Recipe) -> bytes:
    return record_of(movie.CODEC, _extradata(recipe))


@lru_cache(maxsize=16)
def head_of(width: int, height: int, across: int = 1, down: int = 1) -> bytes:
    """The init segment of every part of a result of this size, whose pixels are `across` to `down`."""
    return movie.head(encoder(width, height, movie.TIMESCALE, (across, down)))


def head_of_result(result: Mapping[str, Any]) -> bytes:
    """The same, by what was recorded of the result."""
    return head_of(result["width"], result["height"], *result.get("aspect", SQUARE))


def _result(redaction: Redaction, recipe: Recipe) -> dict[str, Any]:
    """What is recorded of it."""
    rows = list(redaction.parts.order_by("number"))
    head = head_of(recipe.width, recipe.height, *recipe.aspect)
    return {
        "frames": sum(row.frames or 0 for row in rows),
        "bytes": len(head) + sum(row.size_bytes for row in rows),
        "seconds": round((redaction.ends_at - redaction.starts_at).total_seconds(), 3),
        "width": recipe.width, "height": recipe.height, "aspect": list(recipe.aspect), "parts": len(rows),
        "sha256": sha256_of(head, [row.sha256 for row in rows]),
    }  # fmt: skip


def sha256_of(head: bytes, parts: Iterable[str]) -> str:
    """Of a result: over the hashes of its init segment and of its parts, in order; hex."""
    seen = hashlib.sha256(hashlib.sha256(head).digest())
    for each in parts:
        seen.update(bytes.fromhex(each))
    return seen.hexdigest()


def _ms(redaction: Redaction, moment: Any) -> float:
    return float((moment - redaction.starts_at) / MS)
