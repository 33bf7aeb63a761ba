"""A real browser shows the right frame at the right time: remuxed, transcoded, after a gap, after a seek."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from cctv.footage.media.fmp4 import init_segment, media_part, ticks_of
from cctv.footage.media.hls import Entry, placed, playlist
from cctv.footage.media.parts import partition
from cctv.footage.media.transcode import TranscodePool
from tests.footage.media.helpers import LONG, made
from tests.media.clips import number_of

# One process converts what they play.
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("console-media")]
CONSOLE = Path(__file__).parents[3] / "config" / "static" / "js" / "console"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOON_MS = round(NOON.timestamp() * 1000)
PAGE = """<!doctype html><meta charset="utf-8">
<style>body{margin:0} video{width:320px;height:180px;display:block}</style>
<video muted></video><script type="module">
import { Engine } from "/console/engine.js";
const video = document.querySelector("video");
const noon = NOON_MS;
const seeked = async (at) => {
  const done = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
  video.currentTime = at;
  await done;
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
};
window.trouble = [];
video.onerror = () => window.trouble.push(video.error.message);
if (location.hash === "#native") {
  video.src = "/index.m3u8";
  window.show = (number) => seeked(number / 10 + 0.05);
} else {
  const ask = async (url, options) => {
    const answer = await fetch(url, options);
    if (!answer.ok) window.trouble.push(url);
    return answer;
  };
  const options = { camera: { playlist: "/recorded.m3u8" }, span: { starts: noon, ends: noon + 110000 } };
  window.engine = new Engine(video, { ...options, origin: noon, now: () => noon + 1e9, ask });
  window.moment = (number) => noon + number * 100 + (number < 400 ? 0 : 50000);
  window.show = async (number) => {
    const at = window.moment(number) + 50;
    engine.want(at);
    while (engine.standing(at) !== "ready") await new Promise((resolve) => setTimeout(resolve, 10));
    if (Math.abs(engine.frameAt(at) - window.moment(number)) > 0.01) window.trouble.push(engine.frameAt(at));
    await seeked(engine.positionOf(at));
  };
}
window.ready = true;
</script>""".replace("NOON_MS", str(NOON_MS))


def handler_of(pages: dict[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    """What answers with these pages."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, data = pages.get(self.path.split("?")[0], ("text/plain", b""))
            self.send_response(200 if data else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A server with a page and two playlists: two H.264 recordings that follow each other, a gap of 50 s,
    then HEVC transcoded.

    Frames 0 to 199 and 200 to 399 are shown in the first 40 s, 400 to 599 in the last 20. In `index` the
    gap takes no time, in `recorded` it is a hole.
    """
    pages = {"/": ("text/html", PAGE.encode())}
    for file in CONSOLE.glob("*.js"):
        pages[f"/console/{file.name}"] = ("text/javascript", file.read_bytes())
    pool, entries, work = TranscodePool(1), [], []
    for place, (start, codec) in enumerate(((0, "h264"), (20, "h264"), (90, "hevc"))):
        _, index, read = made(codec=codec, first_number=place * 200, container="mp4", **LONG)
        remux = codec == "h264"
        pages[f"/{place}/init.mp4"] = (
            "video/mp4",
            init_segment(index) if remux else pool.init_segment(index),
        )
        for part in partition(index):
            uri = f"/{place}/{part.number}.m4s"
            when = NOON + timedelta(seconds=start, milliseconds=part.start_ms)
            entries.append(Entry(uri, f"/{place}/init.mp4", codec, when, part.duration_ms))
            work.append((media_part if remux else pool.part, index, read, part, start))
    for position, (make, index, read, part, start) in zip(placed(entries), work, strict=True):
        times = {"": position.base_ms - part.start_ms, "/recorded": start * 1000}
        for folder, base_ms in times.items():
            base = ticks_of(index, base_ms)
            data = make(index, read, part.first, part.stop, sequence=part.number + 1, base_decode_time=base)
            pages[folder + position.entry.uri] = ("video/mp4", data)
    recorded = [replace(entry, uri=f"/recorded{entry.uri}") for entry in entries]
    for name, listed in (("index", entries), ("recorded", recorded)):
        pages[f"/{name}.m3u8"] = ("application/vnd.apple.mpegurl", playlist(listed).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(pages))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("player", ["engine", "native"])
def test_chromium_shows_each_frame_at_its_time(site, chromium, player):
    page = chromium.new_page(viewport={"width": 320, "height": 180})
    page.goto(f"{site}#{player}")
    page.wait_for_function("window.ready", timeout=20_000)
    if player == "native":
        page.wait_for_function("document.querySelector('video').readyState >= 2", timeout=20_000)
        assert page.evaluate("document.querySelector('video').duration") == pytest.approx(60, abs=0.3)
        assert shown(page) == 0
    for number in (0, 57, 80, 81, 199, 200, 333, 399, 400, 455, 599, 3):
        page.evaluate("number => window.show(number)", number)
        page.wait_for_function("document.querySelector('video').readyState >= 2", timeout=20_000)
        assert shown(page) == number
    assert page.evaluate("window.trouble") == []
    page.close()


def test_chromium_plays_over_the_seams_without_a_stall(site, chromium):
    page = chromium.new_page(viewport={"width": 320, "height": 180})
    page.goto(site)
    page.wait_for_function("window.ready", timeout=20_000)
    page.evaluate(
        """async () => { const video = document.querySelector("video"); window.waits = 0;
        await window.show(185);
        setInterval(() => engine.want(engine.momentOf(video.currentTime), { playing: true, speed: 2 }), 50);
        video.onwaiting = () => { window.waits += 1; }; video.playbackRate = 2; video.play(); }"""
    )
    page.wait_for_function("document.querySelector('video').currentTime > 24", timeout=20_000)
    assert page.evaluate("window.trouble") == []
    assert page.evaluate("window.waits") <= 1
    page.close()


def shown(page) -> int:
    """The number on the frame that is on screen."""
    picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return number_of(np.asarray(picture, np.uint8))
