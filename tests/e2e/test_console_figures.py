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
OPENINGS, SEARCHES, SECONDS, TRIES = 6, 20, 6, 3
FIRST_FRAME_MS, SEARCH_MS, STALL_MS, APART_MS = 800, 500, 200, 100
WATCH_FIRST = """setInterval(() => {
  const video = document.querySelector(".tile video");
  if (video) window.playedAt ??= performance.now();
  if (video?.readyState >= 2) window.firstFrame ??= performance.now();
}, 4)"""
SEARCH = """(key) => new Promise((done) => {
  const video = document.querySelector(".tile.is-chosen video");
  const before = video.currentTime;
  const started = performance.now();
  const look = (_now, { mediaTime }) => {
    if (Math.abs(mediaTime - before) > 30) done(performance.now() - started);
    else video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: true, bubbles: true }));
})"""
# The longest wait for a new picture on any tile, and how far apart the tiles were, in ms.
STEP = """(seconds) => new Promise((done) => {
  const videos = [...document.querySelectorAll(".tile video")];
  const waits = [];
  const apart = [];
  const end = performance.now() + seconds * 1000;
  videos.forEach((video) => {
    let last = performance.now();
    const look = () => {
      waits.push(performance.now() - last);
      last = performance.now();
      if (last < end) video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  });
  const timer = setInterval(() => {
    const times = videos.map((video) => video.currentTime);
    apart.push((Math.max(...times) - Math.min(...times)) * 1000);
  }, 50);
  setTimeout(() => { clearInterval(timer); done({ waits, apart }); }, seconds * 1000 + 400);
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
    """Print the figures; one of a few tries must keep the bound, because others use the machine as well."""
    for _ in range(TRIES):
        found = measure()
        p95 = percentile(found, 95)
        print(f"{name}: p50 {median(found):.0f} ms, p95 {p95:.0f} ms of {len(found)} (bound {bound} ms)")
        if p95 <= bound:
            return
    pytest.fail(f"{name}: p95 over {bound} ms each time")


def test_first_frame_and_search_on_the_demonstration(person: Callable[..., Page]) -> None:
    page = person("operator")
    page.add_init_script(WATCH_FIRST)
    open_room(page, ["corridor-b"], datetime.now(UTC) - timedelta(minutes=14), 720)

    def first_frames() -> list[float]:
        times, whole = [], []
        for _ in range(OPENINGS):
            page.reload(wait_until="commit")
            page.wait_for_function("() => window.firstFrame", timeout=20_000)
            played, shown = page.evaluate("[window.playedAt, window.firstFrame]")
            times.append(shown - played)
            whole.append(shown)
        print(
            f"first frame since the page was asked for: p50 {median(whole):.0f} ms, most {max(whole):.0f} ms"
        )
        return times

    def searches() -> list[float]:
        keys = ["ArrowRight"] * 5 + ["ArrowLeft"] * 5
        return [float(page.evaluate(SEARCH, keys[number % 10])) for number in range(SEARCHES)]

    best_of(first_frames, FIRST_FRAME_MS, "first frame after play")
    page.wait_for_timeout(500)
    best_of(searches, SEARCH_MS, "search")


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
    for _ in range(TRIES):
        found = page.evaluate(STEP, SECONDS)
        longest, apart = max(found["waits"]), percentile(found["apart"], 95)
        rate = len(found["waits"]) / 4 / SECONDS
        print(f"4 x 1080p: {rate:.1f} pictures a second, longest wait {longest:.0f} ms (bound {STALL_MS} ms)")
        print(
            f"4 x 1080p: apart p95 {apart:.0f} ms, at most {max(found['apart']):.0f} ms (bound {APART_MS} ms)"
        )
        if longest <= STALL_MS and apart <= APART_MS:
            return
        page.keyboard.press("Shift+ArrowLeft")
        page.wait_for_timeout(1500)
    pytest.fail("a stall, or out of step, each time")
