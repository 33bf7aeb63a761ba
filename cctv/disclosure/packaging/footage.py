"""The footage of a package: clips as recorded with what proves them, redacted copies, stills.

A piece of an hour at a time, a file at a time. What a file is made of is told by a digest on its row, so
whoever goes on after a crash finds what is done. What proves a recording (its salt) is sealed under the
package's key.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from accesslog.types import from_us, to_us
from cctv.disclosure.exports.models import Export, ExportSpan, FileKind, PackageFile
from cctv.disclosure.packages import clips, manifest, rebuild
from cctv.disclosure.packages.clips import ClipFacts, Placed, Run
from cctv.disclosure.packaging import masked
from cctv.disclosure.packaging.errors import NothingToPackage
from cctv.disclosure.packaging.files import OF, PIECE_BYTES, SEALED, Files, unseal
from cctv.disclosure.packaging.sources import Piece, pieces_of
from cctv.footage.models import Segment
from cctv.footage.restrictions.services import require_free
from cctv.ingest import hours
from cctv.ingest.errors import NotProvable, NotProvableYet
from cctv.sites.models import Camera
from cctv.vault.steps import reached

# Another one, and every file is made anew.
VERSION = 1
CLIP = (
    "codec", "width", "height", "frames", "first_us", "end_us", "pre_roll_us", "post_roll_us", "longest_us",
    "moved_us", "timescale",
)  # fmt: skip
EXTENSIONS = {"fmp4": "mp4"}
# In a clip's facts: the clip as `ClipFacts` tells it, its packets by recording, and that its proofs are
# there.
SAID, PARTS = "clip", "parts"
OPEN_HOUR = "hour_open"
NO_LEAF = "not_provable"
Tell = Callable[[int], None]


@dataclass
class Making:
    """What all parts of the job share."""

    export: Export
    files: Files
    fence: Callable[[], None]
    tell: Tell
    stopped: Callable[[], bool] = lambda: False


def native(making: Making, span: ExportSpan) -> None:
    """The span as recorded: clips, what makes the recorder's files again, evidence. NothingToPackage,
    MasksForbidNative, FootageRestricted, what opening raises."""
    masked.require_native(span.camera)
    found = False
    for piece in pieces_of(span):
        runs = clips.plan(
            (piece.source(each) for each in piece.segments), to_us(piece.starts_at), to_us(piece.ends_at)
        )
        for run in runs:
            found = True
            _clip(making, piece, run)
        making.tell(sum(each.size_bytes for each in piece.segments))
    if not found:
        raise NothingToPackage


def _clip(making: Making, piece: Piece, run: Run) -> None:
    camera, shown = piece.span.camera, (from_us(run.first_us), from_us(run.end_us))
    # A clip begins at a keyframe, which may be before the span.
    require_free(camera, *shown)
    ids = [each.source.segment for each in run.pieces]
    of = digest("clip", str(camera.pk), ids, run.first_us, run.end_us, run.from_us, run.to_us)
    name = making.files.name("clips", folder(camera), f"{local(camera, shown[0])}.mp4")
    row = making.files.there(of)
    if row is None:
        with making.files.begin(FileKind.CLIP, name, of=of, camera=camera, span=shown) as filing:
            facts = clips.write_clip(run, filing)
            row = filing.close(**{SAID: {each: getattr(facts, each) for each in CLIP}, PARTS: _parts(facts)})
        reached("package.clip")
    _proofs(making, piece, row)


def _parts(facts: ClipFacts) -> list[list[Any]]:
    return [[each.segment, each.first, each.stop, each.whole, each.at] for each in facts.parts]


def _proofs(making: Making, piece: Piece, clip: PackageFile) -> None:
    """What makes the recorder's files again, and the evidence of each, sealed into the clip's row."""
    segments = {str(each.pk): each for each in piece.segments}
    placed = [Placed(*each) for each in clip.facts[PARTS]]
    recipes = _recipes(making, piece, clip, placed, segments)
    originals = {
        each.segment: _original(making, piece, segments[each.segment])
        for each in placed
        if each.segment not in recipes.made and _is_within(piece.span, segments[each.segment])
    }
    if SEALED in clip.facts:
        return
    said = [
        manifest.segment(
            _evidence(piece, segments[each.segment]), file=clip.name, first=each.first, stop=each.stop,
            whole=each.whole, recipe=recipes.name if each.segment in recipes.made else None,
            original=originals.get(each.segment),
        )
        for each in placed
    ]  # fmt: skip
    clip.facts[SEALED] = making.files.sealed(json.dumps(said).encode())
    with transaction.atomic():
        making.fence()
        clip.save(update_fields=["facts"])
    reached("package.proven")


@dataclass(frozen=True)
class _Recipes:
    name: str | None
    made: frozenset[str]


def _recipes(
    making: Making, piece: Piece, clip: PackageFile, placed: list[Placed], segments: dict[str, Segment]
) -> _Recipes:
    """All recipes of a clip in one file; none where the packets of no recording stand in it as in its
    file."""
    of = digest("recipes", clip.facts[OF])
    _clips, place, last = clip.name.removesuffix(".mp4").split("/")
    name = making.files.name("originals", place, f"{last}.recipes")
    row = making.files.there(of)
    if row is not None:
        return _Recipes(row.name, frozenset(row.facts["segments"]))
    span = (clip.starts_at, clip.ends_at)
    assert span[0] is not None
    assert span[1] is not None
    made: list[str] = []
    camera = piece.span.camera
    with making.files.begin(FileKind.REBUILD, name, of=of, camera=camera, span=(span[0], span[1])) as filing:
        for each in placed:
            source = piece.source(segments[each.segment])
            if rebuild.write_recipe(source, each, filing) is not None:
                made.append(each.segment)
            source.done()
        if not made:
            return _Recipes(None, frozenset())  # and the file is discarded
        row = filing.close(segments=made)
    return _Recipes(row.name, frozenset(made))


def _original(making: Making, piece: Piece, segment: Segment) -> str:
    """The recorder's stored file itself, which shows nothing that lies outside the span."""
    camera, span = piece.span.camera, (segment.starts_at, segment.ends_at)
    extension = EXTENSIONS.get(segment.container, segment.container)
    name = making.files.name("originals", folder(camera), f"{local(camera, span[0])}.{extension}")
    of = digest("original", str(segment.pk))
    row = making.files.there(of)
    if row is None:
        require_free(camera, *span)
        with making.files.begin(FileKind.REBUILD, name, of=of, camera=camera, span=span) as filing:
            with piece.opened(segment).media() as reader:
                while data := reader.read(PIECE_BYTES):
                    filing.write(data)
            row = filing.close(whole=True)
    return row.name


def _is_within(span: ExportSpan, segment: Segment) -> bool:
    return span.starts_at <= segment.starts_at and segment.ends_at <= span.ends_at


def _evidence(piece: Piece, segment: Segment) -> dict[str, Any]:
    """What proves the recording; while the tree of its hour is open, openly that it does not yet.

    Nobody waits for it: an hour is closed a minute after its end, and an export that is handed over earlier
    can be made again then.
    """
    try:
        return hours.evidence(segment, piece.opened(segment))
    except (NotProvable, NotProvableYet) as error:
        return {
            "segment": str(segment.pk), "camera": str(segment.camera_id),
            "from_us": to_us(segment.starts_at), "to_us": to_us(segment.ends_at),
            "unproven": OPEN_HOUR if isinstance(error, NotProvableYet) else NO_LEAF,
        }  # fmt: skip


def evidence_of(export: Export) -> Iterator[dict[str, Any]]:
    """What the manifest says of all recordings, clip by clip, as it was sealed."""
    rows = export.files.filter(kind=FileKind.CLIP).order_by("name")
    for row in rows.iterator(chunk_size=4):
        yield from json.loads(unseal(export, base64.b64decode(row.facts[SEALED])))


def folder(camera: Camera) -> str:
    """Where a camera's files lie: its code, which is unique, and its name, which people know."""
    return f"{camera.code} {camera.name}"


def local(camera: Camera, at: datetime) -> str:
    """A moment on the site's clocks, as a file may be called; with the offset, so that no hour is meant
    twice."""
    return f"{at.astimezone(ZoneInfo(camera.site.time_zone)):%Y-%m-%dT%H-%M-%S%z}"


def digest(*said: Any) -> str:
    """What a file is made of, in 64 characters."""
    return hashlib.sha256(json.dumps([VERSION, *said]).encode()).hexdigest()
