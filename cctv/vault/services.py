"""What the rest of the house may ask of the vault.

Sealing and storing need no permission; opening does, and has two doors (`doors`). Keys end through
`destroy_epochs` alone. No function here returns a key, except a fresh one that protects nothing yet.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from uuid import UUID

from accesslog import Receipt
from cctv.core.errors import LetheError
from cctv.vault import doors, epochs, names, records, rings
from cctv.vault.commitments import ingest_salt
from cctv.vault.doors import Span, footage_storage, person_kinds, register_person_kind
from cctv.vault.epochs import duplicate_tag, lock_live, rewrap, wrap
from cctv.vault.keyring import RatchetResult
from cctv.vault.mirrors import MirrorState
from cctv.vault.models import Epoch
from cctv.vault.names import part_name
from cctv.vault.objects import KeyedObject
from cctv.vault.objects import object_context as context
from cctv.vault.records import (
    new_hold_key,
    new_package_key,
    package_keys,
    seal_again,
    seal_for_package,
    wrap_for_hold,
    wrap_for_package,
    wrap_hold_to_hold,
)
from cctv.vault.roots import RootFacts, configured
from cctv.vault.sealing import KEY_BYTES, SealedFacts, SealedReader, SealWriter
from cctv.vault.setup import check_ready, initialise, is_initialised
from cctv.vault.storage import ObjectSink, StoredObject

__all__ = [
    "Destruction",
    "Epoch",
    "KeyedObject",
    "ObjectWriter",
    "RootFacts",
    "add_part",
    "check_ready",
    "check_storage",
    "context",
    "delete_object",
    "delete_objects",
    "destroy_epochs",
    "destroy_log_keys",
    "destroy_record_keys",
    "duplicate_tag",
    "ensure_epoch",
    "fact_for_person",
    "fact_for_system",
    "facts_for_person",
    "facts_for_system",
    "ingest_salt",
    "initialise",
    "installation_id",
    "is_initialised",
    "list_objects",
    "lock_live",
    "log_keys",
    "mirror_states",
    "new_hold_key",
    "new_object_key",
    "new_package_key",
    "object_exists",
    "object_name",
    "open_for_person",
    "open_for_system",
    "open_record",
    "package_keys",
    "part_name",
    "person_kinds",
    "provisional_reader",
    "register_person_kind",
    "rekey_epoch",
    "rewrap",
    "root_facts",
    "root_provider",
    "salt_for_person",
    "salt_for_system",
    "seal_again",
    "seal_fact",
    "seal_for_package",
    "seal_record",
    "sync_mirrors",
    "wrap",
    "wrap_for_hold",
    "wrap_for_package",
    "wrap_hold_to_hold",
    "writer",
    "writer_of_derived",
]

Destruction = RatchetResult


class ObjectWriter(SealWriter):
    """Seals into a new object of the store: durable when `close` returns, gone after `abort`."""

    def __init__(self, sink: ObjectSink, key: bytes, context: bytes) -> None:
        """Takes the sink over."""
        super().__init__(sink, key, context)
        self._object = sink
        self._committed = False

    def close(self) -> SealedFacts:
        """Write the last chunk and make the object durable."""
        facts = super().close()
        if not self._committed:
            self._object.commit()
            self._committed = True
        return facts

    def abort(self) -> None:
        """Leave nothing behind; harmless after `close`."""
        if not self._committed:
            self._object.abort()

    def __enter__(self) -> "ObjectWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


# Sealing


def new_object_key() -> bytes:
    """32 fresh random bytes for one object and its parts."""
    return secrets.token_bytes(KEY_BYTES)


def object_name() -> str:
    """A fresh random name in the store."""
    return names.new_name()


def writer(name: str, key: bytes, context: bytes) -> ObjectWriter:
    """Seal a new object. StorageMismatch, StorageFull, StorageFailed."""
    return ObjectWriter(footage_storage().create(name), key, context)


def writer_of_derived(obj: KeyedObject) -> ObjectWriter:
    """Seal a new object `obj.name` that is made of an older one, under that one's key; `obj.part` and
    `obj.label` say what it is. FootageExpired, KeyMissing, StorageMismatch, StorageFull, StorageFailed."""
    return doors.seal_into(obj, writer)


def provisional_reader(name: str, size_bytes: int, key: bytes, context: bytes) -> SealedReader:
    """Read back what was just sealed, with the key in hand: for ingest, before there is a row."""
    storage = footage_storage()
    return SealedReader(
        lambda offset, length: storage.read_range(name, offset, length),
        size_bytes,
        key,
        context,
        read_ahead_bytes=storage.read_ahead_bytes,
    )


# Epochs


def ensure_epoch(site_id: UUID, expires_at: datetime) -> Epoch:
    """The live epoch for what expires then. FootageExpired, KeyMissing; see `epochs.ensure`."""
    return epochs.ensure(site_id, expires_at)


def rekey_epoch(epoch: Epoch) -> Epoch:
    """A live epoch with a fresh key in the place of `epoch`, which is retired; see `epochs.rekey`."""
    return epochs.rekey(epoch)


def destroy_epochs(epoch_key_ids: Collection[str]) -> Destruction:
    """The ratchet: those keys are gone for good when this returns. EpochNotEnded, SurvivorsRemain; see
    `epochs.destroy`."""
    return epochs.destroy(epoch_key_ids)


def root_provider() -> str:
    """Where the roots of both rings are, by the settings: "file" or "openbao"; asks nobody."""
    return configured.provider()


def root_facts(*, ask: bool = False) -> RootFacts:
    """Where the footage ring's root is, and what may be claimed of it.

    `claims_below_file_system` holds for keys made after `since_us` (µs; 0: for all). With `ask`, the
    provider is asked this very moment whether it refuses the root before; RootUnavailable if it is away.
    """
    return rings.footage().root_facts(ask=ask)


def mirror_states() -> list[MirrorState]:
    """How far each mirror of the footage ring is; `pending` while it may still open destroyed footage."""
    return rings.footage().mirror_states()


def sync_mirrors() -> list[MirrorState]:
    """Bring the mirrors of both rings forward; returns those of the footage ring."""
    rings.records().sync_mirrors()
    return rings.footage().sync_mirrors()


# Keys of holds and sealed fields


def destroy_record_keys(key_ids: Collection[str]) -> Destruction:
    """The ratchet of the records ring, which replaces the escrow too. KeyProtected; see `records`."""
    return records.destroy_keys(key_ids)


def log_keys() -> dict[str, str]:
    """The period of each key that bodies of the log are sealed under, by its id; no key leaves."""
    return records.log_keys()


def destroy_log_keys(key_ids: Collection[str]) -> Destruction:
    """The ratchet for periods of the log whose records have ended. KeyProtected; see `records`."""
    return records.destroy_log_keys(key_ids)


def seal_record(label: str, plaintext: bytes, *, context: bytes) -> tuple[str, bytes]:
    """Seal a field with personal data under the key of `label`: its key's id and the sealed bytes."""
    return records.seal(label, plaintext, context=context)


def open_record(key_id: str, sealed: bytes, *, context: bytes) -> bytes:
    """The sealed field again; KeyMissing once its key was destroyed."""
    return records.unseal(key_id, sealed, context=context)


# Opening


def open_for_person(receipt: Receipt, obj: KeyedObject, *, actor_id: UUID | str, span: Span) -> SealedReader:
    """The only door for people; see `doors.for_person`."""
    return doors.for_person(receipt, obj, actor_id=actor_id, span=span)


def open_for_system(receipt: Receipt, obj: KeyedObject, *, job: str) -> SealedReader:
    """The door for jobs, with an entry of kind "vault.job" for this object; see `doors.for_system`."""
    return doors.for_system(receipt, obj, job=job)


def salt_for_person(receipt: Receipt, obj: KeyedObject, *, actor_id: UUID | str, span: Span) -> bytes:
    """What hides the object's clear hash in its hour's tree; see `doors.salt_for_person`."""
    return doors.salt_for_person(receipt, obj, actor_id=actor_id, span=span)


def salt_for_system(receipt: Receipt, obj: KeyedObject, *, job: str) -> bytes:
    """The same for a job."""
    return doors.salt_for_system(receipt, obj, job=job)


def add_part(receipt: Receipt, obj: KeyedObject, data: bytes, *, job: str) -> int:
    """Seal a derivative beside its object, for a job; see `doors.add_part`."""
    return doors.add_part(receipt, obj, data, job=job)


def seal_fact(obj: KeyedObject, data: bytes, *, label: str = "") -> bytes:
    """Seal something small told from the object, for a column of the register; see `doors.seal_fact`."""
    return doors.seal_fact(obj, data, label=label)


def fact_for_person(
    receipt: Receipt, obj: KeyedObject, sealed: bytes, *, actor_id: UUID | str, span: Span, label: str = ""
) -> bytes:
    """Such a fact, for a person; see `doors.fact_for_person`."""
    return doors.fact_for_person(receipt, obj, sealed, actor_id=actor_id, span=span, label=label)


def facts_for_person(
    receipt: Receipt, facts: Iterable[tuple[KeyedObject, bytes]], *, actor_id: UUID | str, span: Span
) -> Iterator[bytes | None]:
    """Many such facts of one camera, in order; see `doors.facts_for_person`."""
    return doors.facts_for_person(receipt, facts, actor_id=actor_id, span=span)


def fact_for_system(receipt: Receipt, obj: KeyedObject, sealed: bytes, *, job: str, label: str = "") -> bytes:
    """Such a fact, for a job."""
    return doors.fact_for_system(receipt, obj, sealed, job=job, label=label)


def facts_for_system(
    receipt: Receipt, facts: Iterable[tuple[KeyedObject, bytes]], *, job: str
) -> Iterator[bytes | None]:
    """Many such facts, in order; see `doors.facts_for_system`."""
    return doors.facts_for_system(receipt, facts, job=job)


# The store


def check_storage() -> None:
    """StorageMismatch unless the store is there and belongs to this installation."""
    footage_storage().check_marker()


def delete_object(name: str) -> None:
    """Delete an object with all its parts (of a part: only it). Idempotent."""
    footage_storage().remove(name)


def delete_objects(names: Sequence[str]) -> dict[str, LetheError]:
    """Delete objects with all their parts and look for each again: those not verifiably gone, and why."""
    return footage_storage().remove_many(names)


def object_exists(name: str) -> bool:
    """Whether the store holds the object; StorageMismatch where the store itself is not there."""
    return footage_storage().exists(name)


def list_objects(prefix: str = "") -> Iterator[StoredObject]:
    """Every object of the store, parts included, in order of names; foreign files are passed over."""
    return footage_storage().iterate(prefix)


def installation_id() -> str:
    """Who this installation is: written into its stores' markers."""
    return rings.installation_id()
