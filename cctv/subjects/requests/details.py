"""What names persons in a request, sealed under a key of the request's own (`request/<id>`).

The key is in the records ring and nowhere else: once it is destroyed, nothing of this opens, backups
included. Other fields of the request's file (messages, letters) are sealed under the same key.
"""

import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.views.decorators.debug import sensitive_variables

from accesslog.canonical import encode
from cctv.subjects.requests.models import SubjectRequest
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing

LABEL = "request/"


@dataclass(frozen=True, slots=True, repr=False)
class Details:
    """Who asks, how to reach them, and how to know them in the picture; "" is what nobody said."""

    name: str = ""
    email: str = ""
    phone: str = ""
    birth_date: str = ""
    place: str = ""
    looks: str = ""
    plate: str = ""
    reason: str = ""
    subject_name: str = ""
    relation: str = ""
    correction: str = ""


# Controls that turn a line round, or begin one where none was written.
_TURNS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINES = frozenset({"looks", "reason", "correction", "place"})


def plain(text: str, *, lines: bool = True) -> str:
    """The words without what a screen would obey rather than show; on one line unless `lines`."""
    kept = _CONTROLS.sub("", _TURNS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return kept if lines else " ".join(kept.split())


_NAMES = frozenset(each.name for each in fields(Details))


def read(request: SubjectRequest) -> Details | None:
    """What was sealed; None once the key is gone."""
    opened = unseal(request, bytes(request.details), "details")
    if opened is None:
        return None
    found: dict[str, Any] = json.loads(opened)
    return Details(**{name: value for name, value in found.items() if name in _NAMES})


@sensitive_variables()
def write(request: SubjectRequest, details: Details) -> None:
    """Seal it into the row, which the caller saves. KeyMissing once the file has ended."""
    said = {name: plain(words, lines=name in _LINES) for name, words in asdict(details).items()}
    data = encode(said)
    if request.key_id:
        request.details = vault.seal_again(request.key_id, data, context=_context(request, "details"))
        return
    if request.ended_at is not None:
        raise KeyMissing
    label = f"{LABEL}{request.pk}"
    request.key_id, request.details = vault.seal_record(label, data, context=_context(request, "details"))


@sensitive_variables()
def seal(request: SubjectRequest, data: bytes, what: str) -> bytes:
    """Another field of the file under the request's key; `what` names it ("message/<id>"). KeyMissing."""
    return vault.seal_again(request.key_id, data, context=_context(request, what))


def unseal(request: SubjectRequest, sealed: bytes, what: str) -> bytes | None:
    """The field again; None once the key is gone, or while there is nothing."""
    if not request.key_id or not sealed:
        return None
    try:
        return vault.open_record(request.key_id, bytes(sealed), context=_context(request, what))
    except KeyMissing:
        return None


def _context(request: SubjectRequest, what: str) -> bytes:
    return f"lethe/1/request/{request.pk}/{what}".encode()
