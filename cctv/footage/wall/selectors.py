"""What the wall shows of a site, and the list of sites in short. Times and counts, never a picture.

Each camera's newest segment is one step into the index `segment_timeline`, whatever the number of segments.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.cache import cache
from django.db.models import Count, Max, Min, OuterRef, QuerySet, Subquery

from cctv.core import clock
from cctv.footage import catalogue, selectors
from cctv.footage.catalogue import Span
from cctv.footage.models import Segment, ViewingSession
from cctv.footage.restrictions.models import Restriction
from cctv.footage.timeline import islands
from cctv.footage.timeline.spans import Grid, clip
from cctv.footage.timeline.states import JOIN
from cctv.footage.wall import states
from cctv.footage.wall.states import Facts, Verdict
from cctv.sites import hours
from cctv.sites.models import Camera, Site
from cctv.vault import facts as vault
from cctv.vault import past
from cctv.vault.facts import StoreRoom

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Today's worst skew reads each segment's row, so it is read anew only this often.
SKEW_KEPT_S = 300
# A strip of the wall is drawn in about so many steps: of five minutes.
STRIP_STEPS = 288
# As the holds say it: those that keep footage now.
HOLDING = ("placed", "active")


@dataclass(frozen=True, slots=True)
class Row:
    """A camera on the wall. `bars`: today's recorded stretches; `viewing`: the reader's open one of it."""

    camera: Camera
    verdict: Verdict
    last_at: datetime | None
    skew_ms: int | None
    worst_skew_ms: int | None
    holds: int
    restrictions: int
    spans: Sequence[Span] = ()
    viewing: ViewingSession | None = None
    gaps: timedelta = timedelta()

    @property
    def gaps_s(self) -> float:
        """Seconds of its recording hours of the last 24 h that are missing before its newest footage."""
        return self.gaps.total_seconds()

    @property
    def has_gaps(self) -> bool:
        """Whether more is missing than a restart or two of a recorder explains."""
        return self.gaps > states.SILENT_AFTER

    @property
    def skew_s(self) -> float | None:
        """The newest segment's skew in seconds, without its sign."""
        return None if self.skew_ms is None else abs(self.skew_ms) / 1000

    @property
    def worst_skew_s(self) -> float | None:
        """Today's worst, in seconds; None where it is not worse than the newest."""
        worst = self.worst_skew_ms
        if worst is None or self.skew_ms is None or abs(worst) < abs(self.skew_ms) + 1000:
            return None
        return abs(worst) / 1000

    @property
    def recorded_s(self) -> float:
        """Seconds recorded today."""
        return catalogue.total_seconds(self.spans)

    @property
    def missed_s(self) -> float:
        """Seconds of its recording hours that are missing since its newest footage, in whole minutes."""
        return self.verdict.missed // MINUTE * 60.0


@dataclass(frozen=True, slots=True)
class Wall:
    """A site's cameras, what needs somebody first, and the store they go to."""

    site: Site
    at: datetime
    day: Span
    rows: Sequence[Row]
    room: StoreRoom

    @property
    def alive(self) -> int:
        """How many cameras do what they should."""
        return sum(not row.verdict.needs_somebody and row.verdict.state != "retired" for row in self.rows)

    @property
    def total(self) -> int:
        """How many cameras are in use."""
        return sum(row.verdict.state != "retired" for row in self.rows)

    @property
    def torn(self) -> int:
        """How many have gaps in the last 24 h and are no camera that needs somebody now."""
        return sum(row.has_gaps and not row.verdict.needs_somebody for row in self.rows)

    @property
    def needing(self) -> int:
        """How many need somebody."""
        return sum(row.verdict.needs_somebody for row in self.rows)


def wall(site: Site, *, account: Any) -> Wall:
    """The wall of a site, for a person: their own open viewings are on it."""
    now = clock.now()
    zone = ZoneInfo(site.time_zone)
    day = catalogue.day_span(now.astimezone(zone).date(), zone)
    cameras = list(with_newest(selectors.active_cameras(site)))
    worst = worst_skews(cameras, day)
    holds, restrictions = _holds(site), _restrictions(site, now)
    viewings = open_viewings(account, site=site)
    # The last 24 hours begin yesterday: one look serves the strip of today and them.
    recorded = recorded_on([camera.pk for camera in cameras], (min(day[0], now - DAY), day[1]))
    rows = [
        Row(
            camera=camera,
            verdict=judged(camera, zone, now),
            last_at=camera.last_at,
            skew_ms=camera.last_skew_ms,
            worst_skew_ms=states.worse(worst.get(camera.pk), camera.last_skew_ms),
            holds=holds.get(camera.pk, 0),
            restrictions=restrictions.get(camera.pk, 0),
            spans=_since(recorded.get(camera.pk, ()), day[0]),
            viewing=viewings.get(camera.pk),
            gaps=_gaps(camera, recorded.get(camera.pk, ()), zone, now),
        )
        for camera in cameras
    ]
    rows.sort(key=lambda row: (row.verdict.rank(), row.camera.name))
    return Wall(site, now, day, rows, vault.store_room())


def with_newest(cameras: QuerySet[Camera]) -> "QuerySet[Any]":
    """The cameras with `last_at`, `last_skew_ms` and `last_extra` of their newest unexpired segment."""
    unexpired = Segment.objects.filter(camera=OuterRef("pk"), expires_at__gt=past.reached())
    newest = unexpired.order_by("-starts_at")
    return cameras.annotate(
        last_at=Subquery(newest.values("ends_at")[:1]),
        last_skew_ms=Subquery(newest.values("clock_skew_ms")[:1]),
        last_extra=Subquery(newest.values("out_of_schedule")[:1]),
    )


def judged(camera: Any, zone: ZoneInfo, now: datetime) -> Verdict:
    """The state of a camera of `with_newest`."""
    facts = Facts(
        registered_at=camera.created_at,
        retired=camera.retired_at is not None,
        schedule=camera.schedule,
        last_at=camera.last_at,
        extra=bool(camera.last_extra),
        skew_ms=camera.last_skew_ms,
    )
    return states.judge(facts, zone=zone, now=now)


def _since(spans: Sequence[Span], start: datetime) -> list[Span]:
    return [(max(first, start), last) for first, last in spans if last > start]


def _gaps(camera: Any, recorded: Sequence[Span], zone: ZoneInfo, now: datetime) -> timedelta:
    """What of its recording hours of the last 24 h is missing before its newest footage."""
    if camera.retired_at is not None or camera.last_at is None or not recorded:
        return timedelta()
    used = min(camera.created_at, recorded[0][0])
    due = hours.spans(camera.schedule, zone=zone, start=max(now - DAY, used), end=min(camera.last_at, now))
    return states.missing(due, recorded)


def worst_skews(cameras: Iterable[Camera], day: Span) -> dict[UUID, int]:
    """Today's worst skew of each camera that has any, at most `SKEW_KEPT_S` old."""
    wanted = [camera.pk for camera in cameras]
    found = cache.get_many([_skew_key(pk, day) for pk in wanted])
    unknown = [pk for pk in wanted if _skew_key(pk, day) not in found]
    if unknown:
        rows = Segment.objects.filter(camera__in=unknown, starts_at__gte=day[0], starts_at__lt=day[1])
        read = {
            pk: states.worse(least, most)
            for pk, least, most in rows.order_by()
            .values("camera")
            .annotate(least=Min("clock_skew_ms"), most=Max("clock_skew_ms"))
            .values_list("camera", "least", "most")
        }
        cache.set_many({_skew_key(pk, day): read.get(pk) for pk in unknown}, SKEW_KEPT_S)
        found |= {_skew_key(pk, day): read.get(pk) for pk in unknown}
    skews = {pk: found[_skew_key(pk, day)] for pk in wanted}
    return {pk: skew for pk, skew in skews.items() if skew is not None}


def _skew_key(camera_id: UUID, day: Span) -> str:
    return f"lethe:wall:skew:{camera_id}:{day[0]:%Y%m%d%H}"


def recorded_on(cameras: Sequence[UUID], day: Span) -> dict[UUID, list[Span]]:
    """What the cameras recorded in a day or two, in steps of a few minutes as a strip shows them."""
    start, end = (int(moment.timestamp() * 1000) for moment in day)
    grid = Grid.over(start, end, pixels=int(STRIP_STEPS * ((day[1] - day[0]) / DAY)))
    end = min(end, int(clock.now().timestamp() * 1000))
    found = islands.recorded(cameras, grid, join=JOIN, may_expire_before=dict.fromkeys(cameras, 0))
    return {
        pk: [(islands.moment_of(a), islands.moment_of(b)) for a, b in clip(each.spans, start, end)]
        for pk, each in found.items()
    }


def open_viewings(account: Any, *, site: Site) -> dict[UUID, ViewingSession]:
    """The person's open viewings at the site, by camera; the newest of each."""
    sessions = ViewingSession.objects.filter(
        actor=account, site=site, closed_at__isnull=True, valid_until__gt=clock.now()
    )
    found: dict[UUID, ViewingSession] = {}
    for session in sessions.order_by("opened_at").prefetch_related("cameras"):
        found |= {camera.pk: session for camera in session.cameras.all()}
    return found


def _holds(site: Site) -> dict[UUID, int]:
    """How many holds keep footage of each camera. Holds stand above footage: asked for by name."""
    holds = apps.get_model("cctv", "Hold")._default_manager.filter(site=site, state__in=HOLDING)
    return dict(holds.order_by().values("cameras").annotate(n=Count("pk")).values_list("cameras", "n"))


def _restrictions(site: Site, now: datetime) -> dict[UUID, int]:
    rows = Restriction.objects.filter(site=site, lifted_at__isnull=True).order_by()
    return dict(rows.values("cameras").annotate(n=Count("pk")).values_list("cameras", "n"))


@dataclass(frozen=True, slots=True)
class Card:
    """A site in the list: cameras that do what they should of all in use, the longest silence, its holds."""

    site: Site
    total: int
    alive: int
    troubled: Sequence[Row]
    last_at: datetime | None
    holds: int
    restrictions: int

    @property
    def oldest(self) -> Row | None:
        """The camera that has been silent longest."""
        silent = [row for row in self.troubled if row.verdict.state == "silent"]
        return max(silent, key=lambda row: row.verdict.missed, default=None)


def cards(sites: "QuerySet[Site]") -> list[Card]:
    """The sites, those with trouble first."""
    now = clock.now()
    found = list(sites.select_related("organisation"))
    by_site: dict[UUID, list[Any]] = {site.pk: [] for site in found}
    in_use = Camera.objects.filter(site__in=found, retired_at__isnull=True).order_by("name")
    for camera in with_newest(in_use):
        by_site[camera.site_id].append(camera)
    holds = _per_site(apps.get_model("cctv", "Hold")._default_manager.filter(state__in=HOLDING))
    restrictions = _per_site(Restriction.objects.filter(lifted_at__isnull=True))
    rows = [
        _card(site, by_site[site.pk], now, holds.get(site.pk, 0), restrictions.get(site.pk, 0))
        for site in found
    ]
    return sorted(rows, key=lambda card: (not card.troubled, card.site.name))


def _per_site(rows: "QuerySet[Any]") -> dict[UUID, int]:
    return dict(rows.order_by().values("site").annotate(n=Count("pk")).values_list("site", "n"))


def _card(site: Site, cameras: Sequence[Any], now: datetime, holds: int, restrictions: int) -> Card:
    zone = ZoneInfo(site.time_zone)
    rows = [
        Row(camera, judged(camera, zone, now), camera.last_at, camera.last_skew_ms, None, 0, 0)
        for camera in cameras
    ]
    troubled = sorted((row for row in rows if row.verdict.needs_somebody), key=lambda row: row.verdict.rank())
    return Card(
        site=site,
        total=len(rows),
        alive=len(rows) - len(troubled),
        troubled=troubled,
        last_at=max((row.last_at for row in rows if row.last_at), default=None),
        holds=holds,
        restrictions=restrictions,
    )
