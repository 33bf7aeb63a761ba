"""A phone, three languages: from the start to the receipt and the request's own page."""

import os
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from cctv.sites.models import Camera
from cctv.subjects.portal import wizard_views
from cctv.subjects.requests.models import SubjectRequest
from tests.subjects.requests.counter import DAY, Counter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
SHOTS = os.environ.get("PORTAL_SHOTS", "")

REST = ("status/", "identity/", "lost/", "status/write/", "status/withdraw/", "slip/", "open/", "cameras/",
        "privacy/", "cookies/", "accessibility/", "no-harvesting/", "contact/", "not-there/")  # fmt: skip
# What reaches beyond its own box where nobody can scroll to it.
CUT_OFF = """() => [...document.querySelectorAll("main *, header *, footer *")].filter(each => {
    const box = each.getBoundingClientRect();
    return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1) && !each.closest(".vh, .away");
}).map(each => each.outerHTML.slice(0, 200))"""


class Walk:
    """One person's way; every page is looked at."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.seen = 0

    def sound(self) -> None:
        """No barrier at all, nothing beyond the edge."""
        self.seen += 1
        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/{self.name}-{self.seen:02}.png", full_page=True)
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        said = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
        assert not said, self.page.url
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url
        assert self.page.evaluate(CUT_OFF) == [], self.page.url

    def go(self) -> None:
        """Enter, as it is pressed on a phone's keyboard; then the next page is looked at."""
        self.page.locator("main button[value=next]").last.click()
        self.sound()


def what_and_where(walk: Walk, camera: Camera) -> None:
    """The first questions, the first of them wrongly first."""
    page = walk.page
    walk.sound()
    page.locator("main .btn").first.click()
    walk.sound()
    walk.go()  # nothing chosen: the error
    for value in ("copy", "person"):
        page.locator(f"input[value={value}]").check()
        walk.go()
    if "/site/" in page.url:
        page.locator(f"input[value={camera.site.code}]").check()
        walk.go()
    page.locator("input[value=unknown]").check()
    walk.go()


def at_what_time(walk: Walk, start: datetime) -> None:
    """An end before its start, then a right one."""
    page, end = walk.page, start + timedelta(minutes=5)
    numbers = {
        "y": start.year, "m": start.month, "d": start.day, "fh": start.hour, "fm": start.minute,
        "th": max(0, start.hour - 1), "tm": end.minute,
    }  # fmt: skip
    for name, value in numbers.items():
        page.fill(f"#{name}", str(value))
    page.locator("input[value=about]").check()
    walk.go()  # ends before it begins: the error
    page.fill("#th", str(end.hour))
    walk.go()


def who_and_why(walk: Walk) -> None:
    """The rest; the last with Enter, whose button is "Continue" and no language."""
    page = walk.page
    page.locator("input[value=self]").check()
    walk.go()
    page.fill("#looks", "黄色いレインコート <script>alert(1)</script>")
    walk.go()
    page.fill("#reason", "傘をとられました。")
    walk.go()
    page.fill("#name", "ユン・ソハ")
    page.fill("#phone", "080-0000-0147")
    page.keyboard.press("Enter")
    page.wait_for_url("**/portal/ask/check/**")
    walk.sound()


def way_back_and_send(walk: Walk) -> None:
    """The browser's own way back shows the question; forward again, and sent."""
    page = walk.page
    page.go_back()
    page.wait_for_selector("#name")
    page.go_forward()
    page.locator("input#true").check()
    page.locator("main button[value=next]").last.click()
    page.wait_for_url("**/portal/receipt/")
    walk.sound()


class Bare(Walk):
    """A browser without script, in which axe cannot look."""

    def sound(self) -> None:
        """Only that a page is there."""
        assert self.page.locator("main h1").count() == 1, self.page.url


def all_questions(walk: Walk, server: str, camera: Camera, start: datetime) -> None:
    """From the start to the receipt."""
    walk.page.goto(f"{server}/portal/")
    what_and_where(walk, camera)
    at_what_time(walk, start.astimezone(ZoneInfo(camera.site.time_zone)))
    who_and_why(walk)
    way_back_and_send(walk)


# A phone and a screen whose letters are twice as large: half as many points lie side by side.
@pytest.mark.parametrize(
    ("language", "width", "scale"), [("ja", 390, 1), ("ko", 195, 2), ("en", 720, 2)],
)  # fmt: skip
def test_somebody_asks_on_a_phone_and_meets_no_barrier(
    counter: Counter, chromium: Browser, live_server: Any, language: str, width: int, scale: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sealed = counter.court.yard.segment(expires_in=DAY)
    monkeypatch.setattr(wizard_views, "QUICKEST", timedelta(0))  # the clock stands
    context = chromium.new_context(
        viewport={"width": width, "height": 844 // scale}, device_scale_factor=scale, locale=language,
        color_scheme="dark" if language == "ko" else "light",
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(8000)
    walk = Walk(page, f"{language}-{width}")
    all_questions(walk, live_server.url, sealed.row.camera, sealed.row.starts_at)
    for path in REST:
        page.goto(f"{live_server.url}/portal/{path}")
        walk.sound()
    assert SubjectRequest.objects.count() == 1
    context.close()


def test_without_script_somebody_asks_and_follows_the_request(
    counter: Counter, chromium: Browser, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = counter.court.yard.segment(expires_in=DAY)
    monkeypatch.setattr(wizard_views, "QUICKEST", timedelta(0))
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(8000)
    all_questions(Bare(page, "bare"), live_server.url, sealed.row.camera, sealed.row.starts_at)
    reference, secret = (page.locator(".keybox dd").nth(at).inner_text() for at in (0, 1))
    page.goto(f"{live_server.url}/portal/status/")
    page.locator("form[action$='/close/'] button").click()
    page.goto(f"{live_server.url}/portal/open/")
    page.fill("#reference", reference)
    page.fill("#secret", secret)
    page.locator("main .btn").first.click()
    page.wait_for_url("**/portal/status/")
    assert reference in page.inner_text("main")
    context.close()
