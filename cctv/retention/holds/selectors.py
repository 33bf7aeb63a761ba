"""What the pages say of holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from accesslog import Scope
from accesslog.selectors import Filters, Listed, entries
from cctv.core import clock
from cctv.people.models import Account
from cctv.people.policy import Permissions
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold, HoldState
from cctv.retention.holds.telling import DECIDE
from cctv.sites.models import Camera

SiteIds = frozenset[UUID] | None
SOON = timedelta(days=7)
ENDED_SHOWN = 30
HISTORY = ("placed", "confirmed", "refused", "prolonged", "escalated", "released", "lapsed", "ended")


def holds(*, sites: SiteIds) -> QuerySet[Hold]:
    """The holds of the given sites (None: all), newest first."""
    found = Hold.objects.select_related("site", "placed_by", "decided_by", "released_by", "deputy")
    return found if sites is None else found.filter(site_id__in=sites)


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold in a list: what it holds, and whether the reader has something to do about it."""

    hold: Hold
    cameras: list[str]
    held: int
    waits_for_me: bool
    ends_soon: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All holds by what they ask for."""

    waiting: list[HoldRow]
    standing: list[HoldRow]
    ended: list[HoldRow]
    more_ended: bool
    lapsed: int

    @property
    def mine(self) -> int:
        """How many wait for the reader."""
        return sum(row.waits_for_me for row in self.waiting)

    @property
    def soon(self) -> int:
        """How many end within a week."""
        return sum(row.ends_soon for row in self.standing)


def overview(*, sites: SiteIds, reader: Account, permissions: Permissions, first_ended: int = 0) -> Overview:
    """What is held at the given sites, the most urgent first."""
    found = holds(sites=sites)
    over = list(
        found.exclude(state__in=PROTECTING).order_by("-ended_at")[first_ended : first_ended + ENDED_SHOWN + 1]
    )
    lately = clock.now() - SOON
    return Overview(
        waiting=_rows(found.filter(state=HoldState.PLACED).order_by("confirm_by"), reader, permissions),
        standing=_rows(found.filter(state=HoldState.ACTIVE).order_by("until"), reader, permissions),
        ended=_rows(over[:ENDED_SHOWN], reader, permissions),
        more_ended=len(over) > ENDED_SHOWN,
        lapsed=found.filter(state=HoldState.LAPSED, ended_at__gt=lately).count(),
    )


def _rows(found: Iterable[Hold], reader: Account, permissions: Permissions) -> list[HoldRow]:
    shown = list(found)
    ids = [hold.pk for hold in shown]
    held = dict(
        HeldObject.objects.filter(hold__in=ids).values_list("hold").annotate(n=Count("pk")).order_by()
    )
    names: dict[UUID, list[str]] = {}
    for hold_id, name in Camera.objects.filter(holds__in=ids).order_by("name").values_list("holds", "name"):
        names.setdefault(hold_id, []).append(name)
    now = clock.now()
    return [
        HoldRow(
            hold=hold,
            cameras=names.get(hold.pk, []),
            held=held.get(hold.pk, 0),
            waits_for_me=may_decide(hold, reader, permissions),
            ends_soon=hold.state == HoldState.ACTIVE and hold.until - now <= SOON,
        )
        for hold in shown
    ]


def may_decide(hold: Hold, reader: Account, permissions: Permissions) -> bool:
    """Whether the hold waits for this reader's word: nobody confirms what they placed themselves."""
    waits = hold.state == HoldState.PLACED and hold.placed_by_id != reader.pk
    return waits and permissions.may(DECIDE, site_id=hold.site_id)


@dataclass(frozen=True, slots=True)
class CameraHeld:
    """What a hold holds of one camera."""

    camera: Camera
    segments: int
    size_bytes: int
    past_retention: int
    first_at: datetime | None
    last_at: datetime | None


def held_by_camera(hold: Hold) -> list[CameraHeld]:
    """Each camera of the hold, also those of which there is nothing."""
    now = clock.now()
    rows = {
        row["segment__camera_id"]: row
        for row in HeldObject.objects.filter(hold=hold, segment__isnull=False)
        .values("segment__camera_id")
        .annotate(
            n=Count("pk"),
            size=Sum("segment__size_bytes"),
            past=Count("pk", filter=Q(segment__expires_at__lte=now)),
            first=Min("segment__starts_at"),
            last=Max("segment__ends_at"),
        )
        .order_by()
    }
    found = []
    for camera in hold.cameras.order_by("name"):
        row = rows.get(camera.pk)
        found.append(
            CameraHeld(camera, row["n"], row["size"], row["past"], row["first"], row["last"])
            if row
            else CameraHeld(camera, 0, 0, 0, None, None)
        )
    return found


def held_spans(
    *, camera_ids: Sequence[UUID], start: datetime, end: datetime
) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """Of each camera the segments that holds keep and that touch [start, end), past their retention or not.

    The timeline's injection (settings.LETHE_HELD_SPANS).
    """
    holds = Hold.objects.filter(
        state__in=PROTECTING, cameras__in=camera_ids, starts_at__lt=end, ends_at__gt=start
    )
    rows = HeldObject.objects.filter(
        hold__in=list(holds.values_list("pk", flat=True).distinct().order_by()),
        segment__camera__in=camera_ids,
        segment__starts_at__lt=end,
        segment__ends_at__gt=start,
    ).values_list("segment__camera_id", "segment__starts_at", "segment__ends_at")
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for camera_id, first, last in rows:
        if camera_id and first and last:
            found.setdefault(camera_id, []).append((first, last))
    return found


def quarantined_held(hold: Hold) -> int:
    """How many objects from quarantine it holds."""
    return HeldObject.objects.filter(hold=hold, quarantined__isnull=False).count()


def history(hold: Hold) -> list[Listed]:
    """What the access log says of the hold itself, oldest first. LogUnavailable."""
    scope = Scope(all_sites=False, sites=frozenset({str(hold.site_id)}), bodies=True)
    found: list[Listed] = []
    for word in HISTORY:
        page = entries(filters=Filters(case=hold.case, kind=f"hold.{word}"), scope=scope)
        found += [each for each in page.entries if _is_about(each, hold)]
    return sorted(found, key=lambda each: each.index)


def _is_about(entry: Listed, hold: Hold) -> bool:
    named = (entry.body or {}).get("hold")
    return isinstance(named, dict) and named.get("id") == str(hold.pk)
