"""A phone, three languages: from the start to the receipt and the request's own page."""

import os
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

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
        "privacy/", "cookies/", "accessibility/", "no-harvesting/", "contact/")  # fmt: skip


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

    def go(self) -> None:
        """Enter, as it is pressed on a phone's keyboard; then the next page is looked at."""
        self.page.locator("main button[value=next]").last.click()
        self.sound()


def what_and_where(walk: Walk, camera: Any) -> None:
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


@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [("ja", 390, False), ("ko", 390, True), ("en", 1440, False), ("en", 320, True)],
)
def test_somebody_asks_on_a_phone_and_meets_no_barrier(
    counter: Counter,
    chromium: Browser,
    live_server: Any,
    language: str,
    width: int,
    dark: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sealed = counter.court.yard.segment(expires_in=DAY)
    monkeypatch.setattr(wizard_views, "QUICKEST", timedelta(0))  # the clock stands
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, locale=language, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.set_default_timeout(8000)
    walk = Walk(page, f"{language}-{width}")
    page.goto(f"{live_server.url}/portal/")
    what_and_where(walk, sealed.row.camera)
    at_what_time(walk, sealed.row.starts_at.astimezone(ZoneInfo(sealed.row.camera.site.time_zone)))
    who_and_why(walk)
    way_back_and_send(walk)
    for path in REST:
        page.goto(f"{live_server.url}/portal/{path}")
        walk.sound()
    assert SubjectRequest.objects.count() == 1
    context.close()
