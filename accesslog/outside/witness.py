"""Witnesses: others who sign what they have seen of the log, so that nobody can take it back.

Each minute every witness gets the last checkpoint with a proof that it extends the one it signed before
(c2sp.org/tlog-witness), and gives back a signature with its own time. A witness that has seen more entries
than there are now, or others, refuses: the log was put back or rewritten. That is logged, and an alarm.

Nothing waits for a witness: one that is away, slow or wrong costs its own signature and nothing else.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from accesslog import conf, note, proofs, services
from accesslog.errors import AccessLogError
from accesslog.events import WITNESS_REFUSED
from accesslog.models import LogCheckpoint, LogCosignature
from accesslog.outside.posting import Answer, Unreachable, post
from accesslog.publish import files, rounds
from accesslog.selectors import reading

STATE = "witnesses"
LOCK = "witnesses-lock"
MAX_PROOF = 63
TRIES = 3
SILENT_US = 900_000_000
CLOCKS_S = 300
"""How far a witness's clock may be from ours: a signature with another time would accuse our own entries."""

SIGNED, UNREACHABLE, MISCONFIGURED, AHEAD, CONTRADICTED, BROKEN = (
    "signed", "unreachable", "misconfigured", "ahead", "contradicted", "broken",
)  # fmt: skip
REFUSALS = (AHEAD, CONTRADICTED)


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its key (whose name is the witness's), and the prefix of its addresses."""

    key: note.VerifierKey
    url: str

    @property
    def name(self) -> str:
        return self.key.name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking a witness: a word of the above, our size, its size if it said one, in words.

    `signed_us` is when it last gave a signature; 0 if it never did.
    """

    witness: str
    what: str
    ours: int
    theirs: int | None = None
    detail: str = ""
    time_us: int = 0
    signed_us: int = 0

    @property
    def is_silent(self) -> bool:
        """Whether it has signed nothing for a quarter of an hour."""
        return time.time_ns() // 1000 - self.signed_us > SILENT_US


def configured() -> list[Witness]:
    """The witnesses of ACCESSLOG_WITNESSES, each "<verifier key> <address>". Raises ImproperlyConfigured."""
    found = []
    for line in getattr(settings, "ACCESSLOG_WITNESSES", ()):
        vkey, _space, url = str(line).strip().partition(" ")
        try:
            key = note.parse_key(vkey)
        except note.NoteError as error:
            raise ImproperlyConfigured(f"ACCESSLOG_WITNESSES: {error}") from error
        if key.kind != note.COSIGNATURE or not url.strip().startswith(("http://", "https://")):
            raise ImproperlyConfigured("ACCESSLOG_WITNESSES: expected '<key of type 04> <http(s) address>'")
        found.append(Witness(key, url.strip().rstrip("/")))
    return found


def cosign() -> list[Outcome]:
    """Ask every witness for its signature of the log as it is now. Nothing where there are none.

    Raises what publishing raises; never for a witness. Another process that asks already is left alone.
    """
    witnesses, folder = configured(), conf.folder()
    if not witnesses or folder is None:
        return []
    signed = rounds.publish(noted=True)
    if signed is None:
        return []
    try:
        with files.lock(folder / LOCK, patience_s=0):
            before = {each.witness: each.signed_us for each in last_outcomes()}
            outcomes = [_dated(_answer_of(each, signed), before.get(each.name, 0)) for each in witnesses]
            _remember(folder, outcomes)
    except files.Busy:
        return []
    for each in outcomes:
        if each.what in REFUSALS:
            _log_refusal(each)
    return outcomes


def last_outcomes() -> list[Outcome]:
    """What came of asking each configured witness the last time; for those never asked, UNREACHABLE."""
    folder, known = conf.folder(), {}
    if folder is not None:
        try:
            known = {each["witness"]: Outcome(**each) for each in json.loads((folder / STATE).read_bytes())}
        except (OSError, ValueError, TypeError, KeyError):
            known = {}
    return [known.get(each.name, Outcome(each.name, UNREACHABLE, 0)) for each in configured()]


def cosignatures(size: int) -> list[note.Signature]:
    """The witnesses' signatures of the checkpoint of that size. Raises LogUnavailable."""
    with reading():
        lines = LogCosignature.objects.filter(size=size).order_by("witness").values_list("line", flat=True)
        return [note.parse_signature(each) for each in lines]


def newest_cosigned(above: int) -> LogCheckpoint | None:
    """The newest checkpoint of more than `above` entries that a witness has signed. Raises LogUnavailable."""
    with reading():
        sizes = LogCosignature.objects.filter(size__gt=above).order_by("-size").values_list("size", flat=True)
        size = sizes.first()
        return None if size is None else LogCheckpoint.objects.filter(size=size).first()


# ---------------------------------------------------------------------- one witness


def _answer_of(witness: Witness, signed: str) -> Outcome:
    """What came of asking it. Whatever it answers, the next witness is asked too."""
    try:
        return _ask(witness, signed)
    except (ValueError, ArithmeticError) as error:
        size = note.parse_checkpoint(note.parse(signed).text).size
        return _outcome(witness, BROKEN, size, None, f"{type(error).__name__}: {error}")


def _ask(witness: Witness, signed: str) -> Outcome:
    checkpoint = note.parse_checkpoint(note.parse(signed).text)
    old = _last_signed(witness.name)
    if old > checkpoint.size:
        old = 0  # what it signed of a log that is lost: it will say so itself
    # Asked also when nothing is new: a log that was put back to a size that it had signed looks just so.
    for _try in range(TRIES):
        proof = proofs.consistency(old, new=checkpoint.size, root=checkpoint.root) if old else ()
        try:
            answer = post(f"{witness.url}/add-checkpoint", request_body(old, proof, signed))
        except Unreachable as error:
            return _outcome(witness, UNREACHABLE, checkpoint.size, None, str(error))
        theirs = _size_of(answer)
        if answer.status != 409 or theirs is None or theirs == old or theirs > checkpoint.size:
            return _settle(witness, checkpoint, signed, answer, theirs)
        old = theirs
    return _outcome(witness, UNREACHABLE, checkpoint.size, old, _("It changes its mind all the time."))


def request_body(old: int, proof: Sequence[bytes], signed: str) -> bytes:
    """The body of add-checkpoint. ValueError for a proof that is too long for the protocol."""
    if len(proof) > MAX_PROOF:
        raise ValueError(f"a consistency proof has at most {MAX_PROOF} hashes")
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof), "", signed]
    return "\n".join(lines).encode()


def _settle(
    witness: Witness, checkpoint: note.Checkpoint, signed: str, answer: Answer, theirs: int | None
) -> Outcome:
    ours = checkpoint.size
    if answer.status == 200:
        return _take(witness, checkpoint, signed, answer)
    if answer.status == 409 and theirs is not None:
        return _outcome(witness, AHEAD if theirs > ours else CONTRADICTED, ours, theirs)
    if answer.status == 422:
        return _outcome(witness, CONTRADICTED, ours, _last_signed(witness.name))
    if answer.status in (400, 403, 404):
        detail = _("It answers %(status)d: it does not know this log, or not this key of it.")
        return _outcome(witness, MISCONFIGURED, ours, None, detail % {"status": answer.status})
    detail = _("It answers %(status)d.") % {"status": answer.status}
    return _outcome(witness, UNREACHABLE, ours, None, detail)


def _take(witness: Witness, checkpoint: note.Checkpoint, signed: str, answer: Answer) -> Outcome:
    """Keep the witness's signature, after verifying it; signatures of unknown keys are passed over."""
    text = note.parse(signed).text
    for line in answer.body.decode("utf-8", "replace").splitlines():
        try:
            signature = note.parse_signature(line)
            seconds = note.verify_signature(text, signature, witness.key)
        except note.NoteError:
            continue
        if abs(seconds - time.time()) > CLOCKS_S:
            detail = _("Its clock and ours differ: it signed at %(seconds)d seconds after 1970.")
            return _outcome(witness, BROKEN, checkpoint.size, None, detail % {"seconds": seconds})
        with reading():
            LogCosignature.objects.get_or_create(
                size=checkpoint.size, witness=witness.name,
                defaults={"line": signature.line, "time_us": seconds * 1_000_000},
            )  # fmt: skip
        return _outcome(witness, SIGNED, checkpoint.size, checkpoint.size)
    return _outcome(witness, BROKEN, checkpoint.size, None, _("Its signature does not fit its key."))


def _size_of(answer: Answer) -> int | None:
    text = answer.body.decode("ascii", "replace").strip()
    if answer.content_type.startswith("text/x.tlog.size") and text.isdigit() and len(text) < 20:
        return int(text)
    return None


def _last_signed(name: str) -> int:
    with reading():
        rows = LogCosignature.objects.filter(witness=name).order_by("-size")
        return rows.values_list("size", flat=True).first() or 0


# ---------------------------------------------------------------------- what is kept of it


def _outcome(witness: Witness, what: str, ours: int, theirs: int | None, detail: str = "") -> Outcome:
    return Outcome(witness.name, what, ours, theirs, detail, time.time_ns() // 1000)


def _dated(outcome: Outcome, before_us: int) -> Outcome:
    return replace(outcome, signed_us=outcome.time_us if outcome.what == SIGNED else before_us)


def _remember(folder: Path, outcomes: Sequence[Outcome]) -> None:
    files.write(folder / STATE, (json.dumps([asdict(each) for each in outcomes], indent=1) + "\n").encode())


def _log_refusal(outcome: Outcome) -> None:
    """Once a day for each witness and refusal: one that says another size each minute fills no log.

    A log that was put back may take no entry: so be it.
    """
    day = outcome.time_us // 86_400_000_000
    known = f"accesslog/witness/{outcome.witness}/{outcome.what}/{day}"
    body: dict[str, Any] = {"witness": outcome.witness, "reason": outcome.what, "ours": outcome.ours}
    if outcome.theirs is not None:
        body["theirs"] = outcome.theirs
    try:
        services.append(kind=WITNESS_REFUSED, body=body, event_id=uuid5(NAMESPACE_OID, known))
    except AccessLogError:
        return  # the outcome is in its file, and an alarm all the same
