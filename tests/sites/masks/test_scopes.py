"""Masks that hold in copies only: how the register keeps them, who adds them, and what takes them away."""

import json
from typing import Any

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.people.policy import Forbidden
from cctv.sites.masks import polygons, scopes, services
from cctv.sites.masks.polygons import BadMasks
from cctv.sites.masks.scopes import CameraMasks
from cctv.sites.models import Camera
from cctv.sites.rules import RegisterRefused
from tests.people.cast import Cast
from tests.sites.masks.test_pages import SignIn, save

SQUARE: Any = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
SCREEN: Any = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.2]]
PLACE = {"copies": SCREEN}
(POLYGON,) = polygons.read([SCREEN])


@pytest.fixture
def gate(cast: Cast, vault_ready: Any) -> Camera:
    return Camera.objects.select_related("site").get(code="gate")


def kept() -> Any:
    return Camera.objects.get(code="gate").privacy_masks


def last_entry() -> dict[str, Any]:
    found = LogEntry.objects.filter(kind="camera.masks_changed").order_by("-index")[0]
    return dict(load_receipt(found.index).body)


def test_both_kinds_are_read_and_kept_apart_and_another_release_takes_them_for_no_masks() -> None:
    masks = scopes.read([PLACE, SQUARE])
    assert (masks.always, masks.copies) == (polygons.read([SQUARE]), (POLYGON,))
    assert scopes.kept(masks) == [SQUARE, PLACE]
    assert scopes.read(scopes.kept(masks)) == masks
    assert masks.version != CameraMasks(masks.of_copies).version
    assert CameraMasks(masks.always).version == polygons.version(masks.always)
    assert (scopes.shows_less([PLACE]), scopes.shows_less([SQUARE]), scopes.shows_less({"x": 1})) == (
        False,
        True,
        True,
    )
    with pytest.raises(BadMasks):
        polygons.read([PLACE])  # as releases without such places read them: no picture is sent


@pytest.mark.parametrize("value", [[{"copies": SCREEN, "x": 1}], [{}], [{"copies": [[0, 0]]}], [PLACE] * 17])
def test_what_is_no_such_place_is_refused(value: Any) -> None:
    with pytest.raises(BadMasks):
        scopes.read(value)


def test_what_lies_beside_the_picture_is_cut_off_and_nothing_else() -> None:
    far = [(-0.5, 0.2), (0.5, -0.3), (1.4, 0.6), (0.3, 1.5)]
    inside = polygons.read([polygons.clipped(far)])
    beyond = tuple((x / 2 + 0.25, y / 2 + 0.25) for x, y in far)  # the same in a picture twice as large
    whole = polygons.covered((beyond,), 400, 400)[100:300, 100:300]
    assert abs(int(whole.sum()) - int(polygons.covered(inside, 200, 200).sum())) < 200
    assert polygons.clipped([(1.1, 1.1), (1.5, 1.1), (1.5, 1.5)]) == []


@pytest.mark.django_db(databases=["default", "log"])
def test_on_the_register_a_place_for_copies_is_drawn_told_and_not_taken_away_by_a_slip(
    gate: Camera, cast: Cast, sign_in: SignIn
) -> None:
    admin = sign_in(cast.administrator)
    assert save(admin, [SQUARE, PLACE]).status_code == 302
    assert kept() == [SQUARE, PLACE]
    assert "1 place covered in copies only" in admin.get("/register/cameras/gate/").content.decode()
    page = admin.get("/register/cameras/gate/masks/").content.decode()
    assert json.dumps(PLACE) in page
    assert page.count('<option value="copies" selected>') == 1
    body = last_entry()
    assert (body["copies_before"], body["copies_after"][0]["points"][0]) == ([], [1000, 1000])
    for less in ([SQUARE], [PLACE, [[0, 0], [0.1, 0], [0.1, 0.1]]]):
        assert "Say why this part of the picture may be seen." in save(admin, less).content.decode()
    assert save(admin, [SQUARE, SCREEN]).status_code == 302, "more is covered"
    typed = {"m1p1x": "10", "m1p1y": "10", "m1p2x": "40", "m1p2y": "10", "m1p3x": "40", "m1p3y": "20"}
    Camera.objects.filter(code="gate").update(privacy_masks=[])
    admin.post("/register/cameras/gate/masks/", {**typed, "m1scope": "copies", "seen": ""})
    assert kept() == [PLACE]


@pytest.mark.django_db(databases=["default", "log"])
def test_who_redacts_adds_a_place_and_it_is_told_once(gate: Camera, cast: Cast) -> None:
    Camera.objects.filter(code="gate").update(privacy_masks=[SQUARE])
    given: Any = {"camera": gate, "polygon": POLYGON, "redaction": "RD-2026-0001"}
    assert services.keep_for_copies(actor=cast.operator, **given)
    assert kept() == [SQUARE, PLACE]
    body = last_entry()
    assert (body["actor"]["role"], body["redaction"], body["uncovers"]) == (
        "operator",
        "RD-2026-0001",
        False,
    )
    assert not services.keep_for_copies(actor=cast.operator, **given)
    assert LogEntry.objects.filter(kind="camera.masks_changed").count() == 1
    with pytest.raises(Forbidden):
        services.keep_for_copies(actor=cast.administrator, **given)
    Camera.objects.filter(code="gate").update(privacy_masks=[SQUARE] * 16)
    with pytest.raises(RegisterRefused):
        services.keep_for_copies(actor=cast.operator, **given)
