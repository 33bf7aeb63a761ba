"""The burnt-in mark: every picture of a redacted copy and every still says whose copy it is, and of clips as
recorded not a bit is changed."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.utils import translation
from django.utils.translation import gettext

from cctv.core.pdf import faces
from cctv.disclosure.exports import results
from cctv.disclosure.exports.models import Export, ExportForm, ExportState, FileKind
from cctv.disclosure.handing import services as handing
from cctv.disclosure.handing.errors import MarkedOnce
from cctv.disclosure.handing.forms import LinkForm
from cctv.disclosure.packaging import marks
from cctv.disclosure.packaging.errors import Interrupted
from cctv.footage.marks import stills
from cctv.footage.media.encoder import encoder
from cctv.redaction import movie
from cctv.redaction.drawing import mark as drawing
from cctv.redaction.models import Redaction
from cctv.redaction.rendering import making
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room
from tests.redaction.review import conftest as reviewing
from tests.redaction.review.conftest import Waiting, desk, room, waiting

__all__ = ["desk", "room", "waiting"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])

SIZE = (426, 240)
PICTURES, CUT = 30, 16
TEXT = "바람 물류 · E-2026-0032 · 사본 1\n警視庁 新宿警察署"


def film(count: int = PICTURES) -> bytes:
    """A part of a result: grey pictures, a little brighter each, a keyframe in the middle, uneven times."""
    context = encoder(*SIZE, movie.TIMESCALE)
    packets: list[Any] = []
    for number in range(count):
        frame = av.VideoFrame(*SIZE, "yuv420p")
        for plane, value in zip(frame.planes, (60 + 2 * number, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = number * 9000 + number % 3, context.time_base
        kinds = av.video.frame.PictureType
        frame.pict_type = kinds.I if number % CUT == 0 else kinds.NONE
        packets += context.encode(frame)
    packets += context.encode(None)
    timed = [(each, each.pts / 90) for each in packets]
    return b"".join(
        movie.fragments(timed, context, end_ms=count * 100 + 700, cuts=[CUT * 100 - 1])
    )  # fmt: skip


def frames(data: bytes) -> list[Any]:
    with av.open(io.BytesIO(data), mode="r") as container:
        return list(container.decode(video=0))


def luma(frame: Any) -> Any:
    return frame.to_ndarray(format="gray").astype(int)


@pytest.fixture
def result(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The redaction has a result that can be decoded; the whole file, as it would leave unmarked."""
    part, head = film(), making.head_of(*SIZE)
    sha256 = making.sha256_of(head, [hashlib.sha256(part).hexdigest()])
    monkeypatch.setattr(reviewing, "RESULT", part)
    monkeypatch.setattr(reviewing, "SHA256", sha256)
    waiting.rendered()
    known = waiting.redaction.result
    facts = {**known, "width": SIZE[0], "height": SIZE[1], "bytes": len(head) + len(part)}
    Redaction.objects.filter(pk=waiting.redaction.pk).update(result=facts)
    waiting.approved()
    return head + part


def of_redaction(waiting: Waiting, **options: Any) -> Export:
    redaction, room = waiting.redaction, waiting.desk.room
    first, last = (
        (each - room.starts_at).total_seconds() for each in (redaction.starts_at, redaction.ends_at)
    )  # fmt: skip
    return helping.approved(
        room, (redaction.camera, first, last), form=ExportForm.REDACTED, redaction=redaction, watermark=True,
        **options,
    )  # fmt: skip


def test_every_picture_of_a_redacted_copy_carries_the_mark_and_nothing_else_is_changed(
    waiting: Waiting, result: bytes, tmp_path: Path
):
    export = helping.packaged(of_redaction(waiting))
    assert (export.state, export.error) == (ExportState.READY, "")
    (file,) = helping.files(export, FileKind.REDACTED)
    data = helping.content(file)
    before, after = frames(result), frames(data)
    assert len(after) == PICTURES
    for what in ("pts", "duration", "key_frame", "time_base"):
        assert [getattr(each, what) for each in after] == [getattr(each, what) for each in before], what
    with translation.override("ko"):
        copy = gettext("copy %(n)d") % {"n": 1}
    text = f"{export.site.organisation.name} · {export.number} · {copy}"
    mark = marks.mark_of(f"{text}\n{export.recipient}", *SIZE)
    high, wide = mark.keeps.shape
    for old, new in zip(before, after, strict=True):
        change = luma(new) - luma(old)
        for top, left in mark.places:
            assert change[top : top + high, left : left + wide].max() > 60
            change[top : top + high, left : left + wide] = 0
        assert np.abs(change).mean() < 2
    said = file.facts["watermark"]
    assert (said["text"], said["copy"]) == ([text, export.recipient], 1)
    assert said["unmarked_sha256"] == hashlib.sha256(result).hexdigest() != file.sha256
    listed = json.loads(helping.content(export.files.get(kind=FileKind.MANIFEST)))
    (row,) = [each for each in listed["files"] if each["kind"] == "redacted"]
    assert (row["sha256"], row["facts"]["watermark"]) == (hashlib.sha256(data).hexdigest(), said)
    assert row["facts"]["result_sha256"] == reviewing.SHA256
    assert [each for each in helping.faults(export, tmp_path) if each["code"] != "key.unknown"] == []


def test_a_marked_package_is_handed_over_once_with_one_download(waiting: Waiting, result: bytes):
    export = helping.packaged(of_redaction(waiting))
    assert LinkForm(export=export).fields["downloads"].disabled
    options: dict[str, Any] = {"export": export, "actor": waiting.desk.room.operator, "terminal": "10.0.0.1"}
    made = handing.make_link(**options, person="Inspector Han", downloads=4)
    assert (made.handover.copy, made.handover.downloads_left) == (marks.COPY, 1)
    handing.end_copy(handover=made.handover, actor=waiting.desk.room.operator, terminal="10.0.0.1")
    with pytest.raises(MarkedOnce):
        handing.make_link(**options, person="Inspector Cho")
    Export.objects.update(watermark=False)
    assert handing.make_link(**options, person="Inspector Cho", downloads=4).handover.downloads_left == 4


def test_what_was_not_approved_is_not_marked_either(
    waiting: Waiting, result: bytes, monkeypatch: pytest.MonkeyPatch
):
    export = of_redaction(waiting)
    monkeypatch.setattr(reviewing, "RESULT", film(PICTURES - 1))
    redaction = waiting.redaction
    known = redaction.parts.values("sha256", "size_bytes", "rendered").get()
    waiting.rendered()
    redaction.parts.update(**known)
    Redaction.objects.filter(pk=redaction.pk).update(result=redaction.result, state=redaction.state)
    export = helping.packaged(export)
    assert (export.state, export.files.count()) == (ExportState.APPROVED, 0)
    assert export.error_code == "redaction_no_result"
    assert results.pinned(export, redaction)


def test_marking_stops_when_the_work_is_called_off():
    marker = marks.Marker(TEXT, {"width": SIZE[0], "height": SIZE[1]}, lambda: True)
    with pytest.raises(Interrupted):
        list(marker.part(iter([film()])))


def test_a_still_is_marked_and_a_clip_as_recorded_is_not(room: Room):
    case = helping.case_of(room).number
    stills.keep(room.open(case=case), camera=room.gate, at=helping.at(room, 1), reason="the van")
    files = {}
    for watermark in (False, True):
        export = helping.packaged(helping.approved(room, watermark=watermark))
        assert (export.state, export.error) == (ExportState.READY, "")
        files[watermark] = {each.kind: each for each in helping.files(export)}
    plain, marked = (files[which][FileKind.STILL] for which in (False, True))
    assert marked.facts["watermark"]["unmarked_sha256"] == plain.sha256 != marked.sha256
    assert "watermark" not in plain.facts
    clips = [files[which][FileKind.CLIP] for which in (False, True)]
    assert clips[0].sha256 == clips[1].sha256
    assert "watermark" not in clips[1].facts


@pytest.mark.parametrize("size", [(1920, 1080), (720, 576), (426, 240), (352, 288), (64, 48)])
def test_a_mark_is_read_on_light_and_dark_and_a_half_that_is_cut_out_has_one(size: tuple[int, int]):
    mark = marks.mark_of(TEXT, *size)
    again = drawing.read(json.loads(json.dumps(mark.plain())))
    assert again.places == mark.places
    for under in (10, 128, 245):
        picture = np.full((size[1], size[0]), under, np.uint8)
        drawing.lay(again, picture)
        assert np.ptp(picture) > 80, "letters differ from their rim"
    high, wide = mark.keeps.shape
    assert all(top + high <= size[1] and left + wide <= size[0] for top, left in mark.places)
    if size[1] >= 200:
        assert min(top for top, _left in mark.places) + high <= size[1] / 2
        assert max(top for top, _left in mark.places) >= size[1] / 2
        assert min(left for _top, left in mark.places) < size[0] / 8
        assert max(left for _top, left in mark.places) + wide > size[0] * 7 / 8


@pytest.mark.parametrize("line", ["서울 마포경찰서 형사과", "警視庁 新宿警察署 かぶき町", "Köln № 4"])
def test_korean_and_japanese_recipients_have_their_letters(line: str):
    font = marks._font(line, 20)
    face = next(each for each, place in faces.FILES.items() if str(place) == font.path)
    assert {ord(each) for each in line} <= faces.letters(face)


def test_a_long_recipient_does_not_cover_the_picture():
    mark = marks.mark_of("Office · E-2026-0001 · copy 1\n" + "가나다라 " * 40, *SIZE)
    assert mark.keeps.shape[0] < 0.4 * SIZE[1]
