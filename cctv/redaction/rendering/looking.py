"""Looking at all pictures of a redaction once, by the child; what it saw is sealed part by part.

Killed in between, it goes on after the last part that is kept: the child is first shown the part before, so
that it knows the scene.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.footage.derived import services as derived
from cctv.footage.derived.models import Derived
from cctv.footage.media.encoder import SQUARE, Aspect, aspect_of
from cctv.footage.models import Segment
from cctv.redaction.child import protocol
from cctv.redaction.child.protocol import Item
from cctv.redaction.errors import damaged
from cctv.redaction.looking.detector import VENDORED
from cctv.redaction.looking.facts import decode
from cctv.redaction.models import Redaction, RedactionPart
from cctv.redaction.rendering.children import helper
from cctv.redaction.rendering.planning import Sources, items, plan
from cctv.vault.steps import reached

LOOKED = "looked"
# In a redaction's parameters: how wide a pixel is to how high, [1, 1] for square ones.
ASPECT = "aspect"


class DetectorMissing(LetheError):
    """The file that the setting names is not there."""

    code = "redaction_detector_missing"
    status = 500
    message = _("The detector’s file is not there.")
    hint = _("Check LETHE_REDACTION_DETECTOR; without it the one that comes with Lethe is used.")


def detector_path() -> Path:
    """The detector that is used: an administrator's own, or the one that comes with Lethe."""
    return Path(settings.LETHE_REDACTION_DETECTOR or VENDORED)


def detector_sha256() -> str:
    """Of the detector's file, hex. DetectorMissing."""
    path = detector_path()
    try:
        stat = path.stat()
    except OSError as error:
        raise DetectorMissing from error
    return _sha256(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _sha256(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def look(
    redaction: Redaction,
    sources: Sources,
    *,
    stopped: Callable[[], bool],
    done: Callable[[float], None],
    fence: Callable[[], None],
) -> None:
    """Look at what nobody has looked at yet; `done` is told the portion after each part, and `fence` is asked
    where it is committed: Interrupted, once the work is another's.

    Raises Interrupted, SegmentDamaged, WorkFailed, DetectorMissing, errors of the vault and the store.
    """
    parts = plan(redaction, sources)
    left = [part for part in parts if part.frames is None]
    if not left:
        return
    if _other_detector(redaction, fence):
        left = parts = plan(redaction, sources)
    warm = next((part for part in parts if part.number == left[0].number - 1), None)
    index = sources.of(left[0].segment).index
    header = {"do": "look", "detector": str(detector_path()), "width": index.width, "height": index.height}
    waiting = iter(order := [warm, *left] if warm else left)
    current: RedactionPart | None = next(waiting)
    facts: Item | None = None
    with helper(redaction, stopped) as child:
        for item in child.work(header, _fed(redaction, sources, order, warm)):
            if item.kind == protocol.FACTS:
                facts = item
            elif item.kind == protocol.DONE and current is not None:
                if current is not warm:
                    _keep(redaction, current, facts, fence)
                    _note_aspect(redaction, aspect_of(Fraction(item.pts, max(1, item.dts))), fence)
                    done(current.number / max(1, len(parts) - 1) if len(parts) > 1 else 1.0)
                facts, current = None, next(waiting, None)


def _other_detector(redaction: Redaction, fence: Callable[[], None]) -> bool:
    """Write down whose eyes these are, before anything is kept of what they see. Whether they are others than
    those that have seen a part: then all is looked at anew, so that one detector has seen the whole."""
    sha256 = detector_sha256()
    if redaction.parameters.get("detector") == sha256:
        return False
    redaction.parameters = {**redaction.parameters, "detector": sha256}
    with transaction.atomic():
        fence()
        Redaction.objects.filter(pk=redaction.pk).update(parameters=redaction.parameters)
        return bool(redaction.parts.exclude(frames=None).update(frames=None))


def _note_aspect(redaction: Redaction, aspect: Aspect, fence: Callable[[], None]) -> None:
    """How wide the pixels of the first part are: the result says the same of its own."""
    if ASPECT in redaction.parameters:
        return
    redaction.parameters = {**redaction.parameters, ASPECT: list(aspect)}
    with transaction.atomic():
        fence()
        Redaction.objects.filter(pk=redaction.pk).update(parameters=redaction.parameters)


def aspect_of_row(redaction: Redaction) -> Aspect:
    """What was noted; square for one that was looked at before anybody asked."""
    across, down = redaction.parameters.get(ASPECT, SQUARE)
    return int(across), int(down)


def _fed(
    redaction: Redaction, sources: Sources, order: Sequence[RedactionPart], warm: RedactionPart | None
) -> Iterator[Item]:
    for part in order:
        said: dict[str, Any] = {"warm": True} if part is warm else {}
        yield from items(redaction, part, sources.of(part.segment), said)


def _keep(redaction: Redaction, part: RedactionPart, facts: Item | None, fence: Callable[[], None]) -> None:
    """Seal what was seen, in one commit with the row; a part without any picture cannot be vouched for."""
    if facts is None or facts.pts == 0:
        raise damaged(redaction, part)
    found = decode(facts.data)  # what a child says is looked at before it is kept
    segment = Segment.objects.get(pk=part.segment)

    def ours(_made: Derived) -> None:
        fence()
        RedactionPart.objects.filter(pk=part.pk).update(frames=len(found))

    derived.keep_fact(
        segment,
        owner=redaction.pk,
        label=f"{LOOKED}/{part.number}",
        part=LOOKED,
        span=(part.starts_at, part.ends_at),
        of={part.segment},
        data=facts.data,
        hold_id=redaction.hold_id,
        guard=ours,
    )
    reached("redaction.looked")
