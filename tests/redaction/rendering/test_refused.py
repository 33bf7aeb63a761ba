"""What may have come between a result and who wants to see it: masks, restrictions, expiry, the log."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.footage.restrictions.models import Restriction
from cctv.redaction import services
from cctv.redaction.models import State
from tests.footage.conftest import Room, room
from tests.redaction.rendering import helping, tiny_detector

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])
CORNER = [[[0.0, 0.0], [0.4, 0.0], [0.4, 0.4], [0.0, 0.4]]]


def restricted(room: Room) -> Restriction:
    row = Restriction.objects.create(
        site=room.site, starts_at=room.starts_at, ends_at=room.starts_at + timedelta(seconds=1),
        ground="subject", reason="contested", placed_by=room.operator,
    )  # fmt: skip
    row.cameras.add(room.yard)
    return row


def test_invariant_1_a_result_is_masked_and_leaves_only_while_nothing_stands_against_it(
    room: Room, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "nobody.onnx"))
    room.yard.privacy_masks = CORNER
    room.yard.save()
    helping.taken_in(room, room.starts_at, helping.walk(8, 10))
    redaction = helping.worked(helping.begin(room, helping.viewing(room, 5), 1, style="blur"))
    redaction = helping.worked(helping.send_to_review(redaction))
    assert (redaction.state, redaction.error) == (State.REVIEW, "")
    client = helping.second(room)
    part = helping.addresses(client, redaction)[1]

    with monkeypatch.context() as away:

        def refuse(**_entry: Any) -> None:
            raise LogUnavailable

        away.setattr(services, "append", refuse)
        assert client.get(part).status_code == 503
    assert not LogEntry.objects.using("log").filter(kind="redaction.shown").exists()

    for _at, picture in helping.shown(client, redaction):
        assert picture[:32, :48].std() < 3, "the mask is plain, also where covers are blurred"

    row = restricted(room)
    assert client.get(part).status_code == 403
    row.delete()
    room.yard.privacy_masks = [*CORNER, [[0.8, 0.8], [1, 0.8], [1, 1]]]
    room.yard.save()
    assert client.get(part).status_code == 409
    room.yard.privacy_masks = CORNER
    room.yard.save()
    assert client.get(part).status_code == 200
    Segment.objects.filter(camera=room.yard).update(expires_at=clock.now() + timedelta(seconds=1))
    with clock.pretend(clock.now() + timedelta(minutes=1)):
        assert client.get(part).status_code == 410
