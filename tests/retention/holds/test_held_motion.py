"""What moved in held footage is told through its hold, past its retention, and in no regular viewing."""

import base64
from typing import Any

import pytest

from cctv.footage.models import Segment, ViewingSession
from cctv.footage.motion import reading
from cctv.retention import purge
from cctv.retention.holds import services
from cctv.vault import rings
from tests.footage.conftest import SEGMENT_S, TERMINAL
from tests.retention.holds.test_held_viewing import DAY, Case, case, room

pytestmark = pytest.mark.django_db(databases=["default", "log"])
JSON = {"Accept": "application/json"}

__all__ = ["case", "room"]


def asked(case: Case, session: ViewingSession) -> tuple[Any, Any]:
    """The strip and a search over all of the viewing."""
    client = case.room.client(case.room.operator)
    span = {"from": reading.ms(session.starts_at), "to": reading.ms(session.ends_at)}
    base = f"/viewings/{session.pk}/gate/"
    return (
        client.get(f"{base}motion.json", span, headers=JSON),
        client.post(f"{base}search.json", span, headers=JSON),
    )


def test_held_facts_open_from_the_hold_after_their_epochs_key_is_gone(case: Case) -> None:
    assert case.held.motion
    others = services.place_hold(
        actor=case.approver, terminal=TERMINAL, site=case.room.site, cameras=[case.room.gate], case="2",
        reason="the same fall", ground="incident", starts_at=case.held.starts_at, ends_at=case.free.ends_at,
        until=case.hold.until,
    )  # fmt: skip
    assert others.held == 2, "another hold holds it as well, under another key"
    case.later(31 * DAY)
    purge.purge_due(trigger="manual")
    assert not rings.footage().has(case.held.epoch.key_id)
    session = case.open()
    strip, search = asked(case, session)
    assert (strip.status_code, search.status_code) == (200, 200)
    levels = base64.b64decode(strip.json()["levels"])
    assert any(levels[:SEGMENT_S])
    assert not any(levels[SEGMENT_S:]), "and nothing of what this hold does not hold"
    said = search.json()
    assert (said["searched_ms"], said["missing_ms"]) == (1000 * SEGMENT_S, 0)
    assert said["found"]
    case.release()
    ViewingSession.objects.filter(pk=session.pk).update(closed_at=None, close_reason="")
    assert {answer.status_code for answer in asked(case, session)} == {410}


def test_invariant_3_a_regular_viewing_is_told_nothing_of_held_footage_that_expired(case: Case) -> None:
    session = case.room.open(minutes=120)
    ViewingSession.objects.filter(pk=session.pk).update(valid_until=session.valid_until + 40 * DAY)
    case.later(31 * DAY)
    assert Segment.objects.filter(pk=case.held.pk).exists()
    strip, search = asked(case, session)
    assert not any(base64.b64decode(strip.json()["levels"]))
    assert (search.json()["found"], search.json()["searched_ms"]) == ([], 0)
