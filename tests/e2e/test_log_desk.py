"""The privacy officer at the desk: who watched this camera in these minutes, with three clicks."""

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_holds import sound
from tests.e2e.test_watching import open_viewing

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(180)]

SEOUL = ZoneInfo("Asia/Seoul")
PHONE, DESK = 390, 1440


class Hand:
    """Counts the clicks; typing is free."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, role: str, name: str) -> None:
        self.clicks += 1
        self.page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]

    def type(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key) if key in ("Tab", "Enter") else self.page.keyboard.type(key)


@pytest.fixture
def viewed(person: Callable[..., Page]) -> datetime:
    """The operator has just viewed the lobby; by the site's clocks."""
    open_viewing(person("operator"), "lobby", "2026-118")
    return datetime.now(SEOUL)


def test_who_watched_these_minutes_of_this_camera_takes_three_clicks(
    person: Callable[..., Page], viewed: datetime
) -> None:
    page = person("privacy")
    page.goto("/")
    hand = Hand(page)
    hand.click("link", "Log")
    page.wait_for_url(re.compile("/log/$"))
    hand.click("combobox", "Who saw")
    hand.type("Lobby", "Enter", "Tab")
    hand.type(f"{viewed:%m%d%Y}")
    expect(page.get_by_label("recorded on")).to_have_value(f"{viewed:%Y-%m-%d}")
    page.get_by_label("from", exact=True).fill("00:00")
    page.get_by_label("until", exact=True).fill("23:59")
    hand.click("button", "Ask")
    expect(page.locator(".row__say").first).to_contain_text("Kim Minji")
    assert hand.clicks == 3
    expect(page.locator(".ask .token", has_text="Lobby")).to_be_visible()
    expect(page.locator(".ask__foot b")).to_contain_text("1 person")
    sound(page)


def test_an_entry_says_what_to_ask_next_and_the_desk_reads_well_everywhere(
    person: Callable[..., Page], viewed: datetime
) -> None:
    page = person("privacy")
    page.goto("/log/?kind=:viewings")
    page.locator(".row").first.click()
    expect(page.locator("#e h2")).to_contain_text("Entry")
    sound(page)
    page.get_by_role("link", name="What did Kim Minji see?").click()
    expect(page.locator(".ask .token", has_text="Kim Minji")).to_be_visible()
    page.locator(".ask .token", has_text="any camera").click()

    page.locator("#ask-camera .pick", has_text="Lobby").click()
    expect(page.locator(".ask .token", has_text="Lobby")).to_be_visible()
    page.locator(".ask .token").first.click()
    page.locator("#narrow-kind").fill("refus")
    expect(page.locator("#ask-kind .pick", has_text="refusals")).to_be_visible()
    expect(page.locator("#ask-kind .pick", has_text="viewings")).to_be_hidden()
    sound(page)
    for language in ("ko", "ja"):
        page.context.add_cookies([{"name": "django_language", "value": language, "url": page.url}])
        page.set_viewport_size({"width": PHONE, "height": 900})
        page.goto("/log/?kind=:viewings")
        page.locator(".row").first.click()
        expect(page.locator("#e h2")).to_be_visible()
        sound(page)
