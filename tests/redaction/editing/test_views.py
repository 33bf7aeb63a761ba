"""The editor's addresses: JSON, pages and previews, inside an own open viewing and nowhere else."""

from __future__ import annotations

import io
import json
from typing import Any

import av
import cv2
import numpy as np
import pytest

from accesslog.errors import LogUnavailable
from cctv.footage import viewing
from cctv.footage.media.masking import BGR, rectangles
from cctv.footage.models import CloseReason, ViewedSpan
from cctv.people.models import RoleGrant
from cctv.redaction.editing import previewing
from cctv.redaction.editing.views import MOST_BYTES
from cctv.redaction.models import Redaction, State
from tests.footage.conftest import body_of
from tests.media.clips import number_of

from .conftest import FRAMES, LEFT, Desk, kinds_logged

pytestmark = pytest.mark.django_db(databases=["default", "log"])

PICK: Any = {"frame": 10, "box": list(LEFT)}


def _to(answer: Any) -> str:
    """Where a redirect leads."""
    return str(answer.headers["Location"])


def picture_of(data: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_the_editor_is_told_everything_and_answers_a_decision_with_it(desk: Desk) -> None:
    told = desk.data()
    assert told.status_code == 200
    assert "no-store" in told["Cache-Control"]
    before = told.json()
    assert (before["redaction"]["revision"], before["frames"]["count"], before["subject"]) == (
        0,
        FRAMES,
        None,
    )
    after = desk.decide("subject", **PICK).json()
    assert after["redaction"]["revision"] == 1
    assert after["subject"]["track"] is not None
    assert after["undo"]["can"]
    undone = desk.post("undo.json").json()
    assert (undone["subject"], undone["redo"]["can"]) == (None, True)
    assert desk.post("redo.json").json()["subject"] is not None


def test_a_page_that_knew_another_revision_is_told_the_one_there_is(desk: Desk) -> None:
    desk.decide("style", style="blur")
    answer = desk.decide("style", revision=0, style="fill")
    assert answer.status_code == 409
    assert (answer.json()["error"]["code"], answer.json()["revision"]) == ("redaction_changed", 1)


HOSTILE = [
    b"", b"[]", b"{", b"null", b'{"revision": "1"}', b'{"revision": true, "kind": "x", "body": {}}',
    b'{"revision": 0, "kind": ["subject"], "body": {}}', b'{"revision": 0, "kind": "subject", "body": 7}',
    b'{"revision": 0, "kind": "box", "body": {"track": 1e400}}', b"[" * 100_000, b" " * (MOST_BYTES + 1),
    b"\xff\xfe",
    b'{"revision": 0, "kind": "role", "body": {"track": %s, "role": "show"}}' % (b"9" * 400),
    b'{"revision": 0, "kind": "subject", "body": {"frame": 1, "box": [%s, 0, 1, 1]}}' % (b"9" * 400),
    b'{"revision": %s, "kind": "style", "body": {"style": 1}}' % (b"9" * 5000),
]  # fmt: skip


def test_hostile_bodies_are_refused_in_words(desk: Desk) -> None:
    for sent in HOSTILE:
        answer = desk.client.post(
            desk.url("edits.json"), sent, content_type="application/json", HTTP_ACCEPT="application/json"
        )
        assert answer.status_code == 400, sent[:40]
        assert answer.json()["error"]["code"].startswith("decision_")
    assert not desk.redaction.edits.exists()


def test_before_anybody_has_looked_the_page_is_told_so(desk: Desk) -> None:
    desk.redaction.parts.update(frames=None)
    Redaction.objects.update(state=State.LOOKING, work="look", work_permille=120)
    told = desk.data().json()
    assert told["frames"]["count"] == 0
    assert (told["redaction"]["work"], told["redaction"]["permille"], told["redaction"]["mayEdit"]) == (
        "look", 120, False
    )  # fmt: skip
    assert kinds_logged() == ["redaction.opened"]


def test_invariant_8_somebody_elses_viewing_is_not_there(desk: Desk) -> None:
    room = desk.room
    RoleGrant.objects.create(account=room.elsewhere, role="operator", site=room.site)
    for name in ("data.json", "preview.jpg", "edit/"):
        assert room.client(room.elsewhere).get(desk.url(name) + "&at=1").status_code == 404
    assert kinds_logged() == []


def test_in_a_closed_viewing_nothing_is_told(desk: Desk) -> None:
    viewing.close_viewing(desk.session, reason=CloseReason.USER)
    for name in ("data.json", "preview.jpg", "preview.mp4"):
        assert desk.client.get(desk.url(name) + "&at=1&from=1&to=2").status_code == 403
    assert kinds_logged() == []


def test_invariant_1_no_preview_without_an_entry(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.data()

    def down(**_entry: Any) -> None:
        raise LogUnavailable

    def never(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("a child was started before the entry")

    monkeypatch.setattr("cctv.footage.viewings.entries.append", down)
    monkeypatch.setattr(previewing, "Helper", never)
    for name in ("preview.jpg", "preview.mp4"):
        assert desk.client.get(desk.url(name) + "&at=1&from=1&to=2").status_code == 503
    assert not ViewedSpan.objects.exists()


def test_a_preview_is_exactly_that_frame_as_it_would_leave(desk: Desk) -> None:
    desk.decide("mode", mode="manual")
    left_half: Any = {"id": "c", "shape": "box", "keys": [{"frame": 0, "shape": [0, 0.5, 0.5, 0.5]}]}
    desk.decide("cover", **left_half, first=40, last=50)
    for frame in (33, 99):
        answer = desk.client.get(desk.url("preview.jpg") + f"&at={frame}")
        assert answer.status_code == 200
        assert number_of(picture_of(body_of(answer))) == frame
    covered = picture_of(body_of(desk.client.get(desk.url("preview.jpg") + "&at=45")))
    high, wide = covered.shape[:2]
    corner = covered[high * 5 // 8 : high - 8, 8 : wide // 2 - 8].reshape(-1, 3).astype(int)
    assert np.ptp(corner, axis=0).max() < 12  # nothing but the cover
    assert kinds_logged().count("redaction.previewed") == 1  # a minute is reserved from the first on
    assert ViewedSpan.objects.filter(kind="still").count() == 3


def test_a_preview_has_the_cameras_masks_in_whole_blocks_as_the_result_has(desk: Desk) -> None:
    corner = ((0.03, 0.78), (0.16, 0.78), (0.16, 0.97))
    desk.room.gate.privacy_masks = [[list(point) for point in corner]]
    desk.room.gate.save()
    desk.decide("mode", mode="manual")
    still = picture_of(body_of(desk.client.get(desk.url("preview.jpg") + "&at=45")))
    video: Any
    with av.open(io.BytesIO(body_of(desk.client.get(desk.url("preview.mp4") + "&from=30&to=32")))) as video:
        moving = next(iter(video.decode(video=0))).to_ndarray(format="bgr24")
    for shown in (still, moving):
        high, wide = shown.shape[:2]
        masked = np.zeros((high, wide), np.uint8)
        for top, bottom, left, right in rectangles((corner,), wide, high):
            masked[top:bottom, left:right] = 1
        inside = cv2.erode(masked, np.ones((5, 5), np.uint8)) > 0
        assert inside.sum() > 500
        assert np.abs(shown[inside].astype(int) - BGR).max() < 12


def test_a_place_that_is_kept_for_the_camera_is_covered_in_another_redaction_and_fixed_there(
    desk: Desk,
) -> None:
    desk.decide("mode", mode="manual")
    place = [[0.03, 0.78], [0.16, 0.78], [0.16, 0.97], [-0.2, 0.97]]
    told = desk.decide("mask", id="h1", polygon=place).json()
    assert (told["redaction"]["mayKeep"], told["masks"][0]["kept"], told["fixed"]) == (True, False, [])
    assert desk.post("keep-mask.json", mask="h2").status_code == 400
    assert desk.post("keep-mask.json", revision=0, mask="h1").status_code == 409
    told = desk.post("keep-mask.json", mask="h1").json()
    assert (told["masks"][0]["kept"], told["fixed"][0]["scope"], told["urls"]["cameraMasks"]) == (
        True,
        "copies",
        "",
    )
    assert kinds_logged("camera.") == ["camera.masks_changed"]
    desk.decide("unmask", id="h1")
    told = desk.data().json()
    assert (told["masks"], len(told["fixed"])) == ([], 1)
    shown = picture_of(body_of(desk.client.get(desk.url("preview.jpg") + "&at=45")))
    high, wide = shown.shape[:2]
    inside = shown[high * 90 // 100 : high * 96 // 100, wide * 2 // 100 : wide * 14 // 100]
    assert np.abs(inside.astype(int) - BGR).max() < 12


def test_where_only_the_subject_is_shown_a_preview_shows_nobody_before_one_is_picked(desk: Desk) -> None:
    shown = picture_of(body_of(desk.client.get(desk.url("preview.jpg") + "&at=20")))
    assert number_of(shown) == 0  # no block of the picture's number is to be seen
    assert np.ptp(shown.reshape(-1, 3).astype(int), axis=0).max() < 12


def test_some_seconds_are_previewed_as_a_clip_that_begins_at_zero(desk: Desk) -> None:
    desk.decide("mode", mode="manual")
    answer = desk.client.get(desk.url("preview.mp4") + "&from=30&to=59")
    assert answer.status_code == 200
    opened: Any
    with av.open(io.BytesIO(body_of(answer))) as opened:
        frames = list(opened.decode(video=0))
    assert [number_of(frame.to_ndarray(format="gray")) for frame in frames] == list(range(30, 60))
    assert float(frames[0].time) == 0
    assert float(frames[-1].time) == pytest.approx(29 * 0.04, abs=1e-3)
    assert ViewedSpan.objects.get().kind == "video"


def test_what_cannot_be_previewed_is_refused(desk: Desk) -> None:
    for query in ("", "&at=x", "&at=-1", "&at=100", "&at=99999999999"):
        assert desk.client.get(desk.url("preview.jpg") + query).status_code == 400
    assert "redaction.previewed" not in kinds_logged()


def test_the_editors_page_is_the_room_of_one_camera_and_the_redactions_span(desk: Desk) -> None:
    answer = desk.client.get(desk.url("edit/"))
    assert answer.status_code == 200
    text = answer.content.decode()
    facts = json.loads(text.split('id="room-facts" type="application/json">')[1].split("</script>")[0])
    assert [camera["code"] for camera in facts["cameras"]] == ["gate"]
    assert facts["starts"] == round(desk.redaction.starts_at.timestamp() * 1000)
    links = json.loads(text.split('id="edit-links" type="application/json">')[1].split("</script>")[0])
    assert desk.client.get(links["data"]).status_code == 200


def test_without_a_viewing_the_page_leads_to_an_own_one_or_asks_why(desk: Desk) -> None:
    address = f"/redactions/{desk.redaction.number}/edit/"
    assert _to(desk.client.get(address)) == desk.url("edit/")
    viewing.close_viewing(desk.session, reason=CloseReason.USER)
    sheet = _to(desk.client.get(address))
    assert sheet.startswith("/sites/seoul/view/?camera=gate&from=")
    assert desk.client.get(sheet).status_code == 200


def test_the_sheet_is_filled_in_from_the_room_and_begins_a_redaction(desk: Desk) -> None:
    address = f"/viewings/{desk.session.pk}/redact/"
    start = desk.session.starts_at.timestamp() * 1000
    page = desk.client.get(address, {"camera": "gate", "from": str(start + 1000), "to": str(start + 3000)})
    assert page.status_code == 200
    form = page.context["form"]
    sent = {name: form[name].value() for name in ("camera", "mode", "subject_kind")}
    sent |= {name: form[name].value().strftime("%Y-%m-%dT%H:%M:%S") for name in ("starts", "ends")}
    assert "RD-2026-0001" in page.content.decode()  # what was begun of this footage already
    answer = desk.client.post(address, sent)
    made = Redaction.objects.latest("made_at")
    assert answer.status_code == 302
    assert _to(answer) == f"/redactions/{made.number}/edit/?viewing={desk.session.pk}"
    assert (made.mode, made.subject_kind, made.camera) == ("reveal", "person", desk.room.gate)
    assert (made.starts_at.timestamp() * 1000, made.ends_at.timestamp() * 1000) == (
        start + 1000,
        start + 3000,
    )


def test_the_sheet_says_what_is_wrong(desk: Desk) -> None:
    address = f"/viewings/{desk.session.pk}/redact/"
    form = desk.client.get(address).context["form"]
    sent = {name: form[name].value() for name in ("camera", "mode", "subject_kind")}
    sent |= {name: form[name].value().strftime("%Y-%m-%dT%H:%M:%S") for name in ("starts", "ends")}
    for field, wrong in (("ends", "2001-01-01T00:00:00"), ("starts", "now"), ("mode", "x")):
        answer = desk.client.post(address, sent | {field: wrong})
        assert answer.status_code == 400
        assert field in answer.context["form"].errors


def test_the_room_offers_it_to_whoever_may(desk: Desk) -> None:
    page = desk.client.get(f"/viewings/{desk.session.pk}/").content.decode()
    assert f"/viewings/{desk.session.pk}/redact/" in page


def test_what_the_editor_draws_travels_small(desk: Desk) -> None:
    answer = desk.client.get(desk.url("data.json"), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.content) < len(desk.data().content) / 2
