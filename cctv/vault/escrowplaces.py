"""Where escrows lie: beside the records ring, in each of its mirrors, and in folders that get no root.

The recipient lies beside the ring in `recovery-recipient` and goes with it into the mirrors, so that a
recovered ring is escrowed again at once.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cctv.core.atomic import write_atomic
from cctv.core.errors import LetheError
from cctv.vault import escrowfile, keyfile
from cctv.vault.companions import Companion
from cctv.vault.filesystems import refuse_unsafe
from cctv.vault.mirrors import MirrorSet, MirrorState
from cctv.vault.replica import Replica, Settled

RECIPIENT = "recovery-recipient"


def recipient_in(folder: Path) -> str:
    """The public recovery key that is set there; empty when none is."""
    try:
        return (folder / RECIPIENT).read_text().strip()
    except FileNotFoundError:
        return ""


def bring(folder: Path, settled: Settled, recipient: str) -> None:
    """Make the folder's escrow that of `settled`. LetheError, OSError."""
    ring = settled.content.header.ring
    if recipient_in(folder) != recipient:
        write_atomic(folder / RECIPIENT, f"{recipient}\n".encode())
    if not escrowfile.is_current(folder, ring, settled.root, recipient):
        escrowfile.write(folder, ring, settled.root, recipient)


class EscrowFolders(MirrorSet):
    """Folders that get keyring and escrow but no root: without the recovery key they open nothing.

    Like a mirror, one that is away leaves a ratchet pending: its old escrow opens what was destroyed.
    """

    def _bring_one(self, state: MirrorState, settled: Settled) -> MirrorState:
        folder, header = Path(state.path), settled.content.header
        try:
            _prepare(folder, state, settled)
            keyring = folder / "keyring"
            if not keyring.exists() or keyring.read_bytes() != settled.data:
                write_atomic(keyring, settled.data)
            if recipient := recipient_in(self._primary.folder):
                bring(folder, settled, recipient)
        except (OSError, LetheError) as error:
            reason = str(getattr(error, "message", "") or error)
            return replace(state, pending_since_us=state.pending_since_us or _now_us(), error=reason[:300])
        return MirrorState(state.path, header.generation, header.serial, confirmed_at_us=_now_us())


class EscrowCompanion(Companion):
    """Renews the escrows with every root of the records ring."""

    def __init__(self, primary: Path, ring: str, folders: Sequence[Path]) -> None:
        """`folders` get keyring and escrow only."""
        self._primary = primary
        self._folders = EscrowFolders(Replica(primary, ring), folders, record="escrows.json")

    def keep_up(self, settled: Settled, primary: Path) -> None:
        """Nothing where no recovery key is set."""
        if recipient := recipient_in(primary):
            bring(primary, settled, recipient)

    def follow(self, settled: Settled, primary: Path, mirror: Path) -> None:
        """The same in a mirror."""
        if recipient := recipient_in(primary):
            bring(mirror, settled, recipient)

    def take_over(self, mirror: Path, primary: Path) -> None:
        """Go on with the recovery key that the mirror knows."""
        if (recipient := recipient_in(mirror)) and not recipient_in(primary):
            write_atomic(primary / RECIPIENT, f"{recipient}\n".encode())

    def bring_forward(self, settled: Settled) -> Sequence[MirrorState]:
        """The folders without a root."""
        return self._folders.bring_forward(settled)

    def states(self) -> Sequence[MirrorState]:
        """Theirs."""
        return self._folders.states()

    def forget(self, path: Path) -> None:
        """One of them was destroyed."""
        if str(path) in {state.path for state in self.states()}:
            self._folders.forget(path)


def _prepare(folder: Path, state: MirrorState, settled: Settled) -> None:
    """Refuse what is not this ring's folder; make a new one ready."""
    keyring = folder / "keyring"
    if (folder / "root.key").exists():
        raise FileExistsError("the folder holds a root: it is a mirror, or the ring itself")
    if keyring.exists():
        if keyfile.read_header(keyring.read_bytes()).ring_id != settled.root.ring_id:
            raise FileExistsError("the folder holds another installation's keyring")
    elif state.confirmed_at_us:
        raise FileNotFoundError("the folder's files are gone: is its disk mounted?")
    elif not folder.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {folder.parent}")
    folder.mkdir(mode=0o700, exist_ok=True)
    refuse_unsafe(folder)


def _now_us() -> int:
    return time.time_ns() // 1000
