"""Chromium from the system, driven by Playwright, which downloads none of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_HOW = (
    "as root: apt-get update && apt-get install -y --no-install-recommends chromium fontconfig fonts-noto-cjk"
)


class BrowserMissing(RuntimeError):
    """The machine has no Chromium, or no font with Korean and Japanese glyphs."""


def chromium_path() -> str:
    """The system's Chromium; raises BrowserMissing, which says how to install it."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    raise BrowserMissing(f"The browser tests need Chromium. Install it {_HOW}")


def require_fonts() -> None:
    """Raises BrowserMissing where Korean or Japanese would show as empty boxes."""
    for language in ("ko", "ja"):
        try:
            fonts = subprocess.run(["fc-list", f":lang={language}"], capture_output=True, check=True).stdout
        except FileNotFoundError:
            fonts = b""
        if not fonts.strip():
            raise BrowserMissing(f"The browser tests need a font for '{language}'. Install it {_HOW}")


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless Chromium that plays without a gesture."""
    path = chromium_path()
    require_fonts()
    # Playwright's loop runs in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    arguments = ["--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=arguments)
            yield browser
            browser.close()
    finally:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
