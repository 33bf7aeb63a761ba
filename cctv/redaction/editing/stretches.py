"""One entry for a stretch of corrections: who made how many of which kinds, and when.

What was decided, taken back and taken again are rows before they are told: each is found there, with
whoever did it and when. The log is told once per stretch, when somebody sends the redaction to review or
has not corrected it for a while; a crash in between tells it later, from the rows.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid5

from django.db.models import QuerySet

from accesslog import IndexFields
from accesslog.errors import AccessLogError
from accesslog.services import append
from cctv.core import clock
from cctv.footage.viewings.entries import camera_fields
from cctv.people.actors import actor_fields
from cctv.redaction.editing.events import EDITED
from cctv.redaction.models import Act, Redaction, RedactionAct

log = logging.getLogger("lethe.redaction")

ACTION = "redaction.edit"
# Nobody corrects any more when nothing was decided for so long.
QUIET = timedelta(minutes=15)


def log_stretches(redaction: Redaction) -> int:
    """Tell the log of all corrections that it does not know of yet, each person's as one; how many entries.

    LogUnavailable: then they are told later.
    """
    untold = _untold().filter(redaction=redaction).select_related("made_by", "edit").order_by("pk")
    by_person: dict[object, list[RedactionAct]] = {}
    for act in untold:
        by_person.setdefault(act.made_by_id, []).append(act)
    for acts in by_person.values():
        index = _log(redaction, acts)
        RedactionAct.objects.filter(pk__in=[act.pk for act in acts]).update(entry_index=index)
    return len(by_person)


def log_quiet_stretches() -> int:
    """The same for every redaction that nobody has corrected for a while; how many entries."""
    untold = _untold()
    recent = untold.filter(made_at__gt=clock.now() - QUIET).values("redaction")
    waiting = untold.exclude(redaction__in=recent).values("redaction")
    told = 0
    for redaction in Redaction.objects.filter(pk__in=waiting).select_related("site", "camera__site"):
        try:
            told += log_stretches(redaction)
        except AccessLogError as error:
            log.warning("corrections are not in the log yet: %s", error)
            break
    return told


def _untold() -> QuerySet[RedactionAct]:
    """Sending it to review has an entry of its own, and trying again changes nothing."""
    corrections = RedactionAct.objects.filter(kind__in=(Act.DECIDE, Act.UNDO, Act.REDO))
    return corrections.filter(entry_index__isnull=True)


def _log(redaction: Redaction, acts: Sequence[RedactionAct]) -> int:
    person, camera = acts[0].made_by, redaction.camera
    kinds = Counter(act.kind for act in acts)
    decided = Counter(act.edit.kind for act in acts if act.kind == Act.DECIDE and act.edit is not None)
    body: dict[str, Any] = {
        "actor": actor_fields(person, ACTION, site_id=redaction.site_id),
        "site": redaction.site.logged(),
        "camera": camera_fields(camera),
        "from": clock.rfc3339(redaction.starts_at),
        "to": clock.rfc3339(redaction.ends_at, round_up=True),
        "redaction": redaction.number,
        "count": len(acts),
        "decisions": dict(sorted(decided.items())),
        "undone": kinds[Act.UNDO],
        "redone": kinds[Act.REDO],
        "began": clock.rfc3339(min(act.made_at for act in acts)),
        "ended": clock.rfc3339(max(act.made_at for act in acts), round_up=True),
    }
    if redaction.case:
        body["case"] = redaction.case
    index = IndexFields(
        actor=str(person.pk), camera=str(camera.pk), site=str(redaction.site_id), case=redaction.case,
        footage_from=redaction.starts_at, footage_to=redaction.ends_at,
    )  # fmt: skip
    # An act is told once, whatever is done to its decision later.
    numbers = ",".join(str(act.pk) for act in acts)
    event_id = uuid5(redaction.pk, f"{person.pk} {numbers}")
    return append(kind=EDITED, body=body, index=[index], event_id=event_id).index
