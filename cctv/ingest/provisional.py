"""Sealed objects that no row names yet.

Clear bytes exist in this process's memory only: what is read is sealed in the same breath. Unless it
is kept, every object written here is deleted again when the work ends; should the process die first,
the object's key dies with it and the sweeper for orphans removes the rest (log-and-vault.md, part B).
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from uuid import UUID

from cctv.core.ids import new_id
from cctv.footage.media.facts import MediaFacts
from cctv.footage.media.ranges import Reader
from cctv.footage.media.strip import strip_audio
from cctv.ingest import orphans
from cctv.ingest.errors import AdmissionStalled
from cctv.vault import services as vault
from cctv.vault.names import part_name
from cctv.vault.sealing import SealedFacts, SealedReader

# Part of the orphans' lease within which a row must follow its objects; the rest is for the commit itself.
IN_TIME = 0.9


@dataclass(frozen=True, slots=True)
class SealedObject:
    """A durable sealed object and the key that only this process has."""

    id: UUID
    name: str
    key: bytes
    facts: SealedFacts

    @property
    def context(self) -> bytes:
        """What the seal is bound to."""
        return vault.context(self.id, "media")

    def reader(self) -> SealedReader:
        """The clear bytes again, decrypted range by range."""
        return vault.provisional_reader(self.name, self.facts.size_bytes, self.key, self.context)


class Provisional:
    """Collects the objects of one admission; deletes those not kept."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._names: list[str] = []
        self._durable_at: dict[str, float] = {}
        self.media: SealedObject | None = None

    def __enter__(self) -> "Provisional":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete what was not kept; a failure here is the sweeper's business."""
        for name in self._names:
            with contextlib.suppress(Exception):
                vault.delete_object(name)

    def keep(self) -> None:
        """The objects have a row now, or may have one."""
        self._names.clear()

    def keep_only(self, name: str) -> None:
        """One object has a row now; the others go."""
        self._names = [other for other in self._names if other != name]

    def refuse_stalled(self) -> None:
        """Before a row is committed: AdmissionStalled if the sweeper for orphans may soon take them."""
        limit = monotonic() - IN_TIME * orphans.lease_s()
        if any(self._durable_at.get(name, limit) < limit for name in self._names):
            raise AdmissionStalled

    def seal(self, pieces: Iterable[bytes]) -> SealedObject:
        """Seal a stream under a fresh key into a new object; durable when this returns."""
        sealed_id, name, key = new_id(), vault.object_name(), vault.new_object_key()
        self._names.append(name)
        writer = vault.writer(name, key, vault.context(sealed_id, "media"))
        try:
            for piece in pieces:
                writer.write(piece)
            self._durable_at[name] = monotonic()
            self.media = SealedObject(sealed_id, name, key, writer.close())
            return self.media
        except BaseException:
            writer.abort()
            raise

    def seal_video(self, reader: Reader, facts: MediaFacts) -> tuple[SealedObject, MediaFacts]:
        """Copy the video packets alone from `reader` into a new object; durable when this returns."""
        sealed_id, name, key = new_id(), vault.object_name(), vault.new_object_key()
        self._names.append(name)
        writer = vault.writer(name, key, vault.context(sealed_id, "media"))
        try:
            stripped = strip_audio(reader, writer, facts)
            self._durable_at[name] = monotonic()
            self.media = SealedObject(sealed_id, name, key, writer.close())
        except BaseException:
            writer.abort()
            raise
        return self.media, stripped.facts

    def drop(self, sealed: SealedObject) -> None:
        """Delete an object that another one replaces; nobody keeps its key, so what it held is gone."""
        self._names.remove(sealed.name)
        vault.delete_object(sealed.name)

    def seal_index(self, sealed: SealedObject, facts: MediaFacts) -> int:
        """Seal the packet index beside its media object, under the same key; returns its sealed size."""
        name = part_name(sealed.name, "index")
        self._names.append(name)
        index = facts.index.with_hash(sealed.facts.clear_sha256)
        writer = vault.writer(name, sealed.key, vault.context(sealed.id, "index"))
        try:
            writer.write(index.to_bytes())
            return writer.close().size_bytes
        except BaseException:
            writer.abort()
            raise
