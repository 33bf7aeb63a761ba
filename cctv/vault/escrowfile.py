"""`escrow.age`: the root of the records ring for the offline recovery key, in one folder.

    escrow.age    an age file (age-encryption.org/v1, X25519) that any age tool opens with the private key
    escrow.json   what it is: whose root, which generation, for which recipient, SHA-256 of the age file

The clear text is JSON, padded: the file must fill blocks of its own, or a file system may keep it
among its metadata, where overwriting leaves old copies. A new one is durable before the old one is
overwritten in place; the old one is overwritten before it is replaced, for an old escrow opens what a
ratchet has destroyed. Hence it is no part of any backup.
"""

import base64
import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import pyrage
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from cctv.core.atomic import fsync_dir, write_atomic
from cctv.core.errors import LetheError
from cctv.vault.errors import VaultWriteFailed
from cctv.vault.rootfile import RootKey
from cctv.vault.steps import reached

FORMAT = "lethe-escrow/1"
NAME = "escrow.age"
FACTS = "escrow.json"
CLEAR_BYTES = 8192


class RecoveryKeyInvalid(LetheError):
    """Not an age recipient of the X25519 kind."""

    code = "recovery_key_invalid"
    status = 422
    message = _("This is not the public part of a recovery key.")
    hint = _("It begins with “age1”. “manage.py vault recovery-key” makes a new pair.")


class EscrowUnreadable(LetheError):
    """The private key does not open this file, or it is no escrow."""

    code = "escrow_unreadable"
    status = 422
    message = _("The escrow could not be opened with this recovery key.")
    hint = _("Take the newest escrow.age of a mirror, and the private key that was printed last.")


@dataclass(frozen=True, slots=True)
class EscrowFacts:
    """What `escrow.json` says. `ring_id` in hex, `made_at_us` in µs since 1970."""

    ring: str
    ring_id: str
    generation: int
    recipient: str
    made_at_us: int
    sha256: str


def check_recipient(recipient: str) -> str:
    """The public key without blanks around it; RecoveryKeyInvalid."""
    try:
        pyrage.x25519.Recipient.from_str(recipient.strip())
    except pyrage.RecipientError:
        raise RecoveryKeyInvalid() from None
    return recipient.strip()


def facts(folder: Path) -> EscrowFacts | None:
    """What lies in the folder; None where nothing does, or where it is not what was written."""
    try:
        stated = json.loads((folder / FACTS).read_text())
        digest = sha256((folder / NAME).read_bytes()).hexdigest()
    except (FileNotFoundError, ValueError):
        return None
    if stated.pop("format", "") != FORMAT or stated.get("sha256") != digest:
        return None
    return EscrowFacts(**stated)


def is_current(folder: Path, ring: str, root: RootKey, recipient: str) -> bool:
    """Whether the folder holds this very root for this recipient, and no left-over of a kill."""
    found = facts(folder)
    if found is None or _new(folder).exists():
        return False
    stated = (found.ring, found.ring_id, found.generation, found.recipient)
    return stated == (ring, root.ring_id.hex(), root.generation, recipient)


@sensitive_variables()
def write(folder: Path, ring: str, root: RootKey, recipient: str) -> None:
    """Put this root's escrow in the place of the folder's old one. OSError; killed anywhere, again."""
    path, new = folder / NAME, _new(folder)
    reached("escrow.begin")
    if new.exists():
        _overwrite(new)
    sealed = _seal(ring, root, recipient)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    fsync_dir(folder)
    reached("escrow.written")
    if path.exists():
        _overwrite(path)
    reached("escrow.overwritten")
    new.replace(path)
    fsync_dir(folder)
    reached("escrow.replaced")
    digest = sha256(sealed).hexdigest()
    made = EscrowFacts(ring, root.ring_id.hex(), root.generation, recipient, time.time_ns() // 1000, digest)
    write_atomic(folder / FACTS, json.dumps({"format": FORMAT, **asdict(made)}, indent=1).encode())
    reached("escrow.recorded")


@sensitive_variables()
def read(path: Path, identity: str) -> RootKey:
    """The root in an escrow file, opened with the private recovery key. EscrowUnreadable."""
    try:
        key = pyrage.x25519.Identity.from_str(identity.strip())
        held = json.loads(pyrage.decrypt(path.read_bytes(), [key]))
        if held["format"] != FORMAT:
            raise EscrowUnreadable()
        root = base64.b64decode(held["key"], validate=True)
        return RootKey(bytes.fromhex(held["ring_id"]), int(held["generation"]), root)
    except (pyrage.IdentityError, pyrage.DecryptError, ValueError, KeyError, TypeError):
        raise EscrowUnreadable() from None


@sensitive_variables()
def _seal(ring: str, root: RootKey, recipient: str) -> bytes:
    clear = json.dumps(
        {
            "format": FORMAT,
            "ring": ring,
            "ring_id": root.ring_id.hex(),
            "generation": root.generation,
            "key": base64.b64encode(root.key).decode(),
        }
    )
    sealed: bytes = pyrage.encrypt(
        clear.ljust(CLEAR_BYTES).encode(), [pyrage.x25519.Recipient.from_str(recipient)]
    )
    return sealed


def _new(folder: Path) -> Path:
    return folder / f"{NAME}.new"


def _overwrite(path: Path) -> None:
    """Random bytes over every byte, read back from the disk."""
    descriptor = os.open(path, os.O_RDWR | os.O_DSYNC)
    try:
        noise = os.urandom(os.fstat(descriptor).st_size)
        os.pwrite(descriptor, noise, 0)
        os.fsync(descriptor)
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        if os.pread(descriptor, len(noise), 0) != noise:
            raise VaultWriteFailed(f"{path}: an old escrow could not be overwritten")
    finally:
        os.close(descriptor)
