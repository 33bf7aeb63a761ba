"""A ring whose root is kept by OpenBao, and whose keyring several hosts may share.

The same `Keyring`, but for what a second host changes: a write may find that another one was first
(it reads again and repeats), a ratchet waits as long as another host may believe what it has, and
mirrors are plain copies, for nothing in them opens without OpenBao.
"""

import contextlib
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from cctv.core.atomic import write_atomic
from cctv.core.errors import LetheError
from cctv.vault import keyfile
from cctv.vault.companions import Companion
from cctv.vault.errors import (
    GenerationMismatch,
    KeyMissing,
    KeyringBroken,
    KeyringMissing,
    RingRolledBack,
    VaultNotEmpty,
    VaultNotInitialised,
)
from cctv.vault.keyfile import Content, Header
from cctv.vault.keyring import HOLDER_TIMEOUT_S, Keyring, RatchetResult
from cctv.vault.locks import LOCK_TIMEOUT_S
from cctv.vault.mirrors import MirrorSet, MirrorState, is_ahead
from cctv.vault.replica import Replica, Settled
from cctv.vault.rootfile import RootKey
from cctv.vault.roots import RootFacts, Signature, openbao
from cctv.vault.roots.bao import Refused
from cctv.vault.roots.errors import KeyringMoved, KeyringUnavailable, MoveUnfinished
from cctv.vault.roots.openbao import OpenBaoRoots
from cctv.vault.roots.places import Place
from cctv.vault.steps import reached

_Answer = TypeVar("_Answer")
_MARGIN_S = 0.5  # between asking whether a view is current and using it


class SharedReplica(Replica):
    """Root at OpenBao, keyring at a place. `folder` holds lock, holders and a copy of this host."""

    def __init__(self, folder: Path, ring: str, roots: OpenBaoRoots, place: Place) -> None:
        """Touches nothing yet."""
        super().__init__(folder, ring)
        self.roots: OpenBaoRoots = roots
        self.place = place
        self.copy = self.path  # the stored keyring itself where the place is this folder
        self.stored_at: float | None = None

    def is_virgin(self) -> bool:
        """No keyring at the place."""
        return self.place.read() is None

    def signature(self) -> Signature | None:
        """The place's."""
        return self.place.signature()

    def settled_signature(self) -> Signature | None:
        """The place's."""
        return self.place.settled_signature()

    def encode(self, content: Content, root: RootKey) -> bytes:
        """The root's line, then the keyring."""
        return root.sealed + keyfile.encode(content, root.key)

    def read(self, escrowed: RootKey | None = None) -> Settled:
        """Root and keyring as they are, authenticated. `escrowed` is for mirrors that have roots."""
        if self.root.exists():
            raise MoveUnfinished(f"{MoveUnfinished.message} ({self.root.path})")
        data = self.place.read()
        if data is None:
            raise KeyringMissing() if self.copy.exists() else VaultNotInitialised()
        try:
            return self.open(data)
        except (GenerationMismatch, KeyringBroken):
            # Refused because another host has ratcheted since it was read here? Then it has stored another.
            if self.place.read() != data:
                raise KeyringMoved() from None
            raise

    def open(self, data: bytes) -> Settled:
        """Authenticate a keyring; GenerationMismatch for one from before a ratchet."""
        sealed, body = openbao.split(data)
        header = keyfile.read_header(body)
        if header.ring != self.ring:
            raise KeyringBroken(f"{KeyringBroken.message} ({header.ring})")
        root = self.roots.current(header, sealed)
        if root is None:
            raise GenerationMismatch(f"{GenerationMismatch.message} ({self.place.name})")
        return Settled(keyfile.decode(body, root.key), root, data)

    def settle(self) -> Settled:
        """Finish what a crash left half-done, on this host or another, then read."""
        return self._finished(self.read())

    def settle_moved(self) -> Settled:
        """Likewise, for the move itself: the root file is still there."""
        data = self.place.read()
        if data is None:
            raise KeyringMissing()
        return self._finished(self.open(data))

    def replace(self, data: bytes) -> None:
        """Put a new keyring in place of the one that was read. KeyringMoved if another host was first."""
        reached("keyring.written")
        self.place.write(data)
        self.stored_at = time.monotonic()
        reached("keyring.durable")
        self._keep_copy(data)

    def _finished(self, settled: Settled) -> Settled:
        self._refuse_older(settled.content.header)
        self.roots.destroy_all_but(settled.root)
        self._keep_copy(settled.data)
        if self.signature() is None:  # so slow that what was read is no longer known to be current
            raise KeyringUnavailable()
        return settled

    def _refuse_older(self, ours: Header) -> None:
        """RingRolledBack if this host has seen a newer keyring than the one that is stored now."""
        seen = header_of(self.copy)
        if seen is None or seen.ring_id != ours.ring_id:
            return
        if (seen.generation, seen.serial) > (ours.generation, ours.serial):
            raise RingRolledBack(f"{RingRolledBack.message} ({self.copy})")

    def _keep_copy(self, data: bytes) -> None:
        """Against the loss of the bucket; a full disk of this host is no reason to stop."""
        with contextlib.suppress(OSError):
            if not self.copy.exists() or self.copy.read_bytes() != data:
                write_atomic(self.copy, data)


class Copies(MirrorSet):
    """Mirrors of a shared ring: they protect from losing the keyring, and open nothing by themselves."""

    _primary: SharedReplica

    def refuse_rollback(self, settled: Settled) -> None:
        """RingRolledBack if a copy of this ring is newer than what is stored; KeyringMoved if another host
        has stored something since."""
        ours = settled.content.header
        for path in (Path(state.path) / "keyring" for state in self.states()):
            theirs = header_of(path)
            if theirs is not None and is_ahead(theirs, ours):
                if stored_header(self._primary.place.read()) != ours:
                    raise KeyringMoved()
                raise RingRolledBack(f"{RingRolledBack.message} ({path})")

    def _bring_one(self, state: MirrorState, settled: Settled) -> MirrorState:
        now_us = time.time_ns() // 1000
        header, path = settled.content.header, Path(state.path) / "keyring"
        try:
            if not path.parent.parent.is_dir():
                raise FileNotFoundError(f"there is no folder {path.parent.parent}")
            path.parent.mkdir(mode=0o700, exist_ok=True)
            theirs = header_of(path)
            if theirs is not None and theirs.ring_id != header.ring_id:
                raise FileExistsError("the folder holds another installation's keyring")
            if theirs is not None and is_ahead(theirs, header):
                stored = stored_header(self._primary.place.read())
                if stored is None or is_ahead(theirs, stored):
                    raise RingRolledBack(f"{RingRolledBack.message} ({path})")
                header = theirs  # another host was here since, with what it has stored
            elif not path.exists() or path.read_bytes() != settled.data:
                write_atomic(path, settled.data)
            for companion in self._companions:
                companion.follow(settled, self._primary.folder, path.parent)
        except (OSError, LetheError) as error:
            reason = str(getattr(error, "message", "") or error)
            return replace(state, pending_since_us=state.pending_since_us or now_us, error=reason[:300])
        return MirrorState(state.path, header.generation, header.serial, confirmed_at_us=now_us)


class SharedKeyring(Keyring):
    """The ring `ring`, its root at OpenBao, its keyring at `place`."""

    _replica: SharedReplica

    def __init__(
        self,
        folder: Path,
        ring: str,
        *,
        roots: OpenBaoRoots,
        place: Place,
        mirrors: Sequence[Path] = (),
        holders_folder: Path | None = None,
        companions: Sequence[Companion] = (),
    ) -> None:
        """Touches nothing yet; the first use settles and reads."""
        self._roots, self._place = roots, place
        super().__init__(folder, ring, mirrors=mirrors, holders_folder=holders_folder, companions=companions)
        self._mirrors = Copies(self._replica, mirrors, companions)
        self._seen = False
        self._released = 0  # the generation whose predecessors no host believes in any more

    @property
    def generation(self) -> int:
        """How many ratchets this ring has seen, on whichever host."""
        self._place.doubt()
        return super().generation

    def get(self, key_id: str) -> bytes:
        """The key. One that is not known may have been made on another host a moment ago."""
        try:
            return super().get(key_id)
        except KeyMissing:
            self._place.doubt()
            return super().get(key_id)

    def has(self, key_id: str) -> bool:
        """Whether the key exists right now."""
        if not super().has(key_id):
            self._place.doubt()
        return super().has(key_id)

    def key_ids(self) -> frozenset[str]:
        """All keys of the ring, those included that another host has just made."""
        self._place.doubt()
        return super().key_ids()

    def exists(self) -> bool:
        """Whether a keyring was ever stored; KeyringUnavailable when that cannot be known."""
        self._seen = self._seen or not self._replica.is_virgin()
        return self._seen

    def initialise(self) -> None:
        """Make a root and store a keyring, unless another host has done so meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock():
            if self._replica.root.exists():
                raise MoveUnfinished()
            if not self._replica.is_virgin():
                return
            if self._replica.copy.exists():
                raise VaultNotEmpty(f"{VaultNotEmpty.message} ({self._replica.copy})")
            self._place.check()
            root = self._roots.create(secrets.token_bytes(16))
            reached("bao.created")
            content = Content(Header(self.ring, root.ring_id, 1, 1), {})
            with contextlib.suppress(KeyringMoved):  # another host was first: its keys it is
                self._replica.replace(self._replica.encode(content, root))
            self._bring_forward(self._settle())

    def remove_and_ratchet(
        self, key_ids: Collection[str], *, holder_timeout_s: float = HOLDER_TIMEOUT_S
    ) -> RatchetResult:
        """As ever, and then as long as another host may go on believing what it read before."""
        asked_at = time.monotonic()
        result = _again(
            lambda: super(SharedKeyring, self).remove_and_ratchet(key_ids, holder_timeout_s=holder_timeout_s)
        )
        if not self._place.lease_s or not result.removed or result.generation_after <= self._released:
            return result
        # Who stored it long ago may have been killed while it waited: then the whole time, from now.
        stored_at = self._replica.stored_at or asked_at
        time.sleep(max(0.0, max(stored_at, asked_at) + self._place.lease_s + _MARGIN_S - time.monotonic()))
        reached("bao.released")
        self._released = result.generation_after
        return replace(result, finished_at_us=time.time_ns() // 1000)

    def recover_from(self, mirror: Path, *, root: RootKey | None = None) -> None:
        """Store a copy of the keyring again because the stored one was lost or put back.

        OpenBao alone decides whether it opens: a copy from before a ratchet does not. With `root`, out of
        the escrow, OpenBao's own key is lost as well, and the ring goes on under a new one.
        """
        found = mirror / "keyring"
        if not found.exists():
            raise KeyringMissing(f"{KeyringMissing.message} ({found})")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock():
            data = found.read_bytes()
            source = self._replica.open(data) if root is None else self._under_new_key(data, root)
            stored = self._place.read()
            ours, theirs = stored_header(stored), source.content.header
            if ours is not None and ours.ring_id != theirs.ring_id:
                raise VaultNotEmpty(f"{VaultNotEmpty.message} ({self._place.name})")
            if ours is not None and (ours.generation, ours.serial) > (theirs.generation, theirs.serial):
                raise RingRolledBack()
            if stored != source.data:
                self._replica.replace(source.data)
            for companion in self._companions:
                companion.take_over(mirror, self.folder)
            self._bring_forward(self._settle())

    def root_facts(self, *, ask: bool = False) -> RootFacts:
        """Where the root is; with `ask`, whether OpenBao refuses the one before, asked this very moment."""
        with self._lock():
            root, gone = _again(lambda: self._asked(ask))
        sealed = openbao.parse(root.sealed)
        return RootFacts(
            provider="openbao",
            claims_below_file_system=True,
            since_us=sealed.since_us,
            place=self._place.name,
            key=sealed.key,
            version=sealed.version,
            destroyed_before=gone,
        )

    def _asked(self, ask: bool) -> tuple[RootKey, bool | None]:
        root = self._settle().root
        try:
            return root, self._roots.is_destroyed_before(root) if ask else None
        except Refused as refusal:  # our own version is gone: another host has gone on
            raise KeyringMoved(f"{KeyringMoved.message} ({refusal})") from None

    def _under_new_key(self, data: bytes, escrowed: RootKey) -> Settled:
        _, body = openbao.split(data)
        header = keyfile.read_header(body)
        if (escrowed.ring_id, escrowed.generation) != (header.ring_id, header.generation):
            raise GenerationMismatch()
        content = keyfile.decode(body, escrowed.key)
        root = self._roots.create(header.ring_id, generation=header.generation + 1)
        content = keyfile.rewrap(
            content, old_root=escrowed.key, new_root=root.key, removed=set(), at_us=time.time_ns() // 1000
        )
        return Settled(content, root, self._replica.encode(content, root))

    def _primary(self) -> SharedReplica:
        return SharedReplica(self.folder, self.ring, self._roots, self._place)

    def _lock(self) -> contextlib.AbstractContextManager[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # of a second host: nothing lies in it
        return super()._lock()

    def _settle(self, *, changing: bool = False) -> Settled:
        return _again(lambda: super(SharedKeyring, self)._settle(changing=changing))

    def _add(self, label: str, *, fresh: bool) -> str:
        return _again(lambda: super(SharedKeyring, self)._add(label, fresh=fresh))


def header_of(path: Path) -> Header | None:
    """The header of a copy; None where there is none."""
    try:
        return stored_header(path.read_bytes())
    except OSError:
        return None


def stored_header(data: bytes | None) -> Header | None:
    """The header of a keyring with its root's line; None for anything else."""
    if data is None:
        return None
    try:
        return keyfile.read_header(openbao.split(data)[1])
    except LetheError:
        return None


def _again(attempt: Callable[[], _Answer]) -> _Answer:
    """Repeat what another host came before; as patient as who waits for a lock."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            return attempt()
        except KeyringMoved:
            if time.monotonic() >= deadline:
                raise
            time.sleep(secrets.randbelow(20) * 0.001)
