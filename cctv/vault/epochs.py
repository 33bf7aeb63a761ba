"""Epochs: a site and the UTC hour in which its footage ends share one key, and end together.

A site with 30 days has about 720 of them however many cameras it has, and destroying one key ends
everything of that hour. Keys lie in the footage ring only; the row says which key and whether it lives.
"""

import hmac
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.vault import keyfile, rings
from cctv.vault.errors import EpochNotEnded, FootageExpired, KeyMissing
from cctv.vault.keyring import RatchetResult
from cctv.vault.models import Epoch, EpochState

_TAG_KEY = b"lethe/1/duplicate-tag"


def ensure(site_id: UUID, expires_at: datetime) -> Epoch:
    """The live epoch for what expires then; its key is durable before this returns.

    An hour that is over has no epoch any more: FootageExpired. A live row whose key is gone is an
    older keyring or a lost disk, never a reason to make another key: KeyMissing.
    """
    hour = clock.floor_hour(expires_at)
    if hour + clock.HOUR <= clock.now():
        raise FootageExpired()
    epoch = _live(site_id, hour)
    if epoch is None:
        key_id = rings.footage().ensure(f"epoch/{site_id}/{hour:%Y-%m-%dT%H}")
        try:
            with transaction.atomic():
                epoch = Epoch.objects.create(site_id=site_id, expires_hour=hour, key_id=key_id)
        except IntegrityError:
            epoch = _live(site_id, hour)  # another process was quicker, with the same key
            if epoch is None:
                raise
    if not rings.footage().has(epoch.key_id):
        raise KeyMissing()
    return epoch


def _live(site_id: UUID, hour: datetime) -> Epoch | None:
    return Epoch.objects.filter(site_id=site_id, expires_hour=hour, state=EpochState.LIVE).first()


@sensitive_variables()
def wrap(epoch: Epoch, key: bytes) -> bytes:
    """An object's key under its epoch's key (AES-KW, 40 bytes), to be stored with the object's row."""
    return keyfile.wrap_key(rings.footage().get(epoch.key_id), key)


@sensitive_variables()
def rewrap(wrapped_key: bytes, *, old: Epoch, new: Epoch) -> bytes:
    """The same object key under another epoch: how a changed expiry moves a segment."""
    ring = rings.footage()
    return keyfile.wrap_key(ring.get(new.key_id), keyfile.unwrap_key(ring.get(old.key_id), wrapped_key))


@sensitive_variables()
def duplicate_tag(epoch: Epoch, clear_sha256: bytes) -> bytes:
    """32 bytes that recognise the same clear file while the epoch lives, and mean nothing afterwards."""
    if len(clear_sha256) != 32:
        raise ValueError("expected a SHA-256 digest")
    key = HKDFExpand(SHA256(), 32, _TAG_KEY).derive(rings.footage().get(epoch.key_id))
    return hmac.digest(key, clear_sha256, sha256)


def destroy(key_ids: Collection[str]) -> RatchetResult:
    """Destroy the keys of ended epochs in one ratchet. Idempotent; incomplete until all mirrors confirmed.

    EpochNotEnded, with nothing destroyed, if a key belongs to a live epoch whose hour is not over.
    """
    epochs = list(Epoch.objects.filter(key_id__in=key_ids, state=EpochState.LIVE))
    if any(epoch.expires_hour + clock.HOUR > clock.now() for epoch in epochs):
        raise EpochNotEnded()
    result = rings.footage().remove_and_ratchet(key_ids)
    Epoch.objects.filter(pk__in=[epoch.pk for epoch in epochs], state=EpochState.LIVE).update(
        state=EpochState.DESTROYED, destroyed_at=clock.now()
    )
    return result
