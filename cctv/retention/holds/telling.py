"""What the keys' journal and the log are told of a hold, and that nothing of it is lost.

Protection comes first, telling second; so the transaction that changes a hold also notes on its row
what has still to be told (`Hold.pending`), and a note is taken off only once it is durable elsewhere.
Whoever finds notes, the process that made them or the next tick, tells them; telling twice is harmless.
"""

import base64
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.retention.holds import remembered
from cctv.retention.holds.grounds import ground_text
from cctv.retention.holds.models import HeldObject, Hold
from cctv.vault.steps import reached

PLACE, DECIDE = "hold.place", "hold.decide"
# Whoever has asked to see themselves has no account: the reference of the request stands for them.
SUBJECT = "subject"
HELD, CHANGED, ENDED, PLACED = "held", "changed", "ended", "placed"
JOURNAL = frozenset({HELD, CHANGED, ENDED})
EVERYTHING = JOURNAL | {PLACED}
LATER = _("Choose a day later than the present end, and at most ten years ahead.")


def note(hold: Hold, what: str, **facts: Any) -> None:
    """Note on the locked row what has to be told after the commit."""
    hold.pending = [*hold.pending, {"id": str(new_id()), "what": what, **facts}]
    hold.save(update_fields=["pending"])


def tell(hold_id: UUID, *, only: frozenset[str] = EVERYTHING) -> None:
    """Tell what is noted, in order. LogUnavailable leaves the note for the next tick."""
    hold = Hold.objects.select_related("site", "placed_by").get(pk=hold_id)
    for each in hold.pending:
        if each["what"] not in only:
            continue
        if each["what"] == PLACED:
            index = _log_placed(hold, each)
            reached("hold.placed-logged")
            _told(hold_id, each["id"], placed_entry=index)
            reached("hold.logged")
        else:
            _journal(hold, each)
            _told(hold_id, each["id"])
            reached("hold.told")


def _told(hold_id: UUID, note_id: str, **fields: Any) -> None:
    with transaction.atomic():
        hold = Hold.objects.select_for_update().get(pk=hold_id)
        hold.pending = [each for each in hold.pending if each["id"] != note_id]
        for name, value in fields.items():
            setattr(hold, name, value)
        hold.save(update_fields=["pending", *fields])


# ------------------------------------------------------------------ the journal of the keys


def facts(hold: Hold) -> dict[str, Any]:
    """The row as the journal repeats it: ids and codes; the only words in it are sealed."""
    waiting = ("confirm_by", "escalate_at", "escalated_at", "decided_at")
    moments = ("starts_at", "ends_at", "until", "placed_at", *waiting)
    values = {name: getattr(hold, name) for name in moments}
    return {
        "id": str(hold.pk),
        "number": hold.number,
        "year": hold.year,
        "sequence": hold.sequence,
        "site": str(hold.site_id),
        "cameras": [str(pk) for pk in hold.cameras.order_by("pk").values_list("pk", flat=True)],
        "case": hold.case,
        "ground": hold.ground,
        "state": hold.state,
        "key_id": hold.key_id,
        "details": base64.b64encode(bytes(hold.details)).decode(),
        "placed_by": str(hold.placed_by_id) if hold.placed_by_id else "",
        "decided_by": str(hold.decided_by_id) if hold.decided_by_id else "",
        "deputy": str(hold.deputy_id) if hold.deputy_id else "",
        "too_late": hold.too_late,
        **{name: value.isoformat() if value else "" for name, value in values.items()},
    }


def _journal(hold: Hold, each: dict[str, Any]) -> None:
    from cctv.vault import journal

    if each["what"] == ENDED:
        journal.append("hold_ended", {"hold": str(hold.pk), "state": each["state"], "at": each["at"]})
        return
    objects: list[list[Any]] = []
    if each["what"] == HELD:
        held = HeldObject.objects.filter(hold=hold, pk__gte=each["first"], pk__lte=each["last"])
        objects = _objects(held.order_by("pk"))
    journal.append("held", {"hold": facts(hold), "objects": objects})


def _objects(held: "QuerySet[HeldObject]") -> list[list[Any]]:
    """Of each: kind, id, the key under the hold's key, and the object's own row."""
    rows: list[tuple[Any, ...]] = list(held.values_list("segment_id", "quarantined_id", "wrapped_key"))
    kept = {
        "segment": remembered.describe("segment", [segment for segment, _q, _k in rows if segment]),
        "quarantined": remembered.describe("quarantined", [other for _s, other, _k in rows if other]),
    }
    objects: list[list[Any]] = []
    for segment, other, key in rows:
        wrapped = base64.b64encode(bytes(key)).decode()
        for kind, pk in (("segment", segment), ("quarantined", other)):
            if pk is not None:
                objects.append([kind, str(pk), wrapped, kept[kind][pk]])
    return objects


# ------------------------------------------------------------------ the log


def named(hold: Hold) -> dict[str, str]:
    """The hold as entries of the log name it."""
    return {"id": str(hold.pk), "name": hold.number}


def _log_placed(hold: Hold, each: dict[str, Any]) -> int:
    body = {
        "until": clock.rfc3339(hold.until),
        "ground": {"code": hold.ground, "text": ground_text(hold.site.jurisdiction, hold.ground)},
        "held": each["held"],
        "too_late": each["too_late"],
        "needs": each["needs"],
    }
    if hold.placed_by is None:
        body |= {"actor": {"id": "", "name": hold.case, "role": SUBJECT}, "terminal": hold.terminal}
    return log(
        hold,
        "hold.placed",
        body,
        actor=hold.placed_by,
        action=PLACE,
        terminal=hold.terminal,
        event_id=hold.pk,
    )


def log(
    hold: Hold,
    kind: str,
    facts: dict[str, Any],
    *,
    actor: Account | None,
    action: str = DECIDE,
    terminal: str = "",
    event_id: UUID | None = None,
) -> int:
    """One entry about the hold; its index. Without an actor it is Lethe's own doing."""
    cameras = list(hold.cameras.order_by("name"))
    body: dict[str, Any] = {
        "hold": named(hold),
        "site": hold.site.logged(),
        "case": hold.case,
        "cameras": [{"id": str(each.pk), "code": each.code, "name": each.name} for each in cameras],
        "from": clock.rfc3339(hold.starts_at),
        "to": clock.rfc3339(hold.ends_at, round_up=True),
        **facts,
    }
    if actor is not None:
        body["actor"] = actor_fields(actor, action, site_id=hold.site_id)
        body["terminal"] = terminal
    index = _index(hold, [str(each.pk) for each in cameras], actor, terminal)
    return append(kind=kind, body=body, index=index, event_id=event_id).index


def _index(hold: Hold, cameras: Sequence[str], actor: Account | None, terminal: str) -> list[IndexFields]:
    return [
        IndexFields(
            actor=str(actor.pk) if actor else "", camera=camera, site=str(hold.site_id), case=hold.case,
            terminal=terminal, footage_from=hold.starts_at, footage_to=hold.ends_at,
        )
        for camera in cameras
    ]  # fmt: skip
