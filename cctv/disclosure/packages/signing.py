"""The signature of a package: a C2SP signed note over the SHA-256 of its manifest. Imports no Django.

    lethe/1/package
    <SHA-256 of manifest.json, hexadecimal>

    — <origin of the log>/packages <base64 of key id and Ed25519 signature>

There is exactly one signature line, and nothing else in the file: no byte of it can be changed unnoticed. The
private key is kept by `packaging.key`; that it is the installation's is said by its log (`export.key`).
"""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accesslog import note

HEADER = "lethe/1/package"
_TEXT = re.compile(rf"{HEADER}\n([0-9a-f]{{64}})\n")


class SignatureWrong(ValueError):
    """It is no signature of a package, or not by this key; the message says what was expected."""


def key_name(origin: str) -> str:
    """The name of the key that signs the packages of the installation with this log."""
    return f"{origin}/packages"


def verifier_key(origin: str, private: Ed25519PrivateKey) -> str:
    """The public half as text, "<name>+<key id>+<base64>"."""
    return str(note.key_of(key_name(origin), private))


def sign(sha256: bytes, *, origin: str, private: Ed25519PrivateKey) -> str:
    """The contents of manifest.sig for a manifest with this SHA-256 (32 bytes)."""
    if len(sha256) != note.HASH_BYTES:
        raise ValueError(f"a SHA-256 has {note.HASH_BYTES} bytes, got {len(sha256)}")
    text = f"{HEADER}\n{sha256.hex()}\n"
    return str(note.Note(text, (note.sign(text, note.key_of(key_name(origin), private), private),)))


def verify(signature: str | bytes, vkey: str) -> bytes:
    """The SHA-256 of the manifest that this key signed. Raises SignatureWrong."""
    try:
        signed = note.verify(signature, vkey)
    except note.NoteError as error:
        raise SignatureWrong(str(error)) from error
    given = signature if isinstance(signature, str) else signature.decode()
    found = _TEXT.fullmatch(signed.text)
    if found is None or len(signed.signatures) != 1 or str(signed) != given:
        raise SignatureWrong("expected two lines of text and one signature line, and nothing else")
    return bytes.fromhex(found[1])
