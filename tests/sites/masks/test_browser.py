"""Masks drawn in a real browser: by mouse, by keyboard and by numbers."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from cctv.sites.models import Camera
from tests.people.cast import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "log"])]
PHONE = 390


@pytest.fixture
def page(chromium: Browser, live_server: Any, cast: Cast, vault_ready: Any) -> Any:
    """The page of the gate's masks, on a telephone."""
    context = chromium.new_context(
        viewport={"width": PHONE, "height": 1400}, locale="en", base_url=live_server.url
    )
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto("/accounts/login/?next=/register/cameras/gate/masks/")
    page.fill("[name=login]", cast.administrator.email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/masks/")
    yield page
    context.close()
    assert problems == []


def drag(page: Page, *places: tuple[float, float]) -> None:
    box = page.locator("#canvas").bounding_box()
    assert box
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def numbers(page: Page) -> list[float]:
    return [float(field.input_value()) for field in page.locator("#fields input").all()]


def test_a_mask_is_drawn_with_mouse_keys_and_numbers_and_saved(page: Page) -> None:
    drag(page, (0.2, 0.2), (0.3, 0.3), (0.6, 0.7))
    assert numbers(page) == pytest.approx([20, 20, 60, 20, 60, 70, 20, 70], abs=1)
    drag(page, (0.6, 0.2), (0.8, 0.1))  # a point
    drag(page, (0.2, 0.45), (0.1, 0.45))  # between two
    assert numbers(page) == pytest.approx([20, 20, 80, 10, 60, 70, 20, 70, 10, 45], abs=1)
    before = numbers(page)
    page.locator(".masks__point").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    assert numbers(page)[2:4] == pytest.approx([before[2] - 1, before[3] + 0.1], abs=0.01)
    page.keyboard.press("Insert")
    assert page.evaluate("document.activeElement.dataset.point") == "2"
    page.keyboard.press("Delete")
    page.locator("#fields input").first.fill("15.25")
    page.keyboard.press("Tab")
    page.click("[data-do=mask]")
    page.click("[data-do=undo]")
    assert len(numbers(page)) == 10
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    violations = Axe().run(page).response["violations"]
    assert [each["id"] for each in violations if each["impact"] in ("serious", "critical")] == []
    page.locator("#fields select").first.select_option("copies")
    page.click("[data-do=mask]")
    page.click("[data-do=undo]")  # what is brought back holds where it did
    page.locator("#fields input").first.press("Enter")
    page.wait_for_url("**/register/cameras/gate/")
    (kept,) = Camera.objects.get(code="gate").privacy_masks
    saved = kept["copies"]
    assert (len(saved), saved[0][0]) == (5, 0.1525)
