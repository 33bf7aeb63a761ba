"""What names persons about an export, sealed under a key of its year: gone when that key goes."""

import json
from dataclasses import asdict, dataclass

from accesslog.canonical import encode
from cctv.disclosure.exports.models import Export
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing


@dataclass(frozen=True, slots=True)
class Details:
    """Who takes it and how to reach them; why consent is impossible; why it is urgent."""

    person: str = ""
    contact: str = ""
    why_no_consent: str = ""
    urgent_reason: str = ""


def read(export: Export) -> Details | None:
    """What was sealed; None once its key was destroyed."""
    if not export.details:
        return Details()
    try:
        opened = vault.open_record(export.details_key_id, bytes(export.details), context=_context(export))
    except KeyMissing:
        return None
    known = json.loads(opened)
    return Details(**{name: str(known.get(name, "")) for name in Details.__slots__})


def write(export: Export, details: Details) -> None:
    """Seal it into the row, which the caller saves."""
    export.details_key_id, export.details = vault.seal_record(
        f"export/{export.year}", encode(asdict(details)), context=_context(export)
    )


def _context(export: Export) -> bytes:
    return f"lethe/1/export/{export.pk}/details".encode()
