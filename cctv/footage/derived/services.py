"""Keeping, opening and removing what is made of segments: facts in a row, objects in the store.

All of it is sealed under its segment's own key and bound to its own id, so that it opens exactly as long as
the segment does, for whom and by what the segment would: through the vault's two doors, and no other. What
is made of several segments is sealed to the keys of all: destroying any of these ends it in every copy.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from uuid import UUID

from django.db import transaction

from accesslog import Receipt
from cctv.core.errors import LetheError
from cctv.core.ids import new_id
from cctv.footage import sealed
from cctv.footage.derived.errors import DerivedGone
from cctv.footage.derived.models import Derived, DerivedSource
from cctv.footage.derived.selectors import sources_of
from cctv.footage.models import Segment
from cctv.vault import past
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired
from cctv.vault.names import MEDIA, PARTS
from cctv.vault.sealing import SealedReader
from cctv.vault.steps import reached

log = logging.getLogger("lethe.footage")

Span = tuple[datetime, datetime]
# Asked, with the row, in the transaction that commits it and before anything is written there: it may lock
# and write what belongs to the row, and whatever it raises leaves nothing of either.
Guard = Callable[[Derived], None]
IN = 500  # how many values one query may name


def register(kind: str, *parts: str) -> str:
    """Entries of this kind allow a person to see these parts of what was made of footage; call it once a
    kind, where its event is registered. The entry's body names actor, camera, `from` and `to`."""
    if not parts or {MEDIA, *PARTS} & set(parts):
        raise ValueError(f"{kind} opens what is made of footage, part by part, never footage itself")
    return vault.register_person_kind(kind, *parts)


# Keeping


def keep_fact(
    segment: Segment,
    *,
    owner: UUID,
    label: str,
    part: str,
    span: Span,
    of: Collection[UUID],
    data: bytes,
    hold_id: UUID | None = None,
    guard: Guard | None = None,
) -> Derived:
    """Keep something small in the register, sealed; what the owner had under this label goes.

    `span` is what it tells of: an entry must cover it. `of` are the ids of all segments that it was told
    from (of one camera, the same for all such things of an owner); with none but `segment` it is that one's
    alone. `hold_id`: the hold that opens them all. Raises FootageExpired, HoldEnded, KeyMissing, and what
    `guard` raises.
    """
    draft = _draft(segment, owner, label, part, span, of)
    draft.sealed = vault.seal_fact(_keyed(draft, _segments(of, segment.pk), hold_id), data)
    draft.size_bytes = len(draft.sealed)
    return _commit(draft, of, hold_id, guard)


class DerivedWriter:
    """Seals an object made of a segment. `close` makes it durable, then known; `abort` leaves nothing.

    A context manager: closed at the end, aborted by an error.
    """

    def __init__(self, draft: Derived, writer: vault.ObjectWriter, commit: Callable[[], Derived]) -> None:
        """Made by `keep_object`."""
        self._draft = draft
        self._writer = writer
        self._commit = commit
        self.derived: Derived | None = None

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Seal more of it; StorageFull, StorageFailed."""
        return self._writer.write(data)

    def close(self) -> Derived:
        """Its row, committed after the object is durable. FootageExpired, HoldEnded: then nothing is left."""
        if self.derived is None:
            facts = self._writer.close()
            reached("derived.durable")
            self._draft.size_bytes, self._draft.ciphertext_sha256 = facts.size_bytes, facts.ciphertext_sha256
            try:
                self.derived = self._commit()
            except BaseException:
                _delete_object(self._draft.sealed_name)
                raise
        return self.derived

    def abort(self) -> None:
        """Leave nothing behind; harmless after `close`."""
        if self.derived is None:
            self._writer.abort()

    def __enter__(self) -> "DerivedWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def keep_object(
    segment: Segment,
    *,
    owner: UUID,
    label: str,
    part: str,
    span: Span,
    of: Collection[UUID],
    hold_id: UUID | None = None,
    guard: Guard | None = None,
) -> DerivedWriter:
    """Keep something large as an object of the store; arguments as for `keep_fact`, errors also of the store.

    Killed before `close` returns, it leaves at most an object without a row, which the sweep of orphans
    removes. Nothing of it is on disk in clear.
    """
    draft = _draft(segment, owner, label, part, span, of)
    draft.sealed_name = vault.object_name()
    writer = vault.writer_of_derived(_keyed(draft, _segments(of, segment.pk), hold_id))
    return DerivedWriter(draft, writer, lambda: _commit(draft, of, hold_id, guard))


def _draft(segment: Segment, owner: UUID, label: str, part: str, span: Span, of: Collection[UUID]) -> Derived:
    if part in (MEDIA, *PARTS):
        raise ValueError(f"{part} is a segment's own")
    return Derived(
        id=new_id(), segment_id=segment.pk, owner=owner, label=label, part=part,
        starts_at=span[0], ends_at=span[1], shared=bool(set(of) - {segment.pk}),
    )  # fmt: skip


def _segments(of: Collection[UUID], *also: UUID) -> list[Segment]:
    """The segments as they stand now: they may have other keys, an earlier end, or be gone."""
    wanted = [*{*of, *also}]
    found: list[Segment] = []
    for start in range(0, len(wanted), IN):
        rows = Segment.objects.select_related("epoch", "camera").prefetch_related("held__hold")
        found += rows.filter(pk__in=wanted[start : start + IN])
    if len(found) != len(wanted):
        raise FootageExpired
    return found


@transaction.atomic
def _commit(draft: Derived, of: Collection[UUID], hold_id: UUID | None, guard: Guard | None) -> Derived:
    """Write the row, if all that it is made of may still be opened; locked against their destruction."""
    if guard is not None:
        guard(draft)
    sources = sorted({draft.segment_id, *of})
    found: list[Segment] = []
    for start in range(0, len(sources), IN):
        rows = Segment.objects.select_for_update(of=("self",)).filter(pk__in=sources[start : start + IN])
        found += rows.order_by("pk").only("pk", "expires_at").prefetch_related("held__hold")
    if len(found) != len(sources):
        raise FootageExpired
    _require_opens(found, hold_id)
    replaced = Derived.objects.filter(owner=draft.owner, label=draft.label)
    names = list(replaced.exclude(sealed_name="").values_list("sealed_name", flat=True))
    replaced.delete()
    draft.save(force_insert=True)
    if draft.shared:
        _note_sources(draft.owner, sources)
    transaction.on_commit(lambda: _delete_objects(names))
    return draft


def _note_sources(owner: UUID, sources: Collection[UUID]) -> None:
    """They are the same for all shared things of an owner: what opens them is made of all their keys."""
    known = sources_of(owner=owner)
    if known and known != set(sources):
        raise ValueError(f"{owner} has things that are made of other segments")
    if not known:
        DerivedSource.objects.bulk_create([DerivedSource(owner=owner, segment_id=pk) for pk in sources])


def _require_opens(segments: Collection[Segment], hold_id: UUID | None) -> None:
    """Raise unless every one of them would open now: by its own time, or through this hold."""
    for segment in segments:
        held = sealed.held_by(segment, hold_id)
        if past.is_over(held.hold.opens_until if held else segment.expires_at):
            raise FootageExpired


# Opening


def open_for_person(
    receipt: Receipt, derived: Derived, *, actor_id: UUID, hold_id: UUID | None = None
) -> SealedReader:
    """An object, for the person that the receipt names; the receipt covers all that it shows.

    `hold_id`: the hold of the owner, through which alone it then opens. Restrictions are the caller's to ask
    for. Raises ReceiptMismatch, FootageExpired, HoldEnded, DerivedGone, KeyMissing, errors of the store.
    """
    row, obj = _found(derived, hold_id)
    return vault.open_for_person(receipt, obj, actor_id=actor_id, span=(row.starts_at, row.ends_at))


def read_for_person(
    receipt: Receipt, derived: Derived, *, actor_id: UUID, hold_id: UUID | None = None
) -> bytes:
    """All bytes of a fact or an object; as `open_for_person`."""
    row, obj = _found(derived, hold_id)
    span = (row.starts_at, row.ends_at)
    if row.sealed is not None:
        return vault.fact_for_person(receipt, obj, bytes(row.sealed), actor_id=actor_id, span=span)
    with vault.open_for_person(receipt, obj, actor_id=actor_id, span=span) as reader:
        return reader.read()


def facts_for_person(
    receipt: Receipt, facts: Sequence[Derived], *, actor_id: UUID, hold_id: UUID | None = None
) -> Iterator[bytes | None]:
    """Many facts of one part and camera, in order, quicker than one by one; None for what ends meanwhile.

    The receipt must cover from the first to the last of them. Errors as `read_for_person`.
    """
    opened = _found_all(facts, hold_id)
    if not opened:
        return iter(())
    span = min(row.starts_at for row, _obj in opened), max(row.ends_at for row, _obj in opened)
    told = [(obj, bytes(row.sealed or b"")) for row, obj in opened]
    return vault.facts_for_person(receipt, told, actor_id=actor_id, span=span)


def open_for_system(
    receipt: Receipt, derived: Derived, *, job: str, hold_id: UUID | None = None
) -> SealedReader:
    """An object, for a job whose `vault.job` entry names all segments that it is made of (and `hold`, as
    {"id", "name"}, if and only if `hold_id` is given). Errors as for people."""
    return vault.open_for_system(receipt, _found(derived, hold_id)[1], job=job)


def read_for_system(receipt: Receipt, derived: Derived, *, job: str, hold_id: UUID | None = None) -> bytes:
    """All bytes of a fact or an object; as `open_for_system`."""
    row, obj = _found(derived, hold_id)
    if row.sealed is not None:
        return vault.fact_for_system(receipt, obj, bytes(row.sealed), job=job)
    with vault.open_for_system(receipt, obj, job=job) as reader:
        return reader.read()


def facts_for_system(
    receipt: Receipt, facts: Sequence[Derived], *, job: str, hold_id: UUID | None = None
) -> Iterator[bytes | None]:
    """Many facts, in order, quicker than one by one; None for what ends meanwhile. Errors as
    `read_for_system`."""
    told = [(obj, bytes(row.sealed or b"")) for row, obj in _found_all(facts, hold_id)]
    return vault.facts_for_system(receipt, told, job=job)


def _found(derived: Derived, hold_id: UUID | None) -> tuple[Derived, vault.KeyedObject]:
    return _found_all([derived], hold_id)[0]


def _found_all(wanted: Sequence[Derived], hold_id: UUID | None) -> list[tuple[Derived, vault.KeyedObject]]:
    """The rows as they stand now, and what the vault opens; refused unless all their segments would open."""
    ids = [each.pk for each in wanted]
    rows: dict[UUID, Derived] = {}
    for start in range(0, len(ids), IN):
        found = Derived.objects.select_related("segment__epoch", "segment__camera")
        found = found.prefetch_related("segment__held__hold")
        rows |= found.in_bulk(ids[start : start + IN])
    if len(rows) != len(set(ids)):
        raise DerivedGone
    shared = {row.owner for row in rows.values() if row.shared}
    sources = {owner: _segments(sources_of(owner=owner)) for owner in shared}
    opened = []
    for row in (rows[pk] for pk in ids):
        segments = sources[row.owner] if row.shared else [row.segment]
        opened.append((row, _keyed(row, segments, hold_id)))
    return opened


def _keyed(row: Derived, segments: Collection[Segment], hold_id: UUID | None) -> vault.KeyedObject:
    """What the vault seals and opens: the row, under the keys of all that it is made of."""
    objects = {each.pk: sealed.keyed(each, row.part, held=sealed.held_by(each, hold_id)) for each in segments}
    own = objects.pop(row.segment_id)
    return replace(
        own, name=row.sealed_name, size_bytes=row.size_bytes, label=str(row.pk),
        starts_at=row.starts_at, ends_at=row.ends_at, also=tuple(objects.values()),
    )  # fmt: skip


# Removing


def remove(*, owner: UUID, label: str | None = None, beginning: str = "") -> int:
    """Remove what an owner has (of this label; whose labels begin so), for good; of how many.

    Rows first: killed in between, their objects are without rows and go with the sweep of orphans.
    """
    rows = Derived.objects.filter(owner=owner, label__startswith=beginning)
    if label is not None:
        rows = rows.filter(label=label)
    with transaction.atomic():
        names = list(rows.select_for_update().values_list("sealed_name", flat=True))
        removed = rows.delete()[0]
        if not Derived.objects.filter(owner=owner, shared=True).exists():
            DerivedSource.objects.filter(owner=owner).delete()
        transaction.on_commit(lambda: _delete_objects([name for name in names if name]))
    return removed


def _delete_objects(names: Sequence[str]) -> None:
    if names:
        reached("derived.unnamed")
    for name in names:
        _delete_object(name)


def _delete_object(name: str) -> None:
    """Delete an object that has no row; what the store does not do now, the sweep of orphans does."""
    try:
        vault.delete_object(name)
    except (LetheError, OSError) as error:
        log.warning("%s has no row any more and is still in the store: %s", name, error)
