"""A guard, a privacy officer and a real browser: purpose first, then a picture, then an entry."""

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.media.clips import clip
from tests.servers.lethe import LiveLethe

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(180)]

SEOUL = ZoneInfo("Asia/Seoul")

VIDEO = "document.querySelector('.tile.is-chosen video')"
TIME = "document.querySelector('[data-transport=now]').textContent"
# The picture on screen, as one number a channel: enough to tell footage from a black rectangle.
FRAME = """() => {
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 36;
  const context = canvas.getContext("2d");
  context.drawImage(document.querySelector(".tile.is-chosen video"), 0, 0, 64, 36);
  const data = context.getImageData(0, 0, 64, 36).data;
  const values = [];
  for (let i = 0; i < data.length; i += 4) values.push((data[i] + data[i + 1] + data[i + 2]) / 3);
  const mean = values.reduce((a, b) => a + b) / values.length;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
}"""


def day_of(page: Page, camera: str) -> None:
    """A quarter of an hour that was recorded before the demonstration started."""
    page.goto(f"/sites/seoul/cameras/{camera}/{datetime.now(SEOUL):%Y-%m-%d}/")
    page.locator("[data-pick-from]").first.click()


def open_viewing(page: Page, camera: str, case: str) -> None:
    day_of(page, camera)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Why do you need these pictures?")).to_be_visible()
    page.keyboard.press("1")
    page.fill("[name=case]", case)
    expect(page.locator("[data-said-case] b")).to_have_text(case)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/viewings/"))


def wait_until(page: Page, holds: str, argument: object = None, *, seconds: float = 20) -> None:
    """Poll an expression of the page (the page's own policy forbids to evaluate strings inside it)."""
    end = time.monotonic() + seconds
    while not page.evaluate(holds, argument):
        assert time.monotonic() < end, f"not within {seconds} s: {holds}"
        page.wait_for_timeout(100)


def clock_of(page: Page) -> str:
    """The recorded time that the room's clock tells."""
    return str(page.evaluate(f"() => {TIME}"))


def plays(page: Page) -> None:
    wait_until(page, f"(at) => {VIDEO}.readyState >= 3 && {TIME} !== at && {TIME} !== '–'", clock_of(page))
    mean, deviation = page.evaluate(FRAME)
    assert 10 < mean < 245, mean
    assert deviation > 8, "a flat picture is no footage"


def test_footage_plays_for_a_purpose_and_the_privacy_officer_reads_who_why_and_which(
    person: Callable[..., Page],
) -> None:
    guard = person("operator")
    open_viewing(guard, "corridor-b", "E2E-77")
    plays(guard)
    guard.keyboard.press("l")
    plays(guard)
    guard.get_by_text("Small pictures").click()
    # The job that makes them works through the new footage: one of a dozen will do.
    expect(guard.locator(".thumb img:not(.is-waiting)").first).to_be_visible(timeout=60_000)
    guard.get_by_role("button", name="Close").click()
    expect(guard.get_by_role("heading", name="This viewing is closed")).to_be_visible()
    expect(guard.get_by_role("row", name=re.compile("Corridor B.*video"))).to_be_visible()

    officer = person("privacy")
    officer.goto("/log/")
    page_text = officer.locator("main").inner_text()
    assert re.search(r"Kim Minji.*opened.*Corridor B", page_text, re.S)
    assert "E2E-77" in page_text
    assert "Crime prevention" in page_text


def test_without_a_purpose_nothing_opens_and_the_page_says_what_to_do(person: Callable[..., Page]) -> None:
    guard = person("operator")
    day_of(guard, "gate-1")
    guard.get_by_role("button", name="Continue").click()
    guard.evaluate(
        "document.querySelectorAll('input[name=purpose]').forEach((radio) => { radio.checked = false })"
    )
    guard.get_by_role("button", name=re.compile("Open viewing")).click()
    expect(guard.get_by_role("alert")).to_contain_text("Say for which purpose you need the pictures.")
    assert "/viewings/" not in guard.url


def test_the_keyboard_alone_switches_cameras_steps_and_pauses(person: Callable[..., Page]) -> None:
    guard = person("operator")
    day_of(guard, "corridor-b")
    guard.get_by_label("Gate 1").check()
    guard.get_by_role("button", name="Continue").click()
    expect(guard.get_by_role("heading", name="Why do you need these pictures?")).to_be_visible()
    guard.keyboard.press("Enter")
    guard.wait_for_url(re.compile("/viewings/"))
    plays(guard)
    guard.keyboard.press("2")
    expect(guard.locator(".tile.is-chosen [data-part=name]")).to_have_text("Gate 1")
    plays(guard)
    guard.keyboard.press("k")
    wait_until(guard, f"() => {VIDEO}.paused && !{VIDEO}.seeking")
    guard.wait_for_timeout(300)
    at = guard.evaluate(f"{VIDEO}.currentTime")
    guard.keyboard.press(".")
    wait_until(guard, f"(at) => {VIDEO}.currentTime > at", at)
    guard.keyboard.press(" ")
    wait_until(guard, f"() => !{VIDEO}.paused")


def test_a_still_is_saved_and_a_closed_session_stops_the_player(person: Callable[..., Page]) -> None:
    guard = person("operator")
    open_viewing(guard, "lobby", "E2E-78")
    plays(guard)
    guard.get_by_role("button", name="Still").click()
    guard.fill("#still-sheet [name=reason]", "who opened the door")
    with guard.expect_download() as download:
        guard.locator("#still-sheet [value=out]").click()
    assert "lobby" in download.value.suggested_filename
    other = guard.context.new_page()
    other.goto(guard.url)
    other.get_by_role("button", name="Close").click()
    guard.keyboard.press("Shift+ArrowRight")
    expect(guard.locator(".tile [data-part=text]")).to_contain_text("closed", timeout=20_000)


def test_hevc_plays_converted_and_the_page_says_so(
    demo: LiveLethe, person: Callable[..., Page], tmp_path: Path
) -> None:
    start = (datetime.now(SEOUL) - timedelta(hours=7)).replace(microsecond=0)
    file = tmp_path / "hevc.mp4"
    file.write_bytes(clip(codec="hevc", seconds=6, width=640, height=360, noise=40))
    demo.manage("ingest", str(file), "--camera", "gate-1", "--start", start.isoformat())
    guard = person("operator")
    span = {
        "day": f"{start:%Y-%m-%d}",
        "start": f"{start:%H:%M:%S}",
        "end": f"{start + timedelta(seconds=6):%H:%M:%S}",
    }
    guard.goto(f"/sites/seoul/view/?{urlencode({'camera': 'gate-1', **span})}")
    guard.keyboard.press("1")
    guard.keyboard.press("Enter")
    guard.wait_for_url(re.compile("/viewings/"))
    plays(guard)
    expect(guard.locator(".tile [data-part=note]")).to_have_text("Converted from HEVC")


@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (390, "ja"), (390, "ko")])
def test_pages_fit_their_screens_in_each_language(
    person: Callable[..., Page], width: int, language: str
) -> None:
    guard = person("operator", width=width, language=language)
    paths = ["/sites/", "/sites/seoul/", "/sites/seoul/cameras/corridor-b/", "/viewings/"]
    for path in paths:
        guard.goto(path)
        assert guard.evaluate("document.documentElement.scrollWidth") <= width, path
    officer = person("privacy", width=width, language=language)
    for path in ["/log/", "/retention/", "/retention/certificates/"]:
        officer.goto(path)
        assert officer.evaluate("document.documentElement.scrollWidth") <= width, path
