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
from django.db import IntegrityError, connection, transaction
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.vault import keyfile, rings
from cctv.vault.errors import EpochNotEnded, EpochRetired, FootageExpired, KeyMissing, SurvivorsRemain
from cctv.vault.keyring import RatchetResult
from cctv.vault.models import Epoch, EpochState
from cctv.vault.steps import reached

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
        key_id = rings.footage().ensure(_label(site_id, hour))
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


def _label(site_id: UUID, hour: datetime) -> str:
    return f"epoch/{site_id}/{hour:%Y-%m-%dT%H}"


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


def rekey(epoch: Epoch) -> Epoch:
    """A new live epoch of the same site and hour with a fresh key; `epoch` is retired from then on.

    For what left before its hour: older copies of the register wrap its key under the epoch's, so the
    survivors move to the new key and the old one is destroyed. Asked again, after a kill or not, it
    finds the successor. Until its key is destroyed, a retired epoch still opens what it wrapped.
    KeyMissing for a destroyed epoch.
    """
    epoch.refresh_from_db()
    if epoch.state == EpochState.LIVE:
        key_id = _fresh_key(_label(epoch.site_id, epoch.expires_hour))
        reached("rekey.key")
        _retire(epoch, key_id)
        reached("rekey.rows")
    if epoch.state == EpochState.DESTROYED:
        raise KeyMissing()
    successor = _live(epoch.site_id, epoch.expires_hour)
    if successor is None or not rings.footage().has(successor.key_id):
        raise KeyMissing()
    return successor


def lock_live(epoch: Epoch) -> None:
    """Within the transaction that points a row to `epoch`: it stays live until that has ended.

    EpochRetired when it got a new key meanwhile (wrap under `ensure`'s answer and try again), or
    FootageExpired when its key was destroyed. Without this a row could come to a retired epoch after
    its survivors were moved. SQLite has one writer at a time, and began the transaction as one.
    """
    rows = Epoch.objects.filter(pk=epoch.pk)
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",), no_key=True)
    state = rows.values_list("state", flat=True).first()
    if state == EpochState.RETIRED:
        raise EpochRetired()
    if state != EpochState.LIVE:
        raise FootageExpired()


def _fresh_key(label: str) -> str:
    """A key of that label that no epoch ever used: the one that a kill has left over, or a new one."""
    ring = rings.footage()
    found = ring.find(label)
    if found is not None and not Epoch.objects.filter(key_id=found).exists():
        return found
    return ring.add(label)


def _retire(epoch: Epoch, key_id: str) -> None:
    """Both rows at once: there is never a site-hour with footage and no live epoch."""
    with transaction.atomic():
        locked = Epoch.objects.select_for_update().get(pk=epoch.pk)
        if locked.state == EpochState.LIVE:
            locked.state, locked.retired_at, locked.needs_new_key = EpochState.RETIRED, clock.now(), False
            locked.save(update_fields=["state", "retired_at", "needs_new_key"])
            Epoch.objects.create(site_id=locked.site_id, expires_hour=locked.expires_hour, key_id=key_id)
            reached("rekey.uncommitted")
    epoch.refresh_from_db()


def destroy(key_ids: Collection[str]) -> RatchetResult:
    """Destroy the keys of ended and of retired epochs in one ratchet. Idempotent; incomplete until all
    mirrors confirmed.

    With nothing destroyed: EpochNotEnded if a key belongs to a live epoch whose hour is not over,
    SurvivorsRemain if something whose time runs is still wrapped under a retired one.
    """
    epochs = list(Epoch.objects.filter(key_id__in=key_ids).exclude(state=EpochState.DESTROYED))
    if any(
        epoch.state == EpochState.LIVE and epoch.expires_hour + clock.HOUR > clock.now() for epoch in epochs
    ):
        raise EpochNotEnded()
    retired = [epoch.pk for epoch in epochs if epoch.state == EpochState.RETIRED]
    if retired and _protects(retired):
        raise SurvivorsRemain()
    result = rings.footage().remove_and_ratchet(key_ids)
    Epoch.objects.filter(pk__in=[epoch.pk for epoch in epochs]).update(
        state=EpochState.DESTROYED, destroyed_at=clock.now(), needs_new_key=False
    )
    return result


def _protects(epoch_ids: list[UUID]) -> bool:
    """Whether anything that points to these epochs has time left. What points to them is for higher
    layers to know; here it is found through the foreign keys."""
    now = clock.now()
    for relation in Epoch._meta.related_objects:
        rows, field = relation.related_model, relation.field.name
        if "expires_at" not in {each.name for each in rows._meta.fields}:
            continue
        if rows._default_manager.filter(**{f"{field}__in": epoch_ids, "expires_at__gt": now}).exists():
            return True
    return False
