"""An attacker who tries every 32 bytes of every key file as a key, and everything those keys unwrap.

Shared by the tests of invariant 4. It must be able to win: its control hands it an old root.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from cctv.core.errors import LetheError
from cctv.vault import keyfile, sealing
from cctv.vault import services as vault
from tests.retention.yard import Sealed

KEY = 32


def windows(folder: Path) -> set[bytes]:
    """Every 32 bytes, at every offset, of every file."""
    found: set[bytes] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found.update(data[at : at + KEY] for at in range(len(data) - KEY + 1))
    return found


def roots_among(candidates: Iterable[bytes], keyring: bytes) -> list[bytes]:
    """Candidates that open this copy of the keyring."""
    return [candidate for candidate in candidates if _content(keyring, candidate) is not None]


def keys_of(keyring: bytes, root: bytes) -> list[bytes]:
    """Every key in a copy of the keyring, under its root."""
    content = _content(keyring, root)
    if content is None:
        return []
    wrapping = keyfile.wrapping_key(root, content.header.ring_id)
    return [keyfile.unwrap_key(wrapping, entry.wrapped) for entry in content.keys.values()]


def attack(candidates: Iterable[bytes], keyrings: Iterable[bytes], sealed: Sealed) -> bytes | None:
    """The clear footage, or None when nothing that the attacker holds opens it."""
    keys = _reached(frozenset(candidates), tuple(keyrings))
    for key in keys | unwrapped(keys, bytes(sealed.row.wrapped_key)):
        if (clear := _opened(key, sealed)) is not None:
            return clear
    return None


@lru_cache(maxsize=1)  # one thing after the other is tried with the same candidates, tens of thousands
def _reached(candidates: frozenset[bytes], keyrings: tuple[bytes, ...]) -> frozenset[bytes]:
    """The candidates, and every key that they open in those keyrings."""
    keys = set(candidates)
    for keyring in keyrings:
        for root in roots_among(list(keys), keyring):
            keys.update(keys_of(keyring, root))
    return frozenset(keys)


def unwrapped(keys: Iterable[bytes], wrapped: bytes) -> set[bytes]:
    """What those keys unwrap of it."""
    found = set()
    for key in list(keys):
        try:
            found.add(aes_key_unwrap(key, wrapped))
        except InvalidUnwrap:
            continue
    return found


def _content(keyring: bytes, root: bytes) -> keyfile.Content | None:
    try:
        return keyfile.decode(keyring, root)
    except LetheError:
        return None


def _opened(key: bytes, sealed: Sealed) -> bytes | None:
    try:
        return bytes(sealing.open_bytes(key, vault.context(sealed.row.pk, "media"), sealed.ciphertext))
    except LetheError:
        return None
