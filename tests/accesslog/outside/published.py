"""A published log for tests, made from its entries by the letter of c2sp.org/tlog-tiles.

It shares nothing with accesslog.publish: what that writes must be what this writes.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accesslog import entry, note

ORIGIN = "lethe.example/log"
PRIVATE = Ed25519PrivateKey.from_private_bytes(sha256(b"the log of the tests").digest())
KEY = note.key_of(ORIGIN, PRIVATE)
VKEY = str(KEY)
WIDTH = 256


def entry_of(number: int) -> bytes:
    """An entry as any other, a second after the one before."""
    commitment = sha256(salted(number)).digest()
    return entry.encode(b"test.noted", 1_763_000_000_000_000 + number * 1_000_000, commitment)


def salted(number: int) -> bytes:
    """Salt and record that it commits to."""
    return sha256(b"salt%d" % number).digest() + b'{"body":{"n":%d}}' % number


def entries_of(count: int) -> list[bytes]:
    return [entry_of(number) for number in range(count)]


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()


def checkpoint(entries: Sequence[bytes], *, private: Ed25519PrivateKey = PRIVATE) -> str:
    """The signed checkpoint over these entries."""
    text = note.Checkpoint(ORIGIN, len(entries), root([leaf(each) for each in entries])).text
    key = note.key_of(ORIGIN, private)
    return str(note.Note(text, (note.sign(text, key, private),)))


def write(folder: Path, entries: Sequence[bytes]) -> Path:
    """Tiles, bundles and checkpoint of these entries; the folder."""
    hashes = [leaf(each) for each in entries]
    for first in range(0, len(entries), WIDTH):
        part = entries[first : first + WIDTH]
        bundle = b"".join(len(each).to_bytes(2, "big") + each for each in part)
        _write(folder, "entries", first // WIDTH, len(part), bundle)
    level = 0
    while hashes:
        for first in range(0, len(hashes), WIDTH):
            tile = hashes[first : first + WIDTH]
            _write(folder, str(level), first // WIDTH, len(tile), b"".join(tile))
        full = len(hashes) // WIDTH
        hashes = [root(hashes[at * WIDTH : (at + 1) * WIDTH]) for at in range(full)]
        level += 1
    (folder / "checkpoint").write_text(checkpoint(entries))
    return folder


def _write(folder: Path, level: str, number: int, count: int, data: bytes) -> None:
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03d}")
    name = "/".join(parts) + (f".p/{count}" if count < WIDTH else "")
    path = folder / "tile" / level / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


class Signer:
    """What a project injects as ACCESSLOG_SIGNER, with the tests' key."""

    origin = ORIGIN

    def verifier_key(self) -> str:
        return VKEY

    def sign(self, text: str) -> str:
        return str(note.Note(text, (note.sign(text, KEY, PRIVATE),)))
