"""After the database was put back from a backup: putting back what was published since, or giving it up.

The published files outlive the database. When a folder holds a checkpoint beyond the head, its entries are
folded up, compared with the root that was signed and with the entries that are left, and inserted again.
Their bodies are lost (only the database had them), their event ids are made from their leaf hashes, and an
entry `log.recovered` says of which entries that is so: a missing body below it is explained.

    kept        the memory says what is recovered, and from which entry on      begun again
    put back    the entries are in the database, group by group                 goes on where it was
    paid        the log has the entry `log.recovered`                           paid at the next round
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from accesslog import conf, entry, merkle, note
from accesslog.errors import (
    CopyAway,
    LogDamaged,
    LogForked,
    LogRewound,
    LogUnavailable,
    NothingLost,
    SignerStateDamaged,
    TilesMissing,
)
from accesslog.events import LOSS_ACCEPTED
from accesslog.publish import copies, database, files, paths, reading, rounds, tiles
from accesslog.publish import state as states
from accesslog.publish.rounds import event_id_of as event_id_of
from accesslog.publish.state import State
from accesslog.publish.steps import reached
from accesslog.stores import open_store
from accesslog.stores.base import Changes, EntryRow, Head, Store, StoreConflict, StoreUnavailable

BATCH = 512


@dataclass(frozen=True, slots=True)
class Recovered:
    """Entries [first, end) were put back from `folder`; first == end when nothing was missing."""

    first: int
    end: int
    folder: Path | None


@dataclass(frozen=True, slots=True)
class _Source:
    folder: Path
    size: int
    root: bytes
    text: str  # the signed note; of what was only remembered, its unsigned text


def recover(*, new_folder: bool = False, without: Collection[Path] = ()) -> Recovered:
    """Put back the published entries that the database has lost; nothing where nothing is lost.

    `new_folder`: the folder of the published log may be made anew. `without`: copies that need not be read. A
    memory that is damaged is put aside and made anew from what was signed. Raises TilesMissing when no folder
    reaches as far as what was signed, LogForked when the entries that are left are not those that were
    signed, CopyAway, FolderAway, AnotherLogsFolder, LogDamaged, LogUnavailable, files.Busy, OSError.
    """
    folder = conf.folder()
    if folder is None:
        return Recovered(0, 0, None)
    rounds.make(folder, anew=new_folder)
    with files.lock(folder / states.LOCK, patience_s=30.0):
        found = list(_copies(without))
        state = _remembered(folder, found, anew=new_folder)
        head, source = database.head(), _best(folder, state, found)
        if head.size >= max(state.size, source.size if source else 0):
            rounds.prove(state, head)
            _refuse_forked(state, head, [each for each in found if each.folder not in without])
            states.save(folder, state)  # an empty folder is one that may be signed in again
            rounds.pay_what_is_owed(folder, state)
            return Recovered(head.size, head.size, None)
        if source is None or source.size < state.size:
            raise TilesMissing()
        rounds.learn(state, source.size, source.root)
        first = _put_back(folder, state, head, source)
        rounds.pay_what_is_owed(folder, state)
        return Recovered(first, source.size, source.folder)


def accept_loss(*, reason: str, actor: dict[str, Any] | None = None) -> State:
    """Go on with what the database has: the entries beyond it, though signed, are lost.

    That is the way out of every contradiction: from a log that is shorter than what was signed, and from one
    with other entries. Outsiders who hold a checkpoint from beyond will see it, and the entry
    `log.loss_accepted` tells everybody else. What was published lies aside in its folder. Raises NothingLost
    where nothing is lost, FolderAway, AnotherLogsFolder, LogUnavailable, files.Busy, OSError.
    """
    folder = conf.folder()
    if folder is None:
        raise NothingLost()
    rounds.make(folder)
    with files.lock(folder / states.LOCK, patience_s=30.0):
        found = list(_copies(None))
        state, head = _remembered(folder, found), database.head()
        if not _is_lost(state, head):
            raise NothingLost()
        source = _best(folder, state, found)
        if source is not None and source.size > head.size:
            # What is left of the files is not lost with the rest, unless the log has gone on in another way.
            with contextlib.suppress(LogForked, TilesMissing):
                _put_back(folder, state, head, source)
            head = database.head()
        against = next((each for each in found if str(each.folder) == state.forked), None)
        kept = _in_common(folder, state, head, source)
        if against is not None and against.size <= state.size:
            kept = min(kept, _in_common(folder, state, head, against))
        copies.put_aside(folder, paths.CHECKPOINT, "tile")
        reached("put aside")
        accepted = _accepted(state, head, kept, reason, actor)
        states.save(folder, accepted)
        reached("accepted")
        rounds.pay_what_is_owed(folder, accepted)
        return accepted


def _remembered(folder: Path, found: list[_Source], *, anew: bool = False) -> State:
    """What was signed, as this host and all copies know it."""
    try:
        state = rounds.remembered(folder, anew=anew)
    except SignerStateDamaged:
        (folder / states.NAME).rename(folder / f"{states.NAME}.damaged-{time.time_ns() // 1000}")
        state = rounds.remembered(folder, anew=True)
    beyond = [each for each in found if each.size > state.size and not _given_up(state, each.size)]
    signed = max(beyond, key=lambda each: each.size, default=None)
    if signed is not None and not rounds.is_ours(state, signed.size, signed.root):
        # Whether or not its files are whole: it was signed.
        rounds.learn(state, signed.size, signed.root)
        if not copies.goes_another_way(signed.folder, signed.size):
            states.save(folder, state)
    return state


def _refuse_forked(state: State, head: merkle.Frontier, found: list[_Source]) -> None:
    """LogForked where a copy that is not ahead has entries that our key signed and the database has not."""
    for each in found:
        if not 0 < each.size <= head.size or states.was_given_up(state, each.size):
            continue
        if database.root_at(each.size) != each.root:
            raise rounds.forked_by(each.folder)


def _in_common(folder: Path, state: State, head: merkle.Frontier, source: _Source | None) -> int:
    """How many entries the log certainly shares with what was signed; 0 where nobody can tell."""
    if source is None:
        is_prefix = head.size < state.size and (
            tiles.root_at(folder, head.size, published=state.size) == head.root()
        )
        return head.size if is_prefix else 0
    shared = 0
    try:
        ours = database.leaves(0, min(source.size, head.size))
        theirs = reading.entries(source.folder, start=0, size=source.size)
        for leaf, data in zip(ours, theirs, strict=False):
            if leaf != merkle.leaf_hash(data):
                break
            shared += 1
    except (LogDamaged, reading.FilesIncomplete):
        return 0
    return shared


def _accepted(
    state: State, head: merkle.Frontier, kept: int, reason: str, actor: dict[str, Any] | None
) -> State:
    """The memory of a signer who goes on from the head, and owes the log the entry that says so."""
    body: dict[str, Any] = {
        "kept": head.size, "signed_size": state.size, "signed_root": state.root.hex(), "reason": reason,
    }  # fmt: skip
    body |= {"actor": actor} if actor else {}
    said = rounds.about(LOSS_ACCEPTED, state.size, state.root)
    owed = {"kind": LOSS_ACCEPTED, "body": body, "event_id": said}
    back = state.recovering
    if back is not None and back["end"] > head.size:
        back = None if back["first"] >= head.size else _cut(back, state, head)
    return State(
        origin=state.origin, size=head.size, root=head.root(), frontier=head.to_bytes(),
        recovering=back, pending=[*state.pending, owed],
        lost=[*state.lost, {"kept": kept, "size": state.size, "root": state.root.hex()}],
    )  # fmt: skip


def _cut(back: dict[str, Any], state: State, head: merkle.Frontier) -> dict[str, Any]:
    """A recovery that got no further than the head: what it put back is still to be said."""
    text = note.Checkpoint(state.origin, head.size, head.root()).text
    return {"first": back["first"], "end": head.size, "root": head.root().hex(), "text": text}


def _is_lost(state: State, head: merkle.Frontier) -> bool:
    """Whether the database is behind what was signed, or another log."""
    try:
        rounds.prove(state, head)
    except (LogRewound, LogDamaged):
        return True
    return False


# ---------------------------------------------------------------------- where from


def _best(folder: Path, state: State, found: list[_Source]) -> _Source | None:
    """The folder whose files reach furthest, and have the roots that were signed and remembered."""
    sources = sorted((*_own(folder, state), *found), key=lambda each: -each.size)
    known = (each for each in sources if not _given_up(state, each.size))
    return next((source for source in known if _holds(source, state)), None)


def _holds(source: _Source, state: State) -> bool:
    tree = merkle.Frontier()
    try:
        for data in reading.entries(source.folder, start=0, size=source.size):
            tree.append(merkle.leaf_hash(data))
            if tree.size == state.size and tree.root() != state.root:
                return False
    except reading.FilesIncomplete:
        return False
    return tree.root() == source.root


def _own(folder: Path, state: State) -> Iterator[_Source]:
    text = states.read_note(folder)
    checkpoint = states.verified(text)
    if text is not None and checkpoint is not None:
        yield _Source(folder, checkpoint.size, checkpoint.root, text)
    if state.size:
        # Killed before its checkpoint was there: what was remembered was checked before it was.
        text = (state.recovering or {}).get("text")
        text = text or note.Checkpoint(state.origin, state.size, state.root).text
        yield _Source(folder, state.size, state.root, text)


def _copies(without: Collection[Path] | None) -> Iterator[_Source]:
    """What the copies know. Raises CopyAway for one that cannot be read and is not named (None: all are)."""
    for copy in conf.copies():
        text, checkpoint, why = None, None, ""
        try:
            text = states.read_note(copy)
            checkpoint = states.verified(text)
            if text is None and not copy.parent.is_dir():
                why = str(copy.parent)
        except OSError as error:
            why = error.strerror or type(error).__name__
        if text is not None and checkpoint is not None:
            yield _Source(copy, checkpoint.size, checkpoint.root, text)
        elif (why or text is not None) and without is not None and copy not in without:
            raise _copy_away(copy, why or _("its checkpoint is not one of this log"))


def _copy_away(copy: Path, why: str) -> CopyAway:
    said = _("The copy %(folder)s of the published log cannot be read (%(why)s); it may know of more.")
    hint = _("Mount or mend it. To go on without what only it knows, add: --without-copy %(folder)s")
    return CopyAway(said % {"folder": copy, "why": why}, hint=hint % {"folder": copy})


def _given_up(state: State, size: int) -> bool:
    """Whether a source of this size is of a branch whose loss was accepted."""
    return size != state.size and states.was_given_up(state, size)


# ---------------------------------------------------------------------- putting back


def _put_back(folder: Path, state: State, head: merkle.Frontier, source: _Source) -> int:
    """Insert [head, size) from the bundles, in groups that are durable one by one; the first entry."""
    before = state.recovering["first"] if state.recovering else head.size
    first = min(before, head.size)
    tree = merkle.Frontier()
    stream = reading.entries(source.folder, start=0, size=source.size)
    try:
        for data in islice(stream, head.size):
            tree.append(merkle.leaf_hash(data))
        if tree.to_bytes() != head.to_bytes():
            raise LogForked()  # nothing was said of a recovery yet
        state.recovering = {
            "first": first, "end": source.size, "root": source.root.hex(), "text": source.text,
        }  # fmt: skip
        states.save(folder, state)
        reached("kept")
        store = open_store(conf.database(), conf.timeout_s())
        try:
            while group := list(islice(stream, BATCH)):
                _insert(store, tree, group)
                reached("group")
        finally:
            store.close()
    except reading.FilesIncomplete as error:
        raise TilesMissing() from error
    except StoreUnavailable as error:
        raise LogUnavailable() from error
    except StoreConflict as error:
        raise LogDamaged() from error
    return first


def _insert(store: Store, tree: merkle.Frontier, group: list[bytes]) -> None:
    head = store.begin()
    try:
        if head.frontier != tree.to_bytes():
            raise LogForked()
        changes, time_us = Changes(head), head.last_time_us
        for data in group:
            public, leaf = entry.decode(data), merkle.leaf_hash(data)
            time_us = max(time_us, public.time_us)
            row = EntryRow(tree.size, event_id_of(leaf), public.time_us, public.kind, data, leaf)
            changes.entries.append(row)
            tree.append(leaf)
        changes.head = Head(tree.size, tree.to_bytes(), time_us)
        store.commit(changes)
    except entry.EntryError as error:
        store.rollback()
        raise LogForked() from error
    except BaseException:
        store.rollback()
        raise
