"""What a purge would take at a given moment: pure reads, and a digest that stands for the whole list.

A plan is a function of its cutoff and of the register. Computing it again for the same cutoff gives
the same digest unless the world has moved; whoever was asked to confirm one is never given another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, Min, Model, OuterRef, Q, QuerySet, Sum

from cctv.core.clock import HOUR
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold, HoldGate
from cctv.retention.models import Erasure, PurgeFailure
from cctv.vault.models import Epoch, EpochState

DIGEST_PREFIX = b"lethe/purge-plan/2\n"
SEGMENT, QUARANTINED = "segment", "quarantined"
_CHUNK = 4000
# In one run.
MOST_RETIRED = 24


@dataclass(slots=True)
class Share:
    """What the plan takes from one epoch."""

    epoch_id: UUID
    site_id: UUID
    segments: int = 0
    quarantined: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class CameraShare:
    """What the plan takes from one camera: counts and the outer ends of what was recorded."""

    camera_id: UUID
    site_id: UUID
    segments: int
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Plan:
    """The whole list, summed up. `digest` is over key ids, names and hashes in order of destruction."""

    cutoff_at: datetime
    digest: bytes
    key_ids: list[str]
    # Keys of holds that have ended, in the records ring.
    hold_key_ids: list[str] = field(default_factory=list)
    # Keys of epochs from which something left early: what still lives there moves to a new key first.
    retired_key_ids: list[str] = field(default_factory=list)
    # What HoldGate.version was before the first row of the plan was read.
    gate_version: int = 0
    shares: dict[UUID, Share] = field(default_factory=dict)
    cameras: list[CameraShare] = field(default_factory=list)

    @property
    def segments(self) -> int:
        return sum(share.segments for share in self.shares.values())

    @property
    def quarantined(self) -> int:
        return sum(share.quarantined for share in self.shares.values())

    @property
    def bytes(self) -> int:
        return sum(share.bytes for share in self.shares.values())

    @property
    def is_empty(self) -> bool:
        """Whether there is neither an object to delete nor a key to destroy."""
        return not (self.shares or self.key_ids or self.hold_key_ids or self.retired_key_ids)


def due_segments(cutoff_at: datetime) -> "QuerySet[Segment]":
    """Segments that must go: expired, under no hold, and not waiting for their next attempt."""
    found = Segment.objects.filter(expires_at__lte=cutoff_at)
    return found.exclude(_postponed(cutoff_at)).exclude(protected("segment"))


def due_quarantined(cutoff_at: datetime) -> "QuerySet[Quarantined]":
    """Quarantined objects that must go: expired, under no hold, and not waiting for their next attempt."""
    found = Quarantined.objects.filter(expires_at__lte=cutoff_at)
    return found.exclude(_postponed(cutoff_at)).exclude(protected("quarantined"))


def protected(kind: str) -> Q:
    """Those of `kind` ("segment" or "quarantined") that a hold keeps from ending."""
    return _under(kind, HeldObject.objects.filter(hold__state__in=PROTECTING))


def held_at_all(kind: str) -> Q:
    """Those of `kind` named by any hold, ended ones too: until its key is gone their rows must stay."""
    return _under(kind, HeldObject.objects.all())


def _under(kind: str, held: "QuerySet[HeldObject]") -> Q:
    # On most days nothing is held: then the big query needs no subquery at all.
    if not held.exists():
        return Q(pk__in=[])
    return Q(Exists(held.filter(**{kind: OuterRef("pk")})))


def gate_version() -> int:
    """How often protection has changed so far; see `HoldGate`."""
    return HoldGate.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def ended_holds() -> "QuerySet[Hold]":
    """Holds that protect nothing any more and whose key is still in the records ring."""
    return Hold.objects.exclude(state__in=PROTECTING).exclude(key_id="")


def _postponed(cutoff_at: datetime) -> Q:
    later = PurgeFailure.objects.filter(next_attempt_at__gt=cutoff_at)
    # Nearly always empty: then the big query needs no subquery at all.
    if not later.exists():
        return Q(pk__in=[])
    return Q(Exists(later.filter(object_id=OuterRef("pk"))))


def _alive(model: type[Model], cutoff_at: datetime) -> Exists:
    return Exists(model._default_manager.filter(epoch=OuterRef("pk"), expires_at__gt=cutoff_at))


def _ended(cutoff_at: datetime) -> "QuerySet[Epoch]":
    return Epoch.objects.filter(state=EpochState.LIVE, expires_hour__lte=cutoff_at - HOUR)


def ended_epochs(cutoff_at: datetime) -> "QuerySet[Epoch]":
    """Live epochs whose hour is over and in which nothing lives any more.

    An object that could not be deleted does not keep its key alive: it has expired like the rest.
    """
    return _ended(cutoff_at).filter(~_alive(Segment, cutoff_at), ~_alive(Quarantined, cutoff_at))


def blocked_epochs(cutoff_at: datetime) -> "QuerySet[Epoch]":
    """Epochs whose hour is over although something in them still lives: their keys stay, and that alarms."""
    return _ended(cutoff_at).filter(_alive(Segment, cutoff_at) | _alive(Quarantined, cutoff_at))


def retiring_epochs(cutoff_at: datetime) -> "QuerySet[Epoch]":
    """Epochs whose key must go before their hour ends, and those that lost their survivors but not yet it."""
    early = Q(state=EpochState.LIVE, needs_new_key=True) & ~Q(pk__in=ended_epochs(cutoff_at).values("pk"))
    return Epoch.objects.filter(early | Q(state=EpochState.RETIRED))


def _next_to_retire(cutoff_at: datetime) -> list[Epoch]:
    """The epochs whose keys go next: of erasures first, then the soonest to end.

    A shorter rule for a site leaves some 700 of them. Moving all their survivors in one run would keep
    what expires meanwhile waiting.
    """
    asked = Erasure.objects.filter(done_at=None).values_list("key_ids", flat=True)
    erased = {key_id for key_ids in asked for key_id in key_ids}

    def order(epoch: Epoch) -> tuple[bool, bool, datetime, str]:
        return epoch.key_id not in erased, epoch.state == EpochState.LIVE, epoch.expires_hour, epoch.key_id

    return sorted(retiring_epochs(cutoff_at), key=order)[:MOST_RETIRED]


def compute(cutoff_at: datetime) -> Plan:
    """The plan for what expired at or before `cutoff_at`. Memory grows with epochs, not with segments."""
    version = gate_version()
    ending = list(ended_epochs(cutoff_at).order_by("expires_hour", "key_id"))
    retiring = _next_to_retire(cutoff_at)
    plan = Plan(
        cutoff_at=cutoff_at, digest=b"", gate_version=version, key_ids=[epoch.key_id for epoch in ending],
        hold_key_ids=list(ended_holds().order_by("key_id").values_list("key_id", flat=True)),
        retired_key_ids=[epoch.key_id for epoch in retiring],
    )  # fmt: skip
    for epoch in (*ending, *retiring):
        plan.shares[epoch.pk] = Share(epoch_id=epoch.pk, site_id=epoch.site_id)
    plan.digest = _digest(plan)
    _add_segments(plan)
    _add_quarantined(plan)
    return plan


def camera_shares(cutoff_at: datetime) -> list[CameraShare]:
    """What the plan takes from each camera, without the digest over the whole list."""
    plan = Plan(cutoff_at=cutoff_at, digest=b"", key_ids=[])
    _add_segments(plan)
    return plan.cameras


def _digest(plan: Plan) -> bytes:
    digest = sha256(DIGEST_PREFIX)
    kinds = (("key", plan.key_ids), ("hold", plan.hold_key_ids), ("retired", plan.retired_key_ids))
    for word, key_ids in kinds:
        for key_id in key_ids:
            digest.update(f"{word} {key_id}\n".encode())
    for name, ciphertext_sha256 in _listed(plan.cutoff_at):
        digest.update(f"{name} ".encode() + bytes(ciphertext_sha256))
    return digest.digest()


def _listed(cutoff_at: datetime) -> Iterator[tuple[str, Any]]:
    columns = ("sealed_name", "ciphertext_sha256")
    segments = due_segments(cutoff_at).order_by("expires_at", "pk").values_list(*columns)
    quarantined = due_quarantined(cutoff_at).order_by("expires_at", "pk").values_list(*columns)
    return chain(segments.iterator(chunk_size=_CHUNK), quarantined.iterator(chunk_size=_CHUNK))


def _share(plan: Plan, row: Mapping[str, Any]) -> Share:
    epoch_id = row["epoch_id"]
    return plan.shares.setdefault(epoch_id, Share(epoch_id=epoch_id, site_id=row["epoch__site_id"]))


def _add_segments(plan: Plan) -> None:
    rows = (
        due_segments(plan.cutoff_at)
        .values("epoch_id", "epoch__site_id", "camera_id")
        .annotate(n=Count("pk"), size=Sum("size_bytes"), first=Min("starts_at"), last=Max("ends_at"))
        .order_by("camera_id")
    )
    cameras: dict[UUID, CameraShare] = {}
    for row in rows:
        share = _share(plan, row)
        share.segments += row["n"]
        share.bytes += row["size"]
        before = cameras.get(row["camera_id"])
        cameras[row["camera_id"]] = CameraShare(
            camera_id=row["camera_id"],
            site_id=row["epoch__site_id"],
            segments=row["n"] + (before.segments if before else 0),
            starts_at=min(row["first"], before.starts_at) if before else row["first"],
            ends_at=max(row["last"], before.ends_at) if before else row["last"],
        )
    plan.cameras = list(cameras.values())


def _add_quarantined(plan: Plan) -> None:
    rows = (
        due_quarantined(plan.cutoff_at)
        .values("epoch_id", "epoch__site_id")
        .annotate(n=Count("pk"), size=Sum("size_bytes"))
        .order_by("epoch_id")
    )
    for row in rows:
        share = _share(plan, row)
        share.quarantined += row["n"]
        share.bytes += row["size"]
