"""`root.key`: the one file whose bytes must be destroyable.

Two slots of one block each, overwritten in place and never renamed, so that the file system has no
reason to leave an old copy behind. A ratchet writes the next root into the free slot and, once the
keyring is sealed under it, overwrites the old one. Never back this file up: whoever keeps a copy
keeps the footage.

    slot (4,096 bytes)   magic (16) ‖ ring id (16) ‖ generation (8, big-endian) ‖ key (32) ‖ SHA-256 of these
    overwritten slot     other magic ‖ ring id ‖ generation ‖ random bytes

A slot that is torn by a power cut fails its checksum and counts as free.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cctv.core.atomic import fsync_dir
from cctv.vault.errors import VaultWriteFailed
from cctv.vault.keyfile import Header

SLOT_BYTES = 4096
SLOTS = 2
KEY_BYTES = 32
_LIVE = b"lethe root live\x01"
_VOID = b"lethe root void\x01"
_KEY_AT = 16 + 16 + 8
_SUM_AT = _KEY_AT + KEY_BYTES


@dataclass(frozen=True, slots=True)
class RootKey:
    """A root: which ring's, of which generation."""

    ring_id: bytes
    generation: int
    key: bytes = field(repr=False)
    sealed: bytes = field(default=b"", repr=False)  # where the root itself lies sealed beside the keyring


def encode(root: RootKey) -> bytes:
    """The slot that holds `root`."""
    head = _LIVE + root.ring_id + root.generation.to_bytes(8, "big") + root.key
    return (head + hashlib.sha256(head).digest()).ljust(SLOT_BYTES, b"\x00")


def decode(slot: bytes) -> RootKey | None:
    """The root in a slot; None for a free, overwritten, torn or foreign one."""
    head, checksum = slot[:_SUM_AT], slot[_SUM_AT : _SUM_AT + 32]
    if len(slot) != SLOT_BYTES or not head.startswith(_LIVE) or hashlib.sha256(head).digest() != checksum:
        return None
    return RootKey(head[16:32], int.from_bytes(head[32:_KEY_AT], "big"), head[_KEY_AT:])


def overwritten(ring_id: bytes, generation: int) -> bytes:
    """What takes the place of a destroyed root; random, because zeros may be written as a hole."""
    return _VOID + ring_id + generation.to_bytes(8, "big") + os.urandom(SLOT_BYTES - _KEY_AT)


class RootFile:
    """The two slots at `path`. Callers hold the ring's lock."""

    def __init__(self, path: Path) -> None:
        """Touches nothing yet."""
        self.path = path

    def exists(self) -> bool:
        """Whether there is a file at all."""
        return self.path.exists()

    def create(self, root: RootKey) -> None:
        """A new file with `root` in its first slot; FileExistsError if there is one."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # Both slots are written now, so that later writes never allocate a block.
            _write_all(descriptor, encode(root) + overwritten(root.ring_id, 0), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fsync_dir(self.path.parent)

    def slots(self) -> list[RootKey | None]:
        """The content of both slots; FileNotFoundError without a file."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            return [decode(_pread(descriptor, number)) for number in range(SLOTS)]
        finally:
            os.close(descriptor)

    def find(self, ring_id: bytes, generation: int) -> RootKey | None:
        """The root of that ring and generation, if a slot holds it."""
        wanted = (root for root in self.slots() if root and root.ring_id == ring_id)
        return next((root for root in wanted if root.generation == generation), None)

    def current(self, header: Header, sealed: bytes) -> RootKey | None:
        """The root of that keyring; `sealed` is empty, for here the root lies in the file."""
        return self.find(header.ring_id, header.generation)

    def advance(self, old: RootKey) -> RootKey:
        """The next root, durable beside `old`: it counts once a keyring names its generation."""
        new = RootKey(old.ring_id, old.generation + 1, secrets.token_bytes(KEY_BYTES))
        self.write_beside(new, keep=old.generation)
        return new

    def write_beside(self, root: RootKey, *, keep: int | None) -> None:
        """Write `root` into the slot that does not hold generation `keep`."""
        held = [slot.generation if slot else None for slot in self.slots()]
        self._overwrite(1 if keep is not None and held[0] == keep else 0, encode(root))

    def destroy_all_but(self, root: RootKey) -> int:
        """Overwrite the ring's other roots, each read back from the disk; returns how many there were."""
        destroyed = 0
        for number, other in enumerate(self.slots()):
            if other is not None and other.ring_id == root.ring_id and other != root:
                self._overwrite(number, overwritten(other.ring_id, other.generation))
                destroyed += 1
        return destroyed

    def destroy(self) -> None:
        """Overwrite both slots and remove the file: only for a set-up that was never finished."""
        for number in range(SLOTS):
            self._overwrite(number, overwritten(bytes(16), 0))
        self.path.unlink()
        fsync_dir(self.path.parent)

    def _overwrite(self, number: int, content: bytes) -> None:
        # O_DSYNC: when the write returns, the old bytes are gone from the platter too.
        descriptor = os.open(self.path, os.O_RDWR | os.O_DSYNC)
        try:
            _write_all(descriptor, content, number * SLOT_BYTES)
            os.fsync(descriptor)
            # The page cache would show what we wrote, not what the disk holds.
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            if _pread(descriptor, number) != content:
                raise VaultWriteFailed(f"{self.path}: a slot reads back differently from what was written")
        finally:
            os.close(descriptor)


def _pread(descriptor: int, number: int) -> bytes:
    return os.pread(descriptor, SLOT_BYTES, number * SLOT_BYTES)


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    if os.pwrite(descriptor, content, offset) != len(content):
        raise VaultWriteFailed()
