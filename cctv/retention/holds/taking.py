"""Takes footage under a hold: batch by batch, each in one transaction under the gate.

What may be taken: objects in the hold's span whose retention runs and which no purge run has claimed,
what came in while the hold stood, and those that live on only because another hold protects them.
Everything else comes too late.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.models import Segment
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.ingest.models import Quarantined
from cctv.retention.holds import gate, telling
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold, HoldState
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing, WrongKey
from cctv.vault.models import Epoch
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

SEGMENT, QUARANTINED = "segment", "quarantined"
ARRIVED = {SEGMENT: "ingested_at", QUARANTINED: "received_at"}
# A batch keeps everybody else waiting at the gate: about a tenth of a second.
BATCH = 500
# So many are looked for at once: looking anew for each batch would read the whole span each time.
LOOK = 20_000


def take(hold_id: UUID, *, expiring_by: datetime | None = None) -> int:
    """Take everything of its span that the hold does not hold yet; how many objects were taken.

    `expiring_by` looks only at what expires until then. An object whose key is not there is passed
    over and said in the process's log; trouble with the keyring or the register raises.
    """
    taken, broken = 0, set[UUID]()
    untold: Exception | None = None
    for kind in (SEGMENT, QUARANTINED):
        while seen := _seen(hold_id, kind, expiring_by, broken):
            for start in range(0, len(seen), BATCH):
                if not (count := _batch(hold_id, kind, seen[start : start + BATCH], broken)):
                    continue
                try:
                    telling.tell(hold_id, only=telling.JOURNAL)
                except (LetheError, OSError) as error:
                    untold = error  # protecting the rest comes first; what is noted is told later
                reached("hold.batch-told")
                taken += count
    if untold is not None:
        raise untold
    return taken


def _seen(hold_id: UUID, kind: str, expiring_by: datetime | None, broken: set[UUID]) -> list[UUID]:
    """What may be taken as far as can be seen without the lock, the soonest to expire first."""
    hold = Hold.objects.get(pk=hold_id)
    if not hold.protects:
        return []
    found = _takeable(hold, kind).exclude(pk__in=broken)
    if expiring_by is not None:
        found = found.filter(expires_at__lte=expiring_by)
    return list(found.values_list("pk", flat=True)[:LOOK])


def _batch(hold_id: UUID, kind: str, seen: Sequence[UUID], broken: set[UUID]) -> int:
    """Take those of the seen that may be taken still; how many."""
    with gate.locked():
        hold = Hold.objects.select_for_update().get(pk=hold_id)
        if not hold.protects:
            return 0
        found = _takeable(hold, kind).filter(pk__in=seen)
        rows = _rows(hold, kind, list(found.values_list("pk", "wrapped_key", "epoch_id")), broken)
        if not rows:
            return 0
        made = HeldObject.objects.bulk_create(rows)
        telling.note(hold, telling.HELD, first=made[0].pk, last=made[-1].pk)
        gate.moved()
        reached("hold.batch")
    reached("hold.batch-done")
    return len(made)


def _rows(
    hold: Hold, kind: str, objects: Sequence[tuple[UUID, bytes, UUID]], broken: set[UUID]
) -> list[HeldObject]:
    epochs = Epoch.objects.in_bulk({epoch_id for _pk, _key, epoch_id in objects})
    rows = []
    for pk, key, epoch_id in objects:
        try:
            wrapped = _wrapped(hold, {kind: pk}, bytes(key), epochs[epoch_id])
        except (KeyMissing, WrongKey) as error:
            log.error("hold %s: %s %s cannot be held: %s", hold.number, kind, pk, error)
            broken.add(pk)
            continue
        rows.append(HeldObject(hold=hold, wrapped_key=wrapped, **{f"{kind}_id": pk}))
    return rows


def _wrapped(hold: Hold, which: dict[str, UUID], key: bytes, epoch: Epoch) -> bytes:
    """The object's key under the hold's; by way of another hold where its epoch is gone."""
    try:
        return vault.wrap_for_hold(key_id=hold.key_id, wrapped_key=key, epoch=epoch)
    except KeyMissing:
        other = _others(hold).filter(**which).select_related("hold").first()
        if other is None:
            raise
        return vault.wrap_hold_to_hold(
            from_key_id=other.hold.key_id, to_key_id=hold.key_id, wrapped_key=bytes(other.wrapped_key)
        )


def in_span(hold: Hold, kind: str) -> "QuerySet[Any]":
    """Everything of the register in the hold's span, expired or not.

    What is in quarantine belongs by the time that it claims, and without one by when it came.
    """
    cameras = list(hold.cameras.values_list("pk", flat=True))
    if kind == SEGMENT:
        return Segment.objects.filter(
            camera_id__in=cameras,
            starts_at__gt=hold.starts_at - LONGEST_SEGMENT,
            starts_at__lt=hold.ends_at,
            ends_at__gt=hold.starts_at,
        )
    span = (hold.starts_at, hold.ends_at)
    claimed = Q(claimed_start__gte=span[0], claimed_start__lt=span[1])
    received = Q(claimed_start=None, received_at__gte=span[0], received_at__lt=span[1])
    return Quarantined.objects.filter(claimed | received, camera_id__in=cameras)


def not_held_by(hold: Hold, kind: str) -> "QuerySet[Any]":
    """What lies in the span and is not under the hold."""
    mine = HeldObject.objects.filter(hold=hold, **{kind: OuterRef("pk")})
    return in_span(hold, kind).exclude(Exists(mine))


def _takeable(hold: Hold, kind: str) -> "QuerySet[Any]":
    now, claimed = clock.now(), gate.claimed_until()
    living = Q(expires_at__gt=max(now, claimed or now))
    # What came into its span while it stood is its own, also where no tick has looked before it expired.
    came = {f"{ARRIVED[kind]}__gte": hold.placed_at}
    living |= Q(**came, expires_at__gt=claimed) if claimed else Q(**came)
    others = _others(hold)
    if others.exists():
        living |= Q(Exists(others.filter(**{kind: OuterRef("pk")})))
    return not_held_by(hold, kind).filter(living).order_by("expires_at", "pk")


def _others(hold: Hold) -> "QuerySet[HeldObject]":
    """What another hold keeps alive for this one.

    A hold that nobody has confirmed lives on no other such hold: else one person alone could keep footage
    past its retention for ever, a new hold each day.
    """
    states = (HoldState.ACTIVE,) if hold.state == HoldState.PLACED else PROTECTING
    return HeldObject.objects.filter(hold__state__in=states).exclude(hold=hold)


def count_too_late(hold: Hold) -> int:
    """What of the span is still in the register but cannot be held any more; ask after `take`."""
    return sum(not_held_by(hold, kind).count() for kind in (SEGMENT, QUARANTINED))
