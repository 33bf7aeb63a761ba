"""Asking for the sharp scene: the entry that says who did, and what follows from a decision for the work."""

from __future__ import annotations

from uuid import uuid5

from django.db import transaction

from cctv.core import clock
from cctv.footage.models import ViewingSession
from cctv.footage.viewings.entries import camera_fields, write_entry
from cctv.redaction.models import Mode, Redaction, RedactionEdit, Work
from cctv.redaction.scene import events
from cctv.redaction.scene.errors import SceneNotShown, SceneUndecided
from cctv.redaction.scene.standing import ASK, DECIDES, UNDECIDED, How, standing
from cctv.redaction.services import SCENE_FAILED, wake


def asked(row: Redaction, made: RedactionEdit, session: ViewingSession) -> None:
    """Tell the log who asks, where the decision does; in the transaction that takes it.

    SceneNotShown; LogUnavailable: then nobody has asked.
    """
    if made.kind != ASK:
        return
    if row.mode != Mode.REVEAL:
        raise SceneNotShown
    facts = {
        "redaction": row.number,
        "camera": camera_fields(row.camera),
        "from": clock.rfc3339(row.starts_at),
        "to": clock.rfc3339(row.ends_at, round_up=True),
    }
    span = (row.starts_at, row.ends_at)
    event_id = uuid5(row.pk, f"{events.PLATE_ASKED} {made.number}")
    write_entry(session, events.PLATE_ASKED, facts, cameras=[row.camera], span=span, event_id=event_id)


def follow(row: Redaction, kind: str) -> None:
    """After a decision (or undoing it): have the still made that is wanted now, or no more the one that was.

    Inside a transaction that holds the row.
    """
    if kind not in DECIDES:
        return
    failed = row.parameters.pop(SCENE_FAILED, False)
    works = row.work == Work.SCENE
    row.work, row.lease_token, row.lease_until = Work.NONE, None, None
    due = standing(row).how in (How.OUTDATED, How.FAILED)
    if due:
        row.work, row.work_asked_at = Work.SCENE, clock.now()
        row.work_permille, row.work_attempts, row.not_before = 0, 0, None
        transaction.on_commit(wake, robust=True)
    if due or failed or works:
        row.error_code = row.error = ""
    row.save()


def require_decided(redaction: Redaction) -> None:
    """SceneUndecided while nobody knows whether the sharp scene that is wanted may be used."""
    if standing(redaction).how in UNDECIDED:
        raise SceneUndecided
