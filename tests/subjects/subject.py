"""What each person of the story does, in their browser: the subject on a phone, in Japanese."""

import io
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from django.utils import translation
from django.utils.translation import gettext
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from cctv.subjects.requests.models import SubjectRequest
from tests.subjects.house import House, Screens

NAME, EMAIL = "高橋 さくら", "sakura.takahashi@people.example"
LOOKS, REASON = "黄色いレインコート、バイオリンのケース", "改札の前で傘をとられました。"
# Starts the player and tells its length when it has come to its end.
PLAYED = """player => new Promise((done, failed) => {
  player.addEventListener("ended", () => done(player.duration), { once: true });
  player.addEventListener("error", () => failed(player.error), { once: true });
  player.muted = true;
  player.playbackRate = 4;
  player.play();
})"""
QUESTION = "傘をとった人は写っていますか。"


def ja(words: str) -> str:
    """As the phone says it."""
    with translation.override("ja"):
        return gettext(words)


# The number on a card: its place and size, as parts of the card's.
NUMBER = (0.08, 0.78, 0.5, 0.1)


def card(path: Path) -> Path:
    """A document as a telephone takes it: a face, a name, and a number, which is red."""
    wide, high = 1000, 640
    made = Image.new("RGB", (wide, high), "white")
    pen = ImageDraw.Draw(made)
    pen.rectangle((60, 100, 320, 430), fill=(150, 170, 190))
    pen.ellipse((130, 150, 250, 300), fill=(90, 70, 60))
    pen.rectangle((380, 140, 760, 180), fill="black")
    x, y, w, h = NUMBER
    pen.rectangle((x * wide, y * high, (x + w) * wide, (y + h) * high), fill="red")
    made.save(path, "JPEG", quality=92)
    return path


def numbers_on(data: bytes) -> int:
    """How many pixels of a number can be seen on such a picture."""
    with Image.open(io.BytesIO(data)) as opened:
        pixels = np.asarray(opened.convert("RGB"), np.int16)
    return int(((pixels[..., 0] > 180) & (pixels[..., 1] < 90) & (pixels[..., 2] < 90)).sum())


@dataclass
class Receipt:
    """What the subject writes down."""

    reference: str
    secret: str


@dataclass
class Subject:
    """Somebody who was filmed, with a phone."""

    house: House
    screens: Screens
    page: Page

    def sees(self, name: str) -> None:
        """The page as it is: whole, in Japanese."""
        assert self.page.locator("html").get_attribute("lang") == "ja"
        self.screens.look(self.page, f"subject-{name}")

    def follow(self, where: str) -> None:
        """To the page that this leads to."""
        self.screens.follow(self.page.locator(where))

    def next(self, name: str) -> None:
        """On to the next question."""
        self.follow("main button[value=next] >> nth=-1")
        self.sees(name)

    def files(self, start: datetime, *, whom: str = "self", email: str = EMAIL) -> Receipt:
        """From the first page to the receipt, with nothing but the pages to go by."""
        page = self.page
        page.goto("/portal/")
        self.sees("start")
        self.follow("main .btn >> nth=0")
        self.sees("kind")
        for value in ("copy", "person"):
            page.locator(f"input[value={value}]").check()
            self.next("question")
        page.get_by_label(self.house.hall.zone.name).check()
        self.next("when")
        self.says_when(start)
        page.locator(f"input[value={whom}]").check()
        self.next("whom" if whom == "self" else "child")
        if whom != "self":
            page.fill("#name", "高橋 あおい")
            page.fill("#relation", "母")
            self.next("looks")
        page.fill("#looks", LOOKS)
        self.next("why")
        page.fill("#reason", REASON)
        self.next("contact")
        page.fill("#name", NAME)
        page.fill("#email" if email else "#phone", email or "080-0000-0147")
        self.next("check")
        return self.sends()

    def says_when(self, start: datetime) -> None:
        """Roughly: they remember the quarter of an hour, on the clocks of the place."""
        local = start.astimezone(ZoneInfo(self.house.room.site.time_zone))
        until = local + timedelta(minutes=10)
        numbers = {
            "y": local.year, "m": local.month, "d": local.day, "fh": local.hour, "fm": local.minute,
            "th": until.hour, "tm": until.minute,
        }  # fmt: skip
        for name, value in numbers.items():
            self.page.fill(f"#{name}", str(value))
        self.page.locator("input[value=exact]").check()
        self.next("whom")

    def sends(self) -> Receipt:
        """Reads it over, sends it, and notes what is shown once."""
        page = self.page
        for said in (LOOKS, REASON, NAME):
            expect(page.locator("main")).to_contain_text(said)
        page.locator("input#true").check()
        self.follow("main button[value=next] >> nth=-1")
        assert page.url.endswith("/portal/receipt/")
        self.sees("receipt")
        return Receipt(*(page.locator(f".keybox {each}").inner_text() for each in (".nb", ".secret")))

    def comes_back(self, receipt: Receipt) -> None:
        """Another day: a browser that knows nothing, reference and secret from the slip of paper."""
        page = self.page
        page.context.clear_cookies()
        page.goto("/portal/")
        self.follow("main a[href$='/portal/open/'] >> nth=0")
        self.sees("open")
        page.fill("[name=reference]", receipt.reference.lower())
        page.fill("[name=secret]", receipt.secret)
        self.follow("main form button[type=submit]")
        assert page.url.endswith("/portal/status/")
        self.sees("status")

    def closes_it(self) -> None:
        """Somebody else uses this phone, too."""
        page = self.page
        page.goto("/portal/status/")
        self.follow("form[action$='/portal/status/close/'] button")
        page.goto("/portal/status/")
        assert "/portal/open/" in page.url

    def shows_who_they_are(self, folder: Path, *, papers: int = 1) -> None:
        """A photo of each document, its number covered with a finger before anything leaves the phone."""
        page = self.page
        page.goto("/portal/status/")
        self.follow("main a.btn[href='/portal/identity/']")
        for number in range(papers):
            self.sees(f"paper-{number}")
            page.set_input_files("#picture", card(folder / f"paper-{number}.jpg"))
            expect(page.locator("[data-editor]")).to_be_visible()
            self.covers_the_number()
            self.sees(f"paper-{number}-covered")
            self.follow("[data-send]")
        expect(page.locator(".confirm")).to_be_visible()
        self.sees("papers-sent")

    def covers_the_number(self) -> None:
        """One stroke."""
        bars = self.page.locator("[data-bars]")
        bars.scroll_into_view_if_needed()
        box = bars.bounding_box()
        assert box is not None
        x, y, w, h = NUMBER
        stroke = [(x - 0.03, y - 0.04), (x + w / 2, y + h / 2), (x + w + 0.03, y + h + 0.04)]
        session = self.page.context.new_cdp_session(self.page)
        for kind, at in zip(("touchStart", "touchMove", "touchMove"), stroke, strict=True):
            point = {"x": box["x"] + at[0] * box["width"], "y": box["y"] + at[1] * box["height"]}
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect(self.page.locator(".cover__bar")).to_have_count(1)

    def agrees_to_the_visit(self) -> None:
        """To the day that was proposed."""
        page = self.page
        page.goto("/portal/status/")
        self.sees("visit")
        self.follow("button[name=answer][value=yes]")
        expect(page.locator("button[name=answer][value=yes]")).to_have_count(0)
        expect(page.locator("button[name=answer][value=no]")).to_be_visible()
        self.sees("visit-agreed")

    def objects(self, text: str) -> None:
        """Against the answer that is on the screen."""
        page = self.page
        self.follow("main a[href='/portal/decision/object/']")
        page.fill("#text", text)
        self.sees("object")
        self.follow("main form button[type=submit]")
        expect(page.locator("#messages")).to_contain_text(text)

    def writes(self, text: str) -> None:
        """A message to the desk."""
        page = self.page
        page.goto("/portal/status/")
        self.follow("#messages a.btn")
        page.fill("#text", text)
        self.sees("write")
        self.follow("main form button[type=submit]")
        expect(page.locator("#messages")).to_contain_text(text)
        self.sees("status-written")

    def reads_the_answer(self, outcome: str) -> None:
        """From the status page: what, and the letter."""
        page = self.page
        page.goto("/portal/status/")
        self.sees("status-answered")
        self.follow("main a[href='/portal/decision/'] >> nth=0")
        expect(page.locator("main .tag").first).to_have_text(ja(outcome))
        self.sees("answer")
        letter = page.request.get("/portal/decision/letter.pdf")
        assert letter.body().startswith(b"%PDF")

    def asks_for_the_code(self) -> None:
        """The clip needs a code, which comes by mail."""
        page = self.page
        self.follow("main a[href*='/portal/result/'] >> nth=0")
        self.sees("code")
        expect(page.locator("#code")).to_have_count(0)  # first things first
        self.follow("form[action$='/code/'] button")
        self.sees("code-sent")

    def opens_the_clip(self, code: str) -> None:
        """A wrong code opens nothing; the right one does, once."""
        page = self.page
        page.fill("#code", "AAAA-AAAA")
        self.follow("form:has(#code) button")
        expect(page.locator("main [role=alert]")).to_contain_text("4")
        self.sees("code-wrong")
        page.fill("#code", code)
        self.follow("form:has(#code) button")
        expect(page.locator("video.player")).to_be_visible()
        self.sees("clip")

    def watches_it(self) -> float:
        """To its end, in the page; its length in seconds."""
        player = self.page.locator("video.player")
        played = player.evaluate(PLAYED)
        self.sees("clip-watched")
        return float(played)

    def downloads_it(self, to: Path) -> Path:
        """To the phone."""
        with self.page.expect_download() as download:
            self.page.locator("main a[download]").click()
        kept = to / download.value.suggested_filename
        download.value.save_as(kept)
        return kept


def request_of(receipt: Receipt) -> SubjectRequest:
    """The row."""
    assert re.fullmatch(r"R-\d{4}-\w+", receipt.reference)
    return SubjectRequest.objects.select_related("site", "hold").get(reference=receipt.reference)
