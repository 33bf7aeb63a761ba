"""What a person does at the desk, by the services."""

from __future__ import annotations

from typing import Any

from cctv.redaction.editing import services
from cctv.redaction.editing.opening import Opened
from cctv.redaction.models import Redaction

from .conftest import LEFT, Desk

PICK: Any = {"frame": 10, "box": list(LEFT)}


def now(desk: Desk) -> Redaction:
    rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold")
    return rows.get(pk=desk.redaction.pk)


def decide(desk: Desk, what: str, revision: int | None = None, **body: Any) -> Opened:
    row = now(desk)
    revision = row.revision if revision is None else revision
    return services.decide(row, desk.session, revision=revision, kind=what, body=body)


def take_back(desk: Desk) -> Opened:
    return services.undo(now(desk), desk.session, revision=now(desk).revision)


def again(desk: Desk) -> Opened:
    return services.redo(now(desk), desk.session, revision=now(desk).revision)


def standing(opened: Opened) -> list[str]:
    return [edit.kind for edit in opened.edits]
