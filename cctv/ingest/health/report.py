"""The health of a site and of a camera, put together from the register: facts, gaps, forecasts."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from cctv.core import clock
from cctv.footage import catalogue
from cctv.footage.selectors import active_cameras
from cctv.footage.wall import selectors as walls
from cctv.footage.wall import states
from cctv.footage.wall.states import Verdict
from cctv.ingest.health import arithmetic, gaps, selectors
from cctv.ingest.health.arithmetic import Change
from cctv.ingest.health.gaps import Clues, Gap, Span
from cctv.ingest.health.selectors import Counts, DayOf, Newest, Rate, StoreRate
from cctv.ingest.models import Source
from cctv.sites import hours
from cctv.sites.models import Camera, RetentionRule, Site
from cctv.sites.selectors import kept
from cctv.vault import facts as vault
from cctv.vault.facts import StoreRoom

# Reasons are looked for only for so many gaps of a page: the longest.
EXPLAINED = 60
# So many cameras are on a page of a site, and in one table of gaps; so many gaps are in a table, the longest
# of each camera, and so many of them are held against the other cameras.
PAGE = 64
MOST_GAPS, MOST_EXPLAINED = 20_000, 1_000
NO_RATE, NOTHING_NEW = Rate(), Newest()


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """One camera over `since` to now. `gaps` are all of them, in order, with reasons only where asked for."""

    camera: Camera
    verdict: Verdict
    last_at: datetime | None
    skew_ms: int | None
    since: datetime
    wanted_s: float
    gaps: Sequence[Gap]
    counts: Counts
    kept_days: int
    worst_skew_ms: int | None = None
    rate: Rate = NO_RATE
    newest: Newest = NOTHING_NEW
    quarantined: int = 0

    @property
    def missing_s(self) -> float:
        """Seconds of the recording hours that are missing."""
        return sum(gap.seconds for gap in self.gaps)

    @property
    def missing_share(self) -> float:
        """The share of its recording hours that is missing, 0 to 1."""
        return self.missing_s / self.wanted_s if self.wanted_s else 0.0

    @property
    def kept_bytes(self) -> float:
        """About how much of it lies in the store."""
        return self.counts.all * self.rate.per_segment

    @property
    def lag_p50_s(self) -> float | None:
        """Seconds in which half of the newest recordings of the last 24 hours came in."""
        return arithmetic.percentile(self.newest.lags_s, 0.5)

    @property
    def lag_p95_s(self) -> float | None:
        """Seconds in which 95 of 100 of them came in."""
        return arithmetic.percentile(self.newest.lags_s, 0.95)


@dataclass(frozen=True, slots=True)
class Store:
    """The store that all sites share: its room, and in how many days it is full (None: not foreseeable)."""

    room: StoreRoom
    rate: StoreRate
    full_in_days: float | None

    @property
    def freed_per_day(self) -> float:
        """What retention frees on an average day of the coming week."""
        freed = self.rate.freed_by_day
        return sum(freed) / len(freed) if freed else 0.0


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """A site's cameras, what needs somebody first, and what they share."""

    site: Site
    at: datetime
    zone: ZoneInfo
    days: int
    cameras: Sequence[CameraHealth]
    failing: Sequence[Source]
    store: Store
    held_ending: int
    quarantined: int = 0
    page: "Page | None" = None

    @property
    def is_all(self) -> bool:
        """Whether these are all cameras of the site."""
        return self.page is None or self.page.of <= len(self.cameras)

    @property
    def ending_day(self) -> int:
        """How many recordings reach their end within 24 hours."""
        return sum(each.counts.ending_day for each in self.cameras)

    @property
    def ending_week(self) -> int:
        """How many do within 7 days."""
        return sum(each.counts.ending_week for each in self.cameras)

    @property
    def lags_s(self) -> list[float]:
        """The lags of all cameras' newest recordings of today."""
        return [lag for each in self.cameras for lag in each.newest.lags_s]


@dataclass(frozen=True, slots=True)
class Page:
    """Which cameras of a site are told of, by name: from `first` to `last`, counted from one, `of` all."""

    number: int
    first: int
    last: int
    of: int


@dataclass(frozen=True, slots=True)
class Gaps:
    """A table of gaps, camera by camera, in order; `left_out`: how many shorter ones there are no rows of."""

    rows: Sequence[tuple[Camera, Gap]]
    left_out: int
    page: Page


@dataclass(frozen=True, slots=True)
class CameraReport:
    """A camera's own page: its health with reasons for its gaps, and its days."""

    health: CameraHealth
    zone: ZoneInfo
    days: Sequence[DayOf]
    changes: Sequence[Change]
    failing: Sequence[Source]
    held_ending: int


def of_site(site: Site, *, days: int, page: int = 1) -> SiteHealth:
    """The health of a page of a site's cameras over the last `days` days; pauses before the last day only
    from some minutes on.
    """
    now = clock.now()
    zone = ZoneInfo(site.time_zone)
    shown, rows = _page(active_cameras(site), page)
    found = _healths(site, rows, zone, now, days, coarse=True)
    return SiteHealth(
        site=site,
        at=now,
        zone=zone,
        days=days,
        cameras=sorted(found, key=lambda each: (each.verdict.rank(), -each.missing_s, each.camera.name)),
        failing=selectors.failing_sources(site),
        store=store(),
        held_ending=selectors.held_ending([each.camera.pk for each in found]),
        quarantined=selectors.quarantined(site).count(),
        page=shown,
    )


def _page(cameras: QuerySet[Camera], number: int) -> tuple[Page, list[Any]]:
    """The cameras of the page, with their newest footage; the last page where there are fewer."""
    there = cameras.count()
    number = max(1, min(number, -(-there // PAGE)))
    first = (number - 1) * PAGE
    rows = list(walls.with_newest(cameras.order_by("name", "pk"))[first : first + PAGE])
    return Page(number, first + 1, first + len(rows), there), rows


def of_camera(camera: Camera, *, days: int) -> CameraReport:
    """The health of one camera over the last `days` days, with the reasons of its gaps."""
    now = clock.now()
    zone = ZoneInfo(camera.site.time_zone)
    rows = walls.with_newest(Camera.objects.select_related("site").filter(pk=camera.pk))
    (health,) = _healths(camera.site, list(rows), zone, now, days)
    failing = [
        source for source in selectors.failing_sources(camera.site) if source.camera_id in (None, camera.pk)
    ]
    found = explained(health.gaps, camera, source_fails=bool(failing))
    per_day = selectors.days(camera.pk, zone=zone, last=now.astimezone(zone).date(), count=days)
    return CameraReport(
        health=replace(health, gaps=found),
        zone=zone,
        days=per_day,
        changes=arithmetic.changes([(day.day, day.streams) for day in per_day]),
        failing=failing,
        held_ending=selectors.held_ending([camera.pk]),
    )


def gaps_of(site: Site, *, days: int, camera: Camera | None = None, page: int = 1) -> Gaps:
    """The gaps of a camera or of a page of a site's cameras, with reasons; at most `MOST_GAPS`."""
    now = clock.now()
    zone = ZoneInfo(site.time_zone)
    cameras = active_cameras(site) if camera is None else active_cameras(site).filter(pk=camera.pk)
    shown, rows = _page(cameras, page)
    failing = selectors.failing_sources(site)
    each_has = max(1, len(rows))
    found, left_out = [], 0
    for row in rows:  # one at a time: a torn month of one camera is much already
        (health,) = _healths(site, [row], zone, now, days, only_gaps=True)
        fails = any(source.camera_id in (None, row.pk) for source in failing)
        longest = sorted(health.gaps, key=lambda gap: -gap.seconds)[: MOST_GAPS // each_has]
        left_out += len(health.gaps) - len(longest)
        kept_gaps = sorted(longest, key=lambda gap: gap.start)
        most = MOST_EXPLAINED // each_has
        told = explained(kept_gaps, row, source_fails=fails, most=most, otherwise=gaps.UNTOLD)
        found += [(row, gap) for gap in told]
    return Gaps(found, left_out, shown)


def explained(
    found: Sequence[Gap],
    camera: Camera,
    *,
    source_fails: bool,
    most: int = EXPLAINED,
    otherwise: str = gaps.SILENT,
) -> list[Gap]:
    """The gaps with their reasons; short pauses have theirs, of more than `most` others only the longest are
    looked at, and the rest get the reason `otherwise`.
    """
    if not found:
        return []
    erased = selectors.erased(camera.pk, found[0].start, found[-1].end)
    claimed = selectors.quarantined(camera.site, camera).filter(claimed_start__isnull=False)
    files = claimed.order_by("claimed_start").values_list("claimed_start", "size_bytes")
    waiting = gaps.claims([(start, size) for start, size in files if start is not None])
    starts = [start for start, _end in waiting]
    longest = max((end - start for start, end in waiting), default=timedelta())
    others = list(
        Camera.objects.filter(site=camera.site_id, retired_at__isnull=True)
        .exclude(pk=camera.pk)
        .values_list("pk", flat=True)
    )
    long = (gap for gap in found if not gaps.is_pause(gap))
    looked_at = set(sorted(long, key=lambda gap: -gap.seconds)[:most])
    told = []
    for gap in found:
        asked = gap in looked_at
        if not asked and not gaps.is_pause(gap):
            told.append(replace(gap, reason=otherwise))
            continue
        near = slice(bisect_left(starts, gap.start - longest), bisect_left(starts, gap.end))
        middle = gap.start + (gap.end - gap.start) / 2
        clues = Clues(
            erased=[span for span in erased if span[0] < gap.end and span[1] > gap.start],
            quarantined=waiting[near],
            source_fails=source_fails,
            others_recorded=selectors.recording_beside(others, middle) if others and asked else None,
        )
        told.append(replace(gap, reason=gaps.reason_of(gap, clues)))
    return told


def store() -> Store:
    """The room of the store and its forecast; a bucket's end cannot be foreseen from here."""
    room, rate = vault.store_room(), selectors.store_rate()
    if room.kind != "disk":
        return Store(room, rate, None)
    full = arithmetic.days_until_full(
        free_bytes=room.free_bytes,
        incoming_per_day=rate.incoming_per_day,
        freed_by_day=rate.freed_by_day,
    )
    return Store(room, rate, full)


def _healths(
    site: Site,
    cameras: Sequence[Any],
    zone: ZoneInfo,
    now: datetime,
    days: int,
    *,
    only_gaps: bool = False,
    coarse: bool = False,
) -> list[CameraHealth]:
    """The health of cameras of `with_newest`; with `only_gaps` rates, lags and skews stay empty."""
    ids = [camera.pk for camera in cameras]
    since = now - timedelta(days=days)
    recorded = selectors.recorded(ids, since, now, coarse=coarse)
    counted = selectors.counts(ids, since=since)
    rules = list(RetentionRule.objects.order_by("effective_from", "created_at"))
    more = {} if only_gaps else _more(site, cameras, zone, now)
    found = []
    for camera in cameras:
        days_kept = kept(camera, rules).days
        counts = counted.get(camera.pk, Counts())
        wanted = _wanted(camera, counts.first_at, zone, max(since, now - timedelta(days=days_kept)), now)
        health = CameraHealth(
            camera=camera,
            verdict=walls.judged(camera, zone, now),
            last_at=camera.last_at,
            skew_ms=camera.last_skew_ms,
            since=since,
            wanted_s=sum((end - start).total_seconds() for start, end in wanted),
            gaps=gaps.missing(wanted, recorded.get(camera.pk, []), now=now, settle=states.SILENT_AFTER),
            counts=counts,
            kept_days=days_kept,
        )
        found.append(replace(health, **more.get(camera.pk, {})))
    return found


def _more(site: Site, cameras: Sequence[Any], zone: ZoneInfo, now: datetime) -> dict[UUID, dict[str, Any]]:
    """Rates, lags, skews and what is in quarantine, by camera."""
    day = catalogue.day_span(now.astimezone(zone).date(), zone)
    rates = selectors.rates(Camera.objects.filter(pk__in=[camera.pk for camera in cameras]))
    worst = walls.worst_skews(cameras, day)
    waiting = Counter(selectors.quarantined(site).values_list("camera", flat=True))
    return {
        camera.pk: {
            "worst_skew_ms": states.worse(worst.get(camera.pk), camera.last_skew_ms),
            "rate": rates.get(camera.pk, NO_RATE),
            "newest": selectors.newest(camera.pk, since=now - selectors.DAY),
            "quarantined": waiting[camera.pk],
        }
        for camera in cameras
    }


def _wanted(
    camera: Camera, first_at: datetime | None, zone: ZoneInfo, since: datetime, now: datetime
) -> list[Span]:
    """The stretches in which the camera was to record: in use, in its hours, and not past its retention."""
    used = min(camera.created_at, first_at) if first_at is not None else camera.created_at
    end = min(now, camera.retired_at) if camera.retired_at is not None else now
    return hours.spans(camera.schedule, zone=zone, start=max(since, used), end=end)
