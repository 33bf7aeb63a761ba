"""Four cameras on one clock in a real browser; and the log tells exactly the seconds that were sent.

Each frame carries its own number (see tests.media.clips), 25 a second from the session's start on and the
same on every camera: the burnt-in clock by which a picture on screen tells when it was recorded.
"""

import io
import json
import re
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import cv2
import numpy as np
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Response, expect

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage.models import ViewedSpan
from cctv.ingest.services import admit
from cctv.sites.models import Camera
from tests.footage.conftest import Room
from tests.media.clips import clip, number_of, numbers_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]

FPS, SEGMENT = 25, 6
FRAME = timedelta(seconds=1) / FPS
# Recorded: 0 to 12 s on every camera; 30 to 36 s on the first two only.
STARTS, LATE, CAMERAS = (0, 6), 30, ("gate", "yard", "dock", "lane")
NUMBERS = """() => [...document.querySelectorAll(".tile video")].map((video) => {
  if (video.readyState < 2 || getComputedStyle(video).visibility === "hidden") return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [320, 180];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, 320, 180);
  let number = 0;
  for (let bit = 0; bit < 16; bit++) {
    const [row, column] = [Math.floor(bit / 8), bit % 8];
    const pixel = context.getImageData(column * 35 + 30, row * 60 + 42, 1, 1).data;
    if (pixel[0] + pixel[1] + pixel[2] > 375) number |= 1 << bit;
  }
  return number;
})"""


@dataclass
class Watch:
    """The room in a browser, the numbers seen on its screen, and what came over the wire."""

    page: Page
    seen: dict[str, set[int]] = field(default_factory=dict)
    sent: dict[str, set[int]] = field(default_factory=dict)
    answers: list[Response] = field(default_factory=list)

    def numbers(self) -> list[int | None]:
        """The number on each tile's screen, in the tiles' order; None where no picture is."""
        found: list[int | None] = self.page.evaluate(NUMBERS)
        for code, number in zip(CAMERAS, found, strict=False):
            if number is not None:
                self.seen.setdefault(code, set()).add(number)
        return found

    def until(self, holds: Any, *, seconds: float = 20) -> list[int | None]:
        """The numbers on screen as soon as `holds(numbers)`."""
        end = time.monotonic() + seconds
        while not holds(found := self.numbers()):
            assert time.monotonic() < end, found
            self.page.wait_for_timeout(40)
        return found

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def read_answers(self) -> None:
        """Decode what was received: which numbers left, on which camera."""
        inits: dict[tuple[str, str], bytes] = {}
        parts = []
        for answer in self.answers:
            place = re.search(r"/viewings/[0-9a-f-]+/(\w+)/([0-9a-f-]+)/(init\.mp4|\d+\.m4s)", answer.url)
            if place is None or answer.status != 200:
                continue
            camera, segment, name = place.groups()
            if name == "init.mp4":
                inits[camera, segment] = answer.body()
            else:
                parts.append((camera, segment, answer.body()))
        for camera, segment, body in parts:
            init = inits.get((camera, segment)) or next(
                data for (code, _), data in inits.items() if code == camera
            )
            self.sent.setdefault(camera, set()).update(numbers_of(init + body))


@pytest.fixture
def four(room: Room) -> Room:
    """The room with four cameras, each frame of which tells its time."""
    zone, start = room.gate.zone, room.starts_at - timedelta(hours=2)
    room.starts_at = start
    for code in CAMERAS[2:]:
        camera = Camera.objects.create(
            site=room.site, zone=zone, code=code, name=f"Z {code}", location="dock",
            legal_basis="pipa-25-1-2", scope_text="dock",
        )  # fmt: skip
        camera.purposes.add(room.purpose)
    for place, code in enumerate(CAMERAS):
        camera = Camera.objects.get(code=code)
        for begins in (*STARTS, LATE) if place < 2 else STARTS:
            # A box that every reader skips makes each file another one, as no two recordings are the same.
            data = clip(seconds=SEGMENT, first_number=begins * FPS) + struct.pack(">I4sQ", 16, b"free", place)
            admission = admit(
                camera=camera,
                starts_at=start + timedelta(seconds=begins),
                origin="import",
                original_name="clip",
                stream=io.BytesIO(data),
            )
            assert admission.segment is not None, admission.reason
    return room


@pytest.fixture
def watch(four: Room, live_server: Any, chromium: Browser) -> Iterator[Watch]:
    """The operator's room of a viewing of 40 s on the four cameras."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, locale="en", base_url=live_server.url
    )
    name = settings.SESSION_COOKIE_NAME
    cookie = four.client(four.operator).cookies[name].value
    context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    found = Watch(page)
    page.on("response", lambda answer: found.answers.append(answer))
    span = {"from": four.starts_at, "to": four.starts_at + timedelta(seconds=40)}
    query = [("camera", code) for code in CAMERAS] + [(name, clock.rfc3339(at)) for name, at in span.items()]
    page.goto(f"/sites/seoul/view/?{urlencode(query)}")
    page.keyboard.press("Enter")  # the only purpose is chosen already
    page.wait_for_url(re.compile("/viewings/[0-9a-f-]{36}"))
    yield found
    context.close()
    assert not problems, problems


def all_at(*wanted: int | None) -> Any:
    """Whether the tiles show these numbers."""
    return lambda numbers: numbers == list(wanted)


def test_four_cameras_are_watched_in_step_and_the_log_tells_exactly_the_seconds_sent(
    watch: Watch, four: Room
) -> None:
    page = watch.page
    plays_in_step(watch)
    first = paused_on_one_frame(watch)
    for key, change in ((".", 1), (".", 2), (",", 1), (",", 0), (",", -1)):
        watch.press(key)
        watch.until(all_at(*[first + change] * 4))
    shown = first - 1
    still_is_of_the_frame_on_screen(watch, shown)

    # Scrubbing: several searches at once, the last one counts.
    watch.press("ArrowRight", "ArrowLeft", "ArrowRight")
    here = shown + 5 * FPS
    watch.until(all_at(*[here] * 4))
    watch_the_gap(watch, here)
    page.wait_for_load_state("networkidle")
    watch.read_answers()
    page.locator(".sessionbar").get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("heading", name="This viewing is closed")).to_be_visible()
    assert_told(watch, four, still=shown)


def plays_in_step(watch: Watch) -> None:
    """All four play, and what is on screen at one moment was recorded at one moment."""
    watch.until(lambda numbers: len(numbers) == 4 and all(number and number > 3 for number in numbers))
    spreads = []
    for _ in range(12):
        numbers = [number for number in watch.numbers() if number is not None]
        spreads.append(max(numbers) - min(numbers))
        watch.page.wait_for_timeout(40)
    print(f"apart while playing, in frames of 40 ms: {sorted(spreads)}")
    assert sorted(spreads)[len(spreads) // 2] <= 2


def paused_on_one_frame(watch: Watch) -> int:
    """The number that all four show after a pause; the clock tells that frame's own time."""
    watch.press("k")
    expect(watch.page.get_by_role("button", name="Play (Space)")).to_be_visible()
    watch.page.wait_for_timeout(300)
    first = watch.until(lambda numbers: None not in numbers and len(set(numbers)) == 1)[0]
    assert first is not None
    assert watch.page.locator("[data-transport=fraction]").inner_text() == f".{first % FPS * 40:03d}"
    return first


def still_is_of_the_frame_on_screen(watch: Watch, number: int) -> None:
    """A still that is handed out shows the frame on screen, whichever way one came to it."""
    watch.press("c")
    watch.page.fill("#still-sheet [name=reason]", "whose parcel it is")
    with watch.page.expect_download() as download:
        watch.press("Shift+Enter")
    picture = cv2.imread(str(download.value.path()))
    assert picture is not None
    assert number_of(np.asarray(picture, np.uint8)) == number
    expect(watch.page.locator("#still-sheet")).to_be_hidden()


def watch_the_gap(watch: Watch, here: int) -> None:
    """On to where two of the cameras recorded nothing any more, back to where none did, and over it."""
    times = -(-(LATE * FPS + FPS - here) // (5 * FPS))
    watch.press(*["ArrowRight"] * times)
    late = here + times * 5 * FPS
    watch.until(all_at(late, late, None, None))
    expect(watch.page.locator(".tile[data-tile=dock] [data-part=text]")).to_contain_text("no more footage")
    watch.press(*["ArrowLeft"] * 3)
    watch.until(all_at(None, None, None, None))
    expect(watch.page.locator(".tile[data-tile=gate] [data-part=text]")).to_contain_text("begins at")
    watch.press("k")  # nobody recorded this: playing passes over it
    watch.until(lambda numbers: numbers[0] is not None and LATE * FPS <= numbers[0] < LATE * FPS + 40)
    watch.press("k")


def assert_told(watch: Watch, room: Room, *, still: int) -> None:
    """What the closing entry says was sent is what came over the wire, and all that was on screen."""
    entry = LogEntry.objects.get(kind="viewing.closed")
    body = json.loads(json.dumps(dict(load_receipt(entry.index).body)))
    told: dict[str, set[int]] = {}
    (handed_out,) = [row for row in body["sent"] if row["kind"] == "still"]
    at = clock.parse_rfc3339(handed_out["from"]) - room.starts_at
    assert (handed_out["camera"]["code"], round(at / FRAME)) == ("gate", still)
    for row in body["sent"]:
        if row["kind"] == "still":
            continue
        begins, ends = (
            round((clock.parse_rfc3339(row[name]) - room.starts_at) / FRAME) for name in ("from", "to")
        )
        told.setdefault(row["camera"]["code"], set()).update(range(begins, ends))
    assert told == watch.sent
    assert set(watch.seen) == set(CAMERAS)
    for code, numbers in watch.seen.items():
        assert numbers <= told[code], code
    assert ViewedSpan.objects.exists()
