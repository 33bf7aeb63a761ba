"""The demonstration, up and running once for all browser tests, and people at their browsers."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from config.demo.plan import PASSWORD
from tests.servers import lethe, templates
from tests.servers.lethe import LiveLethe

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE, DESK = 390, 1440


_running: list[LiveLethe] = []


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLethe]:
    """`manage.py demo` on a fresh home."""
    home = tmp_path_factory.mktemp("demo") / "home"
    if "PYTEST_XDIST_WORKER" not in os.environ:  # where it is measured everything waits for it
        templates.lay_down(home)
    live = lethe.start(home, arguments=("demo",), timeout_s=180)
    _running.append(live)
    yield live
    live.stop()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Its cameras record a fifth of a core for as long as it runs: not beyond the last test that takes it."""
    if _running and not _taken_later(item, nextitem):
        _running.pop().stop()


def _taken_later(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    if item.config.getoption("loadgroup", False):  # then they come one after the other (tests/groups.py)
        return nextitem is not None and _takes_it(nextitem)
    if "PYTEST_XDIST_WORKER" in os.environ:  # nobody knows what else this process is going to be given
        return True
    return any(_takes_it(each) for each in item.session.items[item.session.items.index(item) + 1 :])


def _takes_it(item: pytest.Item) -> bool:
    return "demo" in getattr(item, "fixturenames", ())


@pytest.fixture
def person(demo: LiveLethe, chromium: "Browser") -> "Iterator[Callable[..., Page]]":
    """`person("operator")` is that demo account's signed-in page; script errors fail the test."""
    problems: list[str] = []
    with ExitStack() as stack:

        def sign_in(name: str, *, width: int = DESK, language: str = "en") -> "Page":
            context = chromium.new_context(
                viewport={"width": width, "height": 900}, locale=language, base_url=demo.url
            )
            stack.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda message: _note(problems, message.type, message.text))
            page.goto("/accounts/login/")
            page.fill("[name=login]", f"{name}@demo.lethe")
            page.fill("[name=password]", PASSWORD)
            page.press("[name=password]", "Enter")
            page.wait_for_load_state("networkidle")
            return page

        yield sign_in
    assert not problems, problems


def _note(problems: list[str], kind: str, text: str) -> None:
    """Refusals that a test provokes are answers; a broken policy is a defect."""
    if kind == "error" and "Content Security Policy" in text:
        problems.append(text)
