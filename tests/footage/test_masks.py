"""A camera with privacy masks sends nothing untouched, through whichever door it is asked."""

import io
import re
from typing import Any

import av
import cv2
import numpy as np
import pytest

from cctv.core import clock
from cctv.footage import playback, viewing
from cctv.footage.errors import MasksUnreadable
from cctv.footage.marks import stills
from cctv.footage.marks.models import Still
from cctv.footage.media.masking import BGR
from cctv.footage.models import ViewedSpan
from cctv.footage.room import cameras_of
from cctv.footage.thumbnails import make_thumbnails
from cctv.sites.masks import polygons
from tests.footage.conftest import TERMINAL, Room, body_of

pytestmark = pytest.mark.django_db(databases=["default", "log"])

LEFT_HALF = [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]
JSON = {"Accept": "application/json"}
ALL = [[[0, 0], [1, 0], [1, 1], [0, 1]]]


def mask(room: Room, masks: Any) -> None:
    room.gate.privacy_masks = masks
    room.gate.save(update_fields=["privacy_masks"])


def test_a_place_for_copies_alone_is_seen_by_who_watches(room: Room) -> None:
    mask(room, [{"copies": ALL[0]}])
    session = room.open()
    playlist = body_of(room.client(room.operator).get(room.urls(session)["playlist"])).decode()
    assert "masked" not in playlist
    assert not any(each.masked for each in cameras_of(session))
    client, urls = room.client(room.operator), room.urls(session)
    assert not covered(decoded(body_of(client.get(urls["init"])) + body_of(client.get(urls["part"]))), 1)
    assert playback.copy_masks_of(room.gate) == polygons.read(ALL)


def decoded(data: bytes) -> list[Any]:
    if data[:2] == b"\xff\xd8":
        return [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)]
    opened: Any
    with av.open(io.BytesIO(data)) as opened:
        return [frame.to_ndarray(format="bgr24") for frame in opened.decode(video=0)]


def covered(pictures: list[Any], portion: float) -> bool:
    """Whether the left `portion` of each picture is nothing but mask, and the rest is not."""
    assert pictures
    for picture in pictures:
        edge = round(picture.shape[1] * portion)
        if np.abs(picture[:, :edge].astype(int) - BGR).max() > 12:
            return False
        if edge < picture.shape[1] and np.abs(picture[:, edge + 24 :].astype(int) - BGR).max() < 60:
            return False
    return True


def test_invariant_1_a_masked_camera_sends_no_untouched_picture(room: Room) -> None:
    make_thumbnails()
    mask(room, LEFT_HALF)
    session = room.open()
    client, urls = room.client(room.operator), room.urls(session)
    playlist = body_of(client.get(urls["playlist"])).decode()
    parts = [line for line in playlist.splitlines() if ".m4s" in line]
    assert len(parts) == 3
    assert all("&masked=1" in line and "from=h264" in line for line in parts)
    base = urls["playlist"].removesuffix("index.m3u8")
    header = re.search(r'URI="([^"]+)"', playlist)
    assert header
    init = body_of(client.get(base + header[1]))
    assert covered(decoded(init + body_of(client.get(base + parts[0]))), 0.5)
    version = polygons.version(polygons.read(LEFT_HALF))
    # Neither the marker nor the codec decides what is drawn.
    bare = body_of(client.get(f"{urls['part']}&mask={version}"))
    assert covered(decoded(init + bare), 0.5)
    assert covered(decoded(init + body_of(client.get(base + parts[1] + "&keys=1"))), 0.5)
    assert covered(decoded(body_of(client.get(urls["thumb"]))), 0.5)
    assert covered(decoded(playback.still(session, camera=room.gate, at=room.starts_at).data), 0.5)


def test_a_kept_still_is_shown_with_the_masks_that_its_camera_has_by_now(room: Room) -> None:
    still = stills.keep(room.open(), camera=room.gate, at=room.starts_at, reason="the van")
    mask(room, ALL)
    shown = stills.show(
        Still.objects.get(pk=still.pk),
        actor=room.operator,
        terminal=TERMINAL,
        purpose=room.purpose,
        reason="the van again",
    )
    assert covered(decoded(shown.data), 1)


def test_a_client_that_leaves_the_masks_out_or_has_old_ones_gets_no_part(room: Room) -> None:
    session = room.open()
    client, urls = room.client(room.operator), room.urls(session)
    assert not covered(decoded(body_of(client.get(urls["init"])) + body_of(client.get(urls["part"]))), 1)
    sent = ViewedSpan.objects.count()
    mask(room, ALL)
    for name in ("part", "init"):
        for address in (
            urls[name],
            f"{urls[name]}{'&' if '?' in urls[name] else '?'}mask=0123456789ab&masked=1",
        ):
            answer = client.get(address, headers={"Accept": "application/json"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "masks_changed")
    assert ViewedSpan.objects.count() == sent
    playlist = body_of(client.get(urls["playlist"])).decode()
    assert f"mask={polygons.version(polygons.read(ALL))}" in playlist


@pytest.mark.parametrize("broken", [{"a": 1}, [[[0, 0], [1, 1]]], [[[0, 0], [2, 0], [1, 1]]], "all"])
def test_masks_that_cannot_be_read_show_nothing_rather_than_everything(room: Room, broken: Any) -> None:
    make_thumbnails()
    session = room.open()
    client, urls = room.client(room.operator), room.urls(session)
    type(room.gate).objects.filter(pk=room.gate.pk).update(privacy_masks=broken)
    for name in ("playlist", "init", "part", "thumb"):
        answer = client.get(urls[name], headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "masks_unreadable"), name
    room.gate.refresh_from_db()
    with pytest.raises(MasksUnreadable):
        playback.still(session, camera=room.gate, at=room.starts_at)
    assert not ViewedSpan.objects.exists()


def test_invariant_1_a_mask_drawn_while_a_picture_is_made_stops_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_thumbnails()
    kept = stills.keep(room.open(), camera=room.gate, at=room.starts_at, reason="the van")
    real = viewing.record_sent

    def drawn_meanwhile(*given: Any, **named: Any) -> None:
        real(*given, **named)
        type(room.gate).objects.filter(pk=room.gate.pk).update(privacy_masks=ALL)

    monkeypatch.setattr(viewing, "record_sent", drawn_meanwhile)
    session = room.open()
    client, urls = room.client(room.operator), room.urls(session)
    purpose = {"purpose": room.purpose.code, "reason": "the van"}
    shown = f"/sites/seoul/stills/{kept.pk}/picture.jpg"
    for ask in (
        lambda: client.get(urls["part"], headers=JSON),
        lambda: client.get(urls["thumb"], headers=JSON),
        lambda: client.post(urls["still"], {"at": clock.rfc3339(room.starts_at), **purpose}, headers=JSON),
        lambda: client.post(shown, purpose, headers=JSON),
    ):
        mask(room, [])
        answer = ask()
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "masks_changed")


def test_a_mask_drawn_while_a_part_is_on_its_way_cuts_it_off(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "PIECE_BYTES", 1000)
    monkeypatch.setattr(playback, "LOOK_AGAIN_S", 0)
    for masks in (ALL, "none that can be read"):
        mask(room, [])
        answer: Any = room.client(room.operator).get(room.urls(room.open())["part"])
        pieces = iter(answer.streaming_content)
        assert len(next(pieces)) == 1000
        mask(room, masks)
        assert list(pieces) == []


def test_a_place_for_copies_is_covered_in_stills_that_are_taken_away_or_kept(room: Room) -> None:
    mask(room, [{"copies": LEFT_HALF[0]}])
    session = room.open()
    taken = stills.hand_out(session, camera=room.gate, at=room.starts_at, reason="the van")
    assert covered(decoded(taken.data), 0.5)
    assert b"".join(playback.sending(session, taken)) == taken.data
    kept = stills.keep(session, camera=room.gate, at=room.starts_at, reason="the van")
    for masks, portion in (([], 0.5), ([{"copies": ALL[0]}], 1)):
        mask(room, masks)
        shown = stills.show(
            Still.objects.get(pk=kept.pk), actor=room.operator, terminal=TERMINAL, purpose=room.purpose,
            reason="for the report",
        )  # fmt: skip
        assert covered(decoded(shown.data), portion)
