"""A guard holds what she is looking at in two clicks, and an approver decides on it."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.test_watching import open_viewing

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(180)]

PHONE = 390
CASE = "2026-990"


def sound(page: Page) -> None:
    """Nothing that axe finds, and nothing wider than the screen."""
    found = Axe().run(page).response["violations"]
    assert not [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def give_password(page: Page) -> None:
    """Confirm it where it is asked for; what was asked for before then happens."""
    if "reauthenticate" in page.url:
        page.fill("[name=password]", "lethe-demo-2026")
        page.keyboard.press("Enter")


def test_from_a_viewing_to_a_confirmed_hold_that_plays(person: Callable[..., Page]) -> None:
    guard = person("operator")
    open_viewing(guard, "corridor-b", CASE)
    with guard.context.expect_page() as opened:
        guard.get_by_role("link", name="Hold", exact=True).click()
    form = opened.value
    sound(form)
    expect(form.locator("[name=case]")).to_have_value(CASE)
    expect(form.locator("[name=camera][value=corridor-b]")).to_be_checked()
    if not form.locator("[name=reason]").input_value():
        form.fill("[name=reason]", "somebody fell")
    form.get_by_role("button", name="Hold footage").click()
    expect(form.get_by_text("It waits for an approver")).to_be_visible()
    sound(form)
    number = form.url.rstrip("/").rpartition("/")[2]
    expect(guard.locator(".tile video")).to_be_visible()  # the viewing goes on in its own window

    approver = person("approver", width=PHONE)
    approver.goto("/holds/")
    sound(approver)
    approver.get_by_role("link", name=number).click()
    sound(approver)
    approver.get_by_role("button", name="Confirm the hold").click()
    give_password(approver)
    expect(approver.get_by_text("In force", exact=True)).to_be_visible()

    form.reload()
    form.get_by_role("button", name="Continue").click()
    expect(form.get_by_text(f"Opened from {number}")).to_be_visible()
    form.wait_for_load_state()  # from then on the sheet hears keys
    form.keyboard.press("1")
    expect(form.locator("[name=purpose]").first).to_be_checked()
    form.keyboard.press("Enter")
    form.wait_for_url(re.compile("/viewings/"))
    form.wait_for_function("() => document.querySelector('.tile video')?.readyState >= 2")
    form.close()


def test_releasing_asks_for_the_password_and_says_what_it_ends(person: Callable[..., Page]) -> None:
    approver = person("approver")
    approver.goto("/holds/")
    approver.locator("#standing ~ * a, section[aria-labelledby=standing] table a").first.click()
    number = approver.url.rstrip("/").rpartition("/")[2]
    approver.get_by_role("link", name="Release").click()
    give_password(approver)
    expect(approver.get_by_role("heading", name=f"Release {number}")).to_be_visible()
    sound(approver)
    approver.get_by_role("link", name="Cancel").click()
    expect(approver.get_by_text("In force", exact=True)).to_be_visible()
