"""check.html in a real browser, cut off from every network: it says of each package what check.py says."""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from accesslog import note
from cctv.disclosure.packages.check import lethe_check
from tests.accesslog.outside import published
from tests.disclosure.check import packages, tampering
from tests.disclosure.check.packages import Options, write

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("check-page")]
Fault = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("package") / "E-2026-0032")


@pytest.fixture(scope="module")
def page(chromium: Browser, whole: Path) -> Iterator[Page]:
    """The page as it lies in the package, opened from the disk of a machine without a network."""
    context = chromium.new_context(offline=True, locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    page.goto((whole / "check.html").as_uri())
    yield page
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    assert [said for said in broken if "Executing inline script violates" not in said] == []
    context.close()


def chosen(page: Page, *files: Path, field: str = "#zip") -> None:
    """Choose files and wait for the result."""
    page.evaluate("document.body.dataset.done = ''")
    if field == "#zip":
        page.set_input_files(field, [])
        page.set_input_files(field, [str(each) for each in files])
    else:
        page.set_input_files(field, str(files[0]))
    page.wait_for_selector("body[data-done=yes]", timeout=60_000)


def said_by_page(page: Page, result: str = "") -> set[tuple[str, str]]:
    script = "all => all.map(e => [e.dataset.file, e.dataset.code])"
    return {(file, code) for file, code in page.eval_on_selector_all(f"{result} .fault", script)}


def said_by_program(place: Path) -> set[tuple[str, str]]:
    report = lethe_check.Check(lethe_check.Place(str(place))).run()
    return {(each["file"], each["code"]) for each in report.faults}


def facts_of_page(page: Page) -> list[Any]:
    script = "all => all.map(e => [e.dataset.code, JSON.parse(e.dataset.said)])"
    return page.eval_on_selector_all(".result li[data-said]", script)


def test_a_whole_package_is_found_whole_as_zip_and_as_folder(page: Page, whole: Path, tmp_path: Path):
    archive = packages.packed(whole, tmp_path / "E-2026-0032.zip")
    page.fill("#key", published.VKEY)
    for files, field in (([archive], "#zip"), ([whole], "#folder")):
        chosen(page, *files, field=field)
        assert page.get_attribute(".result", "data-state") == "good", page.inner_text("#results")
        report = lethe_check.Check(lethe_check.Place(str(whole)), published.VKEY.encode()).run()
        assert facts_of_page(page) == json.loads(json.dumps(report.facts))
    page.fill("#key", "")
    chosen(page, archive)
    # Nobody is told that all is well who could have been given the log of a forger.
    assert page.get_attribute(".result", "data-state") == "self"
    assert "no key was given" in page.inner_text(".result h2")
    assert page.inner_text(".mark") == "!"
    assert "✓" not in page.inner_text("#results")


def test_the_key_is_entered_afterwards_by_pasting_or_from_a_file(page: Page, whole: Path, tmp_path: Path):
    def done(state: str) -> None:
        page.wait_for_selector(f"body[data-done=yes] .result[data-state={state}]", timeout=30_000)

    chosen(page, packages.packed(whole, tmp_path / "E-2026-0032.zip"))
    done("self")
    page.click(".next button")
    assert page.evaluate("document.activeElement.id") == "key"
    page.keyboard.insert_text("not a key")
    page.keyboard.press("Tab")
    assert page.is_visible("#key-wrong")
    done("self")
    page.fill("#key", f"  {published.VKEY}\r\n{packages.WITNESS_KEY}\n")
    page.keyboard.press("Tab")
    done("good")
    assert page.is_hidden("#key-wrong")
    assert "said.witness" in dict(facts_of_page(page))
    for name, text, state in (
        ("key.txt", published.VKEY, "good"),
        ("their-key.txt", str(note.key_of(published.ORIGIN, packages.OTHER_KEY)), "bad"),
        ("checkpoint.txt", published.checkpoint(published.entries_of(2)), "good"),
    ):
        (tmp_path / name).write_text(f"{text}\n")
        page.set_input_files("#key-file", str(tmp_path / name))
        done(state)
    page.fill("#key", "")
    page.keyboard.press("Tab")
    done("self")


def test_every_tampering_is_named_as_by_the_program(page: Page, whole: Path, tmp_path: Path):
    archives = []
    for number, (act, _expected) in enumerate(tampering.CASES.values()):
        folder = packages.copy(whole, tmp_path / str(number))
        act(folder)
        archives.append(packages.packed(folder, tmp_path / f"{number}.zip"))
    chosen(page, *archives)
    differs = {}
    for number, (case, (_act, expected)) in enumerate(tampering.CASES.items()):
        # Old ones are named as such beside the new ones, besides what is wrong with them.
        found = said_by_page(page, f".result:nth-child({number + 1})") - {("manifest.json", "old")}
        if found != said_by_program(archives[number]) or not expected <= found:
            differs[case] = found
    assert differs == {}


def test_the_log_of_somebody_else_is_told_by_the_key_that_one_has(page: Page, whole: Path, tmp_path: Path):
    archive = packages.packed(whole, tmp_path / "a.zip")
    page.fill("#key", str(note.key_of(published.ORIGIN, packages.OTHER_KEY)))
    chosen(page, archive)
    assert said_by_page(page) == {("manifest.json", "log.key")}
    page.fill("#key", published.checkpoint(published.entries_of(6)))
    chosen(page, archive)
    assert said_by_page(page) == {("checkpoint", "log.rewritten")}
    page.fill("#key", "")


def test_of_two_packages_of_one_number_the_older_is_named(page: Page, whole: Path, tmp_path: Path):
    made_at = Options().made_at + timedelta(days=1)
    newer = write(tmp_path / "newer", replace(Options(), made_at=made_at))
    files = [packages.packed(whole, tmp_path / "a.zip"), packages.packed(newer, tmp_path / "b.zip")]
    chosen(page, *files)
    states = page.eval_on_selector_all(".result", "all => all.map(e => e.dataset.state)")
    assert states == ["bad", "self"]
    assert said_by_page(page) == {("manifest.json", "old")}
    assert "b.zip" in page.inner_text(".fault")


def test_what_cannot_be_checked_is_told_apart(page: Page, whole: Path, tmp_path: Path):
    deflated = packages.packed(whole, tmp_path / "again.zip", compression=zipfile.ZIP_DEFLATED)
    (tmp_path / "no.zip").write_bytes(b"no")
    for archive, said in ((deflated, "unpack it"), (tmp_path / "no.zip", "no.zip")):
        chosen(page, archive)
        assert page.get_attribute(".result", "data-state") == "open"
        assert said in page.inner_text(".result h2")


def test_browsers_without_ed25519_calculate_it(page: Page):
    private = packages.PACKAGE_KEY
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"message")
    script = """([key, signature, message]) => {
        const bytes = [key, signature, message].map((each) => Uint8Array.from(each));
        return verifyHere(...bytes);
    }"""
    too_large = int.from_bytes(signature[32:], "little") + lethe_check.L
    for changed, fits in (
        (signature, True),
        (signature[:63] + bytes([signature[63] ^ 0x10]), False),
        (signature[:32] + too_large.to_bytes(32, "little"), False),
        (bytes([signature[0] ^ 1]) + signature[1:], False),
    ):
        assert page.evaluate(script, [list(public), list(changed), list(b"message")]) is fits


def test_its_sha256_is_the_right_one_at_every_length(page: Page):
    script = """async () => {
        for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100000]) {
            const data = new Uint8Array(size).map((_, n) => (n * 31 + size) & 255), digest = new Sha256();
            for (let at = 0; at < size; at += 37) digest.update(data.subarray(at, at + 37));
            const expected = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
            if (hex(digest.digest()) !== hex(expected)) return size;
        }
        return "all";
    }"""
    assert page.evaluate(script) == "all"


@pytest.mark.parametrize(("language", "width"), [("한국어", 390), ("日本語", 1280), ("English", 390)])
def test_it_reads_well_in_three_languages_and_on_a_telephone(
    page: Page, whole: Path, tmp_path: Path, language: str, width: int
):
    folder = packages.copy(whole, tmp_path / "package")
    tampering.swap(folder)
    page.set_viewport_size({"width": width, "height": 844})
    page.get_by_role("button", name=language).click()
    chosen(page, packages.packed(folder, tmp_path / "a.zip"))
    code = page.get_attribute("html", "lang") or ""
    said = lethe_check.word("bad", code, count=page.locator(".fault").count())
    assert page.inner_text(".result h2").endswith(said)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not re.search(r"\{\w+\}|undefined|NaN", page.inner_text("body"))
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_its_policy_forbids_everything_but_its_own_script_and_style(page: Page):
    policy = page.get_attribute("meta[http-equiv]", "content") or ""
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    blocked = """async () => {
        const found = [];
        document.addEventListener("securitypolicyviolation", (event) => found.push(event.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "window.injected = 1";
        document.body.append(script);
        await new Promise((done) => setTimeout(done, 50));
        return [window.injected, found.length > 0];
    }"""
    assert page.evaluate(blocked) == [None, True]
    told = page.evaluate("performance.getEntriesByType('resource').length")
    assert told == 0
