"""All of the application: every page that anybody reaches has no barrier, and a guard needs no mouse."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, Page, Route, expect

from config.demo.plan import PASSWORD
from tests.e2e.conftest import DESK, PHONE
from tests.e2e.test_console_figures import open_room
from tests.servers.lethe import LiveLethe

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300)]

ROLES = ("operator", "approver", "privacy", "auditor", "admin")
# Downloads, and what ends the session or the language.
LEFT_OUT = re.compile(r"logout|\.(csv|pdf|json|txt|jpg|zip)$|/csv/|/pdf/|/media/|/log/public/")
# Pages whose parts stand differently, or are others, on a phone.
OTHER_ON_A_PHONE = {"site", "site-wall", "viewing-new", "camera-day", "stills", "bookmarks"}
PANELS, SHEETS = ("find", "marks", "looks"), {"c": "still", "b": "bookmark", "?": "keys"}
# How much of the room jumps by itself (Cumulative Layout Shift); the mark of who looks is meant to move.
SHIFTS = """new PerformanceObserver((list) => {
  const moved = (entry) => entry.sources.some(({ node }) => !node?.closest?.(".tile__mark"));
  for (const entry of list.getEntries().filter(moved)) window.shifted = (window.shifted ?? 0) + entry.value;
}).observe({ type: "layout-shift", buffered: true })"""
MOST_SHIFT = 0.02
# The seconds at which a tile of this size has its mark elsewhere than over what is seen of its picture.
MARK = """async ([width, height]) => {
  const { Tile } = await import("/static/js/console/tile.js");
  const template = document.getElementById("tile-template");
  const room = { facts: { mark: "Kim Minji 2026-118" }, texts: { picture: "" } };
  const camera = { number: 1, name: "Gate", code: "gate", empty: true };
  const words = { second: () => "10:00:00" };
  const tile = new Tile(room, camera, { template, words, changed: () => {} });
  const place = { position: "fixed", inset: "0", width: `${width}px`, height: `${height}px` };
  Object.assign(tile.element.style, place);
  for (const [name, value] of [["videoWidth", 640], ["videoHeight", 360]])
    Object.defineProperty(tile.video, name, { value });
  document.body.append(tile.element);
  tile.drawTimes(0, "10:00:00");
  const out = [];
  const fit = Math.min(width / 640, height / 360);
  for (let seconds = 0; seconds < 400; seconds += 7) {
    if (seconds === 203) tile.zoom.by(2.5);
    tile.moveMark(seconds);
    const scale = seconds < 203 ? 1 : 2.5;
    const [w, h] = [Math.min(640 * fit * scale, width), Math.min(360 * fit * scale, height)];
    const mark = tile.parts.mark.getBoundingClientRect();
    const [left, top] = [(width - w) / 2, (height - h) / 2];
    const across = mark.left >= left - 1 && mark.right <= left + w + 1;
    const over = across && mark.top >= top - 1 && mark.bottom <= top + h + 1;
    if (!over || mark.width < 40) out.push(seconds);
  }
  tile.element.remove();
  return out;
}"""
FOCUSED = "selector => Boolean(document.activeElement?.matches(selector))"


def test_every_page_that_anybody_reaches_has_no_serious_barrier(person: Callable[..., Page]) -> None:
    seen: set[str] = set()
    problems: list[str] = []
    for role in ROLES:
        page = person(role)
        for address in pages(page, seen):
            problems += barriers(page, f"{role} {address}")
            if kind(address) in OTHER_ON_A_PHONE:
                page.set_viewport_size({"width": PHONE, "height": 844})
                problems += barriers(page, f"{role} {address} on a phone")
                page.set_viewport_size({"width": DESK, "height": 900})
        page.context.close()
    assert not problems, "\n".join(problems)
    assert len(seen) > 45, sorted(seen)
    assert seen >= OTHER_ON_A_PHONE - {"viewing-new"}, sorted(seen)


def barriers(page: Page, where: str, part: str | None = None) -> list[str]:
    """What axe finds serious on the page, or in a part of it."""
    return [
        f"{where}: {item['id']}: {item['nodes'][0]['html'][:160]}"
        for item in Axe().run(page, part, {"resultTypes": ["violations"]}).response["violations"]
        if item["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_room_does_not_jump_and_no_panel_or_sheet_has_a_barrier(
    person: Callable[..., Page], width: int
) -> None:
    page = person("operator", width=width)
    page.route("**/recent.json", many_viewings)
    page.route("**/console/main.js", late)
    page.add_init_script(SHIFTS)
    open_room(page, ["corridor-b", "gate-1"], datetime.now(UTC) - timedelta(minutes=14), 720)
    expect(page.locator(".tile.is-chosen.has-picture")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-act=motion-next]")).to_be_enabled(timeout=20_000)
    shifted = page.evaluate("window.shifted ?? 0")
    print(f"room at {width} px: layout shift {shifted:.3f} (bound {MOST_SHIFT})")
    assert shifted <= MOST_SHIFT
    page.keyboard.press("k")
    marks_the_picture(page)
    page.locator("#timeline [data-row=corridor-b] svg").click(position={"x": 60, "y": 8})
    page.keyboard.press("ArrowUp")  # a press on the timeline leaves the keys as the list of keys has them
    expect(page.locator("[data-transport=speed]")).to_have_text("2×")
    page.keyboard.press("ArrowDown")
    problems: list[str] = []
    for panel in PANELS:
        page.locator(f"#tab-{panel}").click()
        expect(page.locator(f"#panel-{panel} li").first).to_be_visible() if panel == "looks" else None
        problems += barriers(page, f"{panel} at {width} px", "#dock")
    scrolls_by_keyboard(page)
    page.locator("#tab-looks").click()
    for key, sheet in SHEETS.items():
        page.keyboard.press(key)
        expect(page.locator(f"#{sheet}-sheet")).to_be_visible()
        assert page.locator(f"#{sheet}-sheet").evaluate("sheet => sheet.scrollTop") == 0, sheet
        problems += barriers(page, f"{sheet} at {width} px", f"#{sheet}-sheet")
        if sheet == "keys":
            expect(page.locator("#keys-sheet dt kbd").first).to_be_visible()
        page.keyboard.press("Escape")
    assert not problems, "\n".join(problems)


def marks_the_picture(page: Page) -> None:
    """The mark of who looks lies over the picture at any time, not over the bars beside it, zoomed or not."""
    for size in ([300, 520], [700, 130], [390, 219]):
        assert page.evaluate(MARK, size) == [], size


def scrolls_by_keyboard(page: Page) -> None:
    """Tab leads from the list's tab into the list, and an arrow moves it, not the speed."""
    panel = page.locator("#panel-looks")
    tab_to(page, "#panel-looks")
    page.keyboard.press("PageDown")
    page.wait_for_function("() => document.getElementById('panel-looks').scrollTop > 50")
    expect(page.locator("[data-transport=speed]")).to_have_text("1×")
    assert panel.evaluate("each => each.scrollHeight > each.clientHeight")


def many_viewings(route: Route) -> None:
    row = {"when": "14 Nov, 10:00", "text": "Kim Minji opened a viewing of Corridor B for an accident."}
    route.fulfill(json={"everybody": True, "viewings": [row] * 40})


def late(route: Route) -> None:
    """As over a slow line: the page is painted long before its scripts run."""
    route.request.frame.page.wait_for_timeout(800)
    route.continue_()


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
