"""Holds that an older register does not know, and those that it thinks in force although they have ended."""

import base64
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F

from cctv.core import clock
from cctv.people.models import Account
from cctv.retention.holds import remembered
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold, HoldGate, HoldState
from cctv.sites.models import Camera, Site
from cctv.vault import rings

log = logging.getLogger("cctv.retention")

_MOMENTS = (
    "placed_at",
    "starts_at",
    "ends_at",
    "until",
    "confirm_by",
    "escalate_at",
    "escalated_at",
    "decided_at",
)
_PERSONS = ("placed_by", "deputy", "decided_by")
_NUMBERS = ("number", "year", "sequence")
_LATEST = ("until", "confirm_by")
_TEXTS = ("number", "year", "sequence", "case", "ground", "state", "key_id", "terminal", "too_late")


def held(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    """A hold as it was then, and objects that it took; again as often as it took more."""
    told = facts["hold"]
    hold = Hold.objects.filter(pk=told["id"]).first()
    if hold is not None and hold.state not in PROTECTING:
        return  # it has ended since
    if hold is None:
        hold = _create(told)
        if hold is None:
            counts["holds_without_site"] += 1
            return
        counts["holds"] += 1
    else:
        _bring_up(hold, told)
    counts["held"] += _take(hold, facts["objects"], counts)
    _gate_moved()


def ended(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    """From then on nothing opens through it; where its key is gone already, its objects are let go."""
    hold = Hold.objects.filter(pk=facts["hold"]).first()
    if hold is None:
        return
    if hold.state in PROTECTING:
        hold.state = facts["state"]
        counts["holds_ended"] += 1
    if hold.ended_at is None:
        hold.ended_at = clock.parse_rfc3339(facts["at"])
    if hold.key_id and not rings.records().has(hold.key_id):
        hold.objects_held.all().delete()
        hold.key_id, hold.key_destroyed_at, hold.details = "", clock.now(), b""
    hold.save()
    _gate_moved()


def _create(told: Mapping[str, Any]) -> Hold | None:
    """The hold's row; persons that the register does not know any more get a closed account of their id."""
    if not Site.objects.filter(pk=told["site"]).exists():
        return None
    hold = Hold(pk=told["id"], site_id=told["site"], details=base64.b64decode(told.get("details") or ""))
    _fill(hold, told)
    if Hold.objects.filter(number=hold.number).exists():
        # Another hold took the number between the restored register's time and now.
        hold.sequence = 1 + max(Hold.objects.filter(year=hold.year).values_list("sequence", flat=True))
        hold.number = f"H-{hold.year}-{hold.sequence:04d}"
    hold.save(force_insert=True)
    hold.cameras.set(Camera.objects.filter(pk__in=told.get("cameras", [])))
    return hold


def _bring_up(hold: Hold, told: Mapping[str, Any]) -> None:
    """A hold that the register knows: confirmed or prolonged since. What the register itself has still to
    tell is newer than anything the journal says of it.

    The last line need not be the newest: who took something in may have read the hold before somebody
    else decided and told of it. So nothing that protects longer is taken back.
    """
    if hold.pending:
        return
    stands = {name: getattr(hold, name) for name in _NUMBERS}
    if hold.state == HoldState.ACTIVE and told.get("state") == HoldState.PLACED:
        stands["state"] = hold.state
    latest = {name: getattr(hold, name) for name in _LATEST if getattr(hold, name) is not None}
    _fill(hold, told)
    for name, value in stands.items():
        setattr(hold, name, value)
    for name, value in latest.items():
        setattr(hold, name, max(value, getattr(hold, name)))
    if told.get("details"):
        hold.details = base64.b64decode(told["details"])
    hold.save()


def _fill(hold: Hold, told: Mapping[str, Any]) -> None:
    for name in _TEXTS:
        if told.get(name) is not None:
            setattr(hold, name, told[name])
    for name in _MOMENTS:
        if told.get(name):
            setattr(hold, name, clock.parse_rfc3339(told[name]))
    for name in _PERSONS:
        if told.get(name):
            setattr(hold, f"{name}_id", account_of(told[name]))


def account_of(pk: str) -> UUID:
    """The account of this id; a closed one stands for it where the register does not know it."""
    account, created = Account.objects.get_or_create(
        pk=pk,
        defaults={
            "email": f"{pk}@restored.invalid", "name": f"(account {pk[:8]}, lost in a restore)",
            "employer": "-", "is_active": False, "deactivated_at": clock.now(),
        },
    )  # fmt: skip
    if created:
        account.set_unusable_password()
        account.save(update_fields=["password"])
        log.warning("account %s is not in the restored register: a closed one stands for it", pk)
    return account.pk


def _take(hold: Hold, objects: Sequence[Sequence[Any]], counts: "Counter[str]") -> int:
    """Hold again what the register knows, or can be told of by the journal; the rest is counted as lost."""
    known = {kind: _known(model, objects, kind) for kind, model in remembered.MODELS.items()}
    living = rings.footage().key_ids()
    rows = []
    for kind, pk, wrapped, *more in objects:
        if UUID(pk) not in known[kind]:
            lives = bool(more) and more[0]["epoch"]["key_id"] in living
            if not more or not remembered.recreate(kind, pk, more[0], epoch_lives=lives):
                counts["held_unknown"] += 1
                continue
            counts["held_recreated"] += 1
        rows.append(HeldObject(hold=hold, wrapped_key=base64.b64decode(wrapped), **{f"{kind}_id": pk}))
    before = hold.objects_held.count()
    HeldObject.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return int(hold.objects_held.count() - before)


def _known(model: Any, objects: Sequence[Sequence[Any]], kind: str) -> set[UUID]:
    ids = [pk for each, pk, *_ in objects if each == kind]
    found: set[UUID] = set()
    for start in range(0, len(ids), 500):
        found |= set(
            model._default_manager.filter(pk__in=ids[start : start + 500]).values_list("pk", flat=True)
        )
    return found


def _gate_moved() -> None:
    """A purge that planned before this plans anew."""
    if not HoldGate.objects.filter(pk=1).update(version=F("version") + 1):
        HoldGate.objects.create(pk=1, version=1)
