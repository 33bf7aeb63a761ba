"""What the pages say of holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from accesslog import Scope
from accesslog.selectors import Filters, Listed, entries
from cctv.core import clock
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.footage.timeline.islands import moment_of, to_ms, touched_where
from cctv.footage.timeline.spans import Grid, Span
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


def held_spans(*, camera_ids: Sequence[UUID], grid: Grid) -> dict[UUID, list[Span]]:
    """Of each camera the steps of the grid in which holds keep a segment, past its retention or not; ms.

    The timeline's injection (settings.LETHE_HELD_SPANS). A hold may keep a month of many cameras, millions
    of segments: the database is asked step by step, and only within the spans of holds.
    """
    start, end = moment_of(grid.start), moment_of(grid.end)
    rows = Hold.cameras.through._default_manager.filter(
        camera__in=camera_ids,
        hold__state__in=PROTECTING,
        hold__starts_at__lt=end + LONGEST_SEGMENT,
        hold__ends_at__gt=start - LONGEST_SEGMENT,
    ).values_list("camera_id", "hold_id", "hold__starts_at", "hold__ends_at")
    within: dict[UUID, list[Span]] = {}
    ids: set[UUID] = set()
    for camera_id, hold_id, first, last in rows:
        ids.add(hold_id)
        # What it keeps touches its span, and may reach beyond it.
        span = to_ms(first - LONGEST_SEGMENT), to_ms(last + LONGEST_SEGMENT)
        within.setdefault(camera_id, []).append(span)
    if not ids:
        return {}
    return touched_where(within, grid, **_kept_by(ids))


class _Where(TypedDict):
    where: str
    values: dict[str, Any]


def _kept_by(hold_ids: Iterable[UUID]) -> _Where:
    """The condition of a segment "of" that one of the holds keeps: a look into an index for each.

    Not EXISTS, which PostgreSQL would turn into a join that reads all that is held for each step.
    """
    adapt = HeldObject._meta.get_field("hold").get_db_prep_value
    values = {f"hold{number}": adapt(pk, connection) for number, pk in enumerate(sorted(hold_ids))}
    asked = ", ".join(f"%({name})s" for name in values)
    table = connection.ops.quote_name(HeldObject._meta.db_table)
    where = f"""(
        SELECT 1 FROM {table} AS kept WHERE kept.segment_id = "of".id AND kept.hold_id IN ({asked}) LIMIT 1
    ) = 1"""  # noqa: S608
    return {"where": where, "values": values}


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
