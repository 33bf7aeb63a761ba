"""Further folders that hold what was published: best effort, caught up later, never in the signer's way.

A copy on another disk or host also remembers for the signer: a checkpoint in it that is beyond ours was
signed by us, so ours is the copy that was put back. It is learnt, and nothing below it is signed any more.

What lies there and was not signed by us is another log's, and is never written over. A copy that was written
once and is empty now is a disk that is not mounted. Once a day its files are looked through, and mended.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.db import connections
from django.utils.translation import gettext_lazy as _

from accesslog import conf, note
from accesslog.errors import AccessLogError, LogForked, SignerStateDamaged
from accesslog.publish import database, files, paths, rounds, tiles
from accesslog.publish import state as states
from accesslog.publish.state import State
from accesslog.publish.steps import reached

CHECKED_EVERY_S = 86_400.0
ASKED_S = 5.0
_asked: dict[Path, threading.Thread] = {}  # who asks a copy, for as long as it does not answer
_checked: dict[Path, float] = {}  # copy -> when this process last looked through it, monotonic


class CopyUnreachable(OSError):
    """The copy, or the folder above it, is not there: its disk or host is away."""


class NotOurCopy(AccessLogError):
    """Another log's checkpoint or memory lies in the folder of a copy."""

    code = "log.not_our_copy"
    status = 503
    message = _("The folder of a copy holds the published files of another log.")
    hint = _("Give each log a folder of its own. Nothing was written there.")


@dataclass(frozen=True, slots=True)
class Copied:
    """How far a copy is, and how far it could be."""

    size: int
    published: int


def bring_up(copy: Path, *, patience_s: float = 10.0) -> Copied:
    """Bring one copy up. Raises NotOurCopy, OSError, files.Busy, and what the signer raises.

    A file that a newer checkpoint has removed meanwhile is an OSError as well: the next call goes on.
    """
    folder = conf.folder()
    ours = rounds.read_checkpoint(folder) if folder else None
    if folder is None or ours is None:
        learn_from(copy)
        return Copied(0, 0)
    with files.lock(folder / f"copy-lock-{_tag(copy)}", patience_s=patience_s):
        theirs = learn_from(copy)
        if theirs is not None and theirs.size > ours.size:
            return Copied(theirs.size, ours.size)
        if theirs is not None and _contradicts(theirs, ours.size, folder):
            raise LogForked()  # the copy stays as it is: it is the evidence
        if theirs != ours:
            _copy(folder, copy, theirs.size if theirs else 0, ours)
        _look_through(folder, copy, ours.size)
        files.write(_made(folder, copy), f"{copy}\n".encode())
        return Copied(ours.size, ours.size)


def _made(folder: Path, copy: Path) -> Path:
    """The file that says that this copy was written before."""
    return folder / f"copy-made-{_tag(copy)}"


def _look_through(folder: Path, copy: Path, size: int) -> None:
    """Once a day: write again what a copy has lost, and remove what a killed process left half written."""
    now = time.monotonic()
    if now - _checked.get(copy, -CHECKED_EVERY_S) < CHECKED_EVERY_S:
        return
    batch = files.Batch()
    for tile in (*paths.grown(0, size), *paths.edge(size)):
        ours, theirs = folder / tile.path, copy / tile.path
        if not theirs.is_file() or theirs.stat().st_size != ours.stat().st_size:
            batch.write(theirs, ours.read_bytes())
    batch.settle()
    for each in (folder, copy):
        files.remove_leftovers(each)
    _checked[copy] = now


def _copy(folder: Path, copy: Path, old: int, ours: note.Checkpoint) -> None:
    batch, filled = files.Batch(), list(paths.grown(old, ours.size))
    for tile in (*filled, *paths.edge(ours.size)):
        batch.write(copy / tile.path, (folder / tile.path).read_bytes())
    batch.settle()
    reached("copy.tiles")
    # The memory first: it may say more than the checkpoint, never less.
    state = states.load(folder)
    if state is not None:
        states.save(copy, state)
    text = rounds.read_note(folder) or ""
    if note.parse_checkpoint(note.parse(text).text) != ours:
        raise OSError(f"{folder} has moved on")
    files.write(copy / paths.CHECKPOINT, text.encode())
    for tile in filled:
        files.remove_folder((copy / tile.base).with_name(Path(tile.base).name + ".p"))


def ask_all(*, patience_s: float = ASKED_S) -> None:
    """Let the signer's memory learn what the copies show, before anything is signed. Never raises.

    A copy that is away says nothing. One that hangs is waited for no longer than this, and asked by one
    thread at a time; what it shows in the end stops the next round.
    """
    deadline = time.monotonic() + patience_s
    asking = []
    for copy in conf.copies():
        before = _asked.get(copy)
        if before is None or not before.is_alive():
            before = _asked[copy] = threading.Thread(target=_ask, args=(copy,), daemon=True)
            before.start()
        asking.append(before)
    for thread in asking:
        thread.join(max(0.0, deadline - time.monotonic()))


def _ask(copy: Path) -> None:
    try:
        # What stops the signing is remembered by now; whatever else is wrong there, whoever copies tells.
        with suppress(Exception):
            learn_from(copy)
    finally:
        connections.close_all()


def learn_from(copy: Path) -> note.Checkpoint | None:
    """The copy's checkpoint, if we signed it; ours is brought forward if it is behind.

    One from beyond an accepted loss is put aside with its files. One whose entries are not those of our
    database is another machine's that goes on with our key, or ours were rewritten: it is remembered, so that
    nothing is signed until a person has decided, but what is logged here stays possible. Raises LogForked,
    CopyUnreachable, OSError.
    """
    folder = conf.folder()
    theirs = read(copy)
    copy.mkdir(exist_ok=True)
    if folder is None or (theirs is None and states.load(folder) is None):
        return theirs  # a new installation may have no key yet
    rounds.make(folder)
    with files.lock(folder / states.LOCK, patience_s=10.0):
        state = rounds.remembered(folder)
        if theirs is not None and was_given_up(theirs, state, folder):
            _made(folder, copy).unlink(missing_ok=True)
            put_aside(copy, paths.CHECKPOINT, "tile", states.NAME)
            theirs = None
        if theirs is not None and theirs.size > state.size:
            if not rounds.is_ours(state, theirs.size, theirs.root):
                _learn(folder, state, copy, theirs)
        elif theirs is not None and _goes_against(copy, theirs, state, folder):
            state.forked = str(copy)
            states.save(folder, state)
            raise rounds.forked_by(copy)
        elif state.forked == str(copy):
            state.forked = ""
            states.save(folder, state)
    return theirs


def _learn(folder: Path, state: State, copy: Path, theirs: note.Checkpoint) -> None:
    if forked := goes_another_way(copy, theirs.size):
        state.forked = str(copy)
    else:
        rounds.learn(state, theirs.size, theirs.root)
    states.save(folder, state)
    if forked:
        raise rounds.forked_by(copy)


def goes_another_way(copy: Path, size: int) -> bool:
    """Whether the tree of `size` entries in a copy, which is not ours, does not begin with all of ours.

    If it does, or its files cannot tell, our database was put back. Raises LogUnavailable.
    """
    head = database.head()
    if head.size >= size:
        return True
    root = tiles.root_at(copy, head.size, published=size)
    return root is not None and root != head.root()


def read(copy: Path) -> note.Checkpoint | None:
    """The checkpoint there, None where there is none yet. Raises NotOurCopy, CopyUnreachable, OSError."""
    if not copy.parent.is_dir():
        raise CopyUnreachable(f"{copy.parent} is not there")
    theirs, folder = rounds.read_checkpoint(copy), conf.folder()
    try:
        state = states.load(copy)
    except SignerStateDamaged:
        state = None  # the next round writes it again
    foreign = theirs is None and (copy / paths.CHECKPOINT).exists()
    if foreign or (state is not None and state.origin != conf.signer().origin):
        raise NotOurCopy()
    if theirs is None and folder is not None and (made := _made(folder, copy)).exists():
        raise CopyUnreachable(f"{copy} is empty, and was not: mount it, or remove {made} to begin anew")
    return theirs


def was_given_up(theirs: note.Checkpoint, state: State, folder: Path) -> bool:
    """Whether the checkpoint of a copy is of a branch whose loss was accepted."""
    if not any(each["kept"] < theirs.size <= each["size"] for each in state.lost):
        return False
    return theirs.size > state.size or _contradicts(theirs, state.size, folder)


def _contradicts(theirs: note.Checkpoint, published: int, folder: Path) -> bool:
    """Whether what is published here has another root at the size of a copy's checkpoint."""
    root = tiles.root_at(folder, theirs.size, published=published)
    return root is not None and root != theirs.root


def _goes_against(copy: Path, theirs: note.Checkpoint, state: State, folder: Path) -> bool:
    """Whether a copy that is not ahead has entries that neither our files nor our database have.

    The files alone may be damaged, and the database is looked at once.
    """
    if not _contradicts(theirs, state.size, folder):
        return False
    return state.forked == str(copy) or database.root_at(theirs.size) != theirs.root


def put_aside(folder: Path, *names: str) -> Path | None:
    """Move these of a folder into one inside it, as evidence; where to. Raises OSError.

    The checkpoint goes last: whoever is killed before finds it again, and goes on.
    """
    aside = folder / f"lost-{time.time_ns() // 1000}"
    names = tuple(sorted(names, key=lambda name: name == paths.CHECKPOINT))
    moved = [folder / name for name in names if (folder / name).exists()]
    if not moved:
        return None
    aside.mkdir()
    for each in moved:
        each.rename(aside / each.name)
    files.fsync_dir(aside)
    files.fsync_dir(folder)
    return aside


def _tag(copy: Path) -> str:
    return sha256(str(copy).encode()).hexdigest()[:12]
