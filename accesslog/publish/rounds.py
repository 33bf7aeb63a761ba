"""One round of publishing: prove, write, remember, sign, tell. Safe to kill anywhere, and to repeat.

    proven      the tree of the head extends the tree that was signed       nothing is changed yet
    tiles       tiles and bundles of the new size are durable               written again
    remembered  the signer's memory says the new size and root              signed at the next round
    noted       the database has the note (once a minute, or when asked)    at the next round
    published   the file `checkpoint` is the new note                       written again

Signatures of Ed25519 are deterministic: a checkpoint that is signed again has the same bytes.
"""

from __future__ import annotations

import time
from pathlib import Path
from uuid import UUID, uuid5

from accesslog import conf, merkle, note, services
from accesslog.errors import LogForked, LogRewound
from accesslog.events import RECOVERED
from accesslog.publish import database, files, paths, tiles
from accesslog.publish import state as states
from accesslog.publish.paths import LEVEL_BITS
from accesslog.publish.state import State
from accesslog.publish.steps import reached

LEAST_PAUSE_S = 0.5
NOTED_EVERY_US = 60_000_000
NAMESPACE = UUID("5e0a5d35-0c2b-5f43-9a3e-7c1f6f1d8a10")
"""Of the event ids (UUID version 5) that follow from what an entry is about."""


class TooSoon(Exception):
    """The last checkpoint is younger than LEAST_PAUSE_S; `seconds` are left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"{seconds:.2f} s too early")


def publish(*, patience_s: float = 10.0, least_pause_s: float = 0.0, noted: bool = True) -> str | None:
    """Publish the head as it is now; the checkpoint's note, or None for an empty log or without a folder.

    `noted`: the database gets the note too, and not only once a minute. Raises LogRewound, LogForked,
    LogDamaged, LogUnavailable, SignerStateDamaged, files.Busy, TooSoon, OSError, and what the signer raises.
    """
    folder = conf.folder()
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with files.lock(folder / states.LOCK, patience_s=patience_s):
        if not database.size() and states.load(folder) is None:
            return None  # a new installation may have no key to sign with yet
        state = remembered(folder)
        pay_what_is_owed(folder, state)
        head = database.head()
        current = read_note(folder)
        if current is not None and (head.size, head.root()) == (state.size, state.root):
            if _is_of(current, state):
                return _note_down(state, current, noted)
        elif (left := least_pause_s - (time.time_ns() // 1000 - state.time_us) / 1e6) > 0:
            raise TooSoon(min(left, least_pause_s))
        return _round(folder, state, head, noted)


def _round(folder: Path, state: State, head: merkle.Frontier, noted: bool) -> str:
    proved = prove(state, head)
    reached("proven")
    tiles.write(folder, signed=proved, head=head)
    reached("tiles")
    state.size, state.root, state.frontier = head.size, head.root(), head.to_bytes()
    state.time_us = time.time_ns() // 1000
    states.save(folder, state)
    reached("remembered")
    text = note.Checkpoint(state.origin, state.size, state.root).text
    signed = conf.signer().sign(text)
    note.verify_checkpoint(signed, conf.signer().verifier_key())
    _note_down(state, signed, noted)
    reached("noted")
    files.write(folder / paths.CHECKPOINT, signed.encode())
    reached("published")
    return signed


def remembered(folder: Path) -> State:
    """What was signed, as the memory and the database's own checkpoints say. Under the lock."""
    state = states.load(folder) or State(origin=conf.signer().origin)
    if state.origin != conf.signer().origin:
        raise LogForked()  # another installation's folder
    row = database.newest_checkpoint()
    if row is not None and row.size > state.size and not is_ours(state, row.size, bytes(row.root)):
        learn(state, row.size, bytes(row.root))
        states.save(folder, state)
    return state


def learn(state: State, size: int, root: bytes) -> None:
    """Take over that a greater size was signed: nothing below it is signed any more."""
    state.size, state.root, state.frontier = size, root, b""


def is_ours(state: State, size: int, root: bytes) -> bool:
    """Whether the database extends what we signed to this checkpoint: another host published it before us."""
    if database.size() < size:
        return False
    tree = full_tiles(state)
    for leaf in database.leaves(tree.size, size):
        tree.append(leaf)
    return tree.root() == root


def prove(state: State, head: merkle.Frontier) -> merkle.Frontier:
    """The frontier of what was signed, after the leaves were found to lead from it to the head.

    The leaves of the open tile are read again as well, because they are published again. Raises LogRewound
    when the head is behind what was signed, LogForked when it is not an extension of it.
    """
    if head.size < state.size:
        raise LogRewound()
    frontier = full_tiles(state)
    found = frontier.to_bytes() if frontier.size == state.size else None
    for leaf in database.leaves(frontier.size, head.size):
        frontier.append(leaf)
        if frontier.size == state.size:
            found = frontier.to_bytes()
    if found is None or merkle.Frontier.from_bytes(state.size, found).root() != state.root:
        raise LogForked()
    if frontier.to_bytes() != head.to_bytes():
        raise LogForked()
    return merkle.Frontier.from_bytes(state.size, found)


def full_tiles(state: State) -> merkle.Frontier:
    """The frontier over the full tiles of what was signed; an empty one where only the root is known."""
    if not state.frontier:
        return merkle.Frontier()
    start = state.size >> LEVEL_BITS << LEVEL_BITS
    signed = merkle.Frontier.from_bytes(state.size, state.frontier).subtrees()
    return merkle.Frontier(start, [value for _start, end, value in signed if end <= start])


def pay_what_is_owed(folder: Path, state: State) -> None:
    """Append the entries that a recovery owes, once the log can be appended to."""
    back = state.recovering
    if (not state.pending and back is None) or database.size() < state.size:
        return
    if back is not None:
        body = {name: back[name] for name in ("first", "end")} | {"checkpoint": back["text"]}
        said = about(f"{RECOVERED}/{back['first']}", back["end"], bytes.fromhex(back["root"]))
        state.pending = [*state.pending, {"kind": RECOVERED, "body": body, "event_id": said}]
        state.recovering = None
    for owed in state.pending:
        services.append(kind=owed["kind"], body=owed["body"], event_id=UUID(owed["event_id"]))
    reached("paid")
    state.pending = []
    states.save(folder, state)


def about(what: str, size: int, root: bytes) -> str:
    """The event id of an entry about a tree: said twice, it is there once."""
    return str(uuid5(NAMESPACE, f"{what}/{size}/{root.hex()}"))


def read_note(folder: Path) -> str | None:
    """The published checkpoint as it lies there; None where there is none. Raises OSError."""
    try:
        return (folder / paths.CHECKPOINT).read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def read_checkpoint(folder: Path) -> note.Checkpoint | None:
    """The published checkpoint, verified with our own key; None where there is none that we signed."""
    text = read_note(folder)
    try:
        return note.verify_checkpoint(text, conf.signer().verifier_key()) if text else None
    except note.NoteError:
        return None


def _is_of(signed: str, state: State) -> bool:
    try:
        checkpoint = note.verify_checkpoint(signed, conf.signer().verifier_key())
    except note.NoteError:
        return False
    return (checkpoint.size, checkpoint.root) == (state.size, state.root)


def _note_down(state: State, signed: str, noted: bool) -> str:
    """Let the database have the note: when asked to, else once a minute, or it would outgrow the entries."""
    row = database.newest_checkpoint()
    new = row is None or row.size < state.size
    if new and (noted or row is None or state.time_us - row.time_us >= NOTED_EVERY_US):
        database.note_checkpoint(size=state.size, root=state.root, time_us=state.time_us, note=signed)
    return signed
