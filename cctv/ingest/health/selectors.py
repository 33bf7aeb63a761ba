"""What the pages of health read of the register: counts and times, never a picture or a name of a file.

Whatever is asked of many cameras is answered from the index `segment_timeline` alone; segments' own rows are
read for one camera, or for a bounded sample of each.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.cache import cache
from django.db.models import Avg, Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum

from cctv.core import clock
from cctv.footage import catalogue
from cctv.footage.models import ErasedSpan, Segment
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.footage.timeline import islands
from cctv.footage.timeline.spans import Grid, clip, union
from cctv.footage.timeline.states import JOIN
from cctv.footage.wall.selectors import HOLDING
from cctv.ingest.health.arithmetic import Stream
from cctv.ingest.health.gaps import Span
from cctv.ingest.models import Quarantined, Source
from cctv.sites.models import Camera, Site
from cctv.vault import past
from cctv.vault.models import Epoch, EpochState

DAY, WEEK = timedelta(days=1), timedelta(days=7)
# How many of a camera's newest recordings the lag is taken from.
LAG_SAMPLE = 200
# The rate of a camera is taken from recordings at this many moments of the last day.
PROBES = 4
# What lies before the last day is looked at in about so many steps, for the page of many cameras.
COARSE_STEPS = 2500
FORECAST_DAYS = 7
# The forecast of the whole store looks at every camera; it changes slowly.
STORE_KEPT_S = 600
# Taken in long after they were recorded, on purpose.
BROUGHT_IN = ("import", "quarantine")


def recorded(
    cameras: Sequence[UUID], start: datetime, end: datetime, *, coarse: bool = False
) -> dict[UUID, list[Span]]:
    """What the cameras recorded in [start, end), merged, to the millisecond.

    `coarse`: before the last day in steps of some minutes where segments are short, which costs by the steps
    and not by the segments; pauses within a step do not show there.
    """
    first, last = (int(moment.timestamp() * 1000) for moment in (start, end))
    cut = max(first, last - DAY // islands.MILLISECOND) if coarse else first
    spans: dict[UUID, list[tuple[int, int]]] = {pk: [] for pk in cameras}
    looks = [(Grid(cut, last, 1), cut, last)]
    if first < cut:
        looks.append((Grid.over(first, cut, pixels=COARSE_STEPS), first, cut))
    for grid, since, until in looks:
        found = islands.recorded(cameras, grid, join=JOIN, may_expire_before=dict.fromkeys(cameras, 0))
        for pk, each in found.items():
            spans[pk] += clip(each.spans, since, until)
    return {
        pk: [(islands.moment_of(a), islands.moment_of(b)) for a, b in union(each)]
        for pk, each in spans.items()
    }


@dataclass(frozen=True, slots=True)
class Counts:
    """A camera's recordings: all, those out of schedule, and what reaches its end in a day, in a week."""

    all: int = 0
    extra: int = 0
    extra_from: datetime | None = None
    extra_to: datetime | None = None
    ending_day: int = 0
    ending_week: int = 0
    first_at: datetime | None = None


def counts(cameras: Collection[UUID], *, since: datetime) -> dict[UUID, Counts]:
    """The counts of each camera, in one walk along the index."""
    now = past.reached()
    extra = Q(out_of_schedule=True, starts_at__gte=since)
    rows = (
        Segment.objects.filter(camera__in=cameras, expires_at__gt=now)
        .order_by()
        .values("camera")
        .annotate(
            all=Count("*"),
            first_at=Min("starts_at"),
            extra=Count("starts_at", filter=extra),
            extra_from=Min("starts_at", filter=extra),
            extra_to=Max("ends_at", filter=extra),
            ending_day=Count("starts_at", filter=Q(expires_at__lte=now + DAY)),
            ending_week=Count("starts_at", filter=Q(expires_at__lte=now + WEEK)),
        )
    )
    found: dict[UUID, Counts] = {}
    for row in rows:
        facts: dict[str, Any] = dict(row)
        camera_id = facts.pop("camera")
        found[camera_id] = Counts(**facts)
    return found


def held_ending(cameras: Collection[UUID]) -> int:
    """How many of the recordings that reach their end within a week are held, and stay."""
    now = past.reached()
    held = apps.get_model("cctv", "HeldObject")._default_manager.filter(
        segment__camera__in=cameras,
        segment__expires_at__gt=now,
        segment__expires_at__lte=now + WEEK,
        hold__state__in=HOLDING,
    )
    return int(held.values("segment").distinct().count())


@dataclass(frozen=True, slots=True)
class Rate:
    """What a camera sends: bytes in a day and bytes of one recording, both taken from a few recordings."""

    per_day: float = 0.0
    per_segment: float = 0.0


def rates(cameras: "QuerySet[Camera]") -> dict[UUID, Rate]:
    """The rate of each camera from its recordings at `PROBES` moments of the last day."""
    now = clock.now()
    probes: dict[str, Any] = {}
    for number in range(PROBES):
        at = now - number * DAY / PROBES
        found = Segment.objects.filter(
            camera=OuterRef("pk"), starts_at__lt=at, starts_at__gt=at - LONGEST_SEGMENT
        ).order_by("-starts_at")
        for name in ("starts_at", "ends_at", "size_bytes"):
            probes[f"{name}_{number}"] = Subquery(found.values(name)[:1])
    names = list(probes)
    rows = cameras.order_by().annotate(**probes).values_list("pk", *names)
    return {row[0]: _rate(dict(zip(names, row[1:], strict=True))) for row in rows}


def _rate(probe: dict[str, Any]) -> Rate:
    found = [
        (
            probe[f"size_bytes_{number}"],
            (probe[f"ends_at_{number}"] - probe[f"starts_at_{number}"]).total_seconds(),
        )
        for number in range(PROBES)
        if probe[f"size_bytes_{number}"]
    ]
    if not found:
        return Rate()
    per_second = sum(size / seconds for size, seconds in found) / PROBES
    return Rate(per_second * DAY.total_seconds(), sum(size for size, _seconds in found) / len(found))


@dataclass(frozen=True, slots=True)
class Newest:
    """Of a camera's newest recordings: how long each took to come in (seconds), its skew, and its sound."""

    lags_s: Sequence[float] = ()
    sound: int = 0
    dropped: int = 0
    streams: Sequence[Stream] = ()


def newest(camera_id: UUID, *, since: datetime) -> Newest:
    """The newest recordings of a camera that came since `since`."""
    rows = (
        Segment.objects.filter(camera=camera_id, starts_at__gte=since)
        .order_by("-starts_at")
        .values_list(
            "ends_at", "ingested_at", "ingested_from", "source_audio", "audio_kept",
            "codec", "width", "height",
        )[:LAG_SAMPLE]
    )  # fmt: skip
    lags, sound, dropped, streams = [], 0, 0, []
    for ends_at, ingested_at, origin, audio, kept, codec, width, height in rows:
        if origin not in BROUGHT_IN:
            lags.append(max(0.0, (ingested_at - ends_at).total_seconds()))
        sound += bool(audio)
        dropped += bool(audio) and not kept
        streams.append(Stream(codec, width, height))
    return Newest(lags, sound, dropped, list(dict.fromkeys(reversed(streams))))


@dataclass(frozen=True, slots=True)
class DayOf:
    """One day of a camera, by the site's clocks. Bytes as they lie in the store."""

    day: date
    segments: int = 0
    bytes: int = 0
    skew_least_ms: int | None = None
    skew_most_ms: int | None = None
    skew_mean_ms: float | None = None
    extra: int = 0
    sound: int = 0
    dropped: int = 0
    streams: Sequence[Stream] = ()

    @property
    def least_s(self) -> float | None:
        """Its least skew in seconds."""
        return None if self.skew_least_ms is None else self.skew_least_ms / 1000

    @property
    def mean_s(self) -> float | None:
        """Its mean skew in seconds."""
        return None if self.skew_mean_ms is None else self.skew_mean_ms / 1000

    @property
    def most_s(self) -> float | None:
        """Its greatest skew in seconds."""
        return None if self.skew_most_ms is None else self.skew_most_ms / 1000


def days(camera_id: UUID, *, zone: ZoneInfo, last: date, count: int) -> list[DayOf]:
    """The `count` days up to `last`, oldest first; reads the rows of the camera's recordings."""
    return [_day(camera_id, last - timedelta(days=count - 1 - number), zone) for number in range(count)]


def _day(camera_id: UUID, day: date, zone: ZoneInfo) -> DayOf:
    start, end = catalogue.day_span(day, zone)
    rows = (
        Segment.objects.filter(camera=camera_id, starts_at__gte=start, starts_at__lt=end)
        .order_by()
        .values("codec", "width", "height")
        .annotate(
            n=Count("*"), size=Sum("size_bytes"), at=Min("starts_at"),
            least=Min("clock_skew_ms"), most=Max("clock_skew_ms"), mean=Avg("clock_skew_ms"),
            extra=Count("starts_at", filter=Q(out_of_schedule=True)),
            sound=Count("starts_at", filter=~Q(source_audio="")),
            dropped=Count("starts_at", filter=~Q(source_audio="") & Q(audio_kept=False)),
        )
    )  # fmt: skip
    found = sorted(rows, key=lambda row: row["at"])
    skews = [row for row in found if row["mean"] is not None]
    skewed = sum(row["n"] for row in skews)
    return DayOf(
        day=day,
        segments=sum(row["n"] for row in found),
        bytes=sum(row["size"] for row in found),
        skew_least_ms=min((row["least"] for row in skews), default=None),
        skew_most_ms=max((row["most"] for row in skews), default=None),
        skew_mean_ms=sum(row["mean"] * row["n"] for row in skews) / skewed if skewed else None,
        extra=sum(row["extra"] for row in found),
        sound=sum(row["sound"] for row in found),
        dropped=sum(row["dropped"] for row in found),
        streams=[Stream(row["codec"], row["width"], row["height"]) for row in found],
    )


def erased(camera_id: UUID, start: datetime, end: datetime) -> list[Span]:
    """What was erased on request of a camera."""
    rows = ErasedSpan.objects.filter(camera=camera_id, starts_at__lt=end, ends_at__gt=start)
    return list(rows.order_by("starts_at").values_list("starts_at", "ends_at"))


def quarantined(site: Site, camera: Camera | None = None) -> "QuerySet[Quarantined]":
    """What is in quarantine and has not expired, newest first; of a camera, or of the site."""
    rows = Quarantined.objects.filter(site=site, expires_at__gt=past.reached())
    if camera is not None:
        rows = rows.filter(camera=camera)
    return rows.select_related("site", "camera").order_by("-received_at")


def failing_sources(site: Site) -> list[Source]:
    """The sources of the site that have an error now."""
    rows = Source.objects.filter(site=site, retired_at=None).exclude(last_error_code="")
    return list(rows.select_related("site"))


def recording_beside(cameras: Collection[UUID], moment: datetime) -> bool:
    """Whether any of the cameras recorded at the moment."""
    return Segment.objects.filter(
        camera__in=cameras,
        starts_at__gt=moment - LONGEST_SEGMENT,
        starts_at__lte=moment,
        ends_at__gt=moment,
    ).exists()


@dataclass(frozen=True, slots=True)
class StoreRate:
    """What the whole store takes in in a day, and what retention frees on each of the coming days."""

    incoming_per_day: float
    freed_by_day: Sequence[float]


def store_rate() -> StoreRate:
    """Of all cameras of all sites, at most `STORE_KEPT_S` old: a few recordings of each are looked at."""
    return cache.get_or_set("lethe:health:store", _store_rate, STORE_KEPT_S) or StoreRate(0.0, ())


def _store_rate() -> StoreRate:
    found = rates(Camera.objects.filter(retired_at__isnull=True)).values()
    sizes = [rate.per_segment for rate in found if rate.per_segment]
    mean = sum(sizes) / len(sizes) if sizes else 0.0
    return StoreRate(sum(rate.per_day for rate in found), [count * mean for count in _ending_by_day()])


def _ending_by_day() -> list[int]:
    """How many recordings that nothing holds end on each of the coming days."""
    now = past.reached()
    hours = Epoch.objects.filter(
        state=EpochState.LIVE, expires_hour__gte=now, expires_hour__lt=now + FORECAST_DAYS * DAY
    )
    ending = [0] * FORECAST_DAYS
    held = _held_by_epoch(hours.values("pk"))
    for pk, hour, count in hours.annotate(n=Count("segments")).values_list("pk", "expires_hour", "n"):
        ending[min(FORECAST_DAYS - 1, (hour - now) // DAY)] += max(0, count - held.get(pk, 0))
    return ending


def _held_by_epoch(epochs: Iterable[Any]) -> dict[UUID, int]:
    held = apps.get_model("cctv", "HeldObject")._default_manager.filter(
        segment__epoch__in=epochs, hold__state__in=HOLDING
    )
    rows = held.order_by().values("segment__epoch").annotate(n=Count("segment", distinct=True))
    return dict(rows.values_list("segment__epoch", "n"))
