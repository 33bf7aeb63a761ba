"""The keys of a run, destroyed: ended epochs, epochs that something left early, and holds that ended.

The order is the point. What still lives in an epoch that must give up its key early is wrapped under a
new key first (`rekey`); then the footage ring's root turns; then the keys of ended holds go, and only
when they are gone do the holds' rows let go of what they held. Each part may be done again.
"""

from collections.abc import Callable, Collection
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import entries
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold
from cctv.retention.models import PurgeRun
from cctv.vault import services as vault
from cctv.vault.models import Epoch, EpochState
from cctv.vault.steps import reached

REKEY_ROUNDS = 3


def destroy_keys(run: PurgeRun, *, renew: Callable[[], None]) -> dict[str, Any]:
    """Destroy every key that the run names; returns what the run's row is to say of it.

    `renew` is called between batches of long work, to keep the run's lease.
    """
    if run.retired_key_ids:
        _move_survivors(run, renew)
        run.retired_key_ids = _deserted(run.retired_key_ids)
    facts = settle(run) | {"retired_key_ids": run.retired_key_ids}
    if run.hold_key_ids:
        _let_go(run.hold_key_ids)
    return facts


def settle(run: PurgeRun) -> dict[str, Any]:
    """The ratchets themselves, and who has confirmed them; asked again it only looks who still has not."""
    facts: dict[str, Any] = {"mirrors": []}
    if epochs := [*run.key_ids, *run.retired_key_ids]:
        footage = vault.destroy_epochs(epochs)
        reached("purge.ratcheted")
        facts["generation_before"] = footage.generation_before
        facts["generation_after"] = footage.generation_after
        facts["mirrors"] += entries.witnesses(footage, ring="footage")
    if run.hold_key_ids:
        records = vault.destroy_record_keys(run.hold_key_ids)
        reached("hold.key-destroyed")
        facts["records_generation_before"] = records.generation_before
        facts["records_generation_after"] = records.generation_after
        facts["mirrors"] += entries.witnesses(records, ring="records")
    if epochs or run.hold_key_ids:
        facts["ratcheted_at"] = run.ratcheted_at or clock.now()
    return facts


def _move_survivors(run: PurgeRun, renew: Callable[[], None]) -> None:
    """Wrap what lives on under new keys; what was admitted meanwhile is moved in the next round."""
    from cctv.retention import rekey

    for _round in range(REKEY_ROUNDS):
        rekey.rekey_epochs(run, renew=renew)
        if len(_deserted(run.retired_key_ids)) == len(run.retired_key_ids):
            return


def _deserted(key_ids: Collection[str]) -> list[str]:
    """Those of the keys under which nothing lives any more; the others wait for the next run."""
    if not key_ids:
        return []
    now = clock.now()
    epochs = Epoch.objects.filter(key_id__in=key_ids).exclude(state=EpochState.LIVE)
    for model in (Segment, Quarantined):
        epochs = epochs.exclude(
            Exists(model._default_manager.filter(epoch=OuterRef("pk"), expires_at__gt=now))
        )
    return list(epochs.order_by("expires_hour", "key_id").values_list("key_id", flat=True))


@transaction.atomic
def _let_go(key_ids: Collection[str]) -> None:
    """The ended holds whose keys are gone hold nothing any more."""
    holds = Hold.objects.filter(key_id__in=key_ids).exclude(state__in=PROTECTING)
    ended = list(holds.values_list("pk", flat=True))
    held = HeldObject.objects.filter(hold__in=ended)
    held._raw_delete(held.db)  # nothing refers to these rows
    holds.filter(pk__in=ended).update(key_id="", key_destroyed_at=clock.now())
