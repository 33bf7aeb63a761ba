"""Placing and lifting a restriction, and the question that every door of footage to people asks (O30).

Entry first, then the keys' journal, then the row: from the commit on nobody is shown what it covers,
whatever viewing is open, and an older register that is put back is told of it. A crash in between leaves
an entry that says more than happened; the same form sent again does the rest and writes no second entry.
Lifting is the same the other way round.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.footage import catalogue
from cctv.footage.catalogue import Span
from cctv.footage.restrictions import selectors
from cctv.footage.restrictions.errors import (
    FootageRestricted,
    LiftReasonRequired,
    RestrictionOver,
    RestrictionRefused,
)
from cctv.footage.restrictions.models import Restriction, RestrictionGround
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import NotFound, permissions_of
from cctv.sites.models import Camera, Site
from cctv.vault import journal

CHANGE = "restriction.change"
MOST_CAMERAS = 64


def require_free(camera: Camera, start: datetime, end: datetime) -> None:
    """Raise FootageRestricted unless nothing of [start, end) of the camera is restricted now.

    Asked anew for each answer that shows or tells what a picture shows, also in a session that was opened
    from a hold, and once more for each piece of a long answer.
    """
    found = selectors.in_force(camera_id=camera.pk, start=start, end=end).first()
    if found is not None:
        raise FootageRestricted(camera, found)


def is_free(camera: Camera, start: datetime, end: datetime) -> bool:
    """Whether nothing of [start, end) of the camera is restricted now."""
    return not selectors.in_force(camera_id=camera.pk, start=start, end=end).exists()


def free_spans(camera: Camera, start: datetime, end: datetime) -> list[Span]:
    """What of [start, end) is not restricted, in order: for lists that leave the rest out."""
    restricted = selectors.restricted_spans(camera_ids=[camera.pk], start=start, end=end)
    return catalogue.gaps(restricted.get(camera.pk, []), start, end)


def place(
    *,
    actor: Account,
    terminal: str,
    site: Site,
    cameras: Sequence[Camera],
    starts_at: datetime,
    ends_at: datetime,
    ground: str,
    reason: str,
    reference: str = "",
    restriction_id: UUID | None = None,
) -> Restriction:
    """Restrict [starts_at, ends_at) of the cameras, in force once this returns.

    The same `restriction_id` places one of the same footage, however often it is tried. NotFound,
    Forbidden, RestrictionRefused, LogUnavailable (then nothing is restricted).
    """
    permissions_of(actor).require(CHANGE, site_id=site.pk)
    _check(site, cameras, starts_at, ends_at, ground, reason)
    asked = (starts_at, ends_at, ground, reason.strip(), sorted(str(camera.pk) for camera in cameras))
    row = Restriction(
        # The same form sent with other words is another one.
        id=uuid5(restriction_id or new_id(), repr(asked)), site=site, starts_at=starts_at, ends_at=ends_at,
        ground=ground, reference=reference.strip(), reason=reason.strip(), placed_by=actor,
        placed_at=clock.now(),
    )  # fmt: skip
    placed = Restriction.objects.filter(pk=row.pk).select_related("site").first()
    if placed is not None:
        return _own(placed, actor)
    row.placed_entry = _log(
        row, "restriction.placed", cameras, actor=actor, terminal=terminal, reason=row.reason, event_id=row.pk
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            row.cameras.set(cameras)
            journal.tell("restricted", _remembered(row, cameras))
    except IntegrityError:  # sent twice at once: the other one made it
        return _own(Restriction.objects.select_related("site").get(pk=row.pk), actor)
    return row


def _own(row: Restriction, actor: Account) -> Restriction:
    if row.placed_by_id != actor.pk:
        raise NotFound
    return row


def _check(
    site: Site, cameras: Sequence[Camera], starts_at: datetime, ends_at: datetime, ground: str, reason: str
) -> None:
    if not 0 < len(cameras) <= MOST_CAMERAS or any(camera.site_id != site.pk for camera in cameras):
        raise RestrictionRefused
    if not starts_at < ends_at or ground not in RestrictionGround.values or not reason.strip():
        raise RestrictionRefused


def lift(*, restriction_id: UUID, actor: Account, terminal: str, reason: str) -> Restriction:
    """The footage may be shown again. NotFound, Forbidden, RestrictionOver; LogUnavailable, and it stands."""
    row = Restriction.objects.select_related("site").filter(pk=restriction_id).first()
    if row is None:
        raise NotFound
    permissions_of(actor).require(CHANGE, site_id=row.site_id)
    if not reason.strip():
        raise LiftReasonRequired
    if row.lifted_at is not None:
        raise RestrictionOver
    entry = _log(
        row, "restriction.lifted", list(row.cameras.order_by("name")), actor=actor, terminal=terminal,
        reason=reason.strip(), event_id=uuid5(row.pk, f"lifted/{actor.pk}"),
    )  # fmt: skip
    with transaction.atomic():
        row = Restriction.objects.select_for_update(of=("self",)).select_related("site").get(pk=row.pk)
        if row.lifted_at is not None:
            raise RestrictionOver
        row.lifted_by, row.lifted_at, row.lifted_entry = actor, clock.now(), entry
        row.lift_reason = reason.strip()
        row.save()
        told = {"id": str(row.pk), "lifted_by": str(actor.pk), "at": row.lifted_at.isoformat()}
        journal.tell("lifted", told)
    return row


def _remembered(row: Restriction, cameras: Sequence[Camera]) -> dict[str, Any]:
    """The row as the keys' journal repeats it: ids, moments and a code, none of its words."""
    return {
        "id": str(row.pk), "site": str(row.site_id), "cameras": [str(each.pk) for each in cameras],
        "from": row.starts_at.isoformat(), "to": row.ends_at.isoformat(), "ground": row.ground,
        "placed_by": str(row.placed_by_id), "placed_at": row.placed_at.isoformat(),
    }  # fmt: skip


def _log(
    row: Restriction, kind: str, cameras: Sequence[Camera], *, actor: Account, terminal: str, reason: str,
    event_id: UUID,
) -> int:  # fmt: skip
    """One entry about the restriction, found by each of its cameras; its index."""
    body: dict[str, Any] = {
        "actor": actor_fields(actor, CHANGE, site_id=row.site_id),
        "terminal": terminal,
        "site": row.site.logged(),
        "restriction": {"id": str(row.pk)},
        "cameras": [{"id": str(each.pk), "code": each.code, "name": each.name} for each in cameras],
        "from": clock.rfc3339(row.starts_at),
        "to": clock.rfc3339(row.ends_at, round_up=True),
        "ground": {"code": row.ground, "text": str(RestrictionGround(row.ground).label)},
        "reason": reason,
    }
    if row.reference:
        body["reference"] = row.reference
    index = [
        IndexFields(
            actor=str(actor.pk), camera=str(each.pk), site=str(row.site_id), terminal=terminal,
            footage_from=row.starts_at, footage_to=row.ends_at,
        )
        for each in cameras
    ]  # fmt: skip
    return append(kind=kind, body=body, index=index, event_id=event_id).index
