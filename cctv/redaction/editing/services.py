"""Decisions about a redaction: taken one by one, sealed, undone and done again, and sent to review.

A decision is a row and its sealed body, and one revision more. It is taken on top of the one before it, so
that undoing goes back along them and doing again takes the newest way. Whatever changes takes an approval
away: what was approved is not what would be rendered now.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from django.db import transaction

from cctv.core import clock
from cctv.footage.models import ViewingSession
from cctv.footage.viewings.entries import camera_fields, write_entry
from cctv.redaction.drawing.drawing import Polygon
from cctv.redaction.editing import stored
from cctv.redaction.editing.errors import (
    DecisionRefused,
    NoSubject,
    NotEditable,
    NothingToUndo,
    RedactionChanged,
    TooManyEdits,
)
from cctv.redaction.editing.events import SUBMITTED
from cctv.redaction.editing.opening import Opened, may_edit, open_editor
from cctv.redaction.editing.stretches import log_stretches
from cctv.redaction.models import Act, Redaction, RedactionEdit, State, Work
from cctv.redaction.resolve import Edit, Resolved
from cctv.redaction.scene import asking
from cctv.redaction.services import wake
from cctv.redaction.tracks.bodies import EditRefused, checked
from cctv.redaction.tracks.edits import add, apply
from cctv.sites.masks import polygons
from cctv.sites.masks import services as masks
from cctv.sites.masks.polygons import Polygon as MaskPolygon
from cctv.sites.masks.polygons import clipped

MOST_EDITS = 3000
# Kinds that the row shows, too: the column, and what the body calls it.
_COLUMNS = {"mode": ("mode", "mode"), "style": ("style", "style"), "subject_kind": ("subject_kind", "kind")}


def decide(
    redaction: Redaction, session: ViewingSession, *, revision: int, kind: str, body: object
) -> Opened:
    """Take one decision; the redaction as it is then.

    Raises RedactionChanged (somebody decided meanwhile), NotEditable, DecisionRefused, TooManyEdits, and what
    `open_editor` raises. Nothing is changed then.
    """
    opened = open_editor(redaction, session)
    resolved = opened.resolved()
    number = redaction.edits.count() + 1
    edit = _checked(opened, resolved, number, kind, body)
    with transaction.atomic():
        row = _locked(redaction, revision)
        if number > MOST_EDITS:
            raise TooManyEdits
        head = _head(row)
        made = RedactionEdit.objects.create(
            redaction=row, number=number, kind=kind, made_by=session.actor, after=head.number if head else 0
        )
        row.acts.create(kind=Act.DECIDE, edit=made, made_by=session.actor)
        stored.keep(made, edit.body)
        asking.asked(row, made, session)
        _change(row, edit, undone=False)
    edits = [*opened.edits, edit]
    return replace(opened, redaction=row, edits=edits, settings=stored.settings_of(row), before=resolved)


def undo(redaction: Redaction, session: ViewingSession, *, revision: int) -> Opened:
    """Take the last decision back; NothingToUndo, RedactionChanged, NotEditable, as `open_editor`."""
    opened = open_editor(redaction, session)
    with transaction.atomic():
        row = _locked(redaction, revision)
        head = _head(row)
        if head is None:
            raise NothingToUndo
        RedactionEdit.objects.filter(pk=head.pk).update(undone=True)
        row.acts.create(kind=Act.UNDO, edit=head, made_by=session.actor)
        last = next(edit for edit in opened.edits if edit.number == head.number)
        _change(row, last, undone=True)
    rest, before = [edit for edit in opened.edits if edit.number != head.number], opened.remembered()
    return replace(opened, redaction=row, edits=rest, settings=stored.settings_of(row), before=before)


def redo(redaction: Redaction, session: ViewingSession, *, revision: int) -> Opened:
    """Take a decision again that was taken back; NothingToUndo, RedactionChanged, NotEditable."""
    opened = open_editor(redaction, session)
    with transaction.atomic():
        row = _locked(redaction, revision)
        again = next_of(row)
        if again is None:
            raise NothingToUndo
        RedactionEdit.objects.filter(pk=again.pk).update(undone=False)
        row.acts.create(kind=Act.REDO, edit=again, made_by=session.actor)
        door = stored.for_person(opened.receipt, row, session.actor_id)
        edits = stored.edits_of(row, door)
        _change(row, edits[-1], undone=False)
    before = opened.remembered()
    return replace(opened, redaction=row, edits=edits, settings=stored.settings_of(row), before=before)


def keep_mask(redaction: Redaction, session: ViewingSession, *, revision: int, mask: str) -> Opened:
    """Make a place that is covered throughout one of the camera's, so that all of its redactions cover it.

    It stays among the decisions, too; whoever does it has had a hand in the redaction, as its result changes.
    Raises DecisionRefused, RegisterRefused, RedactionChanged, NotEditable,
    Forbidden, what `open_editor` raises, LogUnavailable.
    """
    opened = open_editor(redaction, session)
    before = opened.resolved()
    drawn = before.decided.masks.get(mask)
    if drawn is None:
        raise DecisionRefused("id")
    polygon = camera_polygon(drawn)
    with transaction.atomic():
        row = _locked(redaction, revision)
        if masks.keep_for_copies(
            actor=session.actor, camera=redaction.camera, polygon=polygon,
            redaction=redaction.number, terminal=session.terminal,
        ):  # fmt: skip
            row.acts.create(kind=Act.DECIDE, made_by=session.actor)
    return replace(opened, settings=stored.settings_of(redaction), before=before)


def camera_polygon(drawn: Polygon) -> MaskPolygon:
    """A drawn mask as the camera's register keeps it: the part that lies in the picture. DecisionRefused."""
    try:
        (found,) = polygons.read([clipped(drawn.tolist())])
    except polygons.BadMasks:
        raise DecisionRefused("polygon") from None
    return found


def submit(redaction: Redaction, session: ViewingSession, *, revision: int) -> int:
    """Ask for the render, after which a second person reviews it; how many doubtful moments are not settled.

    Doubts left are no reason to refuse (the reviewer steps through all of them), but the entry says how many.
    Raises NoSubject, RedactionChanged, NotEditable, what `open_editor` raises, LogUnavailable.
    """
    opened = open_editor(redaction, session)
    resolved = opened.resolved()
    settings = resolved.settings
    if settings.mode == "reveal" and settings.subject_kind != "nobody" and resolved.subject is None:
        raise NoSubject
    _require(redaction, revision)
    asking.require_decided(redaction)
    left = sum(not doubt.settled for doubt in resolved.doubts)
    log_stretches(redaction)
    facts: dict[str, Any] = {
        "redaction": redaction.number,
        "camera": camera_fields(redaction.camera),
        "from": clock.rfc3339(redaction.starts_at),
        "to": clock.rfc3339(redaction.ends_at, round_up=True),
        "revision": revision,
        "decisions": dict(sorted(Counter(edit.kind for edit in opened.edits).items())),
        "doubts_left": left,
    }
    span = (redaction.starts_at, redaction.ends_at)
    receipt = write_entry(session, SUBMITTED, facts, cameras=[redaction.camera], span=span)
    with transaction.atomic():
        row = _locked(redaction, revision)
        asking.require_decided(row)
        row.acts.create(kind=Act.SUBMIT, made_by=session.actor, entry_index=receipt.index)
        ask_for_render(row)
    return left


def ask_for_render(row: Redaction) -> None:
    """Have it rendered, inside a transaction that holds the row."""
    row.state, row.work = State.RENDERING, Work.RENDER
    row.work_permille = row.work_attempts = 0
    row.work_asked_at, row.not_before = clock.now(), None
    row.error_code = row.error = ""
    asked = ("state", "work", "work_permille", "work_attempts", "work_asked_at", "not_before")
    row.save(update_fields=[*asked, "error_code", "error"])
    transaction.on_commit(wake, robust=True)


def next_of(redaction: Redaction) -> RedactionEdit | None:
    """The decision that would be taken again: the newest of those made on top of the last that stands."""
    head = _head(redaction)
    after = head.number if head else 0
    return redaction.edits.filter(undone=True, after=after).order_by("-number").first()


def _head(redaction: Redaction) -> RedactionEdit | None:
    return redaction.edits.filter(undone=False).order_by("-number").first()


def _checked(opened: Opened, resolved: Resolved, number: int, kind: str, body: object) -> Edit:
    """The decision in its canonical form, if it means anything here."""
    try:
        clean = checked(kind, body, frames=resolved.frames)
        if kind == "box" and resolved.own[clean["frame"]] == clean["track"]:
            clean["subject"] = True  # the same box tells where the subject is
        if kind in _COLUMNS:
            column, _name = _COLUMNS[kind]
            clean["was"] = getattr(opened.redaction, column)
        if kind == "settle" and clean["settled"]:
            _require_doubt(resolved, clean["doubt"])
        edit = Edit(number, kind, clean)
        add(apply(opened.known.tracks, opened.edits, resolved.times), edit, resolved.times)
    except EditRefused as refused:
        raise DecisionRefused(refused.reason) from None
    return edit


def _require_doubt(resolved: Resolved, key: str) -> None:
    if not any(doubt.key == key for doubt in resolved.doubts):
        raise EditRefused("id")


def _locked(redaction: Redaction, revision: int) -> Redaction:
    """The row, for this transaction alone; RedactionChanged, NotEditable."""
    rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold")
    row = rows.select_for_update(of=("self",)).get(pk=redaction.pk)
    _require(row, revision)
    return row


def _require(row: Redaction, revision: int) -> None:
    if row.revision != revision:
        raise RedactionChanged(row.revision)
    if not may_edit(row):
        raise NotEditable


def _change(row: Redaction, edit: Edit, *, undone: bool) -> None:
    """One revision more; what was approved or waited for review is being corrected again."""
    row.revision += 1
    row.state = State.EDITING
    if edit.kind in _COLUMNS:
        column, name = _COLUMNS[edit.kind]
        setattr(row, column, edit.body["was"] if undone else edit.body[name])
    row.save(update_fields=["revision", "state", "mode", "style", "subject_kind"])
    asking.follow(row, edit.kind)
