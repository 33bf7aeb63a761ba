"""When something moved before a camera, and where: shown as a strip, and searched. Both are viewing.

The order is the invariant: the entry is durable first, then facts are opened, and the session is asked once
more before they leave. A strip is covered by the day, so that panning about writes no entries; each search
has an entry of its own, which says what was searched before it is known what was found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from cctv.footage import playback, viewing
from cctv.footage.catalogue import Span
from cctv.footage.errors import ViewingClosed
from cctv.footage.models import ViewingSession
from cctv.footage.motion import facts, reading
from cctv.footage.motion.errors import MotionRefused
from cctv.footage.motion.facts import Mask, Stretch
from cctv.footage.restrictions.selectors import restricted_spans
from cctv.footage.restrictions.services import free_spans
from cctv.sites.masks import polygons
from cctv.sites.models import Camera

DAY = timedelta(days=1)
# What moved again within this was one thing: somebody who stood still for a breath.
GAP_MS = 3000
# More than a person looks through: then those where most moved.
MOST_FOUND = 1000


@dataclass(frozen=True, slots=True)
class Strip:
    """Intensity by step: `levels` holds a byte 0..255 for each `step_ms` from `start_ms`."""

    start_ms: int
    end_ms: int
    step_ms: int
    levels: bytes
    missing_ms: int


@dataclass(frozen=True, slots=True)
class Found:
    """Stretches in order of time, and how much was looked through; `missing_ms` was recorded but not told."""

    found: list[Stretch]
    left_out: int
    searched_ms: int
    missing_ms: int
    entry: int


def strip(session: ViewingSession, *, camera: Camera, start: datetime, end: datetime, pixels: int) -> Strip:
    """How much moved over [start, end), cut to the session, in at most about `pixels` steps of whole seconds.

    Raises MotionRefused, ViewingClosed, MasksChanged, LogUnavailable and what the vault's door raises.
    """
    span = _inside(session, start, end)
    mask, free = polygons.version(playback.masks_of(camera)), free_spans(camera, *span)
    first, last = reading.ms(span[0]), reading.ms(span[1] + timedelta(microseconds=999))
    step = 1000 * max(1, -(-(last - first) // (1000 * pixels)))
    begin = first - first % step
    shown = reading.open_cells(camera)
    levels = np.zeros(-(-(last - begin) // step), np.uint8)
    recorded = told = 0
    for day in _days(session, span):
        rows = reading.rows_of(session, camera, day)
        recorded += reading.recorded_ms(rows, day)
        if not any(row.motion for row in rows):
            continue
        whole = _whole_day(session, day)
        receipt = viewing.cover(session, camera=camera, start=whole[0], end=whole[1], kind="motion.covered")
        seconds = reading.opened(receipt, session, camera, rows, day)
        told += facts.length_of(seconds)
        if not shown.all():
            seconds = seconds.within(shown)
        levels = np.maximum(levels, facts.strip(seconds, start=begin, end=last, step=step))
    _require_still_open(session)
    playback.require_masks(camera, mask)
    if free_spans(camera, *span) != free:  # restricted meanwhile; asked again, the strip is exact
        restricted = restricted_spans(camera_ids=[camera.pk], start=span[0], end=span[1])
        _blank(levels, restricted.get(camera.pk, []), begin, step)
    return Strip(begin, begin + step * len(levels), step, levels.tobytes(), max(0, recorded - told))


def search(session: ViewingSession, *, camera: Camera, start: datetime, end: datetime, region: Mask) -> Found:
    """The stretches of [start, end), cut to the session, in which something moved in the region.

    Masked cells are never searched. Raises MotionRefused, ViewingClosed, MasksChanged, LogUnavailable and
    what the vault's door raises.
    """
    span = _inside(session, start, end)
    mask = polygons.version(playback.masks_of(camera))
    region = region & reading.open_cells(camera)
    if not region.any():
        raise MotionRefused
    receipt = viewing.cover(
        session,
        camera=camera,
        start=span[0],
        end=span[1],
        kind="motion.searched",
        facts={"region": facts.described(region)},
    )
    recorded = searched = 0
    hits = [facts.NO_SECONDS]
    for day in _days(session, span):  # a month at once would take a gigabyte
        rows = reading.rows_of(session, camera, day)
        recorded += reading.recorded_ms(rows, day)
        seconds = reading.opened(receipt, session, camera, rows, day)
        searched += facts.length_of(seconds)
        hits.append(seconds.where(facts.scores(seconds.packed, region) > 0))
        _require_still_open(session)
    playback.require_masks(camera, mask)
    # What was restricted while other days were looked through is left out as well.
    free = free_spans(camera, *span)
    moved = facts.together(hits).inside([(reading.ms(start), reading.ms(end)) for start, end in free])
    score = facts.scores(moved.packed, region)
    found, left_out = _best(facts.stretches(moved, score, gap_ms=GAP_MS))
    return Found(found, left_out, searched, max(0, recorded - searched), receipt.index)


def _inside(session: ViewingSession, start: datetime, end: datetime) -> Span:
    start, end = max(start, session.starts_at), min(end, session.ends_at)
    if start >= end:
        raise MotionRefused
    return start, end


def _days(session: ViewingSession, span: Span) -> list[Span]:
    """The span cut where a new entry begins: each day from the session's start on."""
    days = []
    start = span[0]
    while start < span[1]:
        end = min(span[1], _whole_day(session, (start, start))[1])
        days.append((start, end))
        start = end
    return days


def _whole_day(session: ViewingSession, span: Span) -> Span:
    """What one entry covers: the day of the session that the span lies in."""
    begin = session.starts_at + (span[0] - session.starts_at) // DAY * DAY
    return begin, min(begin + DAY, session.ends_at)


def _blank(levels: facts.Bytes, spans: Sequence[Span], begin: int, step: int) -> None:
    """Say nothing of the steps that a span touches."""
    for start, end in spans:
        last = reading.ms(end + timedelta(microseconds=999))
        levels[(reading.ms(start) - begin) // step : -(-(last - begin) // step)] = 0


def _best(found: list[Stretch]) -> tuple[list[Stretch], int]:
    if len(found) <= MOST_FOUND:
        return found, 0
    best = sorted(found, key=lambda each: (-each.score, each.start))[:MOST_FOUND]
    return sorted(best, key=lambda each: each.start), len(found) - MOST_FOUND


def _require_still_open(session: ViewingSession) -> None:
    """Asked last: what was closed or revoked while facts were opened sends nothing."""
    if not viewing.may_go_on(session):
        raise ViewingClosed
    viewing.touch(session)
