"""Whatever a recorder leaves, and whatever is missing in it: each picture once, at its time."""

import io
from datetime import timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import av
import pytest

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.redaction import services
from cctv.redaction.editing import previewing
from cctv.redaction.errors import MadeOfOther, told
from cctv.redaction.models import Redaction, State
from tests.footage.conftest import Room, body_of, room
from tests.media.moving import filmed, wall
from tests.redaction.rendering import helping, tiny_detector
from tests.redaction.rendering.helping import FPS, walk

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@pytest.fixture
def _seeing_nobody(tmp_path: Any, settings: Any) -> None:
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "nobody.onnx"))


@pytest.mark.usefixtures("_seeing_nobody")
def test_invariant_1_of_three_codecs_and_a_gap_each_picture_leaves_once_at_its_time_under_an_entry(
    room: Room, no_clear_files: None
):
    seconds = timedelta(seconds=1)
    helping.taken_in(room, room.starts_at, walk(0, 10))
    helping.taken_in(room, room.starts_at + seconds, walk(5, 5, codec="hevc"))
    # Nothing is recorded for three and a half seconds.
    helping.taken_in(room, room.starts_at + 5 * seconds, walk(12, 8, codec="mjpeg", container="mkv"))
    redaction = helping.begin(room, helping.viewing(room, 8), 6)
    redaction = helping.worked(redaction)
    assert (redaction.state, redaction.error) == (State.EDITING, "")
    redaction = helping.worked(helping.send_to_review(redaction))
    assert (redaction.state, redaction.error) == (State.REVIEW, "")

    client = helping.second(room)
    addresses = helping.addresses(client, redaction)
    log = LogEntry.objects.using("log").filter(kind="redaction.shown")
    assert not log.exists()
    pictures = helping.shown(client, redaction)
    assert log.count() == 1, "one entry covers what follows it"
    assert len(addresses) == 1 + redaction.parts.count()
    wanted: list[tuple[float, Any]] = []
    wanted += [(n / FPS, n) for n in range(10)] + [(1 + n / FPS, 5 + n) for n in range(5)]
    wanted += [(1.5, None)] + [(5 + n / FPS, 12 + n) for n in range(8)]
    assert [at for at, _picture in pictures] == pytest.approx([at for at, _step in wanted], abs=0.002)
    assert [helping.step_of(picture) for _at, picture in pictures] == [step for _at, step in wanted]
    assert redaction.result["frames"] == 23
    assert redaction.parameters["detector"]


@pytest.mark.slow
def test_a_recording_of_one_picture_without_anybody_is_redacted_with_the_detector_that_comes_with_it(
    room: Room,
):
    helping.taken_in(room, room.starts_at, walk(30, 1))
    redaction = helping.begin(room, helping.viewing(room, 5), 1, mode="reveal")
    redaction = helping.worked(redaction)
    assert (redaction.state, redaction.error, redaction.parts.get().frames) == (State.EDITING, "", 1)
    redaction = helping.worked(helping.send_to_review(redaction))
    assert (redaction.state, redaction.error) == (State.REVIEW, "")
    assert redaction.result["frames"] == 1
    assert len(helping.shown(helping.second(room), redaction)) == 1


@pytest.mark.usefixtures("_seeing_nobody")
def test_time_before_the_recording_begins_is_plain_and_the_playlist_is_as_long_as_the_result(room: Room):
    start = room.starts_at + timedelta(seconds=3)
    helping.taken_in(room, start, walk(3, 10))
    redaction = helping.worked(helping.begin(room, helping.viewing(room, 8), 7))
    redaction = helping.worked(helping.send_to_review(redaction))
    client = helping.second(room)
    pictures = helping.shown(client, redaction)
    wanted = [(0.0, None), *((3 + n / FPS, 3 + n) for n in range(10)), (4.0, None)]
    assert [at for at, _picture in pictures] == pytest.approx([at for at, _step in wanted], abs=0.002)
    assert [helping.step_of(picture) for _at, picture in pictures] == [step for _at, step in wanted]
    listed = body_of(client.get(f"/redactions/{redaction.number}/result/index.m3u8")).decode()
    assert "#EXTINF:7.000," in listed
    assert "#EXT-X-TARGETDURATION:7\n" in listed
    assert f"#EXT-X-PROGRAM-DATE-TIME:{clock.rfc3339(room.starts_at)}" in listed


@pytest.mark.usefixtures("_seeing_nobody")
def test_a_result_has_the_pixels_of_its_recording_and_a_preview_square_ones(room: Room):
    helping.taken_in(room, room.starts_at, walk(0, 10, aspect=Fraction(64, 45)))
    redaction = helping.worked(helping.begin(room, session := helping.viewing(room, 2), 1))
    jpeg = previewing.picture(redaction, session, frame=3).data
    with av.open(io.BytesIO(jpeg), format="mjpeg") as still:
        assert (still.streams.video[0].width, still.streams.video[0].height) == (228, 96)
    redaction = helping.worked(helping.send_to_review(redaction))
    assert redaction.state == State.REVIEW
    client = helping.second(room)
    movie = b"".join(body_of(client.get(each)) for each in helping.addresses(client, redaction))
    with av.open(io.BytesIO(movie)) as result:
        stream = result.streams.video[0]
        assert (stream.width, stream.height) == helping.SIZE
        assert stream.sample_aspect_ratio == Fraction(64, 45)


def test_a_stretch_in_which_the_size_changes_is_refused_at_once_and_the_sheet_says_when(room: Room):
    helping.taken_in(room, room.starts_at, walk(0, 10))
    other = filmed([wall(176, 96)] * 10, fps=FPS)
    helping.taken_in(room, room.starts_at + timedelta(seconds=1), other)
    session = helping.viewing(room, 3)
    with pytest.raises(MadeOfOther) as error:
        helping.begin(room, session, 2)
    local = (room.starts_at + timedelta(seconds=1)).astimezone(ZoneInfo(room.yard.site.time_zone))
    assert f"[{local:%Y-%m-%d %H:%M:%S}]" in error.value.hint
    said = told(error.value.code, f"{error.value.message} {error.value.hint}")
    assert said.endswith(f"[{local:%Y-%m-%d %H:%M:%S}]")
    assert not Redaction.objects.exists()
    begins = room.starts_at.astimezone(local.tzinfo).replace(tzinfo=None)
    sheet = {
        "camera": room.yard.code, "starts": f"{begins:%Y-%m-%dT%H:%M:%S}", "mode": "manual",
        "ends": f"{begins + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}", "subject_kind": "nobody",
    }  # fmt: skip
    answer = room.client(session.actor).post(f"/viewings/{session.pk}/redact/", sheet)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert f"{local:%H:%M:%S}]" in page
    assert f'href="/viewings/{session.pk}/"' in page


@pytest.mark.usefixtures("_seeing_nobody")
def test_a_stretch_between_two_pictures_says_that_it_is(room: Room):
    helping.taken_in(room, room.starts_at, walk(0, 10))
    late = timedelta(milliseconds=420)
    redaction = services.begin(
        session=helping.viewing(room, 2), camera=room.yard, mode="manual", subject_kind="nobody",
        starts_at=room.starts_at + late, ends_at=room.starts_at + late + timedelta(milliseconds=50),
    )  # fmt: skip
    redaction = helping.worked(redaction)
    assert redaction.error_code == "redaction_between_pictures"
    assert "longer stretch" in redaction.error
