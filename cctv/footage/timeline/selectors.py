"""What a timeline shows of a site's cameras: from the catalogue and the register, never from pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.module_loading import import_string

from cctv.core import clock
from cctv.footage.restrictions.selectors import restricted_spans
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.footage.timeline import islands
from cctv.footage.timeline.islands import moment_of, to_ms
from cctv.footage.timeline.spans import Grid, Span
from cctv.footage.timeline.states import JOIN, Known, States, states_of
from cctv.sites import hours
from cctv.sites.models import Camera, Site
from cctv.sites.selectors import ended_before
from cctv.vault import past

# As many steps are answered for in all; of many cameras each gets fewer, so that no answer is too large.
MOST_STEPS = 32_768


@dataclass(frozen=True, slots=True)
class Timeline:
    """The states of some cameras over a grid, as of `now` (epoch ms)."""

    zone: str
    now: int
    grid: Grid
    cameras: dict[str, States]


def timeline(*, site: Site, cameras: Sequence[Camera], start: int, end: int, pixels: int) -> Timeline:
    """The states of the cameras of the site over [start, end), epoch ms, drawn on so many pixels."""
    grid = Grid.over(start, end, pixels=pixels, most=MOST_STEPS // max(1, len(cameras)))
    now = to_ms(clock.now())
    first, last = moment_of(grid.start), moment_of(grid.end)
    ids = [camera.pk for camera in cameras]
    # What is shorter than a step is nowhere a whole step of nothing: it need not be told apart.
    soon = ended_before(cameras, at=past.reached() + islands.SOON)
    recorded = islands.recorded(
        ids,
        grid,
        join=max(JOIN, grid.step - 1),
        may_expire_before={pk: to_ms(moment + LONGEST_SEGMENT) for pk, moment in soon.items()},
    )
    restricted = restricted_spans(camera_ids=ids, start=first, end=last)
    held = _held(ids, grid)
    ended = ended_before(cameras, at=past.reached())
    zone = ZoneInfo(site.time_zone)
    states = {}
    for camera in cameras:
        found = recorded[camera.pk]
        known = Known(
            hours=_spans(hours.spans(camera.schedule, zone=zone, start=first, end=last)),
            used_from=to_ms(camera.created_at),
            used_until=to_ms(camera.retired_at) if camera.retired_at else None,
            first=found.first,
            last=found.last,
            destroyed_before=_ended(camera, found.first, to_ms(ended[camera.pk])),
            recorded=found.spans,
            expiring=found.expiring,
            held=held.get(camera.pk, ()),
            restricted=_spans(restricted.get(camera.pk, ())),
        )
        states[camera.code] = states_of(known, grid, now=now)
    return Timeline(site.time_zone, now, grid, states)


def _ended(camera: Camera, first: int | None, ended: int) -> int | None:
    """None where the camera is younger than what its rules have ended: then nothing is gone yet."""
    known_from = to_ms(camera.created_at) if first is None else min(to_ms(camera.created_at), first)
    return ended if ended > known_from else None


def _held(camera_ids: Sequence[UUID], grid: Grid) -> Mapping[UUID, Sequence[Span]]:
    """What legal holds keep; they stand above footage, so the settings name who tells."""
    tell = import_string(settings.LETHE_HELD_SPANS)
    found: Mapping[UUID, Sequence[Span]] = tell(camera_ids=camera_ids, grid=grid)
    return found


def _spans(found: Iterable[tuple[datetime, datetime]]) -> list[Span]:
    return [(to_ms(start), to_ms(end)) for start, end in found]
