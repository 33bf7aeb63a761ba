"""One entry for a stretch of corrections: who made how many of which kinds, and when.

Decisions are rows before they are told: whoever wants to know each finds it there, with its person and
time. The log is told once per stretch, when somebody sends the redaction to review or has not corrected it
for a while; a crash in between tells it later, from the rows.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid5

from accesslog import IndexFields
from accesslog.errors import AccessLogError
from accesslog.services import append
from cctv.core import clock
from cctv.footage.viewings.entries import camera_fields
from cctv.people.actors import actor_fields
from cctv.redaction.editing.events import EDITED
from cctv.redaction.models import Redaction, RedactionEdit

log = logging.getLogger("lethe.redaction")

ACTION = "redaction.edit"
# Nobody corrects any more when nothing was decided for so long.
QUIET = timedelta(minutes=15)


def log_stretches(redaction: Redaction) -> int:
    """Tell the log of all decisions that it does not know of yet, each person's as one; how many entries.

    LogUnavailable: then they are told later.
    """
    untold = redaction.edits.filter(entry_index__isnull=True).select_related("made_by").order_by("number")
    by_person: dict[object, list[RedactionEdit]] = {}
    for edit in untold:
        by_person.setdefault(edit.made_by_id, []).append(edit)
    for edits in by_person.values():
        index = _log(redaction, edits)
        # One that was undone or done again meanwhile is told anew.
        for edit in edits:
            same = redaction.edits.filter(pk=edit.pk, undone=edit.undone, entry_index__isnull=True)
            same.update(entry_index=index)
    return len(by_person)


def log_quiet_stretches() -> int:
    """The same for every redaction that nobody has corrected for a while; how many entries."""
    untold = RedactionEdit.objects.filter(entry_index__isnull=True)
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


def _log(redaction: Redaction, edits: Sequence[RedactionEdit]) -> int:
    person, camera = edits[0].made_by, redaction.camera
    numbers = ",".join(f"{edit.number}{'u' if edit.undone else ''}" for edit in edits)
    body: dict[str, Any] = {
        "actor": actor_fields(person, ACTION, site_id=redaction.site_id),
        "site": redaction.site.logged(),
        "camera": camera_fields(camera),
        "from": clock.rfc3339(redaction.starts_at),
        "to": clock.rfc3339(redaction.ends_at, round_up=True),
        "redaction": redaction.number,
        "count": len(edits),
        "decisions": dict(sorted(Counter(edit.kind for edit in edits).items())),
        "undone": sum(edit.undone for edit in edits),
        "began": clock.rfc3339(min(edit.made_at for edit in edits)),
        "ended": clock.rfc3339(max(edit.made_at for edit in edits), round_up=True),
    }
    if redaction.case:
        body["case"] = redaction.case
    index = IndexFields(
        actor=str(person.pk), camera=str(camera.pk), site=str(redaction.site_id), case=redaction.case,
        footage_from=redaction.starts_at, footage_to=redaction.ends_at,
    )  # fmt: skip
    event_id = uuid5(redaction.pk, f"{person.pk} {numbers}")
    return append(kind=EDITED, body=body, index=[index], event_id=event_id).index
