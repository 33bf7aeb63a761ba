"""The editor in a real browser: who stays visible, a box put right, a doubt settled, a cover drawn, sent on.

Once by mouse on a recording of people, which the computer has looked at; once with the keyboard alone.
"""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, Locator, Page, expect

from cctv.ingest.services import admit
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.rendering import work
from tests.footage.conftest import Room
from tests.redaction.editing.conftest import Desk, desk, kinds_logged, room

__all__ = ["desk", "room"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]

PEOPLE = Path(__file__).parents[2] / "config/demo/media/face-demographics-walking.mp4"
Enter = Callable[[Room], Page]


@pytest.fixture
def enter(live_server: Any, chromium: Browser) -> Iterator[Enter]:
    """Signs the operator in and gives a page; whatever its scripts stumble over fails the test."""
    opened: list[Any] = []
    problems: list[str] = []

    def begin(room: Room) -> Page:
        context = chromium.new_context(
            viewport={"width": 1440, "height": 900}, locale="en", base_url=live_server.url
        )
        opened.append(context)
        name = settings.SESSION_COOKIE_NAME
        cookie = room.client(room.operator).cookies[name].value
        context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])
        page: Page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield begin
    for context in opened:
        context.close()
    assert not problems, problems


def sound(page: Page) -> None:
    """Axe finds nothing serious, and nothing is wider than the screen."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not [(each["id"], [node["html"] for node in each["nodes"]]) for each in grave]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def middle(box: Locator) -> tuple[float, float]:
    place = box.bounding_box()
    assert place is not None
    return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0] / 2, start[1] + by[1] / 2)
    page.mouse.move(start[0] + by[0], start[1] + by[1])
    page.mouse.up()


def said(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("[data-transport=notice]")).to_contain_text(text)


def frame(page: Page) -> int:
    return int(page.locator("[data-rows=slider]").get_attribute("aria-valuenow") or -1)


def kinds(redaction: Redaction) -> list[tuple[str, bool]]:
    """The decisions as they lie in the database: kind, and whether it stands."""
    return [(edit.kind, not edit.undone) for edit in redaction.edits.order_by("number")]


def test_a_person_is_picked_a_box_put_right_and_the_clip_sent_to_review(room: Room, enter: Enter) -> None:
    admission = admit(
        camera=room.yard, starts_at=room.starts_at, origin="import", original_name="people",
        stream=io.BytesIO(PEOPLE.read_bytes()),
    )  # fmt: skip
    assert admission.segment is not None, admission.reason
    session = room.open(room.yard, seconds=4)
    page = enter(room)
    page.goto(f"/viewings/{session.pk}/redact/")
    page.get_by_role("button", name=re.compile("^Begin")).click()
    page.wait_for_url(re.compile("/redactions/RD-[0-9-]+/edit/"))
    expect(page.locator("[data-edit=work]")).to_contain_text("Looking for people")
    expect(page.get_by_role("button", name="Send to review")).to_be_disabled()
    work.work_due()
    said(page, "The computer has looked")
    redaction = Redaction.objects.get()
    assert redaction.state == State.EDITING

    steps_through_the_frames(page)
    picks_the_subject(page)
    puts_a_box_right(page, redaction)
    sound(page)
    settles_a_doubt(page)
    draws_a_cover(page)
    shows_it_as_it_will_leave(page)
    sound(page)
    press(page, "r")
    page.locator("#send-sheet").get_by_role("button", name=re.compile("^Send to review")).click()
    expect(page.locator("[data-edit=work]")).to_contain_text("Rendering")
    redaction.refresh_from_db()
    assert (redaction.state, redaction.work) == (State.RENDERING, Work.RENDER)
    assert kinds_logged()[:2] == ["redaction.begun", "redaction.opened"]
    assert kinds_logged()[-1] == "redaction.submitted"


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
    page.mouse.click(*middle(found.last.locator(".box__shape")))
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
    drag(page, before, (40, 12))
    expect(page.locator("[data-edit=saved]")).to_have_text(re.compile("^Saved"))
    expect.soft(page.locator("[data-edit=undo]")).to_be_enabled()
    moved = middle(box)
    assert moved[0] - before[0] > 20
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


def test_everything_is_done_with_the_keyboard_alone(desk: Desk, enter: Enter) -> None:
    page = enter(desk.room)
    page.goto(f"/redactions/{desk.redaction.number}/edit/?viewing={desk.session.pk}")
    expect(page.locator(".tile.has-picture")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-role-of]")).not_to_have_count(0)

    press(page, "?")
    expect(page.locator("#keys-sheet")).to_contain_text("Next doubtful moment")
    press(page, "Escape")
    number = page.locator("[data-role-of]").first.get_attribute("data-role-of") or ""
    press(page, "s", number)
    said(page, "The subject is set.")
    press(page, "e", "Shift+ArrowRight", "ArrowDown", "Alt+ArrowDown", "Enter")
    expect(page.locator("[data-box=subject]")).to_be_focused()
    expect(page.locator("[data-act=redo]")).to_be_disabled()
    others = page.locator("[data-box^=track]")
    other = (others.last.get_attribute("data-box") or "").split()[1]
    press(page, "Escape", other, "b")
    said(page, f"Track {other}: Manual")
    press(page, "Escape", "g", "Enter")
    expect(page.locator("[data-box^=cover]")).to_be_focused()
    press(page, "Escape", ".", "]")
    said(page, "It ends at")
    press(page, "Delete")
    said(page, "Removed.")
    press(page, "Control+z")
    expect(page.locator("[data-edit=covers] li")).to_have_count(1)
    press(page, "r")
    expect(page.locator("#send-sheet")).to_be_visible()
    press(page, "Enter")
    said(page, "It is being rendered.")
    made = [kind for kind, stands in kinds(desk.redaction) if stands]
    assert made == ["subject", "subject", "role", "cover", "cover"]


def test_somebody_elses_change_is_shown_and_the_place_is_kept(desk: Desk, enter: Enter) -> None:
    page = enter(desk.room)
    page.goto(f"/redactions/{desk.redaction.number}/edit/?viewing={desk.session.pk}")
    expect(page.locator(".tile.has-picture")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-role-of]")).not_to_have_count(0)
    press(page, "ArrowRight")
    expect(page.locator("[data-rows=slider]")).not_to_have_attribute("aria-valuenow", "0")
    here = frame(page)
    assert desk.decide("style", style="blur").status_code == 200
    number = page.locator("[data-role-of]").last.get_attribute("data-role-of") or ""
    page.locator(f"[data-role-of='{number}'] [value=show]").check(force=True)
    said(page, "Somebody else changed this redaction meanwhile.")
    expect(page.locator("[data-edit=style]")).to_have_value("blur")
    expect(page.locator(f"[data-role-of='{number}'] [value=hide]")).to_be_checked()
    assert frame(page) == here
    assert [kind for kind, _stands in kinds(desk.redaction)] == ["style"]
