"""Making the sharp scene: some pictures of the span to the child, one still back, sealed to all its keys.

Killed before it is sealed, it is made from the beginning: it takes seconds. Sealed but not in the log, it is
not made again: the same entry is written, its id is the still's.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid5

import numpy as np

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.footage import playback
from cctv.footage.derived import services as derived
from cctv.footage.derived.models import Derived
from cctv.footage.models import Segment
from cctv.redaction.child import plain, protocol
from cctv.redaction.child.protocol import Item
from cctv.redaction.drawing.drawing import Drawing
from cctv.redaction.editing import stored
from cctv.redaction.errors import Interrupted, WorkFailed
from cctv.redaction.models import Redaction, RedactionPart, RedactionScene
from cctv.redaction.pipeline import SAME_MS
from cctv.redaction.rendering.children import helper
from cctv.redaction.rendering.making import Recipe, firsts, recipe_of
from cctv.redaction.rendering.planning import JOB, MS, Source, Sources, items
from cctv.redaction.resolve import Known, Resolved, resolve
from cctv.redaction.scene import events, moments
from cctv.redaction.scene.errors import TooFewPictures
from cctv.redaction.scene.standing import SHARP, kept_of, made_of
from cctv.redaction.services import about
from cctv.sites.masks import polygons
from cctv.vault.steps import reached

PLATE = "plate"


def make(
    redaction: Redaction,
    sources: Sources,
    receipt: Receipt,
    *,
    stopped: Callable[[], bool],
    done: Callable[[float], None],
    fence: Callable[[], None],
) -> None:
    """Have the still that is wanted now, sealed and in the log; nothing where it is already.

    `fence` is asked where it is committed: Interrupted, once the work is another's. Raises Interrupted,
    TooFewPictures, WorkFailed, errors of the vault and the store, LogUnavailable.
    """
    wanted = made_of(redaction)
    if not wanted:
        raise Interrupted
    found = redaction.scenes.filter(made_of=wanted, kept__in=kept_of(redaction).values("pk")).first()
    if found is None:
        door = stored.for_system(receipt, redaction, JOB)
        known = stored.known_of(redaction, door)
        resolved = resolve(known, stored.edits_of(redaction, door), stored.settings_of(redaction))
        done(0.1)
        said = _seen_by_child(redaction, sources, known, resolved, stopped=stopped, done=done)
        found = _keep(redaction, said, wanted, fence)
        reached("redaction.scene-sealed")
    _tell(redaction, found)


def _seen_by_child(
    redaction: Redaction,
    sources: Sources,
    known: Known,
    resolved: Resolved,
    *,
    stopped: Callable[[], bool],
    done: Callable[[float], None],
) -> Item:
    """The still as the child gives it, a JPEG: `pts` says how much of it is coarse, `dts` of how many."""
    recipe = recipe_of(known, resolved, stored.size_of(redaction))
    most = moments.most_of(recipe.width, recipe.height)
    frames = moments.chosen(resolved, most)
    if len(frames) < moments.FEWEST:
        raise TooFewPictures
    parts = list(redaction.parts.order_by("number"))
    still: Item | None = None
    shown = 0
    with helper(redaction, stopped) as child:
        header = _header(redaction, recipe, resolved, most, moments.least_of(len(frames)))
        for item in child.work(header, _fed(redaction, sources, parts, known, resolved, frames)):
            if item.kind == protocol.DONE:
                shown += 1
                done(0.1 + 0.8 * shown / len(frames))
            elif item.kind == protocol.JPEG:
                still = item
    if still is None:
        raise WorkFailed
    if still.dts < moments.FEWEST:
        raise TooFewPictures
    return still


def _header(
    redaction: Redaction, recipe: Recipe, resolved: Resolved, most: int, least: int
) -> dict[str, object]:
    own = Drawing(solid=tuple(resolved.decided.masks.values()))
    masks = polygons.plain(playback.copy_masks_of(redaction.camera))
    return {
        "do": "scene", "width": recipe.width, "height": recipe.height, "colour": list(recipe.colour),
        "masks": masks, "solid": plain.of_drawing(own), "most": most, "least": least,
    }  # fmt: skip


def _fed(
    redaction: Redaction,
    sources: Sources,
    parts: Sequence[RedactionPart],
    known: Known,
    resolved: Resolved,
    frames: Sequence[int],
) -> Iterator[Item]:
    """Of each frame the packets that it needs, with what stands in it."""
    first = firsts(parts)
    begins = [first[part.number] for part in parts]
    for frame in frames:
        row = parts[bisect_right(begins, frame) - 1]
        source = sources.of(row.segment)
        part = _around(redaction, row, source, float(resolved.times[frame]))
        said = {"stands": plain.of_drawing(moments.stands(resolved, known.facts, frame))}
        yield from items(redaction, part, source, said)


def _around(redaction: Redaction, row: RedactionPart, source: Source, at_ms: float) -> RedactionPart:
    """The part with no more of it than that one picture, from the keyframe before it."""
    index = source.index
    pts = (at_ms - source.offset_ms(redaction)) * index.timescale / 1000
    place = row.first + int(np.argmin(np.abs(index.pts[row.first : row.stop] - pts)))
    keys = index.keyframes
    before = keys[keys <= place]
    return RedactionPart(
        redaction=redaction, number=row.number, segment=row.segment,
        first=max(row.first, int(before[-1]) if len(before) else row.first), stop=place + 1,
        starts_at=redaction.starts_at + (at_ms - SAME_MS) * MS,
        ends_at=redaction.starts_at + (at_ms + SAME_MS) * MS,
    )  # fmt: skip


def _keep(redaction: Redaction, still: Item, wanted: str, fence: Callable[[], None]) -> RedactionScene:
    """Seal it under the keys of all that it was made of, in one commit with its row."""
    made: list[RedactionScene] = []

    def ours(kept: Derived) -> None:
        fence()
        redaction.camera.refresh_from_db(fields=["privacy_masks"])
        if made_of(redaction) != wanted:
            raise Interrupted  # a mask was drawn meanwhile: another one is wanted
        row = RedactionScene.objects.create(
            redaction=redaction, kept=kept.pk, sha256=hashlib.sha256(still.data).hexdigest(), made_of=wanted,
            pictures=still.dts, coarse_permille=min(1000, max(0, still.pts)),
        )  # fmt: skip
        made.append(row)

    ids = stored.sources_of(redaction)
    writer = derived.keep_object(
        Segment.objects.get(pk=ids[0]), owner=redaction.pk, label=SHARP, part=PLATE,
        span=(redaction.starts_at, redaction.ends_at), of=set(ids), hold_id=redaction.hold_id, guard=ours,
    )  # fmt: skip
    with writer:
        writer.write(still.data)
    return made[0]


def _tell(redaction: Redaction, scene: RedactionScene) -> None:
    body = {
        "site": redaction.site.logged(), **about(redaction), "still_sha256": scene.sha256,
        "pictures": scene.pictures,
    }  # fmt: skip
    index = IndexFields(
        camera=str(redaction.camera_id), site=str(redaction.site_id), purpose=redaction.purpose.code,
        case=redaction.case, footage_from=redaction.starts_at, footage_to=redaction.ends_at,
    )  # fmt: skip
    append(kind=events.MADE, body=body, index=[index], event_id=uuid5(scene.pk, events.MADE))
