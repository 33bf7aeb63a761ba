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

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from accesslog import conf, entry, merkle, note
from accesslog.errors import LogDamaged, LogForked, LogUnavailable, NothingLost, TilesMissing
from accesslog.events import LOSS_ACCEPTED
from accesslog.publish import copies, database, files, paths, reading, rounds
from accesslog.publish import state as states
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


def event_id_of(leaf: bytes) -> UUID:
    """The event id of an entry that was put back: of its own, only the body knew."""
    return uuid5(rounds.NAMESPACE, leaf.hex())


def recover() -> Recovered:
    """Put back the published entries that the database has lost; nothing where nothing is lost.

    Raises TilesMissing when no folder reaches as far as what was signed, LogForked when the entries that are
    left are not those that were signed, LogDamaged, LogUnavailable, files.Busy, OSError.
    """
    folder = conf.folder()
    if folder is None:
        return Recovered(0, 0, None)
    folder.mkdir(parents=True, exist_ok=True)
    with files.lock(folder / states.LOCK, patience_s=30.0):
        state, head = rounds.remembered(folder), database.head()
        source = _best(folder, state)
        if head.size >= max(state.size, source.size if source else 0):
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

    Outsiders who hold a checkpoint from beyond will see it, and the entry `log.loss_accepted` tells everybody
    else. What was published lies aside in its folder. Raises NothingLost where nothing is lost.
    """
    folder = conf.folder()
    if folder is None:
        raise NothingLost()
    folder.mkdir(parents=True, exist_ok=True)
    with files.lock(folder / states.LOCK, patience_s=30.0):
        state, head = rounds.remembered(folder), database.head()
        if not _is_lost(state, head):
            raise NothingLost()
        source = _best(folder, state)
        if source is not None and source.size > head.size:
            # What is left of the files is not lost with the rest.
            _put_back(folder, state, head, source)
            head = database.head()
        # Noted checkpoints first: they would be learnt again.
        database.forget_checkpoints_beyond(head.size)
        copies.put_aside(folder, paths.CHECKPOINT, "tile")
        reached("put aside")
        accepted = _accepted(state, head, reason, actor)
        states.save(folder, accepted)
        reached("accepted")
        rounds.pay_what_is_owed(folder, accepted)
        return accepted


def _accepted(state: State, head: merkle.Frontier, reason: str, actor: dict[str, Any] | None) -> State:
    """The memory of a signer who goes on from the head, and owes the log the entry that says so."""
    body: dict[str, Any] = {
        "kept": head.size, "signed_size": state.size, "signed_root": state.root.hex(), "reason": reason,
    }  # fmt: skip
    body |= {"actor": actor} if actor else {}
    said = rounds.about(LOSS_ACCEPTED, state.size, state.root)
    owed = {"kind": LOSS_ACCEPTED, "body": body, "event_id": said}
    # Of a log that is shorter, the checkpoints up to its size are still its own; of another log, none.
    kept = head.size if head.size < state.size else 0
    return State(
        origin=state.origin, size=head.size, root=head.root(), frontier=head.to_bytes(),
        recovering=state.recovering, pending=[*state.pending, owed],
        lost=[*state.lost, {"kept": kept, "size": state.size, "root": state.root.hex()}],
    )  # fmt: skip


def _is_lost(state: State, head: merkle.Frontier) -> bool:
    """Whether the database is behind what was signed, or another log."""
    try:
        rounds.prove(state, head)
    except (LogForked, LogUnavailable):
        return True
    return False


# ---------------------------------------------------------------------- where from


def _best(folder: Path, state: State) -> _Source | None:
    """The folder whose files reach furthest, and have the roots that were signed and remembered."""
    found = sorted(_sources(folder, state), key=lambda each: -each.size)
    return next((source for source in found if _holds(source, state)), None)


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


def _sources(folder: Path, state: State) -> Iterator[_Source]:
    for each in (folder, *conf.copies()):
        try:
            text = rounds.read_note(each)
            checkpoint = rounds.read_checkpoint(each)
        except OSError:
            continue
        if text is not None and checkpoint is not None and not _given_up(state, checkpoint):
            yield _Source(each, checkpoint.size, checkpoint.root, text)
    if state.size:
        # Killed before its checkpoint was there: what was remembered was checked before it was.
        text = (state.recovering or {}).get("text")
        text = text or note.Checkpoint(state.origin, state.size, state.root).text
        yield _Source(folder, state.size, state.root, text)


def _given_up(state: State, checkpoint: note.Checkpoint) -> bool:
    return any(each["kept"] < checkpoint.size <= each["size"] for each in state.lost)


# ---------------------------------------------------------------------- putting back


def _put_back(folder: Path, state: State, head: merkle.Frontier, source: _Source) -> int:
    """Insert [head, size) from the bundles, in groups that are durable one by one; the first entry."""
    before = state.recovering["first"] if state.recovering else head.size
    first = min(before, head.size)
    state.recovering = {"first": first, "end": source.size, "root": source.root.hex(), "text": source.text}
    states.save(folder, state)
    reached("kept")
    tree = merkle.Frontier()
    stream = reading.entries(source.folder, start=0, size=source.size)
    try:
        for data in islice(stream, head.size):
            tree.append(merkle.leaf_hash(data))
        if tree.to_bytes() != head.to_bytes():
            raise LogForked()
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
