"""A phone in Japanese: numbers are covered on it, and only the covered picture leaves it."""

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page

from cctv.subjects.identity import papers, recovering
from cctv.subjects.identity.models import CheckState, IdentityPaper
from tests.subjects.identity.sender import Requester, states
from tests.subjects.requests.counter import Counter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
SHOTS = os.environ.get("PORTAL_SHOTS", "")
WIDE, HIGH = 1000, 640
# Two numbers on the card: parts of its width and height.
FIRST, SECOND = (0.1, 0.75, 0.5, 0.85), (0.4, 0.46, 0.6, 0.54)


def card(path: Path) -> Path:
    """A card with two numbers in red, taken by a telephone that lay on its side and knows where it was."""
    made = Image.new("RGB", (WIDE, HIGH), "white")
    pen = ImageDraw.Draw(made)
    for left, top, right, bottom in (FIRST, SECOND):
        pen.rectangle((left * WIDE, top * HIGH, right * WIDE, bottom * HIGH), fill="red")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "37.5665 N 126.9780 E"
    made.rotate(90, expand=True).save(path, "JPEG", quality=95, exif=exif)
    return path


def sound(page: Page, name: str) -> None:
    """No barrier, nothing beyond the edge."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert not [(each["id"], [node["html"] for node in each["nodes"]]) for each in found], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def draw_with_a_finger(page: Page, part: tuple[float, float, float, float]) -> None:
    page.locator("[data-bars]").scroll_into_view_if_needed()
    box = page.locator("[data-bars]").bounding_box()
    assert box
    left, top, right, bottom = part
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in at]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (left - 0.02, top - 0.02))
    touch("touchMove", ((left + right) / 2, (top + bottom) / 2))
    touch("touchMove", (right + 0.02, bottom + 0.02))
    touch("touchEnd")


def cover(page: Page) -> None:
    """The first number by touch, the second by keyboard; what was too much is undone."""
    draw_with_a_finger(page, FIRST)
    assert page.locator(".cover__bar").count() == 1
    page.locator("[data-tool=add]").focus()
    page.keyboard.press("Enter")
    for key in ("ArrowUp", "Shift+ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Control+z")
    page.locator("[data-tool=add]").click()
    page.keyboard.press("Delete")
    assert page.locator(".cover__bar").count() == 2


def is_black(picture: Image.Image, part: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = part
    wide, high = picture.size
    place = picture.convert("L").crop(
        (int(left * wide), int(top * high), int(right * wide), int(bottom * high))
    )
    return place.point(lambda value: 255 if value > 24 else 0).getbbox() is None


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the server was sent, picture by picture."""
    seen: list[bytes] = []
    examine = papers.examine

    def looked(chunks: Any, **where: Any) -> bytes:
        seen.append(b"".join(chunks))
        return examine([seen[-1]], **where)

    monkeypatch.setattr(papers, "examine", looked)
    return seen


def phone(chromium: Browser, requester: Requester, url: str, **options: Any) -> Page:
    """A telephone on which the request is open."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja", **options)
    jar = requester.client.cookies.items()
    context.add_cookies([{"name": name, "value": each.value, "url": url} for name, each in jar])
    page = context.new_page()
    page.set_default_timeout(8000)
    return page


def test_numbers_are_covered_on_the_phone_and_only_the_covered_picture_leaves_it(
    counter: Counter, chromium: Browser, live_server: Any, tmp_path: Path, came: list[bytes]
) -> None:
    page = phone(chromium, Requester(counter), live_server.url, has_touch=True, device_scale_factor=2)
    page.goto(f"{live_server.url}/portal/identity/")
    page.set_input_files("#picture", card(tmp_path / "card.jpg"))
    page.wait_for_selector("[data-editor]:not([hidden])")
    page.locator("[data-send]").click()
    page.wait_for_function("document.querySelector('[data-told]').textContent")  # nothing is covered yet
    cover(page)
    sound(page, "cover")
    page.locator("[data-send]").click()
    page.wait_for_selector(".confirm")
    sound(page, "sent")
    assert states() == [CheckState.SHOWN]
    assert len(came) == 1
    kept = Image.open(BytesIO(came[0]))
    assert kept.size == (WIDE, HIGH)
    assert is_black(kept, FIRST)
    assert is_black(kept, SECOND)
    assert not is_black(kept, (0.7, 0.1, 0.9, 0.3))
    assert not kept.getexif()
    assert b"37.5665" not in came[0]
    page.context.close()


def test_without_script_a_plain_picture_is_sent_and_a_new_secret_shown(
    counter: Counter, chromium: Browser, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovering, "EVEN_S", 0.0)
    requester = Requester(counter)
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="ja", java_script_enabled=False
    )
    page = context.new_page()
    page.set_default_timeout(8000)
    page.goto(f"{live_server.url}/portal/open/")
    page.locator("main a.quiet").click()
    page.fill("#reference", requester.reference)
    page.locator("main .btn").first.click()
    assert requester.reference in page.content()
    page.locator("main .btn").first.click()
    page.set_input_files("#picture", card(tmp_path / "card.jpg"))
    page.locator("main .btn").first.click()
    page.wait_for_selector(".confirm")
    assert states() == [CheckState.SHOWN]
    assert IdentityPaper.objects.get().check_row.for_secret
    page.context.close()
