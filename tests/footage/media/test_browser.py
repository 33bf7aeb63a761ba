"""A real browser shows the right frame at the right time: remuxed, transcoded, after a gap, after a seek."""

import threading
from collections.abc import Iterator
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

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HLS_JS = next(Path(__file__).parents[3].glob("config/static/vendor/hls-*/hls.light.min.js"))
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAGE = """<!doctype html><meta charset="utf-8">
<style>body{margin:0} video{width:320px;height:180px;display:block}</style>
<video muted></video><script src="/hls.js"></script><script>
const video = document.querySelector("video");
window.trouble = [];
video.onerror = () => window.trouble.push(video.error.message);
if (location.hash === "#native") video.src = "/index.m3u8";
else {
  const hls = new Hls({enableWorker: false});
  hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) window.trouble.push(data.details); });
  hls.loadSource("/index.m3u8");
  hls.attachMedia(video);
}
</script>"""


def handler_of(pages: dict[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    """What answers with these pages."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, data = pages.get(self.path, ("text/plain", b""))
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
    """A server with a page and a playlist: two H.264 recordings that follow each other, a gap, then HEVC
    transcoded.

    Frames 0 to 199 and 200 to 399 are shown in the first 40 s, 400 to 599 in the last 20.
    """
    pages = {"/": ("text/html", PAGE.encode()), "/hls.js": ("text/javascript", HLS_JS.read_bytes())}
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
            work.append((media_part if remux else pool.part, index, read, part))
    for position, (make, index, read, part) in zip(placed(entries), work, strict=True):
        base = ticks_of(index, position.base_ms - part.start_ms)
        data = make(index, read, part.first, part.stop, sequence=part.number + 1, base_decode_time=base)
        pages[position.entry.uri] = ("video/mp4", data)
    pages["/index.m3u8"] = ("application/vnd.apple.mpegurl", playlist(entries).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(pages))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("player", ["hls.js", "native"])
def test_chromium_shows_each_frame_at_its_time(site, chromium, player):
    page = chromium.new_page(viewport={"width": 320, "height": 180})
    page.goto(f"{site}#{player}")
    page.wait_for_function("document.querySelector('video').readyState >= 2", timeout=20_000)
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(60, abs=0.3)
    assert shown(page) == 0
    for number in (0, 57, 80, 81, 199, 200, 333, 399, 400, 455, 599, 3):
        page.evaluate(
            """at => new Promise(done => { const video = document.querySelector("video");
            video.onseeked = () => requestAnimationFrame(() => requestAnimationFrame(done));
            video.currentTime = at; })""",
            number / 10 + 0.05,
        )
        page.wait_for_function("document.querySelector('video').readyState >= 2", timeout=20_000)
        assert shown(page) == number
    assert page.evaluate("window.trouble") == []
    page.close()


def test_chromium_plays_over_the_seams_without_a_stall(site, chromium):
    page = chromium.new_page(viewport={"width": 320, "height": 180})
    page.goto(site)
    page.wait_for_function("document.querySelector('video').readyState >= 3", timeout=20_000)
    page.evaluate(
        """() => { const video = document.querySelector("video"); window.waits = 0; video.currentTime = 38.5;
        video.onseeked = () => { video.onwaiting = () => { window.waits += 1; }; video.playbackRate = 2;
        video.play(); }; }"""
    )
    page.wait_for_function("document.querySelector('video').currentTime > 42", timeout=20_000)
    assert page.evaluate("window.trouble") == []
    assert page.evaluate("window.waits") <= 1
    page.close()


def shown(page) -> int:
    """The number on the frame that is on screen."""
    picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return number_of(np.asarray(picture, np.uint8))
