"""What the pages say of endings: what is overdue and why, what is promised, what goes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncHour

from cctv.core import clock
from cctv.core.clock import HOUR
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.people.policy import Permissions
from cctv.retention import guards
from cctv.retention.models import Certificate, Heartbeat, PurgeFailure, PurgeItem, PurgeRun, RunState
from cctv.retention.plan import CameraShare, blocked_epochs, camera_shares
from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import Camera, RetentionRule
from cctv.vault.models import Epoch, EpochState

# Objects go within a minute of their expiry; only then is one overdue.
GRACE = timedelta(minutes=1)
# Beat wakes the purge each 20 s: after this long without a trusted tick, nobody does.
SILENCE = timedelta(minutes=3)
DAY = timedelta(hours=24)
# Footage that misses its promise by less than this is as promised: a camera has pauses.
SLACK = timedelta(days=1)
SiteIds = frozenset[UUID] | None


def _within(sites: SiteIds, field: str) -> Q:
    return Q() if sites is None else Q(**{f"{field}__in": sites})


@dataclass(frozen=True, slots=True)
class Overview:
    """The headline: what should be gone, what goes next, what stands in the way."""

    at: datetime
    overdue_segments: int
    overdue_quarantined: int
    overdue_keys: int
    next_segments: int
    next_cameras: int
    destroyed_segments: int
    destroyed_bytes: int
    last_certificate: Certificate | None
    open_run: PurgeRun | None
    pending_runs: int
    failures: int
    blocked_keys: int
    silent_since: datetime | None
    clock: guards.Tripped | None

    @property
    def overdue(self) -> int:
        """Objects that should be gone, and keys."""
        return self.overdue_segments + self.overdue_quarantined + self.overdue_keys

    @property
    def needs_words(self) -> bool:
        """Whether anything stands in the way that a notice must explain."""
        error = self.open_run is not None and self.open_run.error_code
        # The card of a pause tells of a jumped clock itself.
        clock = self.clock is not None and (self.clock.hard or self.paused is None)
        trouble = (clock, error, self.silent_since, self.failures, self.blocked_keys, self.pending_runs)
        return any(trouble)

    @property
    def overdue_objects(self) -> int:
        """Segments and quarantined objects that should be gone."""
        return self.overdue_segments + self.overdue_quarantined

    @property
    def paused(self) -> PurgeRun | None:
        run = self.open_run
        return run if run is not None and run.state == RunState.PAUSED else None

    @property
    def working(self) -> bool:
        """Whether a run is taking things away at this moment."""
        return self.open_run is not None and self.paused is None and not self.open_run.error_code


def overview(*, sites: SiteIds) -> Overview:
    """The state of endings at the given sites (None: all)."""
    now = clock.now()
    late = now - GRACE
    segments = Segment.objects.filter(_within(sites, "camera__site_id"))
    coming = segments.filter(expires_at__gt=now, expires_at__lte=now + DAY)
    gone = PurgeItem.objects.filter(_within(sites, "site_id"), deleted_until__gt=now - DAY).aggregate(
        segments=Sum("segments"), bytes=Sum("bytes")
    )
    ended = Epoch.objects.filter(
        _within(sites, "site_id"), state=EpochState.LIVE, expires_hour__lte=late - HOUR
    )
    ticked_at = Heartbeat.objects.filter(pk=1).values_list("ticked_at", flat=True).first()
    return Overview(
        at=now,
        overdue_segments=segments.filter(expires_at__lte=late).count(),
        overdue_quarantined=Quarantined.objects.filter(
            _within(sites, "site_id"), expires_at__lte=late
        ).count(),
        overdue_keys=ended.count(),
        next_segments=coming.count(),
        next_cameras=coming.order_by().values("camera_id").distinct().count(),
        destroyed_segments=gone["segments"] or 0,
        destroyed_bytes=gone["bytes"] or 0,
        last_certificate=certificates(sites=sites).first(),
        open_run=runs(sites=sites).filter(is_open=True).first(),
        pending_runs=runs(sites=sites).filter(state=RunState.PENDING).count(),
        failures=failures(sites=sites).count(),
        blocked_keys=blocked_epochs(now).filter(_within(sites, "site_id")).count(),
        silent_since=ticked_at if ticked_at is not None and now - ticked_at > SILENCE else None,
        clock=guards.clock_behind(now) or guards.clock_unsure(now),
    )


def failures(*, sites: SiteIds) -> "QuerySet[PurgeFailure]":
    """Objects that would not go, the oldest first."""
    return PurgeFailure.objects.filter(_within(sites, "site_id")).select_related("camera", "site")


def runs(*, sites: SiteIds) -> "QuerySet[PurgeRun]":
    """Runs that took, or would take, something from the given sites; newest first."""
    found = PurgeRun.objects.prefetch_related("certificates")
    if sites is None:
        return found
    mine = PurgeItem.objects.filter(site_id__in=sites).values("run_id")
    # A run without items stands for a guard that stops everything: everybody concerned may know.
    return found.filter(Q(pk__in=mine) | Q(items=None))


def certificates(*, sites: SiteIds) -> "QuerySet[Certificate]":
    """Certificates of the given sites, newest first."""
    return Certificate.objects.filter(_within(sites, "site_id")).select_related("site", "run")


def hourly(*, sites: SiteIds) -> list[tuple[datetime, int]]:
    """How many segments end within 24 h, by the UTC hours that this touches: (start of the hour, count)."""
    now = clock.now()
    first = clock.floor_hour(now)
    rows = (
        Segment.objects.filter(
            _within(sites, "camera__site_id"), expires_at__gt=now, expires_at__lte=now + DAY
        )
        .annotate(hour=TruncHour("expires_at"))
        .order_by()
        .values("hour")
        .annotate(n=Count("pk"))
    )
    counts = {row["hour"]: row["n"] for row in rows}
    return [(first + HOUR * n, counts.get(first + HOUR * n, 0)) for n in range(25)]


@dataclass(frozen=True, slots=True)
class Promise:
    """A camera: how long its footage is to be kept, and how old its oldest footage really is."""

    camera: Camera
    promised_days: int | None
    oldest_at: datetime | None
    oldest_days: float
    next_segments: int
    overdue: int

    @property
    def state(self) -> str:
        """`overdue`, `longer`, `less`, `young`, `empty` or `ok`."""
        if self.overdue:
            return "overdue"
        if self.oldest_at is None:
            return "empty"
        if self.promised_days is None:
            return "ok"
        slack = SLACK / timedelta(days=1)
        if self.oldest_days > self.promised_days + slack:
            return "longer"
        if self.oldest_days < self.promised_days - slack:
            age = clock.now() - self.camera.created_at
            return "young" if age < timedelta(days=self.promised_days) else "less"
        return "ok"

    @property
    def difference_days(self) -> int:
        """Whole days between what is there and what is promised."""
        return abs(int(self.oldest_days) - (self.promised_days or 0))


_ORDER = ("overdue", "longer", "less", "empty", "young", "ok")


def promises(*, sites: SiteIds) -> list[Promise]:
    """Every camera that has footage or is in use, the furthest from its promise first."""
    now = clock.now()
    cameras = list(
        Camera.objects.filter(_within(sites, "site_id"))
        .select_related("site__organisation")
        .annotate(
            oldest=Min("segments__starts_at"),
            coming=Count(
                "segments", filter=Q(segments__expires_at__gt=now, segments__expires_at__lte=now + DAY)
            ),
            late=Count("segments", filter=Q(segments__expires_at__lte=now - GRACE)),
        )
        .order_by("name")
    )
    days = promised_days(cameras, now)
    rows = [_promise(camera, days.get(camera.pk), now) for camera in cameras]
    shown = [row for row in rows if row.oldest_at is not None or row.camera.retired_at is None]
    return sorted(shown, key=lambda row: (_ORDER.index(row.state), -row.difference_days, row.camera.name))


def _promise(camera: Any, days: int | None, now: datetime) -> Promise:
    oldest: datetime | None = camera.oldest
    age = (now - oldest) / timedelta(days=1) if oldest is not None else 0.0
    return Promise(
        camera=camera, promised_days=days, oldest_at=oldest, oldest_days=age, next_segments=camera.coming,
        overdue=camera.late,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SiteShare:
    """What a run takes or took from one site, over all its epochs."""

    site: Any
    planned: int
    segments: int
    quarantined: int
    bytes: int
    planned_bytes: int
    failed: int
    cameras: Sequence[dict[str, Any]]
    certificates: Sequence[Certificate]
    entries: Sequence[int]


def shares(run: PurgeRun, *, sites: SiteIds) -> list[SiteShare]:
    """The run site by site, as far as the reader may know the sites."""
    items = run.items.filter(_within(sites, "site_id")).select_related("site", "certificate").order_by("pk")
    by_site: dict[UUID, list[PurgeItem]] = {}
    for item in items:
        by_site.setdefault(item.site_id, []).append(item)
    return [_share(run, found) for found in by_site.values()]


def _share(run: PurgeRun, items: Sequence[PurgeItem]) -> SiteShare:
    counts: dict[str, list[Any]] = {}
    for item in items:
        for camera_id, (count, size, first, last, *_days) in item.cameras.items():
            known = counts.get(camera_id, [0, 0, first, last])
            counts[camera_id] = [known[0] + count, known[1] + size, min(known[2], first), max(known[3], last)]
    cameras = Camera.objects.filter(pk__in=list(counts)).order_by("name")
    issued = {item.certificate.pk: item.certificate for item in items if item.certificate is not None}
    return SiteShare(
        site=items[0].site,
        planned=sum(item.planned_segments + item.planned_quarantined for item in items),
        segments=sum(item.segments for item in items),
        quarantined=sum(item.quarantined for item in items),
        bytes=sum(item.bytes for item in items),
        planned_bytes=sum(item.planned_bytes for item in items),
        failed=sum(item.failed for item in items),
        cameras=[
            {
                "camera": camera, "segments": counts[str(camera.pk)][0], "bytes": counts[str(camera.pk)][1],
                "from": clock.parse_rfc3339(counts[str(camera.pk)][2]),
                "to": clock.parse_rfc3339(counts[str(camera.pk)][3]),
            }
            for camera in cameras
        ],
        certificates=list(issued.values()),
        entries=[
            written[str(items[0].site_id)]
            for written in (run.started_entries, run.done_entries)
            if str(items[0].site_id) in written
        ],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run that has not begun would take from the reader's sites."""

    cameras: Sequence[CameraShare]

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From the first start to the last end of what was recorded."""
        if not self.cameras:
            return None
        return min(c.starts_at for c in self.cameras), max(c.ends_at for c in self.cameras)

    def named(self) -> list[dict[str, Any]]:
        """The cameras with their numbers, for a table."""
        by_id = {share.camera_id: share for share in self.cameras}
        return [
            {
                "camera": camera, "segments": by_id[camera.pk].segments, "from": by_id[camera.pk].starts_at,
                "to": by_id[camera.pk].ends_at,
            }
            for camera in Camera.objects.filter(pk__in=list(by_id)).select_related("site").order_by("name")
        ]  # fmt: skip


def planned(run: PurgeRun, *, sites: SiteIds) -> Planned:
    """The run's plan camera by camera, as the register stands now."""
    shares = camera_shares(run.cutoff_at)
    return Planned([share for share in shares if sites is None or share.site_id in sites])


def find_certificates(*, sites: SiteIds, text: str) -> "QuerySet[Certificate]":
    """Certificates whose number contains the text."""
    found = certificates(sites=sites)
    return found.filter(number__icontains=text.strip()) if text.strip() else found


def may_confirm(run: PurgeRun, permissions: Permissions, action: str) -> bool:
    """Whether the reader may release the run: it takes the right at every site of its plan."""
    sites = set(run.items.values_list("site_id", flat=True))
    return all(permissions.may(action, site_id=site) for site in sites) and permissions.may(action)


def promised_days(cameras: Sequence[Camera], at: datetime) -> dict[UUID, int]:
    """Days that each camera's footage is kept now; as `sites.expiry`, for many cameras in one query."""
    by_scope: dict[UUID, int] = {}
    rules = RetentionRule.objects.filter(effective_from__lte=at).order_by("effective_from", "created_at")
    for rule in rules:
        scope = rule.camera_id or rule.site_id or rule.organisation_id
        if scope is not None:
            by_scope[scope] = rule.days
    found: dict[UUID, int] = {}
    for camera in cameras:
        scopes = (camera.pk, camera.site_id, camera.site.organisation_id)
        default = profile_of(camera.site.jurisdiction).default_days
        found[camera.pk] = next((by_scope[scope] for scope in scopes if scope in by_scope), default)
    return found
