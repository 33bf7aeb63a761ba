"""What names persons in a case or a letter, sealed under a key of its year: gone when that key goes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from accesslog.canonical import encode
from cctv.disclosure.cases.models import Case, Letter
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whom the case concerns, and what they are in it."""

    role: str
    name: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """Who is concerned, and what is known of it in words."""

    parties: list[Party] = field(default_factory=list)
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a letter says, from whom and to whom, and the name that its file came with."""

    text: str = ""
    sender: str = ""
    recipient: str = ""
    file: str = ""


def read(case: Case) -> Details | None:
    """What was sealed; None once its key was destroyed."""
    if not case.details:
        return Details()
    known = _open(case.details_key_id, bytes(case.details), _of_case(case))
    if known is None:
        return None
    return Details([Party(**each) for each in known["parties"]], known["facts"])


def write(case: Case, details: Details) -> None:
    """Seal it into the row, which the caller saves."""
    case.details_key_id, case.details = vault.seal_record(
        f"case/{case.year}", encode(asdict(details)), context=_of_case(case)
    )


def read_words(letter: Letter) -> Words | None:
    """What the letter says; None once its key was destroyed. The caller has written the entry."""
    if not letter.details:
        return Words()
    known = _open(letter.details_key_id, bytes(letter.details), _of_letter(letter))
    return None if known is None else Words(**known)


def write_words(letter: Letter, words: Words, *, year: int) -> None:
    """Seal it into the row, which the caller saves."""
    letter.details_key_id, letter.details = vault.seal_record(
        label(year), encode(asdict(words)), context=_of_letter(letter)
    )


def label(year: int) -> str:
    """Of the key under which the letters of a year are sealed."""
    return f"letter/{year}"


def _open(key_id: str, sealed: bytes, context: bytes) -> Mapping[str, Any] | None:
    try:
        opened = vault.open_record(key_id, sealed, context=context)
    except KeyMissing:
        return None
    known: Mapping[str, Any] = json.loads(opened)
    return known


def _of_case(case: Case) -> bytes:
    return f"lethe/1/case/{case.pk}/details".encode()


def _of_letter(letter: Letter) -> bytes:
    return f"lethe/1/letter/{letter.pk}/details".encode()
