"""The signer's memory: the highest size and root ever signed, beside the tiles and outside every database.

It is written, durably, before a signature is made, so it can only say more than was signed, never less. With
it, a database that was put back from a backup is seen before anything is signed, and before anything is
appended that would fork what outsiders hold (`floor`). A log that was forked cannot be mended any more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from accesslog import conf, merkle, note
from accesslog.errors import AnotherLogsFolder, FolderAway, LogRewound, SignerStateDamaged
from accesslog.events import LOSS_ACCEPTED, RECOVERED
from accesslog.publish import files
from accesslog.publish.paths import CHECKPOINT

NAME = "signer-state"
LOCK = "signer-lock"
FORMAT = 1
NAMESPACE = UUID("5e0a5d35-0c2b-5f43-9a3e-7c1f6f1d8a10")
"""Of the event ids (UUID version 5) that follow from what an entry is about."""


@dataclass(slots=True)
class State:
    """`frontier` (hashes of the perfect subtrees) is empty where only the root was learnt, from a copy.

    `recovering`: what a recovery under way puts back. `pending`: entries that are owed to the log, appended
    as soon as it can be appended to. `lost`: losses that were accepted ({kept, size, root}). `forked`: the
    copy that holds what our key signed and our database contradicts, or "".
    """

    origin: str = ""
    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    frontier: bytes = b""
    time_us: int = 0
    recovering: dict[str, Any] | None = None
    pending: list[dict[str, Any]] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)
    forked: str = ""


def load(folder: Path) -> State | None:
    """The state of a folder; None where none was ever written. Raises SignerStateDamaged, OSError."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        said: Mapping[str, Any] = json.loads(data)
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']}")
        state = State(
            origin=str(said["origin"]), size=int(said["size"]), root=bytes.fromhex(said["root"]),
            frontier=bytes.fromhex(said["frontier"]), time_us=int(said["time_us"]),
            recovering=said["recovering"], pending=list(said["pending"]), lost=list(said["lost"]),
            forked=str(said.get("forked", "")),
        )  # fmt: skip
        if state.frontier and merkle.Frontier.from_bytes(state.size, state.frontier).root() != state.root:
            raise ValueError("the frontier has another root")
        for owed in state.pending:
            _check_owed(owed)
    except (ValueError, KeyError, TypeError) as error:
        raise SignerStateDamaged() from error
    return state


def save(folder: Path, state: State) -> None:
    """Write the state durably. Raises OSError."""
    said = {
        "format": FORMAT, "origin": state.origin, "size": state.size, "root": state.root.hex(),
        "frontier": state.frontier.hex(), "time_us": state.time_us, "recovering": state.recovering,
        "pending": state.pending, "lost": state.lost, "forked": state.forked,
    }  # fmt: skip
    files.write(folder / NAME, (json.dumps(said, indent=1) + "\n").encode())


def about(what: str, size: int, root: bytes) -> str:
    """The event id of an entry about a tree: said twice, it is there once."""
    return str(uuid5(NAMESPACE, f"{what}/{size}/{root.hex()}"))


def _check_owed(owed: Mapping[str, Any]) -> None:
    """Only what a recovery owes is ever owed: whoever can write the file must not write in the log by it."""
    kind, body = owed["kind"], owed["body"]
    if kind == LOSS_ACCEPTED and body.keys() <= {"kept", "signed_size", "signed_root", "reason", "actor"}:
        said = about(kind, int(body["signed_size"]), bytes.fromhex(body["signed_root"]))
    elif kind == RECOVERED and body.keys() == {"first", "end", "checkpoint"}:
        root = note.parse_checkpoint(note.parse(body["checkpoint"]).text).root
        said = about(f"{kind}/{int(body['first'])}", int(body["end"]), root)
    else:
        raise ValueError(f"an entry {kind} is owed by nobody")
    if owed["event_id"] != said:
        raise ValueError("what is owed is about something else")


def was_given_up(state: State, size: int) -> bool:
    """Whether a checkpoint of this size, beyond the state's, is of a branch whose loss was accepted."""
    return any(each["kept"] < size <= each["size"] for each in state.lost)


# ---------------------------------------------------------------------- the published checkpoint


def read_note(folder: Path) -> str | None:
    """The published checkpoint as it lies there; None where there is none. Raises OSError."""
    try:
        return (folder / CHECKPOINT).read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def verified(text: str | None) -> note.Checkpoint | None:
    """The checkpoint of a note that our key signed; None for any other."""
    try:
        return note.verify_checkpoint(text, conf.signer().verifier_key()) if text else None
    except note.NoteError:
        return None


def refuse_another(folder: Path, state: State | None, text: str | None) -> None:
    """AnotherLogsFolder where the folder has another log's memory, or no memory and another's checkpoint."""
    if state is None and text is None:
        return
    ours = conf.signer().origin
    theirs = state.origin if state is not None else ours if verified(text) else str(text).split("\n")[0][:200]
    if theirs == ours and (state is not None or verified(text)):
        return
    said = _("The folder %(folder)s has the published log %(theirs)s in it. This log is %(ours)s.")
    if theirs == ours:
        said = _("The folder %(folder)s has a checkpoint of %(theirs)s in it that another key has signed.")
    raise AnotherLogsFolder(said % {"folder": folder, "theirs": theirs, "ours": ours})


def folder_away(folder: Path) -> FolderAway:
    """The error of a folder that was published and is not there, naming it."""
    said = _("The folder of the published log, %(folder)s, is not there, or empty, though it was published.")
    return FolderAway(said % {"folder": folder})


# ---------------------------------------------------------------------- the floor of appending

Identity = tuple[tuple[int, int] | None, ...]
_floors: dict[str, tuple[Identity, int]] = {}


def refuse_fork(size: int, was_published: Callable[[], bool] = lambda: False) -> None:
    """LogRewound when a log of `size` entries is shorter than what was signed. Costs two stat(2).

    `was_published` is asked where the folder has nothing: does the database say that something was published?
    Raises FolderAway, AnotherLogsFolder, SignerStateDamaged where it cannot be known what was signed.
    """
    if size < floor(was_published):
        raise LogRewound()


def floor(was_published: Callable[[], bool] = lambda: False) -> int:
    """The highest size that the folder says was signed; the last one known while it cannot be read."""
    folder = conf.folder()
    if folder is None:
        return 0
    known = _floors.get(str(folder))
    try:
        identity = tuple(_identity(folder / name) for name in (NAME, CHECKPOINT))
        if not any(identity):
            if known is None and was_published():
                raise folder_away(folder)
        elif known is None or known[0] != identity:
            known = _floors[str(folder)] = (identity, _signed(folder))
    except OSError as error:
        # Whoever appends learns no more by waiting; the publisher reports it. Not knowing anything is worse.
        if known is None and was_published():
            raise folder_away(folder) from error
    return known[1] if known else 0


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino


def _signed(folder: Path) -> int:
    """The memory, or the checkpoint where that says more: an older memory was put back, or there is none."""
    state, text = load(folder), read_note(folder)
    refuse_another(folder, state, text)
    if state is None:
        checkpoint = verified(text)
        return checkpoint.size if checkpoint else 0
    try:
        said = int((text or "").split("\n")[1])
    except (ValueError, IndexError):
        return state.size
    if said <= state.size or was_given_up(state, said):
        return state.size
    checkpoint = verified(text)
    return checkpoint.size if checkpoint else state.size
