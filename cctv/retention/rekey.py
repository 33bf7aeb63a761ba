"""A new key for what stays, where something left its epoch before the hour: the old key can go then.

An epoch's key opens everything that was ever wrapped under it, by whatever copy of the register says
so. What is erased on request, or moved to an earlier hour by a shorter rule, would stay within reach of
an old copy until its first hour ends. So a run gives such an epoch a successor (`vault.rekey_epoch`),
moves what lives on to it, and destroys the old key in its ratchet.

Repeatable at every step: the successor is found again, the same keys are wrapped under it again, and a
row that has moved is no longer found under the old epoch. What expired by the run's cutoff is left
behind, for it is what the run destroys; all else is moved, whatever the clock says in the meantime.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from cctv.retention import moving
from cctv.retention.models import PurgeRun
from cctv.vault import services as vault
from cctv.vault.errors import EpochRetired, KeyMissing
from cctv.vault.models import Epoch, EpochState
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

BATCH = 500
COLUMNS = ("epoch", "expires_at", "wrapped_key")


def rekey_epochs(run: PurgeRun, *, renew: Callable[[], None]) -> int:
    """Move everything that lives on in the epochs of `run.retired_key_ids`; how many objects were moved.

    `renew` is called after each batch, to keep the run's lease. An epoch that cannot be moved is left as it
    is, with its key; its reason is in the process's log, and the next run tries it again.
    """
    moved = 0
    epochs = Epoch.objects.filter(key_id__in=run.retired_key_ids).exclude(state=EpochState.DESTROYED)
    for epoch in epochs.order_by("expires_hour", "key_id"):
        try:
            moved += _rekey(epoch, run.cutoff_at, renew)
        except (EpochRetired, KeyMissing) as error:
            log.error("the epoch %s cannot be given a new key yet: %s", epoch.key_id, error)
    return moved


def _rekey(epoch: Epoch, cutoff_at: datetime, renew: Callable[[], None]) -> int:
    successor = vault.rekey_epoch(epoch)
    reached("purge.rekey-new")
    moved = sum(_move_all(rows, epoch, successor, renew) for rows in _survivors(epoch, cutoff_at))
    reached("purge.rekey-done")
    return moved


def _survivors(epoch: Epoch, cutoff_at: datetime) -> list["QuerySet[Any]"]:
    """What lives on in the epoch. Nothing can come to it any more: it is retired."""
    return [
        model._default_manager.filter(epoch=epoch, expires_at__gt=cutoff_at).only(*COLUMNS)
        for model in moving.KINDS.values()
    ]


def _move_all(rows: "QuerySet[Any]", epoch: Epoch, successor: Epoch, renew: Callable[[], None]) -> int:
    moved = 0
    while batch := list(rows.order_by("pk")[:BATCH]):
        for row in batch:
            row.epoch = epoch
        moved += moving.to_epoch(batch, successor)
        reached("purge.rekey-moved")
        renew()
    return moved
