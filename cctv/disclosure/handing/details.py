"""Who takes a copy, how to reach them, and the enclosed key: sealed under the package's key, gone with it."""

import json
from dataclasses import asdict, dataclass

from accesslog.canonical import encode
from cctv.disclosure.exports.models import Export
from cctv.disclosure.handing.models import HandOver
from cctv.disclosure.packaging import files
from cctv.vault.errors import KeyMissing


@dataclass(frozen=True, slots=True)
class Details:
    """`key`: what opens a copy under a pass-phrase, sealed by it; the pass-phrase itself is kept nowhere."""

    person: str = ""
    contact: str = ""
    key: str = ""


def sealed(export: Export, details: Details) -> bytes:
    """For the row of a copy of this export. KeyMissing, once the package has ended."""
    return files.seal(export, encode(asdict(details)))


def read(handover: HandOver) -> Details | None:
    """What was sealed; None once the package has ended."""
    if not handover.details:
        return Details()
    try:
        opened = files.unseal(handover.export, bytes(handover.details))
    except KeyMissing:
        return None
    known = json.loads(opened)
    return Details(**{name: str(known.get(name, "")) for name in Details.__slots__})
