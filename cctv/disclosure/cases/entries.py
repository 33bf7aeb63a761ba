"""One entry about a case."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.disclosure.cases.models import Case
from cctv.people.actors import actor_fields
from cctv.people.models import Account

SEE, CHANGE = "case.see", "case.change"


def enter(
    case: Case,
    kind: str,
    *,
    actor: Account,
    terminal: str,
    event_id: UUID | None = None,
    action: str = CHANGE,
    span: tuple[datetime, datetime] | None = None,
    facts: Mapping[str, Any],
) -> Receipt:
    """The durable entry; LogUnavailable."""
    body: dict[str, Any] = {
        "actor": actor_fields(actor, action, site_id=case.site_id),
        "terminal": terminal,
        "site": case.site.logged(),
        "case": case.number,
        **facts,
    }
    camera = facts.get("camera")
    index = IndexFields(
        actor=str(actor.pk), site=str(case.site_id), case=case.number, terminal=terminal,
        camera=camera["id"] if camera else "",
        footage_from=span[0] if span else None, footage_to=span[1] if span else None,
    )  # fmt: skip
    return append(kind=kind, body=body, index=[index], event_id=event_id)
