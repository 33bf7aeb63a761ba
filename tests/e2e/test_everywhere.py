"""All of the application: every page that anybody reaches has no barrier, and a guard needs no mouse."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, Page, expect

from config.demo.plan import PASSWORD
from tests.servers.lethe import LiveLethe

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300)]

ROLES = ("operator", "approver", "privacy", "auditor", "admin")
# Downloads, and what ends the session or the language.
LEFT_OUT = re.compile(r"logout|\.(csv|pdf|json|txt|jpg|zip)$|/csv/|/pdf/|/media/|/log/public/")
FOCUSED = "selector => Boolean(document.activeElement?.matches(selector))"


def test_every_page_that_anybody_reaches_has_no_serious_barrier(person: Callable[..., Page]) -> None:
    seen: set[str] = set()
    problems: list[str] = []
    for role in ROLES:
        page = person(role)
        for address in pages(page, seen):
            found = Axe().run(page).response["violations"]
            problems += [
                f"{role} {address}: {item['id']}: {item['nodes'][0]['html'][:160]}"
                for item in found
                if item["impact"] in ("serious", "critical")
            ]
        page.context.close()
    assert not problems, "\n".join(problems)
    assert len(seen) > 45, sorted(seen)


def pages(page: Page, seen: set[str]) -> Iterator[str]:
    """Follow links; one page of each kind, as the address resolver tells them apart."""
    waiting = ["/sites/"]
    waiting += page.eval_on_selector_all("a[href]", "all => all.map((each) => each.href)")
    while waiting:
        address = urlsplit(waiting.pop(0))
        name = kind(address.path)
        if not name or name in seen or LEFT_OUT.search(address.path):
            continue
        seen.add(name)
        answer = page.goto(f"{address.path}?{address.query}" if address.query else address.path)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.status < 400, (address.path, answer.status)
        yield address.path
        waiting += page.eval_on_selector_all("a[href]:not([download])", "all => all.map((each) => each.href)")


def kind(path: str) -> str:
    """The name of the view that answers the path; "" for what is not ours."""
    try:
        return resolve(path).view_name or ""
    except Resolver404:
        return ""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _press in range(120):
        if page.evaluate(FOCUSED, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def test_the_whole_flow_works_with_the_keyboard_alone(demo: LiveLethe, chromium: Browser) -> None:
    """Sign in, find a stretch on the timeline, say why, watch, step, keep a still, close: no mouse."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en", base_url=demo.url)
    page = context.new_page()
    page.goto("/")
    tab_to(page, "[name=login]")
    page.keyboard.type("operator@demo.lethe")
    tab_to(page, "[name=password]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/sites/$"))
    tab_to(page, "a.card__link")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/sites/[a-z]+/$"))
    choose_a_stretch(page)
    tab_to(page, "button[data-pick-go].btn--primary")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Why do you need these pictures?")).to_be_visible()
    page.wait_for_load_state("networkidle")  # the digits are a script's
    page.keyboard.press("1")
    tab_to(page, "[name=case]")
    page.keyboard.type("2026-7")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/viewings/"))
    watch(page)
    tab_to(page, ".sessionbar form[action$='/close/'] button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="This viewing is closed")).to_be_visible()
    expect(page.get_by_role("heading", name="Stills kept")).to_be_visible()
    context.close()


def choose_a_stretch(page: Page) -> None:
    """The last minutes of the first camera, by the keys of its row; the second one is ticked."""
    tab_to(page, "#timeline [role=slider]")
    page.keyboard.press("End")
    for _step in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("[data-pick-say]")).to_contain_text("1 camera, ")
    page.keyboard.press("Shift+Tab")
    tab_to(page, "#timeline input[type=checkbox]:not(:checked)")
    page.keyboard.press("Space")
    expect(page.locator("[data-pick-say]")).to_contain_text("2 cameras, ")


def watch(page: Page) -> None:
    """Play, pause, a frame on and back, faster, the other camera, a still with its reason."""
    now = page.locator(".transport .now")
    expect(now).to_have_text(re.compile(r"\d:\d\d"), timeout=20_000)
    first = now.text_content() or ""
    expect(now).not_to_have_text(first, timeout=20_000)  # it plays, beyond what was not recorded
    page.wait_for_timeout(1500)
    page.keyboard.press("k")
    page.wait_for_timeout(500)  # all tiles come to the same frame
    paused = now.text_content() or ""
    page.keyboard.press(".")
    expect(now).not_to_have_text(paused)
    page.keyboard.press(",")
    expect(now).to_have_text(paused)
    page.keyboard.press("2")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.type("the parcel")
    page.keyboard.press("Enter")
    expect(page.locator("[data-transport=notice]")).to_contain_text("is kept, sealed")
