"""What one process keeps of a ring in memory, and how it lets go of it.

Wrapped keys and the key that unwraps them; single keys are unwrapped per call and not kept. The
view is valid only while the keyring file's stat stays the same: each use looks. When another
process moves the file on, a watching thread drops the view and says so, because a purge waits for
that. A forked child starts with nothing.
"""

import os
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path

from cctv.vault import keyfile
from cctv.vault.errors import KeyMissing, VaultNotInitialised
from cctv.vault.holders import NOTHING_HELD, Holder
from cctv.vault.keyfile import Header, WrappedKey
from cctv.vault.replica import Settled
from cctv.vault.roots import Signature, Signed

WATCH_S = 0.2


@dataclass(slots=True, eq=False)
class View:
    """A keyring in memory, for as long as its file has that signature."""

    signature: Signature
    header: Header
    keys: dict[str, WrappedKey] = field(repr=False)
    _wrapping: bytearray = field(repr=False)

    def unwrap(self, key_id: str) -> bytes:
        """The key; KeyMissing if the ring does not have it."""
        key = self.keys.get(key_id)
        if key is None:
            raise KeyMissing()
        return keyfile.unwrap_key(bytes(self._wrapping), key.wrapped)

    def wipe(self) -> None:
        """Overwrite the unwrapping key; best effort, for the allocator may have made copies."""
        self._wrapping[:] = bytes(len(self._wrapping))


class KeyMemory:
    """The view of the keyring that `source` signs, shared by the threads of a process."""

    _mutex: threading.RLock
    _view: View | None
    _holder: Holder | None
    _watcher: threading.Thread | None
    _stop: threading.Event

    def __init__(self, source: Signed, holders_folder: Path) -> None:
        """Holds nothing yet."""
        self._source = source
        self._holders_folder = holders_folder
        self._reset()
        _instances.add(self)

    def valid(self) -> View | None:
        """The view, if it fits the file as it is now."""
        view = self._view
        return view if view is not None and view.signature == self._source.signature() else None

    def unwrap(self, key_id: str) -> bytes | None:
        """The key; None when the ring has to be read again first; KeyMissing if it is not there.

        Stat and unwrapping are one under the mutex: no ratchet of this process comes in between.
        """
        with self._mutex:
            view = self.valid()
            return view.unwrap(key_id) if view is not None else None

    def take(self, settled: Settled) -> None:
        """Keep `settled` instead of what was there. The ring's file lock is held."""
        signature = self._source.settled_signature()
        if signature is None:
            raise VaultNotInitialised()
        header = settled.content.header
        wrapping = bytearray(keyfile.wrapping_key(settled.root.key, header.ring_id))
        with self._mutex:
            if self._holder is None:
                self._holder = Holder(self._holders_folder)
            self._drop()
            self._view = View(signature, header, dict(settled.content.keys), wrapping)
            self._holder.announce(header.generation)
            if self._watcher is None:
                self._watcher = _watch(self, self._stop)

    def drop_if_moved(self) -> None:
        """Let go of a view that the file has left behind."""
        with self._mutex:
            if self._view is not None and self.valid() is None:
                self._drop()

    def close(self) -> None:
        """Drop everything and stop watching; the next `take` starts anew."""
        with self._mutex:
            self._stop.set()
            self._drop()
            if self._holder is not None:
                self._holder.close()
            self._holder, self._watcher, self._stop = None, None, threading.Event()

    def holder_path(self) -> Path | None:
        """This process's own entry among the holders."""
        return self._holder.path if self._holder else None

    def _reset(self) -> None:
        self._mutex = threading.RLock()
        self._view = None
        self._holder = None
        self._watcher = None
        self._stop = threading.Event()

    def _drop(self) -> None:
        if self._view is not None:
            self._view.wipe()
        self._view = None
        if self._holder is not None:
            self._holder.announce(NOTHING_HELD)

    def _after_fork(self) -> None:
        view, holder = self._view, self._holder
        self._reset()
        if view is not None:
            view.wipe()
        if holder is not None:
            holder.abandon()


def _watch(memory: KeyMemory, stop: threading.Event) -> threading.Thread:
    """A thread that drops what has been left behind, also when nobody reads."""
    reference = weakref.ref(memory)

    def run() -> None:
        while not stop.wait(WATCH_S):
            if (living := reference()) is None:
                return
            living.drop_if_moved()
            del living

    thread = threading.Thread(target=run, name="keyring-watch", daemon=True)
    thread.start()
    return thread


_instances: "weakref.WeakSet[KeyMemory]" = weakref.WeakSet()


def _after_fork() -> None:
    for memory in list(_instances):
        memory._after_fork()


os.register_at_fork(after_in_child=_after_fork)
