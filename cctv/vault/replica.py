"""One folder with a root and a keyring: the primary of a ring, or one of its mirrors.

The keyring's generation decides which root is the true one. Every change is an order of durable
steps, and `settle` finishes or undoes whatever a crash has left:

    ratchet: new root in the free slot → keyring under it, renamed, folder synced → old slot overwritten
    killed before the rename: the keyring still names the old root; the new one is overwritten again
    killed after it: the keyring names the new root; the old one is overwritten before anything is served
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from cctv.core.atomic import fsync_dir
from cctv.vault import keyfile
from cctv.vault.errors import (
    GenerationMismatch,
    KeyringBroken,
    KeyringMissing,
    RootMissing,
    VaultNotInitialised,
    VaultWriteFailed,
)
from cctv.vault.keyfile import Content
from cctv.vault.rootfile import RootFile, RootKey
from cctv.vault.roots import RootProvider, Signature
from cctv.vault.steps import reached


@dataclass(frozen=True, slots=True)
class Settled:
    """A folder whose root and keyring agree."""

    content: Content
    root: RootKey
    data: bytes


class Replica:
    """The files of one folder. Callers hold the ring's lock for everything that writes."""

    def __init__(self, folder: Path, ring: str) -> None:
        """Touches nothing yet."""
        self.folder = folder
        self.ring = ring
        self.root = RootFile(folder / "root.key")
        self.roots: RootProvider = self.root
        self.path = folder / "keyring"
        self._new = folder / "keyring.new"

    def is_virgin(self) -> bool:
        """Neither root nor keyring."""
        return not self.root.exists() and not self.path.exists()

    def read(self, escrowed: RootKey | None = None) -> Settled:
        """Root and keyring as they are, authenticated; changes nothing.

        With `escrowed` the keyring alone, under that root.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            raise (KeyringMissing() if self.root.exists() else VaultNotInitialised()) from None
        header = keyfile.read_header(data)
        if header.ring != self.ring:
            raise KeyringBroken(f"{self.path} is the keyring “{header.ring}”, expected “{self.ring}”")
        if escrowed is not None:
            if (escrowed.ring_id, escrowed.generation) != (header.ring_id, header.generation):
                raise GenerationMismatch()
            return Settled(keyfile.decode(data, escrowed.key), escrowed, data)
        if not self.root.exists():
            raise RootMissing()
        root = self.root.find(header.ring_id, header.generation)
        if root is None:
            raise GenerationMismatch(self._mismatch(header.generation))
        return Settled(keyfile.decode(data, root.key), root, data)

    def signature(self) -> Signature | None:
        """What changes whenever the keyring does; None without one."""
        try:
            stat = os.stat(self.path)
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def settled_signature(self) -> Signature | None:
        """That of what was read or written last: under the lock nothing comes in between."""
        return self.signature()

    def encode(self, content: Content, root: RootKey) -> bytes:
        """The keyring as it is kept."""
        return keyfile.encode(content, root.key)

    def settle(self) -> Settled:
        """Finish what a crash left half-done, then read."""
        settled = self.read()
        self.root.destroy_all_but(settled.root)
        self._new.unlink(missing_ok=True)
        return settled

    def replace(self, data: bytes) -> None:
        """Put a new keyring in place of the old one; on any failure the old one stands."""
        try:
            self._write_new(data)
            reached("keyring.written")
            self._new.replace(self.path)
            reached("keyring.renamed")
            fsync_dir(self.folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._new.unlink(missing_ok=True)
            raise VaultWriteFailed(f"{VaultWriteFailed.message} ({error.strerror})") from error
        reached("keyring.durable")

    def adopt(self, source: Settled) -> None:
        """Become a copy of `source`, and destroy every other root of this ring here."""
        if not self.root.exists():
            self.root.create(source.root)
        elif self.root.find(source.root.ring_id, source.root.generation) != source.root:
            self.root.write_beside(source.root, keep=self._generation())
        reached("root.written")
        if not self.path.exists() or self.path.read_bytes() != source.data:
            self.replace(source.data)
        self.root.destroy_all_but(source.root)
        reached("root.destroyed")

    def confirms(self, source: Settled) -> bool:
        """Whether this folder now holds exactly `source` and no other root of its ring."""
        roots = [root for root in self.root.slots() if root and root.ring_id == source.root.ring_id]
        return roots == [source.root] and self.path.read_bytes() == source.data

    def _generation(self) -> int | None:
        try:
            return keyfile.read_header(self.path.read_bytes()).generation
        except (FileNotFoundError, KeyringBroken):
            return None

    def _mismatch(self, generation: int) -> str:
        held = ", ".join(str(root.generation) for root in self.root.slots() if root) or "-"
        return f"{GenerationMismatch.message} ({self.folder}: keyring {generation}, root {held})"

    def _write_new(self, data: bytes) -> None:
        descriptor = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            # Readers notice a new keyring by its stat: no two of them ever have the same time.
            stamp = time.time_ns()
            with contextlib.suppress(FileNotFoundError):
                stamp = max(stamp, self.path.stat().st_mtime_ns + 1)
            os.utime(file.fileno(), ns=(stamp, stamp))
            os.fsync(file.fileno())
