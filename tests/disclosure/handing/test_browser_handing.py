"""A police officer's view: link, code, download, unpack, check; and a sealed copy on a machine without a
network."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from cctv.disclosure.exports.models import Export
from cctv.disclosure.handing import agefile, services
from cctv.disclosure.packaging.key import public_key
from tests.disclosure.handing.conftest import entries
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room, room

__all__ = ["room"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
WITHIN_S = 120


@pytest.fixture
def export(room: Room) -> Export:
    """A package of a camera with a Korean and one with a Japanese name."""
    for camera, name in ((room.gate, "정문 1"), (room.yard, "東の庭")):
        camera.name = name
        camera.save(update_fields=["name"])
    helping.hour_closed()
    room.record(room.yard, room.starts_at)
    return helping.packaged(helping.approved(room, (room.gate, 0, 8), (room.yard, 0, 4)))


@pytest.fixture
def made(room: Room, export: Export) -> services.Made:
    assert export.state == "ready", export.error
    return link(room, export)


def link(room: Room, export: Export, **options: Any) -> services.Made:
    return services.make_link(
        export=export, actor=room.operator, terminal="10.0.0.1", person="오세린", **options
    )


def sound(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not [(each["id"], [node["html"] for node in each["nodes"]]) for each in grave]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def unpacked(archive: Path, to: Path) -> Path:
    """With a tool that is not ours."""
    to.mkdir()
    subprocess.run(["unzip", "-q", str(archive), "-d", str(to)], check=True, env={"LC_ALL": "C.UTF-8"})
    return to


def checked(folder: Path) -> None:
    """With the program that lies in the package, on its own."""
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "check.py"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr


def checked_in_a_browser(chromium: Browser, page: Path, archive: Path) -> None:
    """With the page that lies in the package, without a network."""
    context = chromium.new_context(offline=True, locale="ja-JP")
    offline = context.new_page()
    offline.goto(page.as_uri())
    offline.set_input_files("#zip", str(archive))
    offline.wait_for_selector("body[data-done=yes]", timeout=30_000)
    assert offline.get_attribute(".result", "data-state") == "self"
    context.close()


def downloaded(page: Page, to: Path) -> Path:
    """What the button gives, in this folder."""
    with page.expect_download() as download:
        page.click("a.btn[download]")
    archive = to / download.value.suggested_filename
    download.value.save_as(archive)
    return archive


def test_a_police_officer_has_a_checked_copy_within_two_minutes(
    made: services.Made, export: Export, live_server: Any, chromium: Browser, tmp_path: Path
) -> None:
    begun = time.monotonic()
    context = chromium.new_context(
        base_url=live_server.url,
        locale="ko-KR",
        java_script_enabled=False,
        viewport={"width": 1280, "height": 800},
    )
    page = context.new_page()
    page.goto(f"/d/{made.token}/")
    page.fill("#code", "AAAA-AAAA")
    page.click("button.btn")
    expect(page.locator("#code-error")).to_be_visible()
    page.fill("#code", made.code.lower())
    page.click("button.btn")
    expect(page.locator("dl.sum")).to_contain_text("東の庭")
    expect(page.locator(".hash")).to_have_text(export.package["sha256"])
    archive = downloaded(page, tmp_path)
    folder = unpacked(archive, tmp_path / "package")
    clips = [path.relative_to(folder).as_posix() for path in folder.glob("clips/*/*.mp4")]
    assert any("정문 1" in name for name in clips)
    assert any("東の庭" in name for name in clips)
    checked(folder)
    page.goto(f"/d/{made.token}/")
    page.click("form button.btn.second")
    expect(page.locator(".notice.ok")).to_be_visible()
    context.close()
    checked_in_a_browser(chromium, folder / "check.html", archive)
    assert time.monotonic() - begun < WITHIN_S
    assert len(entries("export.received")) == 1
    assert public_key()  # the key that signed it is this installation's


@pytest.mark.parametrize(
    ("locale", "width", "scheme"), [("ko-KR", 390, "dark"), ("ja-JP", 390, "light"), ("en-GB", 1280, "light")]
)
def test_the_recipients_pages_shut_nobody_out(
    made: services.Made, live_server: Any, chromium: Browser, locale: str, width: int, scheme: Any
) -> None:
    context = chromium.new_context(
        base_url=live_server.url, locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security" in said.text else None)
    for address in ("/d/nothing/", f"/d/{made.token}/"):
        page.goto(address)
        sound(page)
    page.fill("#code", made.code)
    page.click("button.btn")
    expect(page.locator("dl.sum")).to_be_visible()
    sound(page)
    page.locator("nav.langs a[lang=ja]").click()
    assert page.locator("html").get_attribute("lang") == "ja"
    context.close()
    assert refused == []


def says_that_a_cut_file_is_damaged(page: Page, whole: Path) -> None:
    cut = whole.with_name("cut.zip.age")
    cut.write_bytes(whole.read_bytes()[:-100])
    page.set_input_files("#file", str(cut))
    page.click("#open")
    expect(page.locator("#alert")).to_contain_text("damaged", timeout=20_000)


@pytest.mark.parametrize("sealing", ["phrase", "age"])
def test_a_sealed_copy_opens_in_a_browser_without_a_network(
    room: Room, export: Export, live_server: Any, chromium: Browser, tmp_path: Path, sealing: str
) -> None:
    identity, public = agefile.new_identity()
    made = link(room, export, sealing=sealing, age_recipient=public)
    context = chromium.new_context(base_url=live_server.url, locale="en-GB")
    page = context.new_page()
    page.goto(f"/d/{made.token}/")
    page.fill("#code", made.code)
    page.click("button.btn")
    folder = unpacked(downloaded(page, tmp_path), tmp_path / "sealed")
    context.close()

    offline = chromium.new_context(offline=True, locale="en-GB", viewport={"width": 390, "height": 800})
    page = offline.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto((folder / "open.html").as_uri())
    sound(page)
    page.set_input_files("#file", str(folder / "package.zip.age"))
    page.fill("#secret", "AAAA-BBBB-CCCC-DDDD-EEEE" if sealing == "phrase" else agefile.new_identity()[0])
    page.click("#open")
    expect(page.locator("#alert")).to_contain_text("does not open it", timeout=20_000)
    page.fill("#secret", made.phrase.lower().replace("-", " ") if sealing == "phrase" else identity)
    with page.expect_download(timeout=30_000) as opened:
        page.click("#open")
    expect(page.locator("#status")).to_contain_text("It is opened")
    inner = tmp_path / opened.value.suggested_filename
    opened.value.save_as(inner)
    says_that_a_cut_file_is_damaged(page, folder / "package.zip.age")
    page.click("header button[lang=ko]")
    assert page.locator("html").get_attribute("lang") == "ko"
    offline.close()
    assert inner.name == "package.zip"
    checked(unpacked(inner, tmp_path / "package"))
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    assert broken == []
