"""What names persons about a medium, sealed under a key of its year: gone when that key goes."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from accesslog.canonical import encode
from cctv.disclosure.models import Medium
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing


@dataclass(frozen=True, slots=True)
class HandOver:
    """To whom it went: the office (in the ledger too), the person and how to reach them, and why."""

    recipient: str
    person: str
    contact: str
    ground: str
    document: str
    at: str


@dataclass(slots=True)
class Details:
    """All hand-overs, the first one first, and who witnessed the destruction."""

    handed: list[HandOver] = field(default_factory=list)
    witness: str = ""
    remark: str = ""


def read(medium: Medium) -> Details | None:
    """What was sealed; None once its key was destroyed."""
    if not medium.details:
        return Details()
    try:
        opened = vault.open_record(medium.details_key_id, bytes(medium.details), context=_context(medium))
    except KeyMissing:
        return None
    facts: dict[str, Any] = json.loads(opened)
    return Details([HandOver(**row) for row in facts["handed"]], facts["witness"], facts["remark"])


def write(medium: Medium, details: Details) -> None:
    """Seal it into the row, which the caller saves."""
    medium.details_key_id, medium.details = vault.seal_record(
        f"medium/{medium.year}", encode(asdict(details)), context=_context(medium)
    )


def _context(medium: Medium) -> bytes:
    return f"lethe/1/medium/{medium.pk}".encode()
