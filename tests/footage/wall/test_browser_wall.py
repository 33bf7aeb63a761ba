"""The wall in a browser: it renews itself while it is seen, says when it cannot, and nothing on it jumps."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cctv.core import clock
from tests.footage.wall.rows import record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DUE = "window.htmx.trigger(document.getElementById('wall'), 'wall:due')"
HIDDEN = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s})"
SHIFTS = """() => { window.shifted = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: false }); }"""
PAGES = ("/sites/", "/sites/seoul/wall/", "/sites/seoul/health/", "/sites/seoul/cameras/lobby/health/")


@pytest.fixture
def guard(chromium: Browser, live_server: Any, cast: Any, vault_ready: Any, sign_in: Any) -> BrowserContext:
    cache.clear()
    now = clock.now()
    record(cast.gate, now - 20 * HOUR, now - MINUTE, every=HOUR, clock_skew_ms=-9000)
    record(cast.lobby, now - 20 * HOUR, now - 2 * HOUR, every=HOUR, source_audio="aac")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=live_server.url)
    name = settings.SESSION_COOKIE_NAME
    value = sign_in(cast.operator).cookies[name].value
    context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
    return context


def renewed(page: Page) -> None:
    with page.expect_response(lambda answer: "live=" in answer.url):
        page.evaluate(DUE)


def test_the_wall_renews_itself_while_it_is_seen(guard: BrowserContext, cast: Any) -> None:
    page = guard.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto("/sites/seoul/")
    assert "every 15s" in str(page.locator("#wall").get_attribute("hx-trigger"))
    first = page.locator(".wall__table tbody tr").first
    expect(first).to_contain_text("Lobby")
    expect(first).to_contain_text("Silent")
    page.locator("#wall-gate").focus()
    page.evaluate(SHIFTS)
    renewed(page)
    assert page.evaluate("document.activeElement.id") == "wall-gate"
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifted") < 0.001
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(HIDDEN % "true")
    page.evaluate(DUE)
    page.wait_for_timeout(150)
    assert not asked, "a hidden wall asks for nothing"
    record(cast.lobby, clock.now() - 10 * MINUTE, clock.now() - MINUTE)
    page.evaluate(HIDDEN % "false")
    with page.expect_response(lambda answer: "live=site" in answer.url):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".wall__table tbody tr").first).to_contain_text("Gate 1")
    expect(page.locator("#wall-title")).to_contain_text("1 camera needs somebody")
    assert not problems, problems
    guard.close()


def test_a_wall_that_cannot_be_renewed_says_so_and_leads_to_the_sign_in(guard: BrowserContext) -> None:
    page = guard.new_page()
    page.goto("/sites/seoul/wall/")
    expect(page.get_by_role("heading", name="2 cameras need somebody")).to_be_visible()
    assert page.locator("nav, img").count() == 0
    stale = page.locator("#wall-stale")
    guard.set_offline(True)
    page.evaluate(DUE)
    expect(stale).to_be_visible()
    guard.set_offline(False)
    renewed(page)
    expect(stale).to_be_hidden()
    guard.clear_cookies()
    page.evaluate(DUE)
    page.wait_for_url("**/accounts/login/**")
    assert "next=" in page.url
    guard.close()


def test_wall_and_health_are_sound_on_a_desk_and_a_phone(guard: BrowserContext) -> None:
    page = guard.new_page()
    for width, scheme in ((1440, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for address in PAGES:
            page.goto(address)
            found = Axe().run(page).response["violations"]
            assert not [(each["id"], [node["target"] for node in each["nodes"]]) for each in found], address
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
                address,
                width,
            )
    guard.close()
