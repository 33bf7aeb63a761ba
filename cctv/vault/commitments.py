"""Salts for what is said of an object's content where it outlives the object.

A hash of footage that anybody could compare with a file would be a fingerprint that outlives it. With a salt
that follows from the object's own key, it can be made only while that key exists: once the key is
destroyed, nobody can tell any more whether a file is the one that was meant. Imports no Django.

    salt = HKDF-Expand-SHA-512(object key, "lethe/1/ingest-salt" 0x00 ‖ id of the object, 16 bytes), 32 bytes

The seal derives from the same key with another label (see `sealing`), so neither tells of the other.
"""

from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SALT_BYTES = 32
_LABEL = b"lethe/1/ingest-salt\x00"


def ingest_salt(key: bytes, context_id: UUID) -> bytes:
    """The 32 bytes that hide an object's clear hash in the tree of its hour."""
    return HKDFExpand(SHA512(), SALT_BYTES, _LABEL + context_id.bytes).derive(key)
