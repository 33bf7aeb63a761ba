"""Papers in the store that show no footage: letters, warrants, proofs of identity, each under its own key.

That key is wrapped under a key of the records ring (of a year, of one check of identity), so that destroying
the one ends all papers of its time in every copy. People open one by an entry that names it and them; there
is no other door.
"""

from dataclasses import dataclass, field
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from accesslog import Receipt
from cctv.vault import doors, keyfile, rings
from cctv.vault.errors import KeyMissing, KeyProtected, ReceiptMismatch
from cctv.vault.objects import object_context
from cctv.vault.sealing import SealedReader

# Labels of keys that papers may be wrapped under; those of footage, holds and the log never are.
LABELS = ("letter/", "identity/")
_kinds: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Paper:
    """A stored paper: its object's `name`, its key still wrapped, the row's id and part it is sealed to."""

    name: str
    size_bytes: int
    wrapped_key: bytes = field(repr=False)
    key_id: str
    context_id: UUID
    part: str


def register_paper_kind(kind: str, part: str) -> str:
    """Entries of this kind allow a person to open papers of this part; the body's field `part` names it."""
    _kinds[kind] = part
    return kind


@sensitive_variables()
def wrap_for_paper(*, label: str, object_key: bytes) -> tuple[str, bytes]:
    """The id of the label's key (made if there is none), and the paper's own key under it (40 bytes)."""
    if not label.startswith(LABELS):
        raise KeyProtected()
    ring = rings.records()
    key_id = ring.ensure(label)
    return key_id, keyfile.wrap_key(ring.get(key_id), object_key)


@sensitive_variables()
def open_paper(receipt: Receipt, paper: Paper, *, actor_id: UUID | str) -> SealedReader:
    """A reader for the paper that the entry names. ReceiptMismatch, KeyMissing, SealBroken."""
    named = receipt.body.get(paper.part)
    actor = receipt.body.get("actor")
    if (
        _kinds.get(receipt.kind) != paper.part
        or not isinstance(named, dict)
        or named.get("id") != str(paper.context_id)
        or not isinstance(actor, dict)
        or actor.get("id") != str(actor_id)
    ):
        raise ReceiptMismatch
    ring = rings.records()
    if not (ring.label(paper.key_id) or "").startswith(LABELS):
        raise KeyMissing
    key = keyfile.unwrap_key(ring.get(paper.key_id), paper.wrapped_key)
    storage = doors.footage_storage()

    def guard() -> None:
        if not ring.has(paper.key_id):
            raise KeyMissing

    return SealedReader(
        lambda offset, length: storage.read_range(paper.name, offset, length),
        paper.size_bytes,
        key,
        object_context(paper.context_id, paper.part),
        guard=guard,
        read_ahead_bytes=storage.read_ahead_bytes,
    )
