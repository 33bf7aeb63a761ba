"""Letters, warrants and notes of a case: sealed when they come in, opened only with an entry.

The file is sealed into the store first, then the entry is durable, then the row is there: what a killed
process leaves is an object without a row, which the sweep of orphans takes. Its name, which may name
somebody, is sealed with the text.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid5
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accesslog import Receipt
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.core.uploads import MOST_BYTES, TOO_LARGE
from cctv.disclosure.cases import details as sealed
from cctv.disclosure.cases import entries, events, papers
from cctv.disclosure.cases.details import Words
from cctv.disclosure.cases.entries import CHANGE, SEE
from cctv.disclosure.cases.errors import (
    CaseIsOver,
    PaperEmpty,
    PaperGone,
    PaperRefused,
    PaperTooLarge,
)
from cctv.disclosure.cases.models import Case, CaseState, Letter
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing
from cctv.vault.papers import Paper, open_paper, wrap_for_paper
from cctv.vault.sealing import SealedReader, sealed_size
from cctv.vault.steps import reached

PIECE_BYTES = 1 << 20
NAME_LETTERS = 160


def add(
    *,
    actor: Account,
    terminal: str,
    case: Case,
    kind: str,
    title: str,
    document_number: str = "",
    dated: date | None = None,
    upload: "UploadedFile[Any] | None" = None,
    text: str = "",
    sender: str = "",
    recipient: str = "",
) -> Letter:
    """A letter with a text, a file or both. CaseIsOver, PaperEmpty, PaperRefused, PaperTooLarge, NotFound,
    Forbidden, vault errors, LogUnavailable: then nothing is left."""
    permissions_of(actor).require(CHANGE, site_id=case.site_id)
    _require(case, upload is not None or bool(text.strip()))
    letter = Letter(
        id=new_id(), case=case, kind=kind, title=title.strip(), document_number=document_number.strip(),
        dated=dated, made_by=actor, made_at=clock.now(),
    )  # fmt: skip
    year = letter.made_at.astimezone(ZoneInfo(case.site.time_zone)).year
    name = ""
    if upload is not None:
        name = _seal(letter, upload, year)
    try:
        reached("letter.sealed")
        words = Words(text.strip(), sender.strip(), recipient.strip(), name)
        sealed.write_words(letter, words, year=year)
        with transaction.atomic():
            if Case.objects.select_for_update().get(pk=case.pk).state != CaseState.OPEN:
                raise CaseIsOver
            _log_added(letter, actor, terminal)
            reached("letter.logged")
            letter.save(force_insert=True)
    except BaseException:
        if letter.sealed_name:
            vault.delete_object(letter.sealed_name)
        raise
    return letter


def _require(case: Case, has_content: bool) -> None:
    if case.state != CaseState.OPEN:
        raise CaseIsOver
    if not has_content:
        raise PaperEmpty


def open_text(*, letter: Letter, actor: Account, terminal: str) -> Words:
    """What it says; the entry comes first. PaperGone, NotFound, Forbidden, LogUnavailable."""
    _opened(letter, actor, terminal)
    words = sealed.read_words(letter)
    if words is None:
        raise PaperGone
    return words


def open_file(*, letter: Letter, actor: Account, terminal: str) -> tuple[str, Iterator[bytes]]:
    """The name that it came with and its bytes, piece by piece; the entry comes first.

    PaperGone, NotFound, Forbidden, SealBroken, LogUnavailable.
    """
    if not letter.sealed_name:
        raise PaperGone
    receipt = _opened(letter, actor, terminal, file=True)
    words = sealed.read_words(letter)
    try:
        reader = open_paper(receipt, paper_of(letter), actor_id=actor.pk)
    except KeyMissing as error:
        raise PaperGone from error
    return (words.file if words else "") or letter.file_name, _pieces(reader)


def _pieces(reader: SealedReader) -> Iterator[bytes]:
    with reader:
        while piece := reader.read(PIECE_BYTES):
            yield piece


def _opened(letter: Letter, actor: Account, terminal: str, *, file: bool = False) -> Receipt:
    case = letter.case
    permissions_of(actor).require(SEE, site_id=case.site_id)
    facts: dict[str, Any] = {"letter": logged(letter)}
    if file:
        facts["file"] = letter.file_name
    return entries.enter(
        case, events.LETTER_OPENED, actor=actor, terminal=terminal, action=SEE, facts=facts
    )  # fmt: skip


def logged(letter: Letter) -> dict[str, str]:
    """The letter, as entries name it."""
    return {"id": str(letter.pk), "name": letter.title}


def _seal(letter: Letter, upload: "UploadedFile[Any]", year: int) -> str:
    """Seal the file into the store, durable when this returns; its own name, shortened."""
    size = upload.size or 0
    if getattr(upload, TOO_LARGE, False) or size > MOST_BYTES:
        raise PaperTooLarge
    name = (upload.name or "").strip()[-NAME_LETTERS:]
    # At most MOST_BYTES, and in memory already: a type is told by the whole file.
    data = b"".join(upload.chunks())
    known = papers.type_of(name, data)
    if known is None or not data:
        raise PaperRefused
    key = vault.new_object_key()
    letter.key_id, letter.wrapped_key = wrap_for_paper(label=sealed.label(year), object_key=key)
    letter.sealed_name = vault.object_name()
    with vault.writer(letter.sealed_name, key, vault.context(letter.pk, events.LETTER)) as writer:
        writer.write(data)
        facts = writer.close()
    letter.size_bytes, letter.sha256 = facts.clear_bytes, facts.clear_sha256.hex()
    letter.media_type = known.media_type
    letter.file_name = f"{letter.kind}-{letter.made_at:%Y%m%d-%H%M%S}.{known.endings[0]}"
    return name


def paper_of(letter: Letter) -> Paper:
    """Its file, as the vault opens it."""
    return Paper(
        name=letter.sealed_name, size_bytes=sealed_size(letter.size_bytes),
        wrapped_key=bytes(letter.wrapped_key), key_id=letter.key_id, context_id=letter.pk, part=events.LETTER,
    )  # fmt: skip


def _log_added(letter: Letter, actor: Account, terminal: str) -> None:
    facts: dict[str, Any] = {"letter": logged(letter), "kind": letter.kind}
    if letter.document_number:
        facts["document"] = letter.document_number
    if letter.sealed_name:
        facts |= {"file": letter.file_name, "bytes": letter.size_bytes, "sha256": letter.sha256}
    entries.enter(
        letter.case, events.LETTER_ADDED, actor=actor, terminal=terminal, event_id=uuid5(letter.pk, "added"),
        facts=facts,
    )  # fmt: skip
