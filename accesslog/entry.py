"""The public entry: what the Merkle tree is made of, byte by byte. Imports no Django.

Documented in docs/formats-log.md. An entry holds no personal data: the record (body, event id, search index)
is only committed to, under a salt, because an unsalted hash of such a record could be guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

VERSION = 1
MAX_ENTRY_BYTES = 65_535  # the uint16 length prefix of C2SP entry bundles
MAX_KIND_BYTES = 64
SALT_BYTES = 32
COMMITMENT_BYTES = 32
MAX_TIME_US = 2**63 - 1
KIND = re.compile(r"[a-z][a-z0-9]*(?:[._][a-z0-9]+)*\Z")

_FIXED_BYTES = 2 + 8 + COMMITMENT_BYTES


class EntryError(ValueError):
    """The bytes are no entry of a known version; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Entry:
    kind: str
    time_us: int
    commitment: bytes


def commitment(salt: bytes, record: bytes) -> bytes:
    """SHA-256(salt || record); the salt has exactly 32 bytes, so the two cannot be shifted."""
    if len(salt) != SALT_BYTES:
        raise EntryError(f"a salt has {SALT_BYTES} bytes, got {len(salt)}")
    return sha256(salt + record).digest()


def check_kind(kind: str) -> bytes:
    """The kind's bytes. Raises EntryError for a name that no entry can carry."""
    if not KIND.match(kind) or len(kind) > MAX_KIND_BYTES:
        raise EntryError(
            f"{kind!r} is no kind: lower-case words joined by dots, at most {MAX_KIND_BYTES} bytes"
        )
    return kind.encode("ascii")


def encode(kind: bytes, time_us: int, commitment: bytes) -> bytes:
    """The bytes of a version 1 entry; `kind` comes from check_kind."""
    return b"%c%c%b%b%b" % (VERSION, len(kind), kind, time_us.to_bytes(8, "big"), commitment)


def decode(data: bytes) -> Entry:
    """The entry of `data`. Raises EntryError."""
    if len(data) < _FIXED_BYTES or len(data) > MAX_ENTRY_BYTES:
        raise EntryError(f"an entry has {_FIXED_BYTES + 1} to {MAX_ENTRY_BYTES} bytes, got {len(data)}")
    if data[0] != VERSION:
        raise EntryError(f"expected an entry of version {VERSION}, got version {data[0]}")
    length = data[1]
    if len(data) != _FIXED_BYTES + length:
        raise EntryError(f"expected {_FIXED_BYTES + length} bytes for this kind, got {len(data)}")
    kind = data[2 : 2 + length].decode("ascii", "replace")
    check_kind(kind)
    time_us = int.from_bytes(data[2 + length : 10 + length], "big")
    if time_us > MAX_TIME_US:
        raise EntryError(f"the time {time_us} is beyond a signed 64-bit integer")
    return Entry(kind, time_us, data[10 + length :])
