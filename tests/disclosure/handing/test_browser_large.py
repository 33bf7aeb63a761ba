"""A sealed copy above the size at which open.html writes straight into the file that is chosen.

The sizes are set down so that a few MiB are "large". Picker and disk are the browser's own (its private
disk), but for the refusals, which no test can bring about.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cctv.disclosure.handing import agefile, enclosing
from cctv.disclosure.handing.models import Sealing

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(120)]

MIB = 1 << 20
PARTS = 5
PHRASE = "AAAA-BBBB-CCCC-DDDD-EEEE"
ORIGIN = "http://localhost"  # nothing listens there: what is asked is answered here, in a secure context
PICKER = """
const disk = () => navigator.storage.getDirectory();
window.showSaveFilePicker = async ({suggestedName}) => {
  if (window.how === "called off") throw new DOMException("", "AbortError");
  const handle = await (await disk()).getFileHandle(suggestedName, {create: true});
  if (window.how === "full") {
    const make = handle.createWritable.bind(handle);
    handle.createWritable = async () => {
      const writable = await make();
      writable.write = async () => { throw new DOMException("", "QuotaExceededError"); };
      return writable;
    };
  }
  return handle;
};
window.saved = async () => {
  const found = [];
  for await (const [name, handle] of (await disk()).entries()) {
    const bytes = await (await handle.getFile()).arrayBuffer();
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    found.push([name, [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("")]);
  }
  return found;
};
"""


def clear_parts() -> Iterator[bytes]:
    for index in range(PARTS):
        yield bytes([index]) * MIB


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """The sealed file, and open.html for it with small sizes."""
    load = enclosing._static

    def small(name: str) -> str:
        text = load(name)
        if name == enclosing.PROGRAM:
            for before, after in (
                ("256 * 1024 * 1024", "2 * 1024 * 1024"),
                ("16 * 1024 * 1024", "1024 * 1024"),
            ):
                assert text.count(f"= {before};") == 1
                text = text.replace(f"= {before};", f"= {after};")
        return text

    monkeypatch.setattr(enclosing, "_static", small)
    identity, public = agefile.new_identity()
    path = tmp_path / enclosing.SEALED_NAME
    path.write_bytes(b"".join(agefile.sealed_to(public, clear_parts())))
    row: Any = SimpleNamespace(
        export=SimpleNamespace(number="E-2026-0001"), copy=1, sealing=Sealing.PASS_PHRASE
    )
    return path, enclosing.page(row, agefile.seal_by_phrase(identity, PHRASE)).decode()


@pytest.fixture
def page(sealed: tuple[Path, str], chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-GB")
    opened = context.new_page()
    opened.add_init_script(PICKER)
    opened.route(f"{ORIGIN}/**", lambda route: route.fulfill(body=sealed[1], content_type="text/html"))
    opened.goto(f"{ORIGIN}/open.html")
    opened.set_input_files("#file", str(sealed[0]))
    yield opened
    context.close()


def said(page: Page, phrase: str, where: str, words: str, *, how: str = "") -> list[list[str]]:
    """What lies on the browser's disk once the page has said `words`."""
    page.evaluate("how => { window.how = how; }", how)
    page.fill("#secret", phrase)
    page.click("#open")
    expect(page.locator(where)).to_contain_text(words, timeout=20_000)
    found: list[list[str]] = page.evaluate("() => window.saved()")
    return found


def test_a_large_package_is_written_straight_into_the_chosen_file(page: Page) -> None:
    expected = hashlib.sha256(b"".join(clear_parts())).hexdigest()
    assert said(page, PHRASE, "#status", "It is opened") == [["package.zip", expected]]
    assert page.locator("#again").is_hidden()


def test_what_goes_wrong_leaves_no_file_and_says_why(page: Page) -> None:
    assert said(page, PHRASE, "#alert", "No place to save it", how="called off") == []
    assert said(page, "ZZZZ-BBBB-CCCC-DDDD-EEEE", "#alert", "does not open it") == []
    assert said(page, PHRASE, "#alert", "Make room on the disk", how="full") == []


def test_a_large_file_that_was_cut_leaves_nothing_half(page: Page, sealed: tuple[Path, str]) -> None:
    cut = sealed[0].with_name("cut.zip.age")
    cut.write_bytes(sealed[0].read_bytes()[:-100])
    page.set_input_files("#file", str(cut))
    assert said(page, PHRASE, "#alert", "damaged") == []


def test_a_file_that_was_there_stays_as_it_was(page: Page) -> None:
    (before,) = said(page, PHRASE, "#status", "It is opened")
    assert said(page, PHRASE, "#alert", "Make room on the disk", how="full") == [before]
