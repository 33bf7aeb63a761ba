"""From a viewing to a result that may be handed out, in two people's browsers, on a recording of two people.

The operator picks who stays visible, puts a box right, settles a doubt, covers a part and sends it to review;
the computer looks and renders; a colleague steps through the doubtful moments and approves what they were
sent. That file, as they got it, passes the score.
"""

import io
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from accesslog.models import LogEntry
from cctv.ingest.services import admit
from cctv.people.models import Account, RoleGrant
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.rendering import work
from cctv.redaction.review.services import require_approved
from tests.footage.conftest import Room, room
from tests.redaction.editing.conftest import kinds_logged
from tests.redaction.test_browser_editor import (
    Enter,
    drag,
    enter,
    frame,
    kinds,
    middle,
    press,
    said,
    sound,
)  # fmt: skip

__all__ = ["enter", "room"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]

PEOPLE = Path(__file__).parents[2] / "config/demo/media/face-demographics-walking.mp4"
WIDTH, HEIGHT = 480, 270
SUBJECT = "him"
Box = tuple[float, float, float, float]
# Drawn by hand in these pictures, from the hair down; in between they walk evenly. Boxes may reach over the
# picture's edge.
WALKING: dict[str, dict[int, Box]] = {
    "her": {
        0: (252, 116, 45, 146), 9: (227, 113, 45, 155), 18: (202, 114, 50, 165), 26: (176, 112, 56, 180),
        34: (149, 110, 64, 205),
    },
    "him": {
        0: (313, 103, 44, 155), 9: (293, 97, 52, 175), 18: (275, 93, 60, 190), 26: (271, 88, 64, 200),
        34: (270, 81, 68, 215),
    },
}  # fmt: skip


def where(who: str, at: int) -> Box:
    """Somebody's box in a picture."""
    drawn = WALKING[who]
    first, last = next((a, b) for a, b in pairwise(drawn) if a <= at <= b)
    part = (at - first) / (last - first)
    x, y, w, h = (a + (b - a) * part for a, b in zip(drawn[first], drawn[last], strict=True))
    return x, y, w, h


def truth() -> str:
    """Who is where, as the score reads it."""
    frames = [
        {"frame": at, "regions": [{"id": who, "kind": "person", "box": where(who, at)} for who in WALKING]}
        for at in range(max(WALKING["her"]) + 1)
    ]
    return json.dumps({"format": "lethe-truth/1", "width": WIDTH, "height": HEIGHT, "frames": frames})


def test_one_person_is_shown_and_nobody_else_from_a_viewing_to_the_approved_file(
    room: Room, enter: Enter, tmp_path: Path
) -> None:
    page = enter(room)
    redaction = begins_one(page, room)
    steps_through_the_frames(page)
    picks_the_subject(page)
    puts_a_box_right(page, redaction)
    sound(page)
    settles_a_doubt(page)
    draws_a_cover(page)
    shows_it_as_it_will_leave(page)
    sound(page)
    sends_it_to_review(page, redaction)
    work.work_due()
    redaction.refresh_from_db()
    assert (redaction.state, redaction.error) == (State.REVIEW, "")

    second = enter(room, colleague_of(room))
    steps_through_the_moments(second, redaction)
    output = tmp_path / "out.mp4"
    output.write_bytes(b"".join(sent(second, redaction)))
    approves_it(second, redaction)
    assert require_approved(redaction).reviewer.name == "Second"
    passes_the_score(output, tmp_path / "truth.json")


def begins_one(page: Page, room: Room) -> Redaction:
    """In a viewing; the editor waits until the computer has looked."""
    admission = admit(
        camera=room.yard, starts_at=room.starts_at, origin="import", original_name="people",
        stream=io.BytesIO(PEOPLE.read_bytes()),
    )  # fmt: skip
    assert admission.segment is not None, admission.reason
    session = room.open(room.yard, seconds=3)
    page.goto(f"/viewings/{session.pk}/redact/")
    page.get_by_role("button", name=re.compile("^Begin")).click()
    page.wait_for_url(re.compile("/redactions/RD-[0-9-]+/edit/"))
    expect(page.locator("[data-edit=work]")).to_contain_text("Looking for people")
    expect(page.get_by_role("button", name="Send to review")).to_be_disabled()
    work.work_due()
    said(page, "The computer has looked")
    redaction = Redaction.objects.get()
    assert redaction.state == State.EDITING
    return redaction


def steps_through_the_frames(page: Page) -> None:
    """One picture on or back is one frame on or back of what was looked at."""
    first = frame(page)
    for key, change in ((".", 1), (".", 2), (".", 3), (",", 2)):
        press(page, key)
        expect(page.locator("[data-rows=slider]")).to_have_attribute("aria-valuenow", str(first + change))


def picks_the_subject(page: Page) -> None:
    """A press on somebody's box makes them the one who stays visible."""
    expect(page.locator("[data-edit=hint]")).to_contain_text("Who stays visible?")
    found = page.locator(".box:not(.box--motion)")
    page.locator("[data-act=track]").first.click()
    expect(found.first).to_be_visible()
    press(page, "s")
    page.mouse.click(*on_picture(page, SUBJECT))
    said(page, "The subject is set.")
    expect(page.locator("[data-box=subject]")).to_be_visible()
    expect(page.locator("[data-edit=hint]")).not_to_contain_text("Who stays visible?")


def puts_a_box_right(page: Page, redaction: Redaction) -> None:
    """Dragged, undone and done again: the box stands where the decisions put it."""
    press(page, "Escape")
    box = page.locator("[data-box=subject] .box__shape")
    before = middle(box)
    page.mouse.click(*before)
    expect(page.locator("[data-box=subject].is-chosen")).to_be_visible()
    drag(page, before, (14, 4))
    expect(page.locator("[data-edit=saved]")).to_have_text(re.compile("^Saved"))
    expect.soft(page.locator("[data-edit=undo]")).to_be_enabled()
    moved = middle(box)
    assert moved[0] - before[0] > 8
    press(page, "Control+z")
    said(page, "Undone:")
    assert abs(middle(box)[0] - before[0]) < 2
    press(page, "Control+Shift+z")
    said(page, "Done again:")
    assert abs(middle(box)[0] - moved[0]) < 2
    assert kinds(redaction) == [("subject", True), ("subject", True)]


def settles_a_doubt(page: Page) -> None:
    left = page.locator("[data-edit=doubts-left]")
    before = int((left.text_content() or "0").split()[0])
    assert before > 0
    press(page, "n")
    expect(page.locator(".doubt[aria-current=true]")).to_be_visible()
    press(page, "Enter")
    expect(left).to_have_text(re.compile(rf"^{before - 1} of "))


def draws_a_cover(page: Page) -> None:
    """A box over a corner of the picture; it is listed, and drawn over time."""
    press(page, "Escape", "d")
    place = page.locator(".edit__boxes").bounding_box()
    assert place is not None
    drag(page, (place["x"] + place["width"] / 2, place["y"] + place["height"] / 2), (90, 70))
    said(page, "Covered from here to the end.")
    expect(page.locator("[data-edit=covers] li")).to_have_count(1)
    expect(page.locator("[data-box^=cover]")).to_be_visible()


def shows_it_as_it_will_leave(page: Page) -> None:
    """The server's own picture of the frame lies over the recording, and goes with the next frame."""
    press(page, "o")
    expect(page.locator("[data-part=as]")).to_have_text("As it will leave", timeout=15_000)
    expect(page.locator(".edit__preview")).to_be_visible()
    press(page, ".")
    expect(page.locator("[data-part=as]")).not_to_have_text("As it will leave")
    press(page, "o")
    expect(page.locator(".edit__preview")).to_be_hidden()


def on_picture(page: Page, who: str) -> tuple[float, float]:
    """Somebody's breast on the screen, as the truth has it for the frame that is shown."""
    place = page.locator(".edit__boxes").bounding_box()
    assert place is not None
    x, y, w, h = where(who, frame(page))
    return (
        place["x"] + place["width"] * (x + w / 2) / WIDTH, place["y"] + place["height"] * (y + h / 3) / HEIGHT
    )  # fmt: skip


def sends_it_to_review(page: Page, redaction: Redaction) -> None:
    press(page, "r")
    page.locator("#send-sheet").get_by_role("button", name=re.compile("^Send to review")).click()
    expect(page.locator("[data-edit=work]")).to_contain_text("Rendering")
    redaction.refresh_from_db()
    assert (redaction.state, redaction.work) == (State.RENDERING, Work.RENDER)
    assert kinds_logged()[:2] == ["redaction.begun", "redaction.opened"]
    assert kinds_logged()[-1] == "redaction.submitted"


def colleague_of(room: Room) -> Account:
    """Somebody who may review at the site."""
    account = Account.objects.create_user("second@example.org", "pw", name="Second", employer="Guard Co.")
    RoleGrant.objects.create(account=account, role="approver", site=room.site)
    return account


def steps_through_the_moments(page: Page, redaction: Redaction) -> None:
    """From the list into the room, and with the keyboard from doubt to doubt."""
    page.goto("/redactions/")
    sound(page)
    page.get_by_role("link", name=redaction.number).click()
    sound(page)
    page.get_by_role("link", name="Review it").click()
    doubts = page.locator(".doubt")
    count = doubts.count()
    assert count > 0
    expect(page.locator("[data-review=left]")).to_have_text(str(count))
    expect(page.locator("[data-review=approve]")).to_have_attribute("aria-disabled", "true")
    sound(page)
    page.set_viewport_size({"width": 390, "height": 844})
    sound(page)
    for place in range(count):
        press(page, "n")
        expect(doubts.nth(place)).to_have_class(re.compile("doubt--done"), timeout=15_000)
    expect(page.locator("[data-review=approve]")).not_to_have_attribute("aria-disabled", "true")
    assert "redaction.shown" in kinds_logged()


def sent(page: Page, redaction: Redaction) -> list[bytes]:
    """The result as the reviewer's browser gets it."""
    base = f"/redactions/{redaction.number}/result/"
    listed = page.request.get(f"{base}index.m3u8").text()
    addresses = [line for line in listed.splitlines() if line and not line.startswith("#")]
    return [page.request.get(each).body() for each in (f"{base}init.mp4", *addresses)]


def approves_it(page: Page, redaction: Redaction) -> None:
    """With the password once more."""
    page.locator("[data-review=approve]").click()
    page.locator("[name=password]").fill("pw")
    press(page, "Enter")
    expect(page.locator("main")).to_contain_text("A second person has approved it as it is.")
    sound(page)
    redaction.refresh_from_db()
    assert redaction.state == State.APPROVED
    assert LogEntry.objects.using("log").latest("index").kind == "redaction.approved"


def passes_the_score(output: Path, drawn: Path) -> None:
    """No other's head shows, and the subject's does."""
    drawn.write_text(truth())
    told = io.StringIO()
    call_command(
        "redaction", "score", "--output", str(output), "--source", str(PEOPLE), "--truth", str(drawn),
        "--subject", SUBJECT, "--reveal", "--json", stdout=told,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(told.getvalue())
    assert figures["pictures"] == max(WALKING["her"]) + 1
    assert figures["heads"]["judged"] > 20
    assert figures["heads_exposed_pct"] == 0, figures["worst"]
    assert figures["subject_visible_pct"] >= 80, figures["worst"]
