"""`keyring`: many wrapped keys in one file that may be copied anywhere.

    lethe-keyring 1 <ring> <ring id> <generation> <serial>\\n
    sealed object (Cobblestone-256) whose context is that line and whose clear text is JSON:
      {"keys": {<key id>: [<label>, <made at, µs>, <AES-KW wrapped key, base64>]}, "ratchets": […]}

The seal's key and the wrapping key both derive from the root of that generation, so the line, the
membership and every key are authenticated together, and without the root the file says only its
first line. `serial` grows with every write, `generation` with every ratchet.

Where the root is not kept in a file, a line about it comes before all this (`roots.openbao`).
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from cctv.vault.errors import KeyringBroken, SealBroken, WrongKey
from cctv.vault.sealing import open_bytes, seal_bytes

FORMAT = "lethe-keyring 1"
ROOT_LINE = b"lethe-root "
RATCHETS_KEPT = 16  # enough for a purge run to find, after a crash, the ratchet it had asked for


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: readable without the root, believed only once the seal has held."""

    ring: str
    ring_id: bytes
    generation: int
    serial: int

    def line(self) -> bytes:
        """As in the file."""
        return f"{FORMAT} {self.ring} {self.ring_id.hex()} {self.generation} {self.serial}\n".encode()


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key under its ring's wrapping key. `label` finds it by what it is for."""

    label: str
    made_at_us: int
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ratchet:
    """One destruction: from which generation to which, when, and the keys that did not come along."""

    generation_before: int
    generation_after: int
    at_us: int
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A keyring in memory, still wrapped."""

    header: Header
    keys: Mapping[str, WrappedKey] = field(repr=False)
    ratchets: tuple[Ratchet, ...] = ()

    def with_key(self, key_id: str, key: WrappedKey) -> "Content":
        """The same generation with one key more."""
        header = replace(self.header, serial=self.header.serial + 1)
        return replace(self, header=header, keys={**self.keys, key_id: key})

    def find_label(self, label: str) -> str | None:
        """The newest key of that label."""
        found = [(key.made_at_us, key_id) for key_id, key in self.keys.items() if key.label == label]
        return max(found)[1] if found else None


def _derive(root: bytes, ring_id: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=ring_id, info=b"lethe/1/keyring/" + use).derive(root)


def wrapping_key(root: bytes, ring_id: bytes) -> bytes:
    """The key under which a ring's keys are wrapped."""
    return _derive(root, ring_id, b"wrap")


def wrap_key(wrapping: bytes, key: bytes) -> bytes:
    """AES-KW (RFC 3394)."""
    return aes_key_wrap(wrapping, key)


def unwrap_key(wrapping: bytes, wrapped: bytes) -> bytes:
    """The key within; WrongKey if it was wrapped under another one."""
    try:
        return aes_key_unwrap(wrapping, wrapped)
    except (InvalidUnwrap, ValueError):
        raise WrongKey() from None


def rewrap(content: Content, *, old_root: bytes, new_root: bytes, removed: set[str], at_us: int) -> Content:
    """The next generation: every key but the removed ones, under the new root."""
    header = content.header
    old, new = wrapping_key(old_root, header.ring_id), wrapping_key(new_root, header.ring_id)
    keys = {
        key_id: replace(key, wrapped=wrap_key(new, unwrap_key(old, key.wrapped)))
        for key_id, key in content.keys.items()
        if key_id not in removed
    }
    gone = tuple(sorted(removed & set(content.keys)))
    ratchet = Ratchet(header.generation, header.generation + 1, at_us, gone)
    return Content(
        replace(header, generation=header.generation + 1, serial=header.serial + 1),
        keys,
        (*content.ratchets, ratchet)[-RATCHETS_KEPT:],
    )


def encode(content: Content, root: bytes) -> bytes:
    """The file."""
    line = content.header.line()
    payload = {
        "keys": {
            key_id: [key.label, key.made_at_us, base64.b64encode(key.wrapped).decode()]
            for key_id, key in content.keys.items()
        },
        "ratchets": [
            [ratchet.generation_before, ratchet.generation_after, ratchet.at_us, ratchet.removed]
            for ratchet in content.ratchets
        ],
    }
    clear = json.dumps(payload, separators=(",", ":")).encode()
    return line + seal_bytes(_derive(root, content.header.ring_id, b"seal"), line, clear)


def split(data: bytes) -> tuple[bytes, bytes]:
    """The root's line, empty where there is none, and the keyring."""
    if not data.startswith(ROOT_LINE):
        return b"", data
    line, newline, rest = data.partition(b"\n")
    return line + newline, rest


def read_header(data: bytes) -> Header:
    """The first line, not yet authenticated; KeyringBroken if this is no keyring."""
    _, data = split(data)
    line, newline, _ = data[:256].partition(b"\n")
    try:
        name, version, ring, ring_id, generation, serial = line.decode("ascii").split(" ")
        header = Header(ring, bytes.fromhex(ring_id), int(generation), int(serial))
    except ValueError:
        raise KeyringBroken() from None
    if not newline or f"{name} {version}" != FORMAT or header.line() != line + newline:
        raise KeyringBroken()
    return header


def decode(data: bytes, root: bytes) -> Content:
    """The authenticated content; KeyringBroken if it was altered or is not sealed under `root`."""
    header = read_header(data)
    _, data = split(data)
    line = header.line()
    try:
        clear = open_bytes(_derive(root, header.ring_id, b"seal"), line, data[len(line) :])
    except (SealBroken, WrongKey):
        raise KeyringBroken() from None
    payload: dict[str, Any] = json.loads(clear)
    keys = {
        key_id: WrappedKey(label, made_at_us, base64.b64decode(wrapped))
        for key_id, (label, made_at_us, wrapped) in payload["keys"].items()
    }
    ratchets = tuple(
        Ratchet(before, after, at_us, tuple(removed)) for before, after, at_us, removed in payload["ratchets"]
    )
    return Content(header, keys, ratchets)
