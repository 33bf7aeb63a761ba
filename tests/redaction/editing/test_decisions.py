"""Decisions: entered, sealed, undone and done again, and taken by nobody who may not."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage import viewing
from cctv.footage.derived.models import Derived
from cctv.footage.errors import FootageExpired, OutsideViewing, ViewingClosed
from cctv.footage.models import CloseReason, Segment
from cctv.footage.restrictions.errors import FootageRestricted
from cctv.footage.restrictions.models import Restriction
from cctv.people.models import RoleGrant
from cctv.people.policy import Forbidden, NotFound
from cctv.redaction.editing import opening, services, stored, telling
from cctv.redaction.editing.errors import (
    DecisionRefused,
    NoSubject,
    NotEditable,
    NothingToUndo,
    NotLookedAt,
    RedactionChanged,
)
from cctv.redaction.editing.opening import open_editor
from cctv.redaction.models import Redaction, State

from .acting import PICK, again, decide, now, standing, take_back
from .conftest import FRAMES, LEFT, RIGHT, Desk, kinds_logged

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_invariant_1_where_people_walked_is_opened_after_its_entry_is_durable(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_entry: Any) -> None:
        raise LogUnavailable

    def never(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("opened without an entry")

    with monkeypatch.context() as patch:
        patch.setattr("cctv.footage.viewings.entries.append", down)
        patch.setattr(stored, "known_of", never)
        with pytest.raises(LogUnavailable):
            open_editor(now(desk), desk.session)
    assert kinds_logged() == []
    open_editor(now(desk), desk.session)
    open_editor(now(desk), desk.session)
    assert kinds_logged() == ["redaction.opened"]  # once for a session, redaction and purpose


def test_the_entry_says_whose_redaction_was_opened_and_of_what(desk: Desk) -> None:
    receipt = open_editor(now(desk), desk.session).receipt
    body = load_receipt(receipt.index).body
    assert body["redaction"] == "RD-2026-0001"
    assert body["actor"]["name"] == "operator"
    assert (body["from"], body["to"]) == (
        clock.rfc3339(desk.redaction.starts_at), clock.rfc3339(desk.redaction.ends_at)
    )  # fmt: skip


def test_another_purpose_has_an_entry_of_its_own(desk: Desk) -> None:
    open_editor(now(desk), desk.session)
    session = viewing.change_purpose(desk.session, purpose=desk.room.purpose, case="2026-118")
    open_editor(now(desk), session)
    assert kinds_logged() == ["redaction.opened", "redaction.opened"]


def test_invariant_2_what_was_decided_lies_sealed(desk: Desk) -> None:
    decide(desk, "subject", **PICK)
    row = Derived.objects.get(owner=desk.redaction.pk, label="edit/1")
    assert b"frame" not in bytes(row.sealed or b"")
    assert row.part == "edit"
    assert [edit.body for edit in open_editor(now(desk), desk.session).edits] == [PICK]


def test_a_decision_is_one_revision_and_stands_in_the_row_where_it_is_about_it(desk: Desk) -> None:
    decide(desk, "mode", mode="hide")
    assert (now(desk).revision, now(desk).mode) == (1, "hide")
    take_back(desk)
    assert (now(desk).revision, now(desk).mode) == (2, "reveal")
    again(desk)
    assert (now(desk).revision, now(desk).mode) == (3, "hide")


def test_who_knew_another_revision_is_told_the_one_there_is(desk: Desk) -> None:
    decide(desk, "style", style="blur")
    with pytest.raises(RedactionChanged) as refused:
        decide(desk, "style", revision=0, style="fill")
    assert refused.value.revision == 1
    assert desk.redaction.edits.count() == 1


def test_undo_goes_back_one_by_one_and_redo_takes_the_newest_way_on(desk: Desk) -> None:
    decide(desk, "style", style="blur")
    decide(desk, "subject", **PICK)
    take_back(desk)
    decide(desk, "mode", mode="hide")
    decide(desk, "subject_kind", kind="vehicle")
    take_back(desk)
    assert standing(take_back(desk)) == ["style"]
    assert standing(again(desk)) == ["style", "mode"]  # not the subject, which was given up
    assert standing(again(desk)) == ["style", "mode", "subject_kind"]
    with pytest.raises(NothingToUndo):
        again(desk)
    for _each in range(3):
        take_back(desk)
    with pytest.raises(NothingToUndo):
        take_back(desk)
    assert desk.redaction.edits.count() == 4  # none is ever gone


def test_changing_anything_takes_an_approval_away(desk: Desk) -> None:
    Redaction.objects.update(state=State.APPROVED, rendered_revision=0)
    decide(desk, "style", style="blur")
    assert now(desk).state == State.EDITING


def test_what_is_cancelled_or_being_worked_on_is_not_changed(desk: Desk) -> None:
    for state, work in ((State.CANCELLED, ""), (State.RENDERING, "render"), (State.LOOKING, "look")):
        Redaction.objects.update(state=state, work=work)
        with pytest.raises(NotEditable):
            decide(desk, "style", style="blur")
    assert not desk.redaction.edits.exists()


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("nonsense", {}, "decision_kind"),
    ("subject", {"frame": 99_999, "box": list(LEFT)}, "decision_frame"),
    ("role", {"track": 77, "role": "show"}, "decision_track"),
    ("settle", {"doubt": "low.1.1-2"}, "decision_id"),
    ("uncover", {"id": "none"}, "decision_nothing"),
]


def test_what_means_nothing_is_refused_in_words(desk: Desk) -> None:
    for kind, body, code in REFUSED:
        with pytest.raises(DecisionRefused) as refused:
            decide(desk, kind, **body)
        assert refused.value.code == code
        assert str(refused.value.hint)
    assert not desk.redaction.edits.exists()
    assert now(desk).revision == 0


def test_it_is_opened_only_in_a_viewing_that_covers_all_of_it(desk: Desk) -> None:
    short = desk.room.open(seconds=1)
    with pytest.raises(OutsideViewing):
        open_editor(now(desk), short)
    other = desk.room.open(desk.room.yard)
    with pytest.raises(OutsideViewing):
        open_editor(now(desk), other)
    viewing.close_viewing(desk.session, reason=CloseReason.USER)
    with pytest.raises(ViewingClosed):
        open_editor(now(desk), desk.session)
    assert kinds_logged() == []


def test_invariant_8_a_role_that_ended_opens_nothing_more(desk: Desk) -> None:
    open_editor(now(desk), desk.session)
    RoleGrant.objects.filter(account=desk.room.operator).update(valid_until=clock.now())
    with pytest.raises((Forbidden, NotFound)):
        open_editor(now(desk), desk.session)


def test_invariant_3_expired_footage_opens_no_facts_although_they_are_remembered(desk: Desk) -> None:
    open_editor(now(desk), desk.session)
    ended = clock.now() - timedelta(seconds=1)
    Segment.objects.filter(pk=desk.redaction.parts.get().segment).update(expires_at=ended)
    with pytest.raises(FootageExpired):
        open_editor(now(desk), desk.session)


def test_restricted_footage_opens_no_facts(desk: Desk) -> None:
    open_editor(now(desk), desk.session)
    row = Restriction.objects.create(
        site=desk.room.site, starts_at=desk.redaction.starts_at, ends_at=desk.redaction.ends_at,
        ground="objection", reason="R-2026-047", placed_by=desk.room.operator,
    )  # fmt: skip
    row.cameras.add(desk.room.gate)
    with pytest.raises(FootageRestricted):
        open_editor(now(desk), desk.session)


def test_without_a_decision_that_was_taken_nothing_is_resolved(desk: Desk) -> None:
    decide(desk, "subject", **PICK)
    Derived.objects.filter(owner=desk.redaction.pk, label="edit/1").delete()
    with pytest.raises(FootageExpired):
        open_editor(now(desk), desk.session)


def test_before_anybody_has_looked_there_is_nothing_to_correct(desk: Desk) -> None:
    desk.redaction.parts.update(frames=None)
    with pytest.raises(NotLookedAt):
        open_editor(now(desk), desk.session)


def test_sending_to_review_asks_for_the_render_and_says_what_stands(desk: Desk) -> None:
    with pytest.raises(NoSubject):
        services.submit(now(desk), desk.session, revision=0)
    opened = decide(desk, "subject", **PICK)
    doubts = opened.resolved().doubts
    left = services.submit(now(desk), desk.session, revision=1)
    assert left == len(doubts) > 0
    assert (now(desk).state, now(desk).work) == (State.RENDERING, "render")
    assert kinds_logged() == ["redaction.opened", "redaction.edited", "redaction.submitted"]
    entry = LogEntry.objects.using("log").order_by("-index").first()
    assert entry is not None
    body = load_receipt(entry.index).body
    assert (body["revision"], body["decisions"], body["doubts_left"]) == (1, {"subject": 1}, left)


def test_nothing_is_rendered_that_the_log_was_not_told_of(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(desk, "subject", **PICK)

    def down(*_args: Any, **_kwargs: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(services, "write_entry", down)
    with pytest.raises(LogUnavailable):
        services.submit(now(desk), desk.session, revision=1)
    assert (now(desk).state, now(desk).work) == (State.EDITING, "")


def boxes_of(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<u2").reshape(-1, 4) / 65535


def test_the_browser_is_told_where_everybody_is_and_what_to_look_at(desk: Desk) -> None:
    opened = decide(desk, "subject", **PICK)
    told = telling.told(opened, redo=None, size=(640, 360))
    assert told["frames"]["count"] == FRAMES
    times = np.frombuffer(base64.b64decode(told["frames"]["times"]), "<i4")
    assert times[:3].tolist() == [0, 40, 80]
    shown = [track for track in told["tracks"] if track["subject"]]
    assert [track["role"] for track in shown] == ["show"]
    assert {track["role"] for track in told["tracks"] if not track["subject"]} == {"hide"}
    assert np.allclose(boxes_of(told["subject"]["boxes"])[10], LEFT, atol=0.01)
    assert told["undo"] == {"can": True, "what": "Who stays visible"}
    doubt = told["doubts"][0]
    assert doubt["what"]
    assert doubt["why"]
    settled = decide(desk, "settle", doubt=doubt["key"])
    doubts = telling.told(settled, redo=None, size=(640, 360))["doubts"]
    assert [each["settled"] for each in doubts if each["key"] == doubt["key"]] == [True]


def test_a_box_of_the_subject_says_where_it_is(desk: Desk) -> None:
    opened = decide(desk, "subject", **PICK)
    number = opened.resolved().subject_track
    moved = decide(desk, "box", track=number, frame=30, box=[0.22, 0.4, 0.06, 0.3])
    assert moved.edits[-1].body["subject"] is True
    subject = moved.resolved().subject
    assert subject is not None
    assert np.allclose(subject.boxes[30], (0.22, 0.4, 0.06, 0.3), atol=1e-4)


def test_roles_decided_by_people_stand(desk: Desk) -> None:
    right = decide(desk, "subject", frame=10, box=list(RIGHT)).resolved().subject_track
    opened = decide(desk, "role", track=right, role="hide")
    assert opened.resolved().roles[right or 0] == "hide"


def test_entries_of_one_redaction_do_not_serve_another_of_the_same_footage(desk: Desk) -> None:
    open_editor(now(desk), desk.session)
    second = now(desk)
    second.pk, second.number, second.sequence = None, "RD-2026-0002", 2
    assert opening.entered(second, desk.session).body["redaction"] == "RD-2026-0002"
