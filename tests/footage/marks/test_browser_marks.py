"""With the keyboard alone: find what moved in a region, bookmark it, keep a still, change the purpose."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.footage import sealed
from cctv.footage.marks.models import Bookmark, Still
from cctv.footage.models import CloseReason, Segment, ViewingSession
from cctv.footage.motion import facts
from cctv.footage.viewings import closing
from cctv.sites.models import Purpose
from tests.footage.conftest import SEGMENT_S, Room

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
COLUMN, ROW, SECOND = 3, 2, 2


@pytest.fixture
def moving(room: Room) -> Room:
    """In the second segment, at its third second, something moves in one cell; a second purpose is there."""
    fire = Purpose.objects.create(organisation=room.site.organisation, code="fire", name="Fire safety")
    room.gate.purposes.add(fire)
    for number, segment in enumerate(Segment.objects.select_related("epoch", "camera").order_by("starts_at")):
        levels = np.zeros((SEGMENT_S, 9, 16), np.uint8)
        intensity = np.zeros(SEGMENT_S, np.uint8)
        if number == 1:
            levels[SECOND, ROW, COLUMN], intensity[SECOND] = 3, 200
        data = facts.encode(levels, intensity, np.ones(SEGMENT_S, np.bool_))
        segment.motion = sealed.seal(segment, sealed.MOTION, data)
        segment.save(update_fields=["motion"])
    return room


@pytest.fixture
def page(moving: Room, live_server: Any, chromium: Browser) -> Iterator[Page]:
    """The operator's room of a viewing of the gate."""
    session = moving.open(case="2026-118", reason="the van", seconds=3 * SEGMENT_S, minutes=5)
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en")
    name = settings.SESSION_COOKIE_NAME
    cookie = moving.client(moving.operator).cookies[name].value
    context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{live_server.url}/viewings/{session.pk}/", wait_until="commit")
    expect(page.locator(".tile.is-chosen.has-picture")).to_be_visible(timeout=30_000)
    yield page
    context.close()
    assert not problems, problems


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def sound(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not [(each["id"], [node["html"] for node in each["nodes"]]) for each in grave]


def bodies(kind: str) -> list[dict[str, Any]]:
    indexes = LogEntry.objects.filter(kind=kind).order_by("index").values_list("index", flat=True)
    return [dict(load_receipt(index).body) for index in indexes]


def extend(page: Page) -> None:
    """It ends within five minutes, and says so."""
    clock = page.locator("[data-bar=clock]")
    expect(clock).to_have_class(re.compile("clock--soon"))
    page.get_by_role("button", name="Extend").focus()
    press(page, "Enter")
    expect(page.locator("[data-bar=left]")).to_have_text(re.compile(r"3\d min left"))
    expect(clock).not_to_have_class(re.compile("clock--soon"))


def find_in_a_region(page: Page) -> None:
    """Mark the cell in which something moves, and search: the result is chosen."""
    press(page, "k", "m")
    marked = page.locator(".region rect.is-on")
    box = page.locator(".region").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 8.5 / 16, box["y"] + box["height"] * 4.5 / 9)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 9.5 / 16, box["y"] + box["height"] * 5.5 / 9)
    page.mouse.up()
    expect(marked).to_have_count(4)
    press(page, "Backspace")
    expect(marked).to_have_count(0)
    press(page, *["ArrowRight"] * COLUMN, *["ArrowDown"] * ROW, " ")
    expect(marked).to_have_count(1)
    expect(page.locator("[data-find=region-says]")).to_have_text("In the marked region of Gate 1.")
    sound(page)
    press(page, "Enter")
    expect(page.locator("[data-find=state]")).to_contain_text("Stretches found: 1, in 12 s of footage")
    expect(page.locator("[data-find=found] button")).to_be_focused()
    press(page, "Enter")


def bookmark(page: Page, note: str) -> None:
    press(page, "b")
    page.keyboard.type(note)
    press(page, "Enter")
    expect(page.locator("[data-marks=list] li")).to_have_count(1)


def keep(page: Page) -> None:
    """The reason of the viewing is there already."""
    press(page, "c")
    expect(page.locator("#still-reason")).to_be_focused()
    expect(page.locator("#still-reason")).to_have_value("the van")
    press(page, "Enter")
    expect(page.locator("[data-transport=notice]")).to_contain_text("is kept, sealed")


def change_purpose(page: Page) -> None:
    page.get_by_role("link", name="Change purpose").focus()
    press(page, "Enter", "2")
    expect(page.locator("#purpose-sheet [data-said-purpose]")).to_have_text("Fire safety")
    sound(page)
    press(page, "Enter")
    expect(page.locator("[data-bar=purpose]")).to_have_text("Fire safety")


def remove_and_undo(page: Page) -> None:
    page.get_by_role("tab", name="Bookmarks").focus()
    press(page, "Enter")
    page.get_by_role("button", name="Remove").focus()
    press(page, "Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    assert not Bookmark.objects.exists()
    press(page, "Enter")
    expect(page.locator("[data-marks=list] li")).to_have_count(1)
    expect(page.locator("[data-marks=list] .dock__go")).to_be_focused()


def hand_out(page: Page, reason: str) -> None:
    press(page, "c")
    page.keyboard.type(reason)
    with page.expect_download() as download:
        press(page, "Shift+Enter")
    assert download.value.suggested_filename.startswith("gate_")


def test_find_bookmark_keep_and_change_the_purpose_by_keyboard(page: Page, moving: Room) -> None:
    found_at = moving.starts_at + timedelta(seconds=SEGMENT_S + SECOND)
    extend(page)
    find_in_a_region(page)
    assert bodies("motion.searched")[0]["viewing"]
    bookmark(page, "a van turns round")
    made = Bookmark.objects.get()
    assert (made.starts_at, made.note, made.case) == (found_at, "a van turns round", "2026-118")
    keep(page)
    assert Still.objects.get().at == found_at
    change_purpose(page)
    remove_and_undo(page)
    hand_out(page, "smoke")
    (handed,) = bodies("still.covered")
    assert (handed["reason"], handed["purpose"]["code"]) == ("smoke", "fire")
    page.locator(".sessionbar").get_by_role("button", name="Close", exact=True).click()
    for name in ("Purposes in turn", "Stills kept", "Bookmarks"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    (closed,) = bodies("viewing.closed")
    assert [each["code"] for each in closed["purposes"]] == ["crime-prevention", "fire"]
    assert [row["kind"] for row in closed["sent"]].count("still") == 1


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "IDLE_AFTER", timedelta(seconds=6))


def test_a_viewing_says_that_nobody_uses_it_stays_for_whoever_does_and_closes_though_it_plays(
    short: None, page: Page
) -> None:
    notice = page.locator("[data-bar=idle]")
    expect(notice).to_be_visible(timeout=10_000)
    page.get_by_role("button", name="I am still here").click()
    expect(notice).to_be_hidden()
    expect(page.locator("[data-bar=left]")).to_have_text("Over", timeout=15_000)
    expect(page.locator(".tile [data-part=text]").first).to_contain_text("Nobody touched anything")
    assert ViewingSession.objects.get().close_reason == CloseReason.IDLE
