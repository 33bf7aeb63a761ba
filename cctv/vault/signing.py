"""Signatures of certificates: C2SP signed notes with Ed25519, which tools that we did not write can check.

    <text, any lines>\\n
    \\n
    — <key name> base64(key id (4) ‖ signature (64))\\n

The key id is the start of SHA-256(key name ‖ 0x0A ‖ 0x01 ‖ public key), and the signature is of the
text with its last newline (c2sp.org/signed-note). The seed is derived from the key "signing/1" of the
records ring, which is mirrored and escrowed and outlives the footage that certificates speak of. The
name carries the records ring's id, so that notes of two installations are never confused.
"""

import base64
import binascii
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from cctv.core.errors import LetheError
from cctv.vault import rings

LABEL = "signing/1"
_SEED = b"lethe/1/signing/ed25519"
_ED25519 = b"\x01"
_DASH = "\N{EM DASH} "


class NoteBroken(LetheError):
    """It is no signed note, or the signature is not of this text by this key."""

    code = "signature_broken"
    status = 422
    message = _("The signature does not fit this text.")
    hint = _("The text was altered, or it was signed by another installation.")


def key_name() -> str:
    """Who signs: "lethe-" and the first 16 hex digits of the records ring's id."""
    return f"lethe-{rings.records().ring_id.hex()[:16]}"


def public_key() -> str:
    """The verifier key "<name>+<key id, hex>+<base64 of 0x01 ‖ public key>", to be published and kept."""
    name, raw = key_name(), _private().public_key().public_bytes_raw()
    return f"{name}+{_key_id(name, raw).hex()}+{base64.b64encode(_ED25519 + raw).decode()}"


def sign_note(lines: Sequence[str]) -> str:
    """The note with these lines, signed. ValueError for what a note cannot hold."""
    text = "".join(f"{line}\n" for line in lines)
    if not lines or text.count("\n") != len(lines) or any(ord(each) < 32 and each != "\n" for each in text):
        raise ValueError("a note has at least one line, and no control characters")
    name, private = key_name(), _private()
    key_id = _key_id(name, private.public_key().public_bytes_raw())
    signature = base64.b64encode(key_id + private.sign(text.encode())).decode()
    return f"{text}\n{_DASH}{name} {signature}\n"


def verify_note(note: str, public_key: str) -> list[str]:
    """The lines of a note that `public_key` (a verifier key) has signed; NoteBroken for any other.

    Signatures by other keys are passed over, as the specification wants.
    """
    name, key_id, key = _parsed(public_key)
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not note.endswith("\n"):
        raise NoteBroken()
    text += "\n"
    for line in signatures.splitlines():
        signature = _signature_of(line, name)
        if signature[:4] != key_id:
            continue
        try:
            key.verify(signature[4:], text.encode())
        except InvalidSignature:
            raise NoteBroken() from None
        return text[:-1].split("\n")
    raise NoteBroken()


@sensitive_variables()
def _private() -> Ed25519PrivateKey:
    ring = rings.records()
    secret = ring.get(ring.ensure(LABEL))
    return Ed25519PrivateKey.from_private_bytes(
        HKDF(SHA256(), 32, salt=ring.ring_id, info=_SEED).derive(secret)
    )


def _key_id(name: str, raw: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:4]


def _parsed(verifier: str) -> tuple[str, bytes, Ed25519PublicKey]:
    """Name, key id and key of a verifier key; ValueError if it is none."""
    name, key_id, encoded = verifier.split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    if raw[:1] != _ED25519 or _key_id(name, raw[1:]).hex() != key_id:
        raise ValueError("this is no Ed25519 verifier key")
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(raw[1:])


def _signature_of(line: str, name: str) -> bytes:
    """Key id and signature of a signature line; empty for another signer's."""
    if not line.startswith(_DASH):
        raise NoteBroken()
    signer, _space, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        return base64.b64decode(encoded, validate=True) if signer == name else b""
    except binascii.Error:
        raise NoteBroken() from None
