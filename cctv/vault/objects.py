"""What a caller hands over to have a sealed object opened."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from cctv.vault.names import MEDIA


@dataclass(frozen=True, slots=True)
class KeyedObject:
    """One stored object (a segment's media, its index, its thumbnail …) with its key, still wrapped.

    `name` is the object's own name in the store (`names.part_name` for a part). `size_bytes` is what
    the register says, or None where the whole object is read anyway and its size is not registered.
    `context_id` is the id of the segment, the same for all its parts. The span is half-open, aware UTC.
    `ring` names the keyring that `key_id` lies in: "footage" for an epoch's key; "records" for a hold's,
    with the hold's own wrapping of the object's key and `expires_at` the end of the hold. `label` tells
    apart what is made of the same object as the same part ("" for the object's own parts). `also` are the
    others that it is made of, if it is made of several: it is sealed to the keys of all of them.
    """

    name: str
    size_bytes: int | None
    wrapped_key: bytes = field(repr=False)
    key_id: str
    context_id: UUID
    camera_id: UUID | None
    site_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    part: str = MEDIA
    ring: str = "footage"
    label: str = ""
    also: tuple["KeyedObject", ...] = ()

    @property
    def all(self) -> tuple["KeyedObject", ...]:
        """What has to open so that this may."""
        return (self, *self.also)

    def sealed_to(self, label: str = "") -> bytes:
        """The context that its seal is bound to; `label` where it is not the object's own."""
        label = label or self.label
        return object_context(self.context_id, f"{self.part}/{label}" if label else self.part)


def object_context(context_id: UUID, part: str) -> bytes:
    """What the seal is bound to: an object moved or renamed into another's place does not open."""
    return f"lethe/1/{context_id}/{part}".encode()
