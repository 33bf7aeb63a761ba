"""Signed notes, checkpoints and cosignatures as C2SP specifies them. Imports no Django.

    signed note   <text, ends in a newline>, an empty line, "— <name> base64(key id (4) ‖ signature)" lines
    verifier key  <name>+<key id, hex>+base64(type ‖ public key); key id = SHA-256(name ‖ 0A ‖ type ‖ key)[:4]
    checkpoint    a note whose text is origin, size, base64 of the root, and extension lines if there are any
    cosignature   type 04, time (8, seconds) ‖ Ed25519 over "cosignature/v1\\ntime <seconds>\\n" ‖ the text

Sources: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature. Reading is strict: what
the specifications do not allow is refused, because two readers that understand a note differently are two
logs. Every error is a `NoteError` (a ValueError) that says what was expected.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
MAX_SIZE = 2**63 - 1
HASH_BYTES = 32
_DASH = "\N{EM DASH} "
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_SIGNATURE_BYTES = {ED25519: 64, COSIGNATURE: 72}


class NoteError(ValueError):
    """It is not what the specification says; the message has what was expected."""


class SignatureWrong(NoteError):
    """The note is well-formed, but not signed by this key."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, with which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """As it stands in a note, without the newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.value).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """Text (with its last newline) and the signatures under it, in their order."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n" + "".join(f"{each.line}\n" for each in self.signatures)

    def with_signatures(self, more: Iterable[Signature]) -> Note:
        """The note with further signatures; a signer (name and key id) is not repeated."""
        signatures = {(each.name, each.key_id): each for each in (*self.signatures, *more)}
        return Note(self.text, tuple(signatures.values()))


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a signer, as it is published; `kind` is the signature type."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log states: its origin, how many entries it has, and the root of the tree over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text of the note, to be signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


# ---------------------------------------------------------------------- reading


def parse(note: str | bytes) -> Note:
    """Text and signatures of a note; nothing is verified yet. Raises NoteError."""
    if isinstance(note, bytes):
        try:
            note = note.decode()
        except UnicodeDecodeError as error:
            raise NoteError("a note is UTF-8") from error
    if len(note) > MAX_NOTE_BYTES:
        raise NoteError(f"a note has at most {MAX_NOTE_BYTES} bytes")
    if _has_controls(note):
        raise NoteError("a note has no control characters but newlines")
    text, separator, rest = note.rpartition("\n\n")
    if not separator or not rest.endswith("\n"):
        raise NoteError("a note is text, an empty line, and signature lines, each with its newline")
    lines = rest[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures")
    return Note(f"{text}\n", tuple(parse_signature(line) for line in lines))


def parse_signature(line: str) -> Signature:
    """A signature line without its newline. Raises NoteError."""
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _is_name(name):
        raise NoteError("a signature line is an em dash, a name and base64, with one space between them")
    value = _decode(encoded)
    if len(value) < 5:
        raise NoteError("a signature has a key id of 4 bytes and at least one more")
    return Signature(name, value[:4], value[4:])


def parse_key(vkey: str) -> VerifierKey:
    """A verifier key of Ed25519 (01) or of cosignatures (04). Raises NoteError."""
    parts = vkey.split("+", 2)
    if len(parts) != 3 or not _is_name(parts[0]) or not _KEY_ID.fullmatch(parts[1]):
        raise NoteError("a verifier key is a name, 8 hexadecimal digits and base64, joined by “+”")
    raw = _decode(parts[2])
    if len(raw) != 33 or raw[0] not in _SIGNATURE_BYTES:
        raise NoteError("a verifier key has the type 01 or 04 and 32 bytes of Ed25519 key")
    key = VerifierKey(parts[0], raw[0], raw[1:])
    if key.key_id.hex() != parts[1]:
        raise NoteError(f"the id of this verifier key is {parts[1]}, calculated {key.key_id.hex()}")
    return key


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of a note's text. Raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or _has_controls(text):
        raise NoteError("a checkpoint has at least three lines, none of them empty, each with its newline")
    if not _NUMBER.fullmatch(lines[1]) or int(lines[1]) > MAX_SIZE:
        raise NoteError("the size of a checkpoint is decimal, without leading zeros, below 2^63")
    root = _decode(lines[2])
    if len(root) != HASH_BYTES:
        raise NoteError(f"the root of a checkpoint has {HASH_BYTES} bytes, got {len(root)}")
    return Checkpoint(lines[0], int(lines[1]), root, tuple(lines[3:-1]))


# ---------------------------------------------------------------------- verifying


def verify(note: str | bytes | Note, vkey: str | VerifierKey) -> Note:
    """The note, if this key signed it. Raises SignatureWrong, or NoteError if it is none.

    Signatures of other keys are passed over, as the specification wants.
    """
    note = note if isinstance(note, Note) else parse(note)
    key = vkey if isinstance(vkey, VerifierKey) else parse_key(vkey)
    ours = [each for each in note.signatures if (each.name, each.key_id) == (key.name, key.key_id)]
    if not ours:
        raise SignatureWrong(f"the note has no signature of {key.name}")
    for each in ours:
        verify_signature(note.text, each, key)
    return note


def verify_signature(text: str, signature: Signature, key: VerifierKey) -> int:
    """Check one signature of `text`; the time in seconds of a cosignature, else 0. Raises SignatureWrong."""
    if (signature.name, signature.key_id) != (key.name, key.key_id):
        raise SignatureWrong(f"this is no signature of {key.name}")
    value, message, seconds = signature.value, text.encode(), 0
    if len(value) != _SIGNATURE_BYTES[key.kind]:
        raise SignatureWrong(f"the signature of {key.name} has {len(value)} bytes")
    if key.kind == COSIGNATURE:
        seconds, value = int.from_bytes(value[:8], "big"), value[8:]
        if seconds > MAX_SIZE:
            raise SignatureWrong(f"the time of the cosignature of {key.name} is beyond 2^63")
        message = cosigned_message(text, seconds)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
    except (InvalidSignature, ValueError) as error:
        raise SignatureWrong(f"the signature of {key.name} does not fit this text") from error
    return seconds


def verify_checkpoint(note: str | bytes | Note, vkey: str | VerifierKey) -> Checkpoint:
    """The checkpoint of a note signed by the log of this key, whose name is the origin. Raises NoteError."""
    key = vkey if isinstance(vkey, VerifierKey) else parse_key(vkey)
    checkpoint = parse_checkpoint(verify(note, key).text)
    if checkpoint.origin != key.name:
        raise NoteError(f"expected a checkpoint of {key.name}, got one of {checkpoint.origin}")
    return checkpoint


# ---------------------------------------------------------------------- signing


def key_of(name: str, private: Ed25519PrivateKey, kind: int = ED25519) -> VerifierKey:
    """The verifier key of a private key. Raises NoteError for a name that no signature line can have."""
    if not _is_name(name):
        raise NoteError("a name is not empty and has neither spaces nor “+”")
    return VerifierKey(name, kind, private.public_key().public_bytes_raw())


def sign(text: str, key: VerifierKey, private: Ed25519PrivateKey | Callable[[bytes], bytes]) -> Signature:
    """The Ed25519 signature of `text`; `private` is a key, or whatever signs bytes. Raises NoteError."""
    if not text.endswith("\n") or _has_controls(text):
        raise NoteError("a note ends in a newline and has no other control characters")
    make = private.sign if isinstance(private, Ed25519PrivateKey) else private
    return Signature(key.name, key.key_id, make(text.encode()))


def cosign(text: str, key: VerifierKey, private: Ed25519PrivateKey, *, seconds: int) -> Signature:
    """The cosignature/v1 of a checkpoint's text, as a witness makes it."""
    value = private.sign(cosigned_message(text, seconds))
    return Signature(key.name, key.key_id, seconds.to_bytes(8, "big") + value)


def cosigned_message(text: str, seconds: int) -> bytes:
    """What a witness signs with Ed25519."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


# ---------------------------------------------------------------------- characters


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(each.isspace() or ord(each) < 32 for each in name)


def _has_controls(text: str) -> bool:
    return any(each < " " and each != "\n" for each in text)


def _decode(encoded: str) -> bytes:
    """Canonical base64: one spelling only. Raises NoteError."""
    try:
        value = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("expected base64") from error
    if base64.b64encode(value).decode() != encoded:
        raise NoteError("expected base64 in its one canonical spelling")
    return value
