"""A browser plays a clip from the disk and shows each picture at its time, with nothing before the first."""

import cv2
import numpy as np
import pytest

from tests.disclosure.packages.helpers import clip_of, hour, moved
from tests.media.clips import number_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGE = """<!doctype html><meta charset="utf-8">
<style>body{margin:0} video{width:320px;height:180px;display:block}
</style><video muted src="clip.mp4"></video>"""
SEEK = """async (at) => { const video = document.querySelector("video");
  const done = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
  video.currentTime = at; await done;
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame); }"""


def test_chromium_shows_each_picture_at_its_time(chromium, tmp_path):
    sources, _files = hour()
    sources = [sources[0], moved(sources[1], 200_000), moved(sources[2], 200_000)]
    facts, data = clip_of(sources, 2.55, 10)
    (tmp_path / "clip.mp4").write_bytes(data)
    (tmp_path / "index.html").write_text(PAGE)
    page = chromium.new_page(viewport={"width": 320, "height": 180})
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_function("document.querySelector('video').readyState >= 2", timeout=20_000)
    length = (facts.end_us - facts.first_us) / 1_000_000
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(length, abs=0.001)
    assert shown(page) == 20  # the keyframe at 2.0 s
    for at, number in ((0, 20), (0.55, 25), (1.99, 39), (2.15, 39), (2.21, 1000), (4.25, 1020), (7.9, 2017)):
        page.evaluate(SEEK, at)
        assert shown(page) == number
    assert page.evaluate("document.querySelector('video').error") is None
    page.close()


def shown(page) -> int:
    """The number on the frame that is on screen."""
    picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return number_of(np.asarray(picture, np.uint8))
