"""Why what a certificate speaks of was destroyed: by what went, not by which run happened to take it.

An erasure decided early is often carried out by whichever run comes first. So each run's part of an epoch
is looked at: what was erased ended before its epoch's hour, what had lasted its time ended within it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cctv.core.clock import parse_rfc3339
from cctv.retention.models import Erasure, PurgeItem, PurgeRun, Trigger
from cctv.sites.models import Site
from cctv.vault.models import Epoch

DAY_S = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Granted:
    """The erasures that took part of it, and whether nothing but them did."""

    erasures: Sequence[Erasure]
    alone: bool


def granted(site: Site, items: Sequence[PurgeItem]) -> Granted:
    """Which erasures the runs have carried out with these items (of one site, with their epochs and runs)."""
    items = [item for item in items if item.segments or item.quarantined]
    hours = {item.epoch.expires_hour for item in items}
    rows = list(Erasure.objects.filter(site=site, applied_at__isnull=False).order_by("decided_at"))
    epochs = Epoch.objects.filter(site=site, expires_hour__in=hours).values_list("key_id", "expires_hour")
    hour_of = dict(epochs)
    # A key that took an older one's place meanwhile stands for the same hour.
    concerned = [(row, {hour_of[key] for key in row.key_ids if key in hour_of}) for row in rows]
    found: dict[UUID, Erasure] = {}
    alone = bool(items)
    for item in items:
        its = [row for row, of in concerned if item.epoch.expires_hour in of and _took(row, item)]
        found |= {row.pk: row for row in its}
        alone = alone and bool(its) and _all_early(item)
    return Granted(sorted(found.values(), key=lambda row: row.decided_at), alone)


def ground(run: PurgeRun, by: Granted) -> str:
    """The code of the facts' `ground`."""
    if by.alone:
        return "erased_on_request"
    return "hold_ended" if run.trigger == Trigger.RELEASE else "retention_ended"


def named(by: Granted) -> list[dict[str, Any]]:
    """The rows of the facts' `erasures`."""
    return [
        {"reference": row.reference, "ground": row.ground, "decided_by": "privacy_officer"}
        for row in by.erasures
    ]


def _took(row: Erasure, item: PurgeItem) -> bool:
    """Whether the erasure was under way when the item's run destroyed something of its camera and span."""
    if row.applied_at is None or item.deleted_until is None or row.applied_at > item.deleted_until:
        return False
    if row.done_at is not None and row.done_at < item.run.planned_at:
        return False
    if row.quarantined and item.quarantined:
        return True
    if (of := item.cameras.get(str(row.camera_id))) is None:
        return False
    first, last, fewest = parse_rfc3339(of[2]), parse_rfc3339(of[3]), of[4]
    if not (first < row.ends_at and last > row.starts_at):
        return False
    # Within its last day the whole days cannot tell.
    late = (item.epoch.expires_hour - row.applied_at).total_seconds() < DAY_S
    return late or fewest < _full_days(item, of)


def _all_early(item: PurgeItem) -> bool:
    """Whether nothing of the item had reached the hour in which its epoch ends."""
    if item.deleted_until is not None and item.deleted_until < item.epoch.expires_hour:
        return True
    cameras: Collection[list[Any]] = item.cameras.values()
    return not item.quarantined and all(of[5] < _full_days(item, of) for of in cameras)


def _full_days(item: PurgeItem, of: list[Any]) -> int:
    """Whole days that anything of the camera was kept at least, had it lasted until the epoch's hour."""
    return int((item.epoch.expires_hour - parse_rfc3339(of[3])).total_seconds() // DAY_S)
