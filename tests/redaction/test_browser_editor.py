"""The editor in a real browser: who stays visible, a box put right, a doubt settled, a cover drawn, sent on.

With the keyboard alone; by mouse it is part of the story up to an approved result (test_browser_story).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, Locator, Page, expect

from cctv.people.models import Account
from cctv.redaction.models import Redaction
from tests.footage.conftest import Room
from tests.redaction.editing.conftest import Desk, desk, room

__all__ = ["desk", "room"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]

Enter = Callable[..., Page]


@pytest.fixture
def enter(live_server: Any, chromium: Browser) -> Iterator[Enter]:
    """Signs somebody in (the operator) and gives a page; whatever its scripts stumble over fails the test."""
    opened: list[Any] = []
    problems: list[str] = []

    def begin(room: Room, account: Account | None = None) -> Page:
        context = chromium.new_context(
            viewport={"width": 1440, "height": 900}, locale="en", base_url=live_server.url
        )
        opened.append(context)
        name = settings.SESSION_COOKIE_NAME
        cookie = room.client(account or room.operator).cookies[name].value
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


def keeps_a_place_for_the_camera(page: Page) -> None:
    press(page, "m", "Enter")
    said(page, "Covered throughout.")
    page.locator("[data-act=keep-mask]:visible").focus()
    press(page, "Enter")
    expect(page.locator("#keep-sheet")).to_contain_text("Keep it for this camera")
    press(page, "Enter")
    said(page, "Every redaction of this camera covers this place")
    expect(page.locator("[data-edit=covers] li")).to_have_count(3)  # the camera's own is listed, and stays
    expect(page.locator("[data-act=uncover]:visible")).to_have_count(2)
    sound(page)


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
    keeps_a_place_for_the_camera(page)
    press(page, "r")
    expect(page.locator("#send-sheet")).to_be_visible()
    press(page, "Enter")
    said(page, "It is being rendered.")
    made = [kind for kind, stands in kinds(desk.redaction) if stands]
    assert made == ["subject", "subject", "role", "cover", "cover", "mask"]


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
