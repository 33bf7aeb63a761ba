"""Moving a ring's root from its file to OpenBao, once, so that a kill at any step loses no key.

    sealed anew under a root at OpenBao, a generation on → stored, and read back → the mirrors' root files
    destroyed → the primary's, last

While the primary's root file is there, nobody serves from OpenBao (`MoveUnfinished`), and running the
move again goes on or begins anew. What was made before the move has lain under a root in a file: the
root's line says from when on that is no longer so.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cctv.core.atomic import fsync_dir
from cctv.core.errors import LetheError
from cctv.vault import holders, keyfile
from cctv.vault.companions import Companion
from cctv.vault.errors import KeyringBroken
from cctv.vault.locks import file_lock
from cctv.vault.mirrors import MirrorSet
from cctv.vault.replica import Replica, Settled
from cctv.vault.rootfile import RootFile
from cctv.vault.roots.errors import MoveRefused
from cctv.vault.roots.openbao import OpenBaoRoots, parse
from cctv.vault.roots.places import Place
from cctv.vault.roots.shared import SharedReplica, stored_header
from cctv.vault.steps import reached


@dataclass(frozen=True, slots=True)
class Moving:
    """A ring that is moved: its folder and mirrors as a file, and where it goes."""

    ring: str
    folder: Path
    mirrors: Sequence[Path]
    holders_folder: Path
    roots: OpenBaoRoots
    place: Place
    companions: Sequence[Companion] = ()


def to_openbao(moving: Moving) -> bool:
    """Move; False where it was moved already. MoveRefused with nothing changed."""
    if not RootFile(moving.folder / "root.key").exists():
        return False
    with file_lock(moving.folder / "lock"):
        if holders.living(moving.holders_folder):
            raise MoveRefused(f"{MoveRefused.message} ({moving.ring}: Lethe is still running here)")
        target = SharedReplica(moving.folder, moving.ring, moving.roots, moving.place)
        mirrors = MirrorSet(Replica(moving.folder, moving.ring), moving.mirrors, moving.companions)
        stored = _opened(target)
        source = _source(moving)
        if not _is_complete(source, stored):
            if source is None:
                raise MoveRefused(f"{MoveRefused.message} ({moving.ring}: the keyring does not open)")
            stored = _store(moving, target, mirrors, source, stored)
        reached("move.stored")
        _destroy_files(moving, [Path(state.path) for state in mirrors.states()])
    return True


def _source(moving: Moving) -> Settled | None:
    """The ring as its file has it; None once its keyring was replaced or its root is gone."""
    try:
        return Replica(moving.folder, moving.ring).settle()
    except LetheError:
        return None


def _opened(target: SharedReplica) -> Settled | None:
    """What lies at the new place already; None if nothing does, or what cannot be a moved ring."""
    data = target.place.read()
    if data is None or stored_header(data) is None:
        return None
    return target.open(data)


def _is_complete(source: Settled | None, stored: Settled | None) -> bool:
    """Whether an earlier move got as far as storing all that the file has."""
    if stored is None:
        return False
    if source is None:
        return True  # its file is half destroyed, or was replaced by `stored`
    ours, theirs = source.content.header, stored.content.header
    if ours.ring_id != theirs.ring_id:
        raise MoveRefused(f"{MoveRefused.message} (another installation's keyring)")
    return theirs.generation > ours.generation and set(stored.content.keys) == set(source.content.keys)


def _store(
    moving: Moving, target: SharedReplica, mirrors: MirrorSet, source: Settled, stored: Settled | None
) -> Settled:
    if stored is not None and _was_used(stored):
        raise MoveRefused(f"{MoveRefused.message} (the keyring there has keys of its own)")
    pending = [state.path for state in mirrors.bring_forward(source) if state.pending]
    if pending:
        raise MoveRefused(f"{MoveRefused.message} ({', '.join(pending)})")
    moving.place.check()
    reached("move.begin")
    header, now_us = source.content.header, time.time_ns() // 1000
    generation = max(header.generation, stored.content.header.generation if stored else 0) + 1
    root = moving.roots.create(header.ring_id, generation=generation, since_us=now_us)
    content = keyfile.rewrap(
        source.content, old_root=source.root.key, new_root=root.key, removed=set(), at_us=now_us
    )
    content = replace(content, header=replace(content.header, generation=generation))
    reached("move.sealed")
    target.place.write(target.encode(content, root))
    reached("move.written")
    read_back = target.settle_moved()
    if read_back.content.keys != content.keys:
        raise KeyringBroken()
    return read_back


def _was_used(stored: Settled) -> bool:
    """Whether a host has made or destroyed keys there since the move that was left off."""
    since_us = parse(stored.root.sealed).since_us
    made = any(key.made_at_us > since_us for key in stored.content.keys.values())
    return made or not since_us or stored.content.ratchets[-1].at_us != since_us


def _destroy_files(moving: Moving, mirrors: Sequence[Path]) -> None:
    """Mirrors first: while the primary's file is there, the move counts as unfinished."""
    for mirror in mirrors:
        root = RootFile(mirror / "root.key")
        if root.exists():
            root.destroy()
            reached("move.mirror-destroyed")
    # Of a ring that now lies in a bucket; harmless, but it would look as if it were in use.
    old = moving.folder / "keyring"
    if old.exists() and stored_header(old.read_bytes()) is None:
        old.unlink()
        fsync_dir(moving.folder)
    reached("move.keyring-gone")
    RootFile(moving.folder / "root.key").destroy()
    reached("move.destroyed")
