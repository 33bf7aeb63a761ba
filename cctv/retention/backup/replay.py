"""Telling an older register what has happened since: the keys' journal and the keyring itself.

The register is whatever somebody put back, of any age; the keys are the current ones. Everything here may
be done any number of times, to a register of any age, and comes to the same end. What it never does:

* end anything that has not expired: a key that is not in the ring is a reason to end what has expired, and
  for nothing else. An older keyring beside the register therefore costs nothing.
* bring back anything: times only move earlier, and keys come from the ring alone.
* drop a hold without being told so by the journal: a hold whose key is missing goes on protecting.
"""

import base64
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils.module_loading import import_string

from cctv.core import clock
from cctv.footage.derived import ending
from cctv.footage.models import ErasedSpan, Segment
from cctv.ingest.models import Quarantined
from cctv.retention import witnesses
from cctv.retention.backup import replay_certificates, replay_holds, replay_shown
from cctv.retention.holds.models import HeldObject
from cctv.retention.models import Heartbeat
from cctv.sites.models import Camera, Site
from cctv.vault import journal, rings
from cctv.vault import services as vault
from cctv.vault.errors import StorageMismatch
from cctv.vault.models import Epoch, EpochState
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

MODELS: dict[str, Any] = {"segment": Segment, "quarantined": Quarantined}
BATCH = 500
Counts = Counter[str]


def replay() -> Counts:
    """Replay the journal, then set tombstones; what was changed, by kind."""
    counts: Counts = Counter()
    for record in journal.read():
        with transaction.atomic():
            _replayed_by(record.kind)(record.facts, counts)
    replay_shown.LastWord.of(journal.read()).apply(counts)
    reached("restore.journal-replayed")
    _tombstones(counts)
    reached("restore.tombstones")
    return counts


def trust(counts: Counts) -> None:
    """Note that the register now knows all that keys and log know: the guard's memory of them moves.

    Before that, areas above end what nothing can tell the register of.
    """
    for name in settings.LETHE_AFTER_RESTORE:
        import_string(name)(counts)
    seen = witnesses.noted(clock.now())
    if not Heartbeat.objects.filter(pk=1).update(**seen):
        # None yet: the last admission stands in for a trusted moment, as it does for the guards.
        at = Segment.objects.aggregate(at=Max("ingested_at"))["at"] or clock.now()
        Heartbeat.objects.create(pk=1, at=at, ticked_at=at, **seen)
    counts["sessions_ended"] = Session.objects.all().delete()[0]


# ------------------------------------------------------------------ the journal's kinds


def _moved(facts: Mapping[str, Any], counts: Counts) -> None:
    """Objects whose keys were wrapped anew under another epoch."""
    epoch = _epoch(facts["epoch"])
    if epoch is None:
        return
    living, now = rings.footage().key_ids(), clock.now()
    for kind, pk, expires_at, wrapped in facts["objects"]:
        row = MODELS[kind]._default_manager.filter(pk=pk).select_related("epoch").first()
        if row is None:
            continue
        row.expires_at = min(row.expires_at, clock.parse_rfc3339(expires_at))
        # Never from a key that exists to one that does not, unless its time is over.
        lives = epoch.key_id in living
        if row.epoch_id != epoch.pk and (lives or row.expires_at <= now or row.epoch.key_id not in living):
            counts["moved"] += 1
            # What this register had it wrapped under is in its older copies: that key is to go.
            Epoch.objects.filter(pk=row.epoch_id, state=EpochState.LIVE).update(needs_new_key=True)
            row.epoch, row.wrapped_key = epoch, base64.b64decode(wrapped)
        row.save(update_fields=["epoch", "wrapped_key", "expires_at"])


def _epoch(facts: Mapping[str, Any]) -> Epoch | None:
    """The epoch's row, made anew if the register is older than it; None where even its site is unknown."""
    known = Epoch.objects.filter(key_id=facts["key_id"]).first()
    if known is not None or not Site.objects.filter(pk=facts["site"]).exists():
        return known
    now = clock.now()
    hour = clock.parse_rfc3339(facts["hour"])
    lives = rings.footage().has(facts["key_id"])
    if lives:
        before = Epoch.objects.filter(site_id=facts["site"], expires_hour=hour, state=EpochState.LIVE)
        before.update(state=EpochState.RETIRED, retired_at=now)
    # One whose key is gone already gets its tombstone below, with what had moved under it.
    return Epoch.objects.create(
        pk=facts["id"], site_id=facts["site"], expires_hour=hour, key_id=facts["key_id"],
        state=EpochState.LIVE if lives else EpochState.RETIRED, retired_at=None if lives else now,
    )  # fmt: skip


def _expiry(facts: Mapping[str, Any], counts: Counts) -> None:
    """Objects that were given an earlier end without being wrapped anew."""
    for kind, pk, expires_at, *_ in facts["objects"]:
        moment = clock.parse_rfc3339(expires_at)
        counts["expiries"] += (
            MODELS[kind]._default_manager.filter(pk=pk, expires_at__gt=moment).update(expires_at=moment)
        )


def _erased(facts: Mapping[str, Any], counts: Counts) -> None:
    """Segments erased on request: over at once, not taken in again, and their key is to go."""
    now = clock.now()
    if not Camera.objects.filter(pk=facts["camera"]).exists():
        return
    for start, end, until in facts["spans"]:
        if (kept := clock.parse_rfc3339(until)) > now:
            ErasedSpan.objects.get_or_create(
                camera_id=facts["camera"], starts_at=clock.parse_rfc3339(start),
                ends_at=clock.parse_rfc3339(end), defaults={"until": kept},
            )  # fmt: skip
    for model, name in ((Segment, "segments"), (Quarantined, "quarantined")):
        ids = facts.get(name, [])
        for start in range(0, len(ids), BATCH):
            found = model._default_manager.filter(pk__in=ids[start : start + BATCH], expires_at__gt=now)
            epochs = list(found.values_list("epoch_id", flat=True).distinct())
            Epoch.objects.filter(pk__in=epochs, state=EpochState.LIVE).update(needs_new_key=True)
            counts["erased"] += found.update(expires_at=now)


def _at_the_end(facts: Mapping[str, Any], counts: Counts) -> None:
    """`LastWord` has it."""


def _pass_over(facts: Mapping[str, Any], counts: Counts) -> None:
    counts["unknown_records"] += 1


KINDS: dict[str, Callable[[Mapping[str, Any], Counts], None]] = {
    "moved": _moved,
    "expiry": _expiry,
    "erased": _erased,
    "held": replay_holds.held,
    "hold_ended": replay_holds.ended,
    "certificate": replay_certificates.certificate,
    "restricted": replay_shown.restricted,
    "lifted": replay_shown.lifted,
    **dict.fromkeys(("masks", "still_deleted", "bookmark_removed", "bookmark_put_back"), _at_the_end),
}


def _replayed_by(kind: str) -> Callable[[Mapping[str, Any], Counts], None]:
    """Areas above name theirs in the settings."""
    if kind in settings.LETHE_JOURNAL_KINDS:
        told: Callable[[Mapping[str, Any], Counts], None] = import_string(settings.LETHE_JOURNAL_KINDS[kind])
        return told
    return KINDS.get(kind, _pass_over)


# ------------------------------------------------------------------ tombstones


def _tombstones(counts: Counts) -> None:
    """Where the ring has no key any more, what has expired leaves the register; what is held stays."""
    now = clock.now()
    living = rings.footage().key_ids()
    epochs = Epoch.objects.exclude(state=EpochState.DESTROYED).only("pk", "key_id", "expires_hour", "state")
    gone = [epoch for epoch in epochs if epoch.key_id not in living]
    for epoch in gone:
        with transaction.atomic():
            for kind, model in MODELS.items():
                counts[f"tombstones_{kind}"] += _bury(model, epoch.pk, now)
            kept = [_unexpired(model, epoch.pk, now) for model in MODELS.values()]
            if any(kept):
                counts["unreadable"] += sum(kept)
                continue
            epoch.state, epoch.destroyed_at = EpochState.DESTROYED, now
            epoch.needs_new_key = False
            epoch.save(update_fields=["state", "destroyed_at", "needs_new_key"])
            counts["epochs_destroyed"] += 1
    for kind, model in MODELS.items():
        counts[f"tombstones_{kind}"] += _bury_let_go(model, now)
    if counts["unreadable"]:
        log.error("%s objects have not expired and have no key: the keyring may be old", counts["unreadable"])


def _bury(model: Any, epoch_id: UUID, now: datetime) -> int:
    rows = _unheld(model).filter(epoch_id=epoch_id, expires_at__lte=now)
    removed = 0
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        removed += _remove(model, ids)
    return removed


@transaction.atomic
def _remove(model: Any, ids: list[UUID]) -> int:
    """Rows, and those of all that was made of them: its objects are gone like theirs, or orphans."""
    if model is Segment:
        ending.forget(ids)
    return int(model._default_manager.filter(pk__in=ids).delete()[1].get(model._meta.label, 0))


def _bury_let_go(model: Any, now: datetime) -> int:
    """What outlived its epoch under a hold that has ended since, and was destroyed and certified then.

    While its object is still there it was not: the next purge destroys it, and certifies that.
    """
    rows = _unheld(model).filter(epoch__state=EpochState.DESTROYED, expires_at__lte=now)
    ids = [pk for pk, name in rows.values_list("pk", "sealed_name") if _is_absent(name)]
    _remove(model, ids)
    return len(ids)


def _is_absent(name: str) -> bool:
    try:
        return not vault.object_exists(name)
    except StorageMismatch:
        return True  # there is no store yet; another installation's is refused later


def _unexpired(model: Any, epoch_id: UUID, now: datetime) -> int:
    return int(_unheld(model).filter(epoch_id=epoch_id, expires_at__gt=now).count())


def _unheld(model: Any) -> Any:
    """Rows that no hold names, whatever its state: those of an ended one are the next purge's."""
    field = "segment" if model is Segment else "quarantined"
    return model._default_manager.exclude(Exists(HeldObject.objects.filter(**{field: OuterRef("pk")})))
