"""Promised and actual: how long each camera's footage is to be kept, how old it is, and why they differ.

Held footage is apart: it may be older than promised and is neither too much nor overdue.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.retention import plan
from cctv.retention.holds.models import PROTECTING, HeldObject
from cctv.retention.models import CertificateCamera, Erasure
from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import Camera, RetentionRule

DAY = timedelta(days=1)
# Footage that misses its promise by less than this is as promised: a camera has pauses.
SLACK = timedelta(days=1)
# Objects go within a minute of their expiry; only then is one overdue.
GRACE = timedelta(minutes=1)
SiteIds = frozenset[UUID] | None


@dataclass(frozen=True, slots=True)
class Promise:
    """A camera: days promised, its oldest footage that no hold keeps, and what holds keep of it.

    `reason` says why the two differ, where it can be known, and `reason_at` the moment it names.
    """

    camera: Camera
    promised_days: int
    oldest_at: datetime | None
    oldest_days: float
    next_segments: int
    overdue: int
    held: int
    held_oldest_at: datetime | None
    held_oldest_days: float
    state: str
    reason: str = ""
    reason_at: datetime | None = None

    @property
    def difference_days(self) -> int:
        """Whole days between what is there and what is promised."""
        return abs(int(self.oldest_days) - self.promised_days)

    @property
    def held_longer_days(self) -> int:
        """Whole days by which a hold keeps footage longer than was promised; 0 where none does."""
        return max(0, int(self.held_oldest_days) - self.promised_days)


_ORDER = ("overdue", "longer", "less", "empty", "silent", "young", "held", "ok")


def promises(*, sites: SiteIds) -> list[Promise]:
    """Every camera that has footage or is in use, the furthest from its promise first."""
    now = clock.now()
    cameras = list(_cameras(sites, now))
    rules = _Rules(now)
    facts = _Facts([camera.pk for camera in cameras], now)
    rows = [_promise(camera, rules, facts, now) for camera in cameras]
    shown = [row for row in rows if row.oldest_at or row.held or row.camera.retired_at is None]
    return sorted(shown, key=lambda row: (_ORDER.index(row.state), -row.difference_days, row.camera.name))


def _cameras(sites: SiteIds, now: datetime) -> "QuerySet[Any]":
    at_sites = Q() if sites is None else Q(site_id__in=sites)
    free = Segment.objects.filter(camera=OuterRef("pk")).exclude(plan.protected("segment"))
    newest = Segment.objects.filter(camera=OuterRef("pk")).order_by("-starts_at")
    return (
        Camera.objects.filter(at_sites)
        .select_related("site__organisation")
        .annotate(
            oldest=Subquery(free.order_by("starts_at").values("starts_at")[:1]),
            newest=Subquery(newest.values("ends_at")[:1]),
        )
        .order_by("name")
    )


class _Facts:
    """What the reasons need, read once for all cameras."""

    def __init__(self, cameras: Sequence[UUID], now: datetime) -> None:
        free = Segment.objects.exclude(plan.protected("segment"))
        self.coming = _counts(free.filter(expires_at__gt=now, expires_at__lte=now + DAY))
        self.late = _counts(free.filter(expires_at__lte=now - GRACE))
        held = HeldObject.objects.filter(hold__state__in=PROTECTING, segment__isnull=False).order_by()
        self.held = {
            row["segment__camera"]: (row["n"], row["oldest"])
            for row in held.values("segment__camera").annotate(
                n=Count("segment", distinct=True), oldest=Min("segment__starts_at")
            )
        }
        gone = CertificateCamera.objects.filter(camera__in=cameras).order_by().values("camera")
        self.destroyed = {row["camera"]: row["last"] for row in gone.annotate(last=Max("ends_at"))}
        erased = Erasure.objects.filter(camera__in=cameras).order_by().values("camera")
        self.erased = {row["camera"]: row["last"] for row in erased.annotate(last=Max("ends_at"))}


def _counts(segments: "QuerySet[Segment]") -> dict[UUID, int]:
    return {row["camera"]: row["n"] for row in segments.order_by().values("camera").annotate(n=Count("pk"))}


class _Rules:
    """Days that each camera's footage is kept now; as `sites.expiry`, for many cameras in one query."""

    def __init__(self, at: datetime) -> None:
        self.by_scope: dict[UUID, RetentionRule] = {}
        rules = RetentionRule.objects.filter(effective_from__lte=at).select_related("application")
        for rule in rules.order_by("effective_from", "created_at"):
            scope = rule.camera_id or rule.site_id or rule.organisation_id
            if scope is not None:
                self.by_scope[scope] = rule

    def of(self, camera: Camera) -> tuple[int, RetentionRule | None]:
        """Days, and the rule that says so (None: the law's default)."""
        for scope in (camera.pk, camera.site_id, camera.site.organisation_id):
            if scope in self.by_scope:
                return self.by_scope[scope].days, self.by_scope[scope]
        return profile_of(camera.site.jurisdiction).default_days, None


def _promise(camera: Any, rules: _Rules, facts: _Facts, now: datetime) -> Promise:
    days, rule = rules.of(camera)
    oldest: datetime | None = camera.oldest
    age = (now - oldest) / DAY if oldest is not None else 0.0
    held, held_oldest = facts.held.get(camera.pk, (0, None))
    overdue = facts.late.get(camera.pk, 0)
    held_days = (now - held_oldest) / DAY if held_oldest is not None else 0.0
    state, reason, at = _judged(camera, days, rule, age, overdue=overdue, facts=facts, now=now)
    if state == "ok" and held_days > days + _slack(days):
        state = "held"
    return Promise(
        camera=camera, promised_days=days, oldest_at=oldest, oldest_days=age, overdue=overdue, held=held,
        next_segments=facts.coming.get(camera.pk, 0), held_oldest_at=held_oldest, held_oldest_days=held_days,
        state=state, reason=reason, reason_at=at,
    )  # fmt: skip


def _slack(days: int) -> float:
    """Days by which footage may miss its promise; of a short one, less than a day."""
    return min(SLACK / DAY, days / 4)


def _judged(
    camera: Any,
    days: int,
    rule: RetentionRule | None,
    age: float,
    *,
    overdue: int,
    facts: _Facts,
    now: datetime,
) -> tuple[str, str, datetime | None]:
    """State, and its reason with the moment that the reason names."""
    slack = _slack(days)
    if overdue:
        return "overdue", "", None
    if camera.oldest is None:
        seen = camera.newest or facts.destroyed.get(camera.pk)
        return "empty", "nothing_since" if seen else "nothing_yet", seen
    if age > days + slack:
        pending = rule is not None and getattr(rule, "application", None) is None
        return "longer", "rule_pending" if pending else "older_rule", rule.effective_from if rule else None
    if age < days - slack:
        return _short(camera, days, rule, facts, now)
    if camera.retired_at is None and now - camera.newest > SLACK:
        return "silent", "silent", camera.newest
    return "ok", "", None


def _short(
    camera: Any, days: int, rule: RetentionRule | None, facts: _Facts, now: datetime
) -> tuple[str, str, datetime | None]:
    """Why there is less than promised: what is known of the time before the oldest footage."""
    since = now - timedelta(days=days)
    if camera.created_at > since:
        return "young", "young", camera.created_at
    erased = facts.erased.get(camera.pk)
    if erased is not None and since < erased <= camera.oldest:
        return "less", "erased", erased
    destroyed = facts.destroyed.get(camera.pk)
    if rule is not None and rule.effective_from > since and destroyed is not None and destroyed > since:
        return "less", "rule_longer", rule.effective_from
    if destroyed is None:
        return "less", "first", camera.oldest
    return "less", "gap", camera.oldest


def promised_days(cameras: Iterable[Camera], at: datetime) -> dict[UUID, int]:
    """Days that each camera's footage is kept at a moment."""
    rules = _Rules(at)
    return {camera.pk: rules.of(camera)[0] for camera in cameras}
