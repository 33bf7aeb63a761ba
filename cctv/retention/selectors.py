"""What the pages say of endings: what is overdue and why, what is promised, what goes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncHour
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.clock import HOUR
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.people.policy import Permissions
from cctv.retention import guards, plan
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold
from cctv.retention.models import Certificate, Heartbeat, PurgeFailure, PurgeItem, PurgeRun, RunState
from cctv.retention.plan import CameraShare, blocked_epochs, camera_shares
from cctv.retention.promises import GRACE, SiteIds
from cctv.sites.models import Camera
from cctv.sites.selectors import common_zone
from cctv.vault.models import Epoch, EpochState

# Beat wakes the purge each 20 s: after this long without a trusted tick, nobody does.
SILENCE = timedelta(minutes=3)
DAY = timedelta(hours=24)


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
    # A restore that was begun and is not finished: nothing is even planned.
    restoring: guards.Tripped | None = None
    # When the oldest of what is overdue should have been gone.
    overdue_since: datetime | None = None
    # What holds in force keep, and how much of it has outlived its own retention: that is not overdue.
    holds: int = 0
    held: int = 0
    held_expired: int = 0
    # Said instead of the guard's own sentence, to readers who may not know other sites' numbers.
    pause_text: str = ""

    @property
    def overdue(self) -> int:
        """Objects that should be gone, and keys."""
        return self.overdue_segments + self.overdue_quarantined + self.overdue_keys

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
    """The state of endings at the given sites (None: all). What a hold keeps is never overdue."""
    now = clock.now()
    late = now - GRACE
    segments = Segment.objects.filter(_within(sites, "camera__site_id"))
    coming = segments.filter(expires_at__gt=now, expires_at__lte=now + DAY).exclude(plan.protected("segment"))
    gone = PurgeItem.objects.filter(_within(sites, "site_id"), deleted_until__gt=now - DAY).aggregate(
        segments=Sum("segments"), bytes=Sum("bytes")
    )
    ended = Epoch.objects.filter(
        _within(sites, "site_id"), state=EpochState.LIVE, expires_hour__lte=late - HOUR
    )
    over = _overdue(segments.exclude(plan.protected("segment")), late)
    quarantined = Quarantined.objects.filter(_within(sites, "site_id"))
    over_quarantined = _overdue(quarantined.exclude(plan.protected("quarantined")), late)
    over_keys = ended.aggregate(n=Count("pk"), since=Min("expires_hour"))
    key_since = over_keys["since"] + HOUR if over_keys["since"] else None
    run = runs(sites=sites).filter(is_open=True).first()
    return Overview(
        at=now,
        overdue_segments=over["n"],
        overdue_quarantined=over_quarantined["n"],
        overdue_keys=over_keys["n"],
        overdue_since=min(filter(None, (over["since"], over_quarantined["since"], key_since)), default=None),
        next_segments=coming.count(),
        next_cameras=coming.order_by().values("camera_id").distinct().count(),
        destroyed_segments=gone["segments"] or 0,
        destroyed_bytes=gone["bytes"] or 0,
        last_certificate=certificates(sites=sites).first(),
        open_run=run,
        pending_runs=runs(sites=sites).filter(state=RunState.PENDING).count(),
        failures=failures(sites=sites).count(),
        blocked_keys=blocked_epochs(now).filter(_within(sites, "site_id")).count(),
        silent_since=_silent_since(now),
        clock=guards.clock_behind(now) or guards.clock_unsure(now),
        restoring=guards.restore_unfinished(),
        pause_text=_pause_text(run, sites),
        **_held(sites, now),
    )


def _silent_since(now: datetime) -> datetime | None:
    """Since when nobody wakes the purge; where it has never run, since there is something to end."""
    last = Heartbeat.objects.filter(pk=1).values_list("ticked_at", flat=True).first()
    if last is None:
        last = Segment.objects.aggregate(at=Min("ingested_at"))["at"]
    return last if last is not None and now - last > SILENCE else None


def _overdue(kept: "QuerySet[Any]", late: datetime) -> dict[str, Any]:
    return kept.filter(expires_at__lte=late).aggregate(n=Count("pk"), since=Min("expires_at"))


def _held(sites: SiteIds, now: datetime) -> dict[str, int]:
    """Holds in force, segments under them, and those of them that live on only because they are held."""
    holds = Hold.objects.filter(_within(sites, "site_id"), state__in=PROTECTING)
    held = HeldObject.objects.filter(hold__in=holds, segment__isnull=False)
    return {
        "holds": holds.count(),
        "held": held.aggregate(n=Count("segment", distinct=True))["n"],
        "held_expired": held.filter(segment__expires_at__lte=now).aggregate(
            n=Count("segment", distinct=True)
        )["n"],
    }


def pause_sentence(run: PurgeRun, *, sites: SiteIds) -> str:
    """Why the run is paused, on the clocks of the sites; what tells of all sites only to who may see all."""
    return _pause_text(run, sites) or guards.sentence(run.pause_code, run.pause_facts, common_zone(sites))


def _pause_text(run: PurgeRun | None, sites: SiteIds) -> str:
    """Instead of the guard's own sentence: numbers of all sites are only for those who may see all."""
    if run is None or run.pause_code != guards.VOLUME or sites is None:
        return ""
    return _("The plan takes far more than a usual day of this installation.")


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
        .exclude(plan.protected("segment"))
        .annotate(hour=TruncHour("expires_at"))
        .order_by()
        .values("hour")
        .annotate(n=Count("pk"))
    )
    counts = {row["hour"]: row["n"] for row in rows}
    return [(first + HOUR * n, counts.get(first + HOUR * n, 0)) for n in range(25)]


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


def keys_of(run: PurgeRun, *, sites: SiteIds) -> int:
    """How many keys of the reader's sites the run destroys."""
    return Epoch.objects.filter(_within(sites, "site_id"), key_id__in=run.key_ids).count()


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


def last_trusted() -> datetime | None:
    """The latest moment at which the clock was trusted; None before the first tick."""
    return Heartbeat.objects.filter(pk=1).values_list("at", flat=True).first()
