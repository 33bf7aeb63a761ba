"""A redaction of a camera's first segments, already looked at: what was seen in it is made up, and sealed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client

from accesslog.models import LogEntry
from cctv.footage.derived import services as derived
from cctv.footage.models import Segment, ViewingSession
from cctv.redaction.looking.facts import LOOK, FrameFacts, encode
from cctv.redaction.models import Redaction, RedactionPart, State
from tests.footage.conftest import Room, room

__all__ = ["desk", "room"]

FRAMES = 100
STEP_MS = 40.0
# One stands left, one stands right, one walks through the picture behind them.
LEFT, RIGHT = (0.2, 0.4, 0.06, 0.3), (0.7, 0.45, 0.06, 0.3)


def walker(frame: int) -> tuple[float, float, float, float]:
    return (0.02 + 0.9 * frame / FRAMES, 0.3, 0.05, 0.26)


def seen(at: int = 0, frames: int = FRAMES) -> list[FrameFacts]:
    """What a detector would have told of these frames."""
    looks = np.zeros((3, LOOK), np.uint8)
    looks[[0, 1, 2], [0, 12, 24]] = 200
    return [
        FrameFacts(
            frame * STEP_MS,
            np.asarray([LEFT, RIGHT, walker(frame)], np.float32),
            np.full(3, 0.8, np.float32),
            np.zeros(3, np.uint8),
            looks,
        )
        for frame in range(at, at + frames)
    ]


@dataclass
class Desk:
    """The operator's, with a redaction of one segment and an open viewing around it."""

    room: Room
    redaction: Redaction
    session: ViewingSession
    client: Client

    def url(self, name: str) -> str:
        return f"/redactions/{self.redaction.number}/{name}?viewing={self.session.pk}"

    def data(self) -> Any:
        return self.client.get(self.url("data.json"))

    def post(self, name: str, revision: int | None = None, **body: Any) -> Any:
        if revision is None:
            revision = Redaction.objects.get(pk=self.redaction.pk).revision
        sent = json.dumps({"revision": revision, **body})
        return self.client.post(self.url(name), sent, content_type="application/json", **JSON)

    def decide(self, kind: str, revision: int | None = None, **body: Any) -> Any:
        return self.post("edits.json", revision, kind=kind, body=body)

    def look(self, facts: Sequence[FrameFacts]) -> None:
        """Keep what was seen, as the job does."""
        redaction = self.redaction
        segment = Segment.objects.get(pk=redaction.parts.get().segment)
        redaction.parts.update(frames=len(facts))
        derived.keep_fact(
            segment, owner=redaction.pk, label="looked/0", part="looked",
            span=(redaction.starts_at, redaction.ends_at), of=[segment.pk], data=encode(facts),
        )  # fmt: skip


JSON: Any = {"HTTP_ACCEPT": "application/json"}


def kinds_logged(prefix: str = "redaction.") -> list[str]:
    rows = LogEntry.objects.using("log").order_by("index").values_list("kind", flat=True)
    return [kind for kind in rows if kind.startswith(prefix)]


@pytest.fixture
def desk(room: Room) -> Desk:
    segment = Segment.objects.filter(camera=room.gate).earliest("starts_at")
    session = room.open()
    redaction = Redaction.objects.create(
        number="RD-2026-0001", year=2026, sequence=1, site=room.site, camera=room.gate,
        starts_at=segment.starts_at, ends_at=segment.starts_at + timedelta(milliseconds=FRAMES * STEP_MS),
        session=session, purpose=room.purpose, made_by=room.operator, state=State.EDITING,
    )  # fmt: skip
    RedactionPart.objects.create(
        redaction=redaction, number=0, segment=segment.pk, first=0, stop=FRAMES,
        starts_at=redaction.starts_at, ends_at=redaction.ends_at,
    )  # fmt: skip
    made = Desk(room, redaction, session, room.client(room.operator))
    made.look(seen())
    return made
