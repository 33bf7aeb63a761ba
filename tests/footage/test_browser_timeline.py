"""The timeline in a real browser: round times on the site's own clocks, quick to draw, for hand and key."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from cctv.footage.models import ViewingSession
from tests.footage.conftest import Room

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
SCRIPTS = "/static/js/console"
AT_END = "line.caret = line.pick.to;"
DAY_MS, HOUR_MS = 86_400_000, 3_600_000

# The labels of a scale of seven hours on 700 px, as the language writes them.
LABELS = """async ([zone, start, hours, names]) => {
  const { ticks, stepFor } = await import("/static/js/console/timeline/scale.js");
  const { Words } = await import("/static/js/console/timeline/words.js");
  const [from, to] = [Date.parse(start), Date.parse(start) + hours * 3600000];
  const { major } = stepFor(to - from, 100 * hours);
  const words = new Words(zone, { names });
  const found = ticks(from, to, 100 * hours, zone).filter((tick) => tick.major);
  const even = found.every((tick) => (tick.at - from) % 1800000 === 0);
  return [found.map((tick) => words.tick(tick, major)), even];
}"""

MODULES = """async () => {
  const spans = await import("/static/js/console/timeline/spans.js");
  const { momentOf, momentsOf, fieldWall, fieldText } = await import("/static/js/console/timeline/zone.js");
  const { within, zoomed, monthAround } = await import("/static/js/console/timeline/view.js");
  const facts = { from: 1000000, to: 1100000, resolution_ms: 1000, now: 1100000, zone: "UTC" };
  const lists = { recorded: [5, 10, 2, 3], gaps: [15, 2], off: [], extra: [6, 1], held: [8, 2] };
  const ends = { expiring: [], restricted: [], destroyed_before: 1003000, first: 1005000, last: 1020000 };
  const gate = spans.decodeAnswer({ ...facts, cameras: { gate: { ...lists, ...ends } } }).cameras.get("gate");
  const skipped = fieldWall("2026-03-29T02:30:00");
  const view = { from: Date.parse("2026-11-14T00:00Z"), to: Date.parse("2026-11-14T01:00Z") };
  const wall = fieldWall("2026-10-25T02:30");
  const earlier = { from: view.from - 31 * 86400000, to: view.to - 31 * 86400000 };
  const bounds = { from: 0, to: 100 * 3600000 };
  return {
    decoded: [...gate.recorded],
    states: [1002000, 1004000, 1005000, 1006500, 1008000, 1010000, 1015500, 1020000].map(
      (ms) => spans.stateAt(gate, ms).state),
    gap: spans.stateAt(gate, 1015500),
    edges: [spans.nextEdge(gate, 1010000, 1), spans.nextEdge(gate, 1005000, -1)],
    total: spans.total(gate.recorded, 1010000, 1018000),
    boxes: spans.boxes(gate.recorded, { from: 1000000, to: 1020000 }, 100),
    tiny: spans.boxes([1000000, 1000001, 1000200, 1000300], { from: 1000000, to: 2000000 }, 100),
    grips: [9, 12, 50, 88, 93, 120].map((x) => spans.grip(x, 10, 90, 5)),
    twice: momentsOf(wall, "Europe/Berlin").map((ms) => new Date(ms).toISOString()),
    ends: [false, true].map((last) => fieldText(momentOf(skipped, "Europe/Berlin", last), "UTC")),
    nonsense: Number.isNaN(momentOf(fieldWall("soon"), "Europe/Berlin")),
    kept: [within(-5, 3600000, bounds), zoomed({ from: 0, to: 3600000 }, 0.5, 900000, bounds)],
    months: [view, earlier, { from: view.to - 31 * 86400000, to: view.to }].map(
      (each) => Object.values(monthAround(each, Date.parse("2026-11-14T05:00Z"), "Asia/Seoul")).map(
        (ms) => new Date(ms).toISOString())),
  };
}"""

# Sixteen cameras that record every other hour of a month: drawn, moved, drawn again.
REDRAW = """async (codes) => {
  const { mountTimeline } = await import("/static/js/console/timeline.js");
  const { textsOf } = await import("/static/js/console/timeline/words.js");
  const place = document.createElement("div");
  place.className = "tl";
  document.querySelector("main").append(place);
  const now = Date.now();
  const line = mountTimeline(place, {
    url: "/sixteen.json", zone: "Asia/Seoul", starts: now - 30 * 86400000, ends: now, now,
    cameras: codes.map((code) => ({ code, name: code })),
    texts: textsOf(document.getElementById("timeline-texts")),
  });
  while (!line.feed.fine.data) await new Promise((done) => setTimeout(done, 20));
  const times = [];
  for (let i = 0; i < 40; i += 1) {
    line.moveBy((i % 2 ? 1 : -1) * 3600000);
    const started = performance.now();
    line.drawNow();
    times.push(performance.now() - started);
    place.getBoundingClientRect();
  }
  const shapes = [...place.querySelectorAll(".f-recorded")].map((path) => path.getAttribute("d").length);
  line.destroy();
  place.remove();
  times.sort((a, b) => a - b);
  return { quickest: times[0], median: times[20], slowest: times.at(-1), shapes };
}"""


def test_scales_and_states_are_right_on_days_when_the_clocks_change(
    chromium: Browser, live_server: Any, room: Room
) -> None:
    page = chromium.new_page()
    page.goto(f"{live_server.url}/accounts/login/")
    spring, autumn = "2026-03-28T23:00:00Z", "2026-10-24T22:00:00Z"
    told = {
        key: page.evaluate(LABELS, [zone, start, 7, names])
        for key, zone, start, names in (
            ("spring", "Europe/Berlin", spring, {}),
            ("autumn", "Europe/Berlin", autumn, {"60": "CET", "120": "CEST"}),
            ("seoul", "Asia/Seoul", "2026-03-28T15:00:00Z", {}),
            ("newfoundland", "America/St_Johns", "2026-11-01T02:30:00Z", {"-150": "NDT", "-210": "NST"}),
        )
    }
    assert told["spring"][0] == ["29 Mar", "01:00", "03:00", "04:00", "05:00", "06:00", "07:00", "08:00"]
    assert told["autumn"][0] == [
        "25 Oct", "01:00", "02:00 CEST", "02:00 CET", "03:00", "04:00", "05:00", "06:00",
    ]  # fmt: skip
    assert told["seoul"][0] == ["29 Mar", *(f"0{hour}:00" for hour in range(1, 8))]
    assert told["newfoundland"][0][:4] == ["1 Nov", "01:00 NDT", "01:00 NST", "02:00"]
    assert all(even for _labels, even in told.values()), "no tick is off the hour of its own clock"
    assert_modules(page.evaluate(MODULES))
    page.close()


def assert_modules(told: dict[str, Any]) -> None:
    assert told["decoded"] == [1005000, 1015000, 1017000, 1020000]
    assert told["states"] == ["destroyed", "none", "recorded", "extra", "held", "recorded", "gaps", "none"]
    assert told["gap"] == {"state": "gaps", "from": 1015000, "to": 1017000}
    assert told["edges"] == [1015000, None]
    assert told["total"] == 6000
    assert told["boxes"] == [25, 75, 85, 100]
    assert told["tiny"] == [0, 1], "what is narrower than a px is one px wide, and one with what it touches"
    assert told["grips"] == ["from", "from", "inside", "to", "to", None]
    assert told["twice"] == ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"]
    assert told["ends"] == ["2026-03-29T00:30:00", "2026-03-29T01:30:00"], "never shorter than was asked for"
    assert told["nonsense"]
    assert told["kept"] == [
        {"from": 0, "to": HOUR_MS + 5},
        {"from": 450_000, "to": 450_000 + HOUR_MS / 2},
    ]
    month = ["2026-10-14T15:00:00.000Z", "2026-11-14T15:00:00.000Z"]
    week_before = ["2026-10-07T15:00:00.000Z", "2026-11-07T15:00:00.000Z"]
    assert told["months"] == [month, week_before, month], "in whole weeks, and always with the view's end"


def test_a_stretch_is_found_and_chosen_with_wheel_hand_and_keys(
    chromium: Browser, live_server: Any, room: Room
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=live_server.url)
    name = settings.SESSION_COOKIE_NAME
    value = room.client(room.operator).cookies[name].value
    context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto("/sites/seoul/")
    gate = page.get_by_role("slider", name="Time in Gate 1")
    expect(page.locator("[data-row=gate] .f-recorded")).to_have_attribute("d", re.compile("^M"))
    expect(page.locator("#timeline")).not_to_have_class(re.compile("is-loading"))
    zoomed_and_moved(page, gate)
    chosen_and_viewed(page, gate, room)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)
        found = Axe().run(page).response["violations"]
        assert not [(each["id"], [node["target"] for node in each["nodes"]]) for each in found], scheme
    redrawn(page)
    on_a_phone(page)
    assert not problems, problems
    context.close()


def view_of(page: Page) -> tuple[float, float]:
    view = page.evaluate(f"async () => (await import('{SCRIPTS}/site.js')).line.view()")
    return view["from"], view["to"]


def zoomed_and_moved(page: Page, gate: Any) -> None:
    """The wheel zooms around the pointer, and pans with Shift; buttons set the length; keys do the same."""
    first = view_of(page)
    assert first[1] - first[0] == DAY_MS
    box = gate.bounding_box()
    x = box["width"] * 0.75
    page.mouse.move(box["x"] + x, box["y"] + 9)
    for _turn in range(5):
        page.mouse.wheel(0, -240)
    under = first[0] + 0.75 * DAY_MS
    near = view_of(page)
    assert near[1] - near[0] < DAY_MS / 4
    assert abs(near[0] + 0.75 * (near[1] - near[0]) - under) < DAY_MS / 200, "what is under the pointer stays"
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Shift")
    moved = view_of(page)
    assert moved[0] < near[0]
    assert moved[1] - moved[0] == pytest.approx(near[1] - near[0])
    page.get_by_role("button", name="10 min", exact=True).click()
    page.get_by_role("button", name="Now").click()
    now = view_of(page)
    assert now[1] - now[0] == pytest.approx(600_000)
    gate.focus()
    page.keyboard.press("-")
    assert view_of(page)[1] - view_of(page)[0] == pytest.approx(960_000)
    page.keyboard.press("+")
    page.get_by_role("button", name="Now").click()


def chosen_and_viewed(page: Page, gate: Any, room: Room) -> None:
    """Drag over a row: it is ticked; Shift and an arrow make it longer; View asks why, for just that."""
    box = gate.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 12, steps=5)
    page.mouse.up()
    said = page.locator("[data-pick-say]")
    expect(said).to_contain_text("1 camera, ")
    expect(page.get_by_label("Gate 1", exact=True)).to_be_checked()
    expect(page.get_by_label("Yard east", exact=True)).not_to_be_checked()
    page.get_by_label("Yard east", exact=True).check()
    expect(said).to_contain_text("2 cameras, ")
    page.keyboard.press("g")
    expect(page.locator("#timeline-at")).to_be_focused()
    before = page.input_value("#pick-to")
    gate.focus()
    page.evaluate(f"async () => {{ const {{ line }} = await import('{SCRIPTS}/site.js'); {AT_END} }}")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#pick-to")).not_to_have_value(before)
    expect(gate).to_have_attribute("aria-valuetext", re.compile(r"^\w+ \d+ \w+ \d{4}, [\d:]+\. "))
    sentence = said.inner_text()
    page.get_by_role("button", name="View").click()
    expect(page.get_by_role("heading", name="Why do you need these pictures?")).to_be_visible()
    page.get_by_role("link", name="Change").click()
    expect(said).to_have_text(sentence)
    page.get_by_role("button", name="View").click()
    page.get_by_role("button", name=re.compile("Open viewing")).click()
    page.wait_for_url(re.compile("/viewings/"))
    session = ViewingSession.objects.get()
    assert session.cameras.count() == 2
    assert timedelta(minutes=4) <= session.ends_at - session.starts_at <= timedelta(minutes=5)
    page.goto("/sites/seoul/")
    expect(page.locator("[data-row=gate] .f-recorded")).to_have_attribute("d", re.compile("^M"))


def redrawn(page: Page) -> None:
    """Measured, not only claimed: the figure is printed (pytest -s)."""
    codes = [f"camera-{number}" for number in range(16)]
    page.route("**/sixteen.json*", lambda route: route.fulfill(json=month_of(route.request.url, codes)))
    told = page.evaluate(REDRAW, codes)
    quickest, median, slowest = (told[name] for name in ("quickest", "median", "slowest"))
    print(f"\nredraw of 16 rows of a month: {median:.1f} ms ({quickest:.1f} to {slowest:.1f})")
    assert min(told["shapes"]) > 1000, "the rows were really drawn"
    assert told["median"] < 40, told


def month_of(url: str, codes: list[str]) -> dict[str, Any]:
    """An answer for whatever was asked for: hour by hour recorded and missing in turn."""
    asked = dict(re.findall(r"(from|to)=(\d+)", url))
    start, end = int(asked["from"]) // 60_000 * 60_000, int(asked["to"])
    turns = (end - start) // (2 * HOUR_MS)
    camera = {
        "recorded": [0, 60, *[60, 60] * (turns - 1)],
        "gaps": [60, 60] * turns,
        "off": [], "extra": [], "expiring": [0, 1440], "held": [9000, 600], "restricted": [12000, 60],
        "destroyed_before": None, "first": start, "last": end,
    }  # fmt: skip
    facts = {"zone": "Asia/Seoul", "now": end, "from": start, "to": end, "resolution_ms": 60_000}
    return json.loads(json.dumps({**facts, "cameras": dict.fromkeys(codes, camera)}))


def on_a_phone(page: Page) -> None:
    """Names stand above their strips, which are tall enough for a thumb; nothing is wider than the screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    name = page.get_by_label("Gate 1", exact=True).bounding_box()
    strip = page.locator("[data-row=gate] svg").bounding_box()
    assert name is not None
    assert strip is not None
    assert name["y"] + name["height"] <= strip["y"]
    assert strip["height"] >= 44
