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

from django.utils.translation import gettext as _

from accesslog import conf, merkle, note, services
from accesslog.errors import LogForked, LogRewound
from accesslog.events import RECOVERED
from accesslog.publish import database, files, paths, tiles
from accesslog.publish import state as states
from accesslog.publish.paths import LEVEL_BITS
from accesslog.publish.state import NAMESPACE as NAMESPACE
from accesslog.publish.state import State
from accesslog.publish.state import about as about
from accesslog.publish.state import read_note as read_note
from accesslog.publish.steps import reached

LEAST_PAUSE_S = 0.5
NOTED_EVERY_US = 60_000_000


class TooSoon(Exception):
    """The last checkpoint is younger than LEAST_PAUSE_S; `seconds` are left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"{seconds:.2f} s too early")


def publish(
    *, patience_s: float = 10.0, least_pause_s: float = 0.0, noted: bool = True, ask: bool = True
) -> str | None:
    """Publish the head as it is now; the checkpoint's note, or None for an empty log or without a folder.

    `noted`: the database gets the note too, and not only once a minute. `ask`: the copies are asked before,
    which a publisher need not do that has a thread for each of them. Raises LogRewound, LogForked,
    LogDamaged, LogUnavailable, SignerStateDamaged, FolderAway, AnotherLogsFolder, files.Busy, TooSoon,
    OSError, and what the signer raises.
    """
    folder = conf.folder()
    if folder is None:
        return None
    make(folder)
    if ask:
        from accesslog.publish import copies  # which go on from a round

        copies.ask_all()
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
        elif (left := least_pause_s - abs(time.time_ns() // 1000 - state.time_us) / 1e6) > 0:
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


def make(folder: Path, *, anew: bool = False) -> None:
    """Make the folder where nothing was published yet, or `anew` if it is lost; not the folders above it.

    Raises FolderAway where it was published: what is not there may be a disk that is not mounted. OSError.
    """
    if folder.is_dir():
        return
    if not anew and database.newest_checkpoint() is not None:
        raise states.folder_away(folder)
    folder.mkdir(exist_ok=True)


def remembered(folder: Path, *, anew: bool = False) -> State:
    """`memory`, and what it learns is kept. Under the lock."""
    state, learnt = memory(folder, anew=anew)
    state.origin = state.origin or conf.signer().origin
    if learnt:
        states.save(folder, state)
    return state


def memory(folder: Path, *, anew: bool = False) -> tuple[State, bool]:
    """What was signed, and whether the signer's memory did not say so: nothing is written.

    The greatest checkpoint of our key counts, be it remembered, published, or noted in the database. Raises
    FolderAway, AnotherLogsFolder, SignerStateDamaged, LogUnavailable, OSError. `anew`: the folder may be new.
    """
    state, text = states.load(folder), read_note(folder)
    states.refuse_another(folder, state, text)
    if state is None and text is None and not anew and database.newest_checkpoint() is not None:
        raise states.folder_away(folder)
    state, learnt = state or State(), False
    for found in (states.verified(text) if _may_say_more(text, state) else None, _noted(state)):
        if found is None or found.size <= state.size or states.was_given_up(state, found.size):
            continue
        if not is_ours(state, found.size, found.root):
            learn(state, found.size, found.root)
            learnt = True
    return state, learnt


def _may_say_more(text: str | None, state: State) -> bool:
    """Spares a signature check each round: whether the note says a greater size than the memory."""
    try:
        return int((text or "").split("\n")[1]) > state.size
    except (ValueError, IndexError):
        return False


def _noted(state: State) -> note.Checkpoint | None:
    """The greatest checkpoint of our key in the database, beyond the memory; other rows say nothing."""
    for row in database.checkpoints_beyond(state.size):
        found = states.verified(row.note)
        fits = found is not None and (found.size, found.root) == (row.size, bytes(row.root))
        if fits and not states.was_given_up(state, row.size):
            return found
    return None


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
    when the head is behind what was signed, LogForked when it is not an extension of it, or a copy says so.
    """
    if state.forked and Path(state.forked) in conf.copies():
        raise forked_by(state.forked)
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


def forked_by(copy: Path | str) -> LogForked:
    """The error of a log that goes on elsewhere in another way, naming the copy that shows it."""
    said = _("The copy %(folder)s of the published log has entries that our key signed and this log has not.")
    hint = _(
        "Entries are still logged, and none is published. Most likely a copy of this machine is running: "
        "stop it, or give it copy folders of its own. Then “manage.py log accept-loss” goes on with this log."
    )
    return LogForked(said % {"folder": copy}, hint=hint)


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
    first = None if back is None else _first_put_back(back["first"], back["end"])
    if back is not None and first is not None:
        body = {"first": first, "end": back["end"], "checkpoint": back["text"]}
        said = about(f"{RECOVERED}/{first}", back["end"], bytes.fromhex(back["root"]))
        state.pending = [*state.pending, {"kind": RECOVERED, "body": body, "event_id": said}]
    state.recovering = None
    for owed in state.pending:
        services.append(kind=owed["kind"], body=owed["body"], event_id=UUID(owed["event_id"]))
    reached("paid")
    state.pending = []
    states.save(folder, state)


def event_id_of(leaf: bytes) -> UUID:
    """The event id of an entry that was put back: of its own, only the body knew."""
    return uuid5(NAMESPACE, leaf.hex())


def _first_put_back(first: int, end: int) -> int | None:
    """The first entry of [first, end) that was put back, as its event id says: the memory is unsigned."""
    for index, event_id, leaf in database.event_ids(first, end):
        if event_id == event_id_of(leaf):
            return index
    return None


def read_checkpoint(folder: Path) -> note.Checkpoint | None:
    """The published checkpoint, verified with our own key; None where there is none that we signed."""
    return states.verified(read_note(folder))


def _is_of(signed: str, state: State) -> bool:
    checkpoint = states.verified(signed)
    return checkpoint is not None and (checkpoint.size, checkpoint.root) == (state.size, state.root)


def _note_down(state: State, signed: str, noted: bool) -> str:
    """Let the database have the note: when asked to, else once a minute, or it would outgrow the entries."""
    row = database.newest_checkpoint(upto=state.size)
    new = row is None or row.size < state.size
    if new and (noted or row is None or abs(state.time_us - row.time_us) >= NOTED_EVERY_US):
        database.note_checkpoint(size=state.size, root=state.root, time_us=state.time_us, note=signed)
    return signed
