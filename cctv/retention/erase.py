"""Erase single segments before their time, because a request was granted.

What goes is every segment that touches the span, whole: a segment is sealed as one object. Objects in
quarantine go with it when they claim to begin in the span. What a hold protects stays, and is counted.

    decided    the row of the decision, with what was asked for      repeat: the same row is found again
    logged     `footage.erased` is durable                           repeat: no second entry (event id)
    applied    all at once: the journal has it, each segment has expired (no door opens it any more),
               its span is never taken in again, its epoch needs a new key
    done       objects gone and verified, old keys destroyed: a run's business (`purge`, `rekey`)

Nothing changes before the entry is durable. Whoever decides has given the password, so a decision whose
process died is carried on by the next tick (`erased`), and one that the log could not take waits.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accesslog import IndexFields
from accesslog.canonical import JSON
from accesslog.errors import AccessLogError
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.models import ErasedSpan, Segment
from cctv.ingest.models import Quarantined
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.retention import guards, plan
from cctv.retention.entries import event_id
from cctv.retention.holds import gate
from cctv.retention.holds.upkeep import extend_holds
from cctv.retention.models import Erasure
from cctv.retention.moving import locked
from cctv.sites.models import Camera
from cctv.vault import journal
from cctv.vault.models import Epoch, EpochState
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

ACTION = "retention.erase"
GROUNDS = {
    "subject": _("A person who was recorded asked for it, and the request was granted."),
    "unlawful": _("It should not have been recorded."),
    "order": _("An authority or a court ordered it."),
}
SPANS_NAMED = 200
_IDS = 500


class NothingToErase(LetheError):
    """No segment touches the span that is there and free."""

    code = "nothing_to_erase"
    status = 409
    message = _("There is no footage of this camera in this span that can be erased.")
    hint = _("It may have expired already, or a hold keeps it. Check camera, time and holds.")


class BadErasure(LetheError):
    """The request for an erasure makes no sense as it stands."""

    code = "bad_erasure"
    status = 400
    message = _("The erasure was not understood.")
    hint = _("It needs a span that ends after it begins, a reference of up to 40 characters and a ground.")


@dataclass(frozen=True, slots=True)
class Object:
    """A segment or a quarantined object that is to go, or that a hold keeps. Of the latter the end is
    unknown: it begins and ends at its claimed start."""

    kind: str
    pk: UUID
    epoch_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """What touches the span now: what may go, and what is held; in order of time."""

    going: Sequence[Object]
    held: Sequence[Object]

    @property
    def segments(self) -> list[Object]:
        return [each for each in self.going if each.kind == plan.SEGMENT]

    @property
    def quarantined(self) -> list[Object]:
        return [each for each in self.going if each.kind == plan.QUARANTINED]

    @property
    def bytes(self) -> int:
        return sum(each.size_bytes for each in self.going)


def find(
    *, camera: Camera, starts_at: datetime, ends_at: datetime, only: Collection[UUID | str] | None = None
) -> Found:
    """What an erasure of the half-open span would take, and what it would have to leave."""
    now = clock.now()
    segments = Segment.objects.filter(camera=camera, starts_at__lt=ends_at, ends_at__gt=starts_at)
    quarantined = Quarantined.objects.filter(
        camera=camera, claimed_start__gte=starts_at, claimed_start__lt=ends_at
    )
    going: list[Object] = []
    held: list[Object] = []
    wanted = None if only is None else {str(each) for each in only}
    for kind, rows, span in (
        (plan.SEGMENT, segments, ("starts_at", "ends_at")),
        (plan.QUARANTINED, quarantined, ("claimed_start", "claimed_start")),
    ):
        kept = plan.protected(kind)
        columns = ("pk", "epoch_id", *span, "expires_at", "size_bytes")
        for rows_of, into in ((rows.filter(kept), held), (_free(rows, now).exclude(kept), going)):
            there = rows_of.order_by(span[0], "pk").values_list(*columns)
            into += [Object(kind, *row) for row in there if wanted is None or str(row[0]) in wanted]
    return Found(going, held)


def _free(rows: Any, now: datetime) -> Any:
    """What has expired is the purge's already."""
    return rows.filter(expires_at__gt=now)


def erase_segments(
    *,
    camera: Camera,
    starts_at: datetime,
    ends_at: datetime,
    reference: str,
    ground: str,
    actor: Account,
    terminal: str,
    only: Collection[UUID] | None = None,
) -> Erasure:
    """Erase what touches [starts_at, ends_at), or of it `only` these objects; refused at every door at once.

    The caller has made sure of the step-up, and wakes the purge with trigger "request". The same request
    again while it is not done gives the same row. While the access log is away, or the register is in doubt,
    the row comes back with `applied_at` None: nothing has changed, and a later tick carries it on. Raises
    policy errors (404/403), BadErasure, NothingToErase.
    """
    permissions_of(actor).require(ACTION, site_id=camera.site_id)
    reference = reference.strip()
    if starts_at >= ends_at or not 0 < len(reference) <= 40 or ground not in GROUNDS:
        raise BadErasure
    wanted = None if only is None else sorted(str(each) for each in only)
    request = {"camera": camera, "starts_at": starts_at, "ends_at": ends_at, "reference": reference}
    erasure = _decide(request, wanted, ground=ground, actor=actor, terminal=terminal)
    reached("erase.decided")
    if (doubt := guards.in_doubt()) is not None:
        # Holds that this register has forgotten would be in the way: the tick that may, carries it on.
        log.error("erasure %s waits: %s", erasure.pk, doubt.code)
        return erasure
    try:
        carry_on(erasure)
    except AccessLogError as error:
        log.error("erasure %s waits for the access log: %s", erasure.pk, error)
    return erasure


def _decide(
    request: dict[str, Any], only: list[str] | None, *, ground: str, actor: Account, terminal: str
) -> Erasure:
    """The row, once: with what there is to erase as it is now."""
    camera = request["camera"]
    span = {"starts_at": request["starts_at"], "ends_at": request["ends_at"]}
    with gate.locked():
        for known in Erasure.objects.filter(**request, done_at=None).select_related("camera", "site"):
            if known.only == only:
                return known
        found = find(camera=camera, only=only, **span)
        if not found.going:
            raise NothingToErase
        return Erasure.objects.create(
            **request, **_numbers(found), site_id=camera.site_id, only=only, ground=ground,
            decided_by=actor, terminal=terminal[:64],
        )  # fmt: skip


def _numbers(found: Found) -> dict[str, int]:
    return {
        "segments": len(found.segments),
        "quarantined": len(found.quarantined),
        "bytes": found.bytes,
        "held_back": len(found.held),
    }


def carry_on(erasure: Erasure) -> None:
    """Log and apply a decision as far as that has not happened. LogUnavailable, vault errors."""
    if erasure.entry is None:
        erasure.entry = _log(erasure)
        reached("erase.logged")
        Erasure.objects.filter(pk=erasure.pk).update(entry=erasure.entry)
        reached("erase.entered")
    if erasure.applied_at is None:
        _apply(erasure)
        reached("erase.applied")


def _log(erasure: Erasure) -> int:
    """`footage.erased`: who decided on what ground that which spans go."""
    camera, actor = erasure.camera, erasure.decided_by
    found = find(camera=camera, starts_at=erasure.starts_at, ends_at=erasure.ends_at, only=erasure.only)
    going = spans(found.going)
    body: dict[str, JSON] = {
        "erasure": str(erasure.pk),
        "actor": actor_fields(actor, ACTION, site_id=erasure.site_id),
        "terminal": erasure.terminal,
        "site": erasure.site.logged(),
        "camera": {"id": str(camera.pk), "code": camera.code, "name": camera.name},
        "from": clock.rfc3339(erasure.starts_at),
        "to": clock.rfc3339(erasure.ends_at, round_up=True),
        "reference": erasure.reference,
        "ground": erasure.ground,
        "segments": erasure.segments,
        "quarantined": erasure.quarantined,
        "held_back": erasure.held_back,
        "spans": [[clock.rfc3339(a), clock.rfc3339(b, round_up=True)] for a, b in going[:SPANS_NAMED]],
    }
    index = IndexFields(
        actor=str(actor.pk), camera=str(camera.pk), site=str(erasure.site_id), terminal=erasure.terminal,
        footage_from=min([erasure.starts_at, *(a for a, _b in going)]),
        footage_to=max([erasure.ends_at, *(b for _a, b in going)]),
    )  # fmt: skip
    made = event_id("footage.erased", erasure.pk)
    return append(kind="footage.erased", body=body, index=[index], event_id=made).index


def spans(objects: Sequence[Object]) -> list[tuple[datetime, datetime]]:
    """The stretches that the objects cover, merged where they touch or overlap."""
    merged: list[tuple[datetime, datetime]] = []
    for each in sorted(objects, key=lambda one: one.starts_at):
        if merged and each.starts_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], each.ends_at))
        else:
            merged.append((each.starts_at, each.ends_at))
    return merged


def _apply(erasure: Erasure) -> None:
    """All of it in one transaction under the gate: what is held by then stays.

    First whatever has come into the span of a hold is taken under it.
    """
    extend_holds(full=True)
    with gate.locked():
        row = Erasure.objects.select_for_update(of=("self",)).get(pk=erasure.pk)
        if row.applied_at is None:
            _change(row)
            reached("erase.uncommitted")
    for name in ("applied_at", "key_ids", "segments", "quarantined", "bytes", "held_back"):
        setattr(erasure, name, getattr(row, name))


def _change(row: Erasure) -> None:
    found = find(camera=row.camera, starts_at=row.starts_at, ends_at=row.ends_at, only=row.only)
    _tell_journal(row, found)
    reached("erase.journalled")
    now = clock.now()
    for model, objects in ((Segment, found.segments), (Quarantined, found.quarantined)):
        for ids in _portions([each.pk for each in objects]):
            _expire(model, ids, now)
    _never_again(row.camera, found)
    epochs = Epoch.objects.filter(pk__in={each.epoch_id for each in found.going})
    row.key_ids = sorted(epochs.values_list("key_id", flat=True))
    epochs.filter(state=EpochState.LIVE).update(needs_new_key=True)
    row.applied_at = now
    for name, value in _numbers(found).items():
        setattr(row, name, value)
    row.save()
    import_string(settings.LETHE_ERASED)(
        erasure=row.pk, camera=row.camera, starts_at=row.starts_at, ends_at=row.ends_at,
        reference=row.reference,
    )  # fmt: skip


def _expire(model: Any, ids: Sequence[UUID], now: datetime) -> None:
    """From now on no door opens them. A segment whose end is still to come (clocks differ) expires then."""
    rows = model.objects.filter(pk__in=ids)
    list(locked(rows).values_list("pk"))
    if model is Segment:
        rows.filter(ends_at__gt=now).update(expires_at=F("ends_at"))
        rows = rows.filter(ends_at__lte=now)
    rows.update(expires_at=now)


def _portions(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [ids[at : at + _IDS] for at in range(0, len(ids), _IDS)]


def _never_again(camera: Camera, found: Found) -> None:
    """Until each would have expired anyway, what was erased is not admitted again."""
    named = [
        ErasedSpan(camera=camera, starts_at=each.starts_at, ends_at=each.ends_at, until=each.expires_at)
        for each in found.going
    ]
    ErasedSpan.objects.bulk_create(named, batch_size=500, ignore_conflicts=True)


def _tell_journal(erasure: Erasure, found: Found) -> None:
    """An older copy of the register would not know of it: `restore` does it again from this."""
    facts = {
        "erasure": str(erasure.pk),
        "camera": str(erasure.camera_id),
        "spans": [
            [_moment(m) for m in (each.starts_at, each.ends_at, each.expires_at)] for each in found.going
        ],
        "segments": [str(each.pk) for each in found.segments],
        "quarantined": [str(each.pk) for each in found.quarantined],
    }
    journal.append("erased", facts)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
