"""How quick the player is in a browser, printed: first frame, search, four cameras of 1080p in step."""

import re
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from tests.bench.harness import median, percentile
from tests.servers.lethe import LiveLethe

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.measures, pytest.mark.timeout(240)]

CAMERAS = ("corridor-b", "dock-5", "gate-1", "lobby")
OPENINGS, SEARCHED, SEARCHES, SECONDS, TRIES = 6, 6, 2, 6, 3
FIRST_FRAME_MS, SEARCH_MS, STALL_MS, APART_MS = 800, 500, 200, 100
# The clips have 25 pictures a second; four of them on two cores without a graphics card leave some out (about
# 19 are presented on an idle machine). A tile that is paused or stands has none.
LEAST_RATE = 15
# `played`: the room is there and plays, as the press of its button does; `shown`: the first picture that was
# presented. Both since the Enter that said why: the POST with its entry, the page and its scripts come first.
WATCH_FIRST = """setInterval(() => {
  const video = document.querySelector(".tile video");
  if (!video || window.played) return;
  window.played = performance.now();
  video.requestVideoFrameCallback((now) => { window.shown = now; });
}, 2)"""
# To the first picture of the minute that the key leads to.
SEARCH = """(key) => new Promise((done) => {
  const video = document.querySelector(".tile.is-chosen video");
  const before = video.currentTime;
  const started = performance.now();
  const look = (now, { mediaTime }) => {
    if (Math.abs(mediaTime - before) > 30) done(now - started);
    else video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  setTimeout(() => done(10_000), 10_000);
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: true, bubbles: true }));
})"""
# In ms: the waits for a new picture on each tile, the last as far as it went; how far apart the tiles were.
STEP = """(seconds) => new Promise((done) => {
  const videos = [...document.querySelectorAll(".tile video")];
  const waits = videos.map(() => []);
  const apart = [];
  const started = performance.now();
  const lasts = videos.map(() => started);
  let over = false;
  videos.forEach((video, place) => {
    const look = () => {
      if (over) return;
      waits[place].push(performance.now() - lasts[place]);
      lasts[place] = performance.now();
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  });
  const timer = setInterval(() => {
    const times = videos.map((video) => video.currentTime);
    apart.push((Math.max(...times) - Math.min(...times)) * 1000);
  }, 50);
  setTimeout(() => {
    over = true;
    clearInterval(timer);
    const rates = waits.map((each) => (each.length * 1000) / (performance.now() - started));
    lasts.forEach((last, place) => waits[place].push(performance.now() - last));
    done({ waits: waits.flat(), rates, apart });
  }, seconds * 1000);
})"""


def record_1080p(start: str, codes: Sequence[str]) -> None:
    """In a process of the demonstration's installation: half a minute of 1080p on each of these cameras."""
    import io

    from cctv.ingest.services import admit
    from cctv.sites.models import Camera
    from tests.ingest.long import long_fmp4
    from tests.media.clips import clip

    short = clip(container="fmp4", gop=25, seconds=2, width=1920, height=1080, noise=12, preset="veryfast")
    for number, code in enumerate(codes):
        # A box that every reader skips makes each file another one.
        data = b"".join(long_fmp4(short, seconds=24)[0]) + struct.pack(">I4sQ", 16, b"free", number)
        admission = admit(
            camera=Camera.objects.get(code=code),
            starts_at=datetime.fromisoformat(start),
            origin="import",
            original_name="clip",
            stream=io.BytesIO(data),
        )
        assert admission.segment is not None, admission.reason


def open_room(page: Page, cameras: Sequence[str], start: datetime, seconds: int) -> None:
    """A viewing of these cameras from then on."""
    times = {"from": start, "to": start + timedelta(seconds=seconds)}
    span = [(name, f"{at:%Y-%m-%dT%H:%M:%SZ}") for name, at in times.items()]
    page.goto(f"/sites/seoul/view/?{urlencode([('camera', code) for code in cameras] + span)}")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/viewings/[0-9a-f-]{36}"))


def best_of(measure: Callable[[], list[float]], bound: float, name: str) -> None:
    """Print each try; one of a few must keep the bound, because others use the machine as well."""
    for number in range(1, TRIES + 1):
        found = measure()
        p95 = percentile(found, 95)
        print(
            f"{name}: p50 {median(found):.0f} ms, p95 {p95:.0f} ms of {len(found)}"
            f" (bound {bound} ms; try {number}, at most {TRIES})"
        )
        if p95 <= bound:
            return
    pytest.fail(f"{name}: p95 over {bound} ms each time")


def test_first_frame_and_search_on_the_demonstration(person: Callable[..., Page]) -> None:
    page = person("operator")
    page.add_init_script(WATCH_FIRST)

    def open_new() -> tuple[float, float]:
        """A viewing of its own each time, so that its entries are written and nothing of it is known."""
        open_room(page, ["corridor-b"], datetime.now(UTC) - timedelta(minutes=14), 720)
        page.wait_for_function("() => window.shown", timeout=20_000)
        played, shown = page.evaluate("[window.played, window.shown]")
        return played, shown

    def first_frames() -> list[float]:
        times = [open_new() for _ in range(OPENINGS)]
        whole = [shown for _played, shown in times]
        print(
            "new viewing, from Enter on its purpose to the first picture presented:"
            f" p50 {median(whole):.0f} ms, most {max(whole):.0f} ms of {OPENINGS}"
        )
        return [shown - played for played, shown in times]

    def searches() -> list[float]:
        times: list[float] = []
        for _viewing in range(SEARCHED):
            open_new()
            page.wait_for_timeout(500)
            times += [float(page.evaluate(SEARCH, "ArrowRight")) for _search in range(SEARCHES)]
        return times

    best_of(first_frames, FIRST_FRAME_MS, "new viewing, from play to the first picture presented")
    best_of(searches, SEARCH_MS, "search to a minute not visited before, to its first picture presented")


def test_four_cameras_of_1080p_play_in_step_without_a_stall(
    demo: LiveLethe, person: Callable[..., Page]
) -> None:
    start = (datetime.now(UTC) - timedelta(hours=9)).replace(microsecond=0)
    code = f"from {__name__} import record_1080p; record_1080p({start.isoformat()!r}, {CAMERAS!r})"
    demo.manage("shell", "-c", code, timeout_s=120)
    page = person("operator")
    open_room(page, CAMERAS, start, 24)
    page.wait_for_function(
        "() => document.querySelectorAll('.tile.has-picture video').length === 4", timeout=30_000
    )
    page.wait_for_timeout(1500)
    for number in range(1, TRIES + 1):
        found = page.evaluate(STEP, SECONDS)
        longest, apart, rate = max(found["waits"]), percentile(found["apart"], 95), min(found["rates"])
        print(
            f"4 x 1080p for {SECONDS} s (try {number}, at most {TRIES}): at least {rate:.1f} pictures a"
            f" second on each (bound {LEAST_RATE}), longest wait {longest:.0f} ms (bound {STALL_MS} ms),"
            f" apart p95 {apart:.0f} ms, at most {max(found['apart']):.0f} ms (bound {APART_MS} ms)"
        )
        if longest <= STALL_MS and apart <= APART_MS and rate >= LEAST_RATE:
            return
        page.keyboard.press("Shift+ArrowLeft")
        page.wait_for_timeout(1500)
    pytest.fail("a stall, too few pictures, or out of step, each time")
