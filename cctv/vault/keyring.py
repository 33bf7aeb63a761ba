"""A ring of keys under one root: read by many, changed by few, and able to forget.

What must hold, whatever dies when:

- A key is durable in the keyring before `ensure` returns it, so nothing is sealed under a key that
  a crash can take.
- After `remove_and_ratchet` returns, no process can get a removed key from this class: every `get`
  looks at the file's stat first, and a changed file drops what is in memory.
- Nothing is served before a crash's left-overs are settled under the lock (see `replica`).
- Existing keys are never replaced by new ones: only `initialise` makes a root, and only in a folder
  that holds nothing.

Locks: the file lock (between processes and threads) is taken before the memory's mutex, never after.
"""

import contextlib
import secrets
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from cctv.core.atomic import fsync_dir
from cctv.core.errors import LetheError
from cctv.vault import holders, keyfile
from cctv.vault.companions import Companion
from cctv.vault.errors import RingRolledBack, VaultNotEmpty, VaultNotInitialised, VaultWriteFailed
from cctv.vault.filesystems import refuse_unsafe
from cctv.vault.holders import HolderResult
from cctv.vault.keyfile import Content, Header, Ratchet, WrappedKey
from cctv.vault.locks import file_lock
from cctv.vault.memory import KeyMemory, View
from cctv.vault.mirrors import MirrorSet, MirrorState
from cctv.vault.replica import Replica, Settled
from cctv.vault.rootfile import RootKey
from cctv.vault.roots import RootFacts
from cctv.vault.steps import reached

KEY_BYTES = 32
HOLDER_TIMEOUT_S = 5.0
_MARKER = "initialising"
_OVERWRITE_FAILED = _("The old root key could not be overwritten. Until it is, nothing is opened.")


@dataclass(frozen=True, slots=True)
class RatchetResult:
    """One destruction: generations, the keys it took, mirrors and holders with what they confirmed."""

    generation_before: int
    generation_after: int
    removed: tuple[str, ...]
    started_at_us: int
    finished_at_us: int
    mirrors: Sequence[MirrorState]
    holders: Sequence[HolderResult]

    @property
    def generation(self) -> int:
        """The generation that stands after it."""
        return self.generation_after

    @property
    def complete(self) -> bool:
        """Whether every mirror and every living holder has let go."""
        mirrors = all(not mirror.pending for mirror in self.mirrors)
        return mirrors and all(holder.confirmed for holder in self.holders)


class Keyring:
    """The ring `ring` in `folder`, mirrored to `mirrors`. Share one instance per process and folder."""

    def __init__(
        self,
        folder: Path,
        ring: str,
        *,
        mirrors: Sequence[Path] = (),
        holders_folder: Path | None = None,
        companions: Sequence[Companion] = (),
    ) -> None:
        """Touches nothing yet; the first use settles and reads."""
        self.folder = folder
        self.ring = ring
        self._replica = self._primary()
        self._companions = companions
        self._mirrors = MirrorSet(self._replica, mirrors, companions)
        self._holders = holders_folder or folder / "holders"
        self._memory = KeyMemory(self._replica, self._holders)
        self._rollback_checked = False

    def __repr__(self) -> str:
        """Where, never what."""
        return f"<Keyring {self.ring} at {self.folder}>"

    # Reading

    @property
    def generation(self) -> int:
        """How many ratchets this ring has seen, from 1."""
        return self._current().header.generation

    @property
    def ring_id(self) -> bytes:
        """16 random bytes that name this ring for ever."""
        return self._current().header.ring_id

    def get(self, key_id: str) -> bytes:
        """The key; KeyMissing if it was destroyed or never was."""
        while (key := self._memory.unwrap(key_id)) is None:
            self._current()
        return key

    def has(self, key_id: str) -> bool:
        """Whether the key exists right now."""
        return key_id in self._current().keys

    def key_ids(self) -> frozenset[str]:
        """All keys of the ring."""
        return frozenset(self._current().keys)

    def labels(self) -> dict[str, tuple[str, int]]:
        """By key id: the key's label, and when it was made in µs since 1970. No key leaves."""
        return {key_id: (key.label, key.made_at_us) for key_id, key in self._current().keys.items()}

    def label(self, key_id: str) -> str | None:
        """What that key is for; None if there is no such key."""
        key = self._current().keys.get(key_id)
        return key.label if key else None

    def find(self, label: str) -> str | None:
        """The newest key with that label."""
        view = self._current()
        return Content(view.header, view.keys).find_label(label)

    def mirror_states(self) -> list[MirrorState]:
        """Each mirror's last known state, pending where it is behind the ring's generation."""
        header = self._current().header
        states = [*self._mirrors.states(), *(state for each in self._companions for state in each.states())]
        return [_judged(state, header) for state in states]

    def root_facts(self, *, ask: bool = False) -> RootFacts:
        """Where the root is, and what may be claimed of it; `ask` has nobody to ask here."""
        return RootFacts("file", claims_below_file_system=False)

    def mirror_folders(self) -> list[Path]:
        """Where the mirrors are: those of the settings, and those ever used until they are forgotten."""
        return [Path(state.path) for state in self._mirrors.states()]

    def exists(self) -> bool:
        """Whether anything of a ring is in the folder; a set-up that died half-way does not count."""
        return not self._replica.is_virgin() and not self._is_unfinished()

    # Changing

    def initialise(self) -> None:
        """Make root and keyring in a folder that holds nothing; VaultNotEmpty otherwise."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        refuse_unsafe(self.folder)
        marker = self.folder / _MARKER
        with self._lock():
            if self._is_unfinished():
                self._discard_unfinished()
            if marker.exists():
                marker.unlink()  # all but the last step had been done
                return
            if any(path.name not in {"lock", "lost+found"} for path in self.folder.iterdir()):
                raise VaultNotEmpty(f"{VaultNotEmpty.message} ({self.folder})")
            root = RootKey(secrets.token_bytes(16), 1, secrets.token_bytes(KEY_BYTES))
            content = Content(Header(self.ring, root.ring_id, 1, 1), {})
            with _disk_errors():
                marker.touch(mode=0o600)
                fsync_dir(self.folder)
                reached("initialise.marked")
                self._replica.root.create(root)
                reached("initialise.root")
                self._replica.replace(keyfile.encode(content, root.key))
                marker.unlink()
                fsync_dir(self.folder)
            self._bring_forward(self._replica.settle())

    def ensure(self, label: str) -> str:
        """The key id of `label`, made if there is none; durable when this returns."""
        if found := self.find(label):
            return found
        return self._add(label, fresh=False)

    def add(self, label: str) -> str:
        """A new key even if the label has one already; later `find`s give this one."""
        return self._add(label, fresh=True)

    def remove_and_ratchet(
        self, key_ids: Collection[str], *, holder_timeout_s: float = HOLDER_TIMEOUT_S
    ) -> RatchetResult:
        """Destroy keys for good: new root, keyring without them, old root overwritten, memories dropped.

        Idempotent: asked again for keys that are gone, it finds the ratchet that took them, and only
        tries again what is still pending.
        """
        started_at_us = _now_us()
        with self._lock():
            settled = self._settle(changing=True)
            if any(key_id in settled.content.keys for key_id in key_ids):
                settled = self._ratchet(settled, set(key_ids))
            self._keep_up(settled)
            reached("ratchet.kept-up")
            mirrors = self._bring_forward(settled)
            reached("ratchet.mirrored")
        content = settled.content
        living = holders.wait_for(
            self._holders,
            content.header.generation,
            besides=self._memory.holder_path(),
            timeout_s=holder_timeout_s,
        )
        reached("ratchet.released")
        before, after, removed = _history(content, set(key_ids))
        return RatchetResult(before, after, removed, started_at_us, _now_us(), mirrors, living)

    def sync_mirrors(self) -> list[MirrorState]:
        """Bring every reachable mirror forward; for the regular tick."""
        with self._lock():
            settled = self._settle(changing=True)
            self._keep_up(settled)
            return self._bring_forward(settled)

    def recover_from(self, mirror: Path, *, root: RootKey | None = None) -> None:
        """Take over a mirror's root and keyring because the primary's are lost or older.

        `root` is for a folder that has a keyring but no root (a backup's, or a mirror whose root is lost):
        the one out of the escrow. GenerationMismatch when it is not that keyring's.
        RingRolledBack if the primary can be read and the mirror is older: that would bring destroyed
        keys back. Only ever on a person's word, for a lost primary cannot tell how old a mirror is.
        """
        source = Replica(mirror, self.ring).read(root)
        with self._lock():
            self._refuse_older(source)
            with _disk_errors():
                self._replica.adopt(source)
                for companion in self._companions:
                    companion.take_over(mirror, self.folder)
            self._bring_forward(self._settle())

    def forget_mirror(self, path: Path) -> None:
        """A mirror was physically destroyed: stop waiting for it."""
        with self._lock():
            self._mirrors.forget(path)
            for companion in self._companions:
                companion.forget(path)

    def close(self) -> None:
        """Drop everything from memory; the next use reads again."""
        self._memory.close()

    # Inside

    def _primary(self) -> Replica:
        """Where root and keyring are; another provider has another kind of place."""
        return Replica(self.folder, self.ring)

    def _lock(self) -> contextlib.AbstractContextManager[None]:
        if not self.folder.is_dir():
            raise VaultNotInitialised(f"{VaultNotInitialised.message} ({self.folder})")
        return file_lock(self.folder / "lock")

    def _current(self) -> View:
        """The view that fits the file as it is now."""
        while True:
            if (view := self._memory.valid()) is not None:
                return view
            with self._lock():
                # Another thread may have read it while we waited for the lock.
                if self._memory.valid() is None:
                    self._settle()

    def _settle(self, *, changing: bool = False) -> Settled:
        """Settle the folder and take it into memory; no change is made to an old copy. The lock is held."""
        with _disk_errors(_OVERWRITE_FAILED):
            settled = self._replica.settle()
        if changing or not self._rollback_checked:
            self._rollback_checked = False
            try:
                self._mirrors.refuse_rollback(settled)
            except RingRolledBack:
                self._memory.close()  # a mirror that was away has come back: nothing is read any more either
                raise
            self._rollback_checked = True
        self._memory.take(settled)
        # What could not keep up is tried again each time, and never keeps anybody from reading.
        with contextlib.suppress(LetheError, OSError):
            self._keep_up(settled)
        return settled

    def _keep_up(self, settled: Settled) -> None:
        with _disk_errors():
            for companion in self._companions:
                companion.keep_up(settled, self.folder)

    def _bring_forward(self, settled: Settled) -> list[MirrorState]:
        """Mirrors, and what companions keep in other places. The lock is held."""
        states = self._mirrors.bring_forward(settled)
        return [*states, *(state for each in self._companions for state in each.bring_forward(settled))]

    def _add(self, label: str, *, fresh: bool) -> str:
        with self._lock():
            settled = self._settle(changing=True)
            if not fresh and (found := settled.content.find_label(label)):
                return found
            key_id = secrets.token_hex(16)
            wrapping = keyfile.wrapping_key(settled.root.key, settled.root.ring_id)
            wrapped = keyfile.wrap_key(wrapping, secrets.token_bytes(KEY_BYTES))
            content = settled.content.with_key(key_id, WrappedKey(label, _now_us(), wrapped))
            data = self._replica.encode(content, settled.root)
            self._replica.replace(data)
            settled = replace(settled, content=content, data=data)
            self._memory.take(settled)
            self._bring_forward(settled)
            return key_id

    def _ratchet(self, settled: Settled, removed: set[str]) -> Settled:
        """Steps 1 to 3 of a purge. The lock is held."""
        old = settled.root
        reached("ratchet.begin")
        with _disk_errors():
            new = self._replica.roots.advance(old)
        reached("ratchet.root")
        content = keyfile.rewrap(
            settled.content, old_root=old.key, new_root=new.key, removed=removed, at_us=_now_us()
        )
        data = self._replica.encode(content, new)
        self._replica.replace(data)
        reached("ratchet.keyring")
        with _disk_errors(
            _("The old root key could not be overwritten; this is tried again before any read.")
        ):
            self._replica.roots.destroy_all_but(new)
        reached("ratchet.destroyed")
        settled = Settled(content, new, data)
        self._memory.take(settled)
        return settled

    def _refuse_older(self, source: Settled) -> None:
        """Refuse to take `source` over anything of the primary that is newer, or another ring's."""
        theirs = source.content.header
        roots = [root for root in self._replica.root.slots() if root] if self._replica.root.exists() else []
        if any(root.ring_id != theirs.ring_id for root in roots):
            raise VaultNotEmpty(f"{VaultNotEmpty.message} ({self.folder})")
        newest = max((root.generation for root in roots), default=0)
        try:
            ours = self._replica.read().content.header
            newer = (ours.generation, ours.serial) > (theirs.generation, theirs.serial)
        except LetheError:
            newer = False
        if newer or newest > theirs.generation:
            raise RingRolledBack(
                _("The mirror is older than the keys here: it would bring destroyed keys back."),
                hint=_("Recover from the newest mirror."),
            )

    def _is_unfinished(self) -> bool:
        return (self.folder / _MARKER).exists() and not self._replica.path.exists()

    def _discard_unfinished(self) -> None:
        """A set-up died before its keyring was there: nothing was ever sealed under that root."""
        if self._replica.root.exists():
            self._replica.root.destroy()
        for name in ("keyring.new", _MARKER):
            (self.folder / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _disk_errors(message: object = VaultWriteFailed.message) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VaultWriteFailed(f"{message} ({error.strerror})") from error


def _judged(state: MirrorState, header: Header) -> MirrorState:
    """A mirror that confirmed an older generation is pending, though nobody has tried it since."""
    if state.pending or (state.generation, state.serial) == (header.generation, header.serial):
        return state
    return replace(state, pending_since_us=_now_us(), error=state.error or "not brought forward yet")


def _history(content: Content, key_ids: set[str]) -> tuple[int, int, tuple[str, ...]]:
    """From which generation to which those keys were removed, as far as the keyring remembers."""
    took: list[Ratchet] = [ratchet for ratchet in content.ratchets if key_ids & set(ratchet.removed)]
    if not took:
        return content.header.generation, content.header.generation, ()
    removed = tuple(sorted(key_ids & {key_id for ratchet in took for key_id in ratchet.removed}))
    before = min(ratchet.generation_before for ratchet in took)
    return before, max(ratchet.generation_after for ratchet in took), removed


def _now_us() -> int:
    return time.time_ns() // 1000
