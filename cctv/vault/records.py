"""Keys of the records ring that end one by one: a hold's, a package's, and those of sealed fields.

A package of copies that leave the house has one key, under which the keys of its files are wrapped: they end
with it, in every copy. A hold's key wraps the key of each object it holds a second time, so that the object
outlives its epoch and dies with the hold. A sealed field is personal data that must be forgotten with its
file: its key lies here and nowhere else, so destroying the key empties every backup too.
"""

import hmac
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from django.views.decorators.debug import sensitive_variables

from cctv.vault import keyfile, logbodies, rings
from cctv.vault.errors import KeyMissing, KeyProtected
from cctv.vault.keyring import RatchetResult
from cctv.vault.models import Epoch
from cctv.vault.sealing import open_bytes, seal_bytes
from cctv.vault.steps import reached

HOLD, PACKAGE = "hold/", "package/"
# Months of the log end with the log's own retention; the signing key must outlive every certificate.
_NEVER_HERE = (logbodies.PREFIX, "signing/")
_FIELD_KEY = b"lethe/1/record"
_TAG_KEY = b"lethe/1/tag"
TAGS = "tags/"


def new_hold_key(hold_id: UUID | str) -> str:
    """The id of the hold's key, made if there is none yet; durable when this returns."""
    key_id = rings.records().ensure(f"{HOLD}{hold_id}")
    reached("hold.key-made")
    return key_id


def hold_of(key_id: str) -> str:
    """The id of the hold whose key this is. KeyMissing, KeyProtected if it is anything else's."""
    field, owner = bound_to(key_id)
    if field != "hold":
        raise KeyProtected()
    return owner


def bound_to(key_id: str) -> tuple[str, str]:
    """What an entry has to name to open something by this key: ("hold" | "export", id).

    KeyMissing, KeyProtected if it is neither a hold's nor a package's.
    """
    label = rings.records().label(key_id)
    if label is None:
        raise KeyMissing()
    for field, beginning in (("hold", HOLD), ("export", PACKAGE)):
        if label.startswith(beginning):
            return field, label.removeprefix(beginning)
    raise KeyProtected()


def new_package_key(export_id: UUID | str) -> str:
    """The id of the key of an export's package, made if there is none yet; durable when this returns."""
    key_id = rings.records().ensure(f"{PACKAGE}{export_id}")
    reached("package.key-made")
    return key_id


def package_keys() -> dict[str, str]:
    """By id, the export of each package's key that is in the ring; no key leaves."""
    labels = rings.records().labels()
    return {
        key_id: label.removeprefix(PACKAGE)
        for key_id, (label, _made_at) in labels.items()
        if label.startswith(PACKAGE)
    }


@sensitive_variables()
def wrap_for_package(*, key_id: str, object_key: bytes) -> bytes:
    """The key of one of a package's files, under the package's (40 bytes). KeyMissing, KeyProtected."""
    if bound_to(key_id)[0] != "export":
        raise KeyProtected()
    return keyfile.wrap_key(rings.records().get(key_id), object_key)


@sensitive_variables()
def wrap_for_hold(*, key_id: str, wrapped_key: bytes, epoch: Epoch) -> bytes:
    """An object's key, now under its epoch's, under the hold's as well (40 bytes).

    KeyMissing when the epoch's key or the hold's is gone; WrongKey if it was not wrapped under that epoch.
    """
    object_key = keyfile.unwrap_key(rings.footage().get(epoch.key_id), wrapped_key)
    return keyfile.wrap_key(_hold_key(key_id), object_key)


@sensitive_variables()
def wrap_hold_to_hold(*, from_key_id: str, to_key_id: str, wrapped_key: bytes) -> bytes:
    """The same for a second hold on what only the first can open any more."""
    object_key = keyfile.unwrap_key(_hold_key(from_key_id), wrapped_key)
    return keyfile.wrap_key(_hold_key(to_key_id), object_key)


def log_keys() -> dict[str, str]:
    """By id, the period ("2026-11", "2026-11.ledger") of each key that bodies of the log are sealed under."""
    labels = rings.records().labels()
    return {
        key_id: label.removeprefix(logbodies.PREFIX)
        for key_id, (label, _made_at) in labels.items()
        if label.startswith(logbodies.PREFIX)
    }


def destroy_log_keys(key_ids: Collection[str]) -> RatchetResult:
    """Destroy keys of periods of the log in one ratchet, which replaces the escrow too. Idempotent.

    The caller has made sure that nothing that is to be kept is sealed under them. KeyProtected, with nothing
    destroyed, if one of them is anything but a period's key.
    """
    ring = rings.records()
    for key_id in key_ids:
        if not (ring.label(key_id) or logbodies.PREFIX).startswith(logbodies.PREFIX):
            raise KeyProtected()
    return ring.remove_and_ratchet(key_ids)


def destroy_keys(key_ids: Collection[str]) -> RatchetResult:
    """Destroy keys of holds and sealed fields in one ratchet. Idempotent; incomplete until all confirmed.

    KeyProtected, with nothing destroyed, if one of them is a month of the log or the signing key.
    """
    ring = rings.records()
    for key_id in key_ids:
        if (ring.label(key_id) or "").startswith(_NEVER_HERE):
            raise KeyProtected()
    return ring.remove_and_ratchet(key_ids)


@sensitive_variables()
def seal(label: str, plaintext: bytes, *, context: bytes) -> tuple[str, bytes]:
    """Seal a field under the key of `label` (made if there is none): the key's id and the sealed bytes.

    `context` says which field of which row it is; elsewhere the sealed bytes do not open.
    """
    if label.startswith(_NEVER_HERE):
        raise KeyProtected()
    ring = rings.records()
    key_id = ring.ensure(label)
    return key_id, seal_bytes(_field_key(ring.get(key_id)), context, plaintext)


@sensitive_variables()
def seal_for_package(*, key_id: str, data: bytes, context: bytes) -> bytes:
    """Seal a field under a package's key that is there; `unseal` opens it. KeyMissing, never a new key."""
    if bound_to(key_id)[0] != "export":
        raise KeyProtected()
    return seal_bytes(_field_key(rings.records().get(key_id)), context, data)


@sensitive_variables()
def seal_again(key_id: str, data: bytes, *, context: bytes) -> bytes:
    """Seal another field under a key that is there; `unseal` opens it. KeyMissing, never a new key.

    For what has an end of its own: once its key was destroyed, nothing more may be sealed for it.
    """
    ring = rings.records()
    label = ring.label(key_id)
    if label is None:
        raise KeyMissing()
    if label.startswith(_NEVER_HERE):
        raise KeyProtected()
    return seal_bytes(_field_key(ring.get(key_id)), context, data)


@sensitive_variables()
def tag(label: str, data: bytes, *, make: bool = True) -> str | None:
    """What stands for `data` as long as the label's key exists, and leads to nothing after that (64 letters).

    Without the key it is made, or None unless `make`.
    """
    if not label.startswith(TAGS):
        raise KeyProtected()
    ring = rings.records()
    key_id = ring.find(label)
    if key_id is None:
        if not make:
            return None
        key_id = ring.ensure(label)
    key = HKDFExpand(SHA256(), 32, _TAG_KEY).derive(ring.get(key_id))
    return hmac.new(key, data, sha256).hexdigest()


def labelled(beginning: str, *, before: datetime | None = None) -> dict[str, str]:
    """By label, the id of each key whose label begins so (and that was made before then); no key leaves."""
    latest = float("inf") if before is None else before.timestamp() * 1_000_000
    return {
        label: key_id
        for key_id, (label, made_at_us) in rings.records().labels().items()
        if label.startswith(beginning) and made_at_us < latest
    }


@sensitive_variables()
def unseal(key_id: str, sealed: bytes, *, context: bytes) -> bytes:
    """The field again. KeyMissing once its key was destroyed; WrongKey, SealBroken for anything else's."""
    return open_bytes(_field_key(rings.records().get(key_id)), context, sealed)


def _hold_key(key_id: str) -> bytes:
    hold_of(key_id)
    return rings.records().get(key_id)


def _field_key(key: bytes) -> bytes:
    # A hold's key also wraps: its two uses never share key material.
    return HKDFExpand(SHA256(), 32, _FIELD_KEY).derive(key)
