"""What a process remembers of clips: bounded, forgotten in time, and asked before it is found anew."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from cctv.core import clock
from cctv.footage.errors import FootageExpired
from cctv.footage.models import Segment
from cctv.redaction import services as life
from cctv.redaction.editing import memory, stored
from cctv.redaction.editing.memory import FORGET_AFTER_S, Memory
from cctv.redaction.editing.opening import open_editor
from cctv.redaction.resolve import Known, resolve

from .acting import PICK, now
from .conftest import LEFT, Desk, seen

pytestmark = pytest.mark.django_db(databases=["default", "log"])

OWNER = UUID(int=7)


def test_what_is_remembered_is_bounded_in_frames_and_time() -> None:
    at = [0.0]
    kept = Memory(most_frames=60, clock=lambda: at[0])
    made: list[str] = []

    def of(name: str, frames: int) -> None:
        def make() -> Known:
            made.append(name)
            return Known(seen(frames=frames))

        kept.of(OWNER, name, make)

    of("a", 30)
    of("a", 30)
    of("b", 30)
    of("c", 30)
    assert (made, len(kept)) == (["a", "b", "c"], 2)
    of("b", 30)
    assert made == ["a", "b", "c"]
    at[0] = FORGET_AFTER_S + 1
    of("b", 30)
    assert made == ["a", "b", "c", "b"]
    assert len(kept) == 1
    kept.drop(UUID(int=8))
    assert len(kept) == 1
    kept.drop(OWNER)
    assert len(kept) == 0


def test_what_is_remembered_goes_in_its_time_though_nobody_asks_any_more() -> None:
    kept = Memory(forget_after=0.2)
    kept.of(OWNER, "a", lambda: Known(seen(frames=2)))
    time.sleep(0.15)
    kept.of(OWNER, "b", lambda: Known(seen(frames=2)))
    assert len(kept) == 2
    until = time.monotonic() + 5
    while len(kept) and time.monotonic() < until:
        time.sleep(0.02)
    assert len(kept) == 0


def test_what_is_cancelled_or_has_ended_is_remembered_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Memory()
    for module in (stored, life):
        monkeypatch.setattr(module, "MEMORY", kept)
    open_editor(now(desk), desk.session)
    assert len(kept) == 1
    life.cancel(redaction=now(desk), actor=desk.room.operator, terminal="203.0.113.9")
    assert len(kept) == 0
    desk.look(seen())
    open_editor(now(desk), desk.session)
    assert len(kept) == 1
    Segment.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(FootageExpired):
        open_editor(now(desk), desk.session)
    assert len(kept) == 0


def test_a_decision_is_resolved_once_on_top_of_what_was_told_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[int] = []

    def counted(known: Known, edits: Any, settings: Any) -> Any:
        resolved.append(len(edits))
        return resolve(known, edits, settings)

    monkeypatch.setattr(memory, "resolve", counted)
    before = desk.data().json()
    assert desk.decide("subject", **PICK).status_code == 200
    assert resolved == [0, 1]
    assert desk.decide("subject", frame=9999, box=list(LEFT)).status_code == 400
    assert desk.decide("role", track=before["tracks"][0]["number"], role="manual").status_code == 200
    assert resolved == [0, 1, 2]
    told = desk.data().json()
    assert desk.post("undo.json").json()["tracks"] != told["tracks"]
    assert resolved == [0, 1, 2, 1]
    # Another look of the same decisions is another answer: the camera's masks, for one.
    desk.room.gate.privacy_masks = [[[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]]]
    desk.room.gate.save()
    assert len(open_editor(now(desk), desk.session).resolved().drawing(5).solid) == 1
