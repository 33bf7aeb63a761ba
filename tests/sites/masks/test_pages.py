"""The page where masks are drawn: what it saves, what it asks first, and what it refuses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.sites.masks import services
from cctv.sites.models import Camera
from tests.people.cast import Cast

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("vault_ready")]
SignIn = Callable[..., Client]
URL = "/register/cameras/gate/masks/"
LARGE = [[[0.1, 0.1], [0.6, 0.1], [0.6, 0.6], [0.1, 0.6]]]
SMALL = [[[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]]


@pytest.fixture
def admin(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.administrator)


def masks() -> Any:
    return Camera.objects.get(code="gate").privacy_masks


def save(client: Client, polygons: Any, **more: str) -> Any:
    seen = services.stamp(Camera.objects.get(code="gate"))
    return client.post(URL, {"polygons": json.dumps(polygons), "seen": seen, **more})


def entries() -> list[dict[str, Any]]:
    found = LogEntry.objects.filter(kind="camera.masks_changed").order_by("index")
    return [dict(load_receipt(entry.index).body) for entry in found]


def test_a_mask_is_saved_after_its_entry_and_the_camera_s_page_counts_it(cast: Cast, admin: Client) -> None:
    assert save(admin, LARGE).headers["Location"] == "/register/cameras/gate/"
    assert masks() == LARGE
    (body,) = entries()
    assert body["before"] == []
    assert body["after"] == [
        {
            "name": "(10 10, 60 10, 60 60, 10 60) %",
            "points": [[1000, 1000], [6000, 1000], [6000, 6000], [1000, 6000]],
        }
    ]
    assert (body["object"]["code"], body["uncovers"]) == ("gate", False)
    page = admin.get("/register/cameras/gate/").content.decode()
    assert "1 mask" in page
    assert 'points="160,90 960,90 960,540 160,540"' in admin.get(URL).content.decode()
    save(admin, LARGE)
    assert len(entries()) == 1


def test_what_uncovers_needs_a_reason_and_the_password(cast: Cast, admin: Client, sign_in: SignIn) -> None:
    save(admin, LARGE)
    refused = save(admin, SMALL)
    assert refused.status_code == 400
    assert "Say why this part of the picture may be seen." in refused.content.decode()
    asked = save(admin, SMALL, reason="The neighbour's window is walled up.")
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert masks() == LARGE
    assert len(entries()) == 1
    again = sign_in(cast.administrator, fresh=True)
    save(again, SMALL, reason="The neighbour's window is walled up.")
    assert masks() == SMALL
    assert (entries()[-1]["reason"], entries()[-1]["uncovers"]) == (
        "The neighbour's window is walled up.",
        True,
    )


def test_without_a_script_the_numbers_are_read_and_more_fields_keep_what_is_typed(admin: Client) -> None:
    typed = {"m2p1x": "10", "m2p1y": "10.5", "m2p2x": "60", "m2p2y": "10", "m2p4x": "60", "m2p4y": "60"}
    more = admin.post(URL, {**typed, "seen": "", "more": "yes"})
    assert more.status_code == 200
    assert 'name="m1p1y" value="10.5"' in more.content.decode()
    assert masks() == []
    half = admin.post(URL, {**typed, "m2p5x": "4", "seen": ""})
    assert half.status_code == 400
    assert "One of the numbers cannot be read." in half.content.decode()
    admin.post(URL, {**typed, "seen": ""})
    assert masks() == [[[0.1, 0.105], [0.6, 0.1], [0.6, 0.6]]]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([[[0, 0], [1, 1]]], "Mask 1 needs between 3 and 32 points"),
        ([LARGE[0], [[0, 0], [1.2, 0], [1, 1]]], "A point of mask 2 lies outside the picture"),
        ([[[0, 0], [0.5, 0.5], [1, 1]]], "All points of mask 1 lie on a line"),
        (LARGE * 17, "A camera has at most 16 masks."),
        ("x", "These are no masks."),
    ],
)
def test_what_is_no_mask_is_refused_in_words(admin: Client, sent: Any, said: str) -> None:
    answer = save(admin, sent)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert (masks(), entries()) == ([], [])


def test_a_change_that_began_from_other_masks_is_refused(admin: Client) -> None:
    save(admin, LARGE)
    answer = admin.post(URL, {"polygons": json.dumps(SMALL), "seen": "", "reason": "x"})
    assert answer.status_code == 400
    assert "Somebody else changed the masks" in answer.content.decode()
    assert masks() == LARGE


def test_nothing_changes_while_the_log_is_down(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_what: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(services, "append", down)
    assert save(admin, LARGE).status_code == 503
    assert masks() == []


def test_what_cannot_be_read_is_said_on_both_pages_and_repaired_by_saving(
    cast: Cast, admin: Client, sign_in: SignIn
) -> None:
    Camera.objects.filter(code="gate").update(privacy_masks={"oops": 1})
    assert "Cannot be read, so no picture is shown" in admin.get("/register/cameras/gate/").content.decode()
    assert "cannot be read as masks" in admin.get(URL).content.decode()
    assert save(sign_in(cast.administrator, fresh=True), SMALL, reason="Drawn anew.").status_code == 302
    assert masks() == SMALL
