"""The job from a viewing to a result that can be shown: on real footage, in the real child."""

import io
from collections.abc import Callable
from typing import Any

import av
import pytest
from django.test import Client

from cctv.people.models import Account, RoleGrant
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.rendering.work import work_due
from tests.footage.conftest import SEGMENT_S, Room, body_of

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "log"]), pytest.mark.slow]


def reviewer_of(room: Room) -> Client:
    account = Account.objects.create_user("second@example.org", "pw", name="Second", employer="Guard Co.")
    RoleGrant.objects.create(account=account, role="approver", site=room.site)
    return room.client(account)


def asked_for(redaction: Redaction) -> Redaction:
    Redaction.objects.filter(pk=redaction.pk).update(state=State.RENDERING, work=Work.RENDER)
    assert work_due() == 1
    redaction.refresh_from_db()
    return redaction


def movie_of(client: Client, redaction: Redaction) -> bytes:
    base = f"/redactions/{redaction.number}/result/"
    listed = body_of(client.get(f"{base}index.m3u8")).decode()
    addresses = [line for line in listed.splitlines() if line and not line.startswith("#")]
    return body_of(client.get(f"{base}init.mp4")) + b"".join(body_of(client.get(each)) for each in addresses)


def times_of(movie: bytes) -> list[float]:
    source: Any
    with av.open(io.BytesIO(movie)) as source:
        return [float(frame.pts * frame.time_base) for frame in source.decode(video=0)]


def test_footage_is_looked_at_rendered_and_shown_to_a_second_person(
    room: Room, begun: Callable[..., Any]
) -> None:
    redaction = begun(start=1, seconds=2 * SEGMENT_S, mode="hide", subject_kind="nobody")
    assert work_due() == 1
    redaction.refresh_from_db()
    assert (redaction.state, redaction.work, redaction.error) == (State.EDITING, Work.NONE, "")
    assert redaction.parts.count() == 3
    redaction = asked_for(redaction)
    assert (redaction.state, redaction.error) == (State.REVIEW, "")
    times = times_of(movie_of(reviewer_of(room), redaction))
    assert len(times) == redaction.result["frames"]
    assert times[0] == pytest.approx(0, abs=0.05)
    assert times[-1] == pytest.approx(2 * SEGMENT_S, abs=0.1)
