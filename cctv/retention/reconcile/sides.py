"""The two sides of a check, shard by shard: what the register names, and what the store holds.

The names of objects are random and begin with one of 256 shards, so a shard is a 256th of everything
on both sides: memory stays flat, and both sides of a shard are read within a moment of each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils.module_loading import import_string

from cctv.core import clock
from cctv.footage.derived.models import Derived, DerivedSource
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold
from cctv.retention.models import PurgeFailure
from cctv.retention.plan import QUARANTINED, SEGMENT
from cctv.vault import services as vault
from cctv.vault.storage import StoredObject

IN = 500  # how many values one query may name
_SEGMENT = (
    "pk", "sealed_name", "size_bytes", "ciphertext_sha256", "camera__site_id", "camera_id", "expires_at",
    "epoch__state", "starts_at", "ends_at", "index_size_bytes", "thumb_size_bytes",
)  # fmt: skip
_QUARANTINED = (
    "pk", "sealed_name", "size_bytes", "ciphertext_sha256", "site_id", "camera_id", "expires_at",
    "epoch__state", "received_at", "received_at",
)  # fmt: skip


_DERIVED = (
    "pk", "sealed_name", "size_bytes", "ciphertext_sha256", "segment__camera__site_id", "segment__camera_id",
    "segment__expires_at", "segment__epoch__state", "starts_at", "ends_at",
)  # fmt: skip
DERIVED = "derived"
KEPT_IN = (Segment, Quarantined, Derived)


@dataclass(frozen=True, slots=True)
class Row:
    """What the register says of one sealed object and its parts. `parts` are {name of the part: bytes}.

    What is made of a segment (DERIVED) is a row of its own, without parts; it expires as its segment does.
    """

    kind: str
    pk: UUID
    name: str
    size_bytes: int
    sha256: bytes
    site_id: UUID
    camera_id: UUID | None
    expires_at: datetime
    epoch_state: str
    # Of a quarantined object nobody knows when it was recorded: both are then its receipt.
    starts_at: datetime
    ends_at: datetime
    parts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds under one base name: the object itself, if it is there, and parts beside it."""

    name: str
    media: StoredObject | None
    parts: Sequence[StoredObject]

    @property
    def files(self) -> int:
        """How many objects of the store this is."""
        return len(self.parts) + (self.media is not None)


def rows(shard: str, *, site_id: UUID | None) -> list[Row]:
    """The register's side of a shard, in order of names."""
    at_site = Q() if site_id is None else Q(camera__site_id=site_id)
    segments = Segment.objects.filter(_in_shard(shard), at_site).values_list(*_SEGMENT)
    at_site = Q() if site_id is None else Q(site_id=site_id)
    quarantined = Quarantined.objects.filter(_in_shard(shard), at_site).values_list(*_QUARANTINED)
    found = [_segment(values) for values in segments.order_by().iterator(chunk_size=2000)]
    found += [_quarantined(values) for values in quarantined.order_by().iterator(chunk_size=2000)]
    at_site = Q() if site_id is None else Q(segment__camera__site_id=site_id)
    made = Derived.objects.filter(_in_shard(shard), at_site).values_list(*_DERIVED)
    found += [_derived(values) for values in made.order_by().iterator(chunk_size=2000)]
    return sorted(found, key=attrgetter("name"))


def stored(shard: str) -> Iterator[Stored]:
    """The store's side of a shard, in order of names."""
    objects = sorted(vault.list_objects(f"{shard}/"), key=attrgetter("name"))
    for base, group in groupby(objects, key=lambda each: each.name.partition(".")[0]):
        found = list(group)
        media = next((each for each in found if each.name == base), None)
        yield Stored(base, media, [each for each in found if each.name != base])


def merged(left: Sequence[Row], right: Iterator[Stored]) -> Iterator[tuple[Row | None, Stored | None]]:
    """Both sides in one pass: pairs of the same name, with None where a side has nothing."""
    there = next(right, None)
    for row in left:
        while there is not None and there.name < row.name:
            yield None, there
            there = next(right, None)
        if there is not None and there.name == row.name:
            yield row, there
            there = next(right, None)
        else:
            yield row, None
    while there is not None:
        yield None, there
        there = next(right, None)


def known(names: Sequence[str]) -> set[str]:
    """Which of the base names have a row now."""
    found: set[str] = set()
    for start in range(0, len(names), IN):
        batch = names[start : start + IN]
        for model in KEPT_IN:
            rows_of = model._default_manager.filter(sealed_name__in=batch)
            found |= set(rows_of.values_list("sealed_name", flat=True))
        for keeper in settings.LETHE_OBJECT_KEEPERS:
            found |= import_string(f"{keeper}.known")(batch)
    return found


def kept_elsewhere(shard: str, *, site_id: UUID | None) -> dict[str, UUID]:
    """What areas above have to have in a shard, by name, with its site: letters, files of packages."""
    found: dict[str, UUID] = {}
    for keeper in settings.LETHE_OBJECT_KEEPERS:
        found |= dict(import_string(f"{keeper}.names")(f"{shard}/"))
    return {name: site for name, site in found.items() if site_id in (None, site)}


def held_by(found: Sequence[Row], *, ended_too: bool = False) -> dict[UUID, list[str]]:
    """Numbers of the holds in force by what they hold of `found`; with `ended_too` of all that name it."""
    holds = Hold.objects.all() if ended_too else Hold.objects.filter(state__in=PROTECTING)
    numbers: dict[UUID, list[str]] = {}
    for kind, column in (
        (SEGMENT, "segment_id"), (QUARANTINED, "quarantined_id"), (DERIVED, "segment__derived"),
    ):  # fmt: skip
        ids = [row.pk for row in found if row.kind == kind]
        for start in range(0, len(ids), IN):
            held = HeldObject.objects.filter(**{f"{column}__in": ids[start : start + IN]}, hold__in=holds)
            for pk, number in held.values_list(column, "hold__number"):
                numbers.setdefault(pk, []).append(number)
    return numbers


def ending(found: Sequence[Row]) -> set[UUID]:
    """Which of what was made of several segments ends with another one that has expired."""
    now = clock.now()
    ids = [row.pk for row in found if row.kind == DERIVED]
    over: set[UUID] = set()
    for start in range(0, len(ids), IN):
        rows_of = Derived.objects.filter(pk__in=ids[start : start + IN], shared=True)
        owners = DerivedSource.objects.filter(owner__in=rows_of.values("owner"), segment__expires_at__lte=now)
        over |= set(rows_of.filter(owner__in=owners.values("owner")).values_list("pk", flat=True))
    return over


def failing(found: Sequence[Row]) -> set[UUID]:
    """Which of them the purge could not delete and tries again: known trouble, not a finding."""
    ids = [row.pk for row in found]
    known_ids: set[UUID] = set()
    for start in range(0, len(ids), IN):
        failures = PurgeFailure.objects.filter(object_id__in=ids[start : start + IN])
        known_ids |= set(failures.values_list("object_id", flat=True))
    return known_ids


def _in_shard(shard: str) -> Q:
    if connection.vendor == "postgresql":
        return Q(sealed_name__startswith=f"{shard}/")  # by the index of patterns, whatever the collation
    # SQLite compares bytes, and has no index for LIKE: "0" is what comes after "/".
    return Q(sealed_name__gte=f"{shard}/", sealed_name__lt=f"{shard}0")


def _segment(values: tuple[Any, ...]) -> Row:
    pk, name, size, digest, site, camera, expires, state, starts, ends, index, thumb = values
    parts = {vault.part_name(name, "index"): index}
    if thumb > 0:
        parts[vault.part_name(name, "thumb")] = thumb
    digest = bytes(digest)
    return Row(SEGMENT, pk, name, size, digest, site, camera, expires, state, starts, ends, parts)


def _derived(values: tuple[Any, ...]) -> Row:
    pk, name, size, digest, *rest = values
    return Row(DERIVED, pk, name, size, bytes(digest), *rest)


def _quarantined(values: tuple[Any, ...]) -> Row:
    pk, name, size, digest, *rest = values
    return Row(QUARANTINED, pk, name, size, bytes(digest), *rest)
