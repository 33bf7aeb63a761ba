"""Signatures of certificates: C2SP signed notes with Ed25519, which tools that we did not write can check.

    <text, any lines>\\n
    \\n
    — <key name> base64(key id (4) ‖ signature (64))\\n

The key id is the start of SHA-256(key name ‖ 0x0A ‖ 0x01 ‖ public key), and the signature is of the
text with its last newline (c2sp.org/signed-note). The seed is derived from the key "signing/1" of the
records ring, which is mirrored and escrowed and outlives the footage that certificates speak of. The
name carries the records ring's id, so that notes of two installations are never confused.
"""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accesslog import note as notes
from cctv.core.errors import LetheError
from cctv.vault import rings

LABEL = "signing/1"
_SEED = b"lethe/1/signing/ed25519"


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
    return str(notes.key_of(key_name(), private_key(LABEL, _SEED)))


def sign_note(lines: Sequence[str]) -> str:
    """The note with these lines, signed. ValueError for what a note cannot hold."""
    text = "".join(f"{line}\n" for line in lines)
    if not lines or text.count("\n") != len(lines):
        raise ValueError("a note has at least one line, and no line has another in it")
    private = private_key(LABEL, _SEED)
    signature = notes.sign(text, notes.key_of(key_name(), private), private)
    return str(notes.Note(text, (signature,)))


def verify_note(note: str, public_key: str) -> list[str]:
    """The lines of a note that `public_key` (a verifier key) has signed; NoteBroken for any other.

    Signatures by other keys are passed over, as the specification wants. ValueError if the key is none.
    """
    key = notes.parse_key(public_key)
    try:
        return notes.verify(note, key).text[:-1].split("\n")
    except notes.NoteError as error:
        raise NoteBroken() from error


@sensitive_variables()
def private_key(label: str, info: bytes) -> Ed25519PrivateKey:
    """The signing key that is derived from the key `label` of the records ring, made when it is missing."""
    ring = rings.records()
    secret = ring.get(ring.ensure(label))
    return Ed25519PrivateKey.from_private_bytes(
        HKDF(SHA256(), 32, salt=ring.ring_id, info=info).derive(secret)
    )
