"""What every test may use. Areas keep fixtures of their own in tests/<area>/conftest.py."""

import copy
import gc
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from tests.emptying import let_tests_empty_the_log
from tests.faces import cut_faces_once, read_faces_once
from tests.servers.templates import share_migrated_databases
from tests.servers.writes import only_writes_below
from tests.statics import share_static_files

pytest_plugins = ["tests.groups", "tests.servers.fixtures", "tests.accesslog.fixtures", "tests.people.cast"]

# Without tests/requirements.txt (test-fast in a fresh checkout) there is no Playwright to import.
collect_ignore_glob = [] if importlib.util.find_spec("playwright") else ["e2e/*", "*/test_browser*.py"]

# A marker that brings its companions, so that `test-fast` leaves out what it must.
_MARKED_BY_FIXTURE = {
    "postgres": "servers",
    "redis": "servers",
    "s3": "servers",
    "bucket": "servers",
    "openbao": "servers",
    "live_lethe": "servers",
    "chromium": "browser",
}


def pytest_configure() -> None:
    """Before the first test."""
    let_tests_empty_the_log()
    share_migrated_databases()
    share_static_files()
    read_faces_once()
    cut_faces_once()
    gc.disable()  # what is loaded now stays: nothing to look for until the first test


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the servers and browsers that they take, so that nobody forgets."""
    for item in items:
        if item.path.relative_to(item.config.rootpath).parts[1] in ("faults", "retention", "vault"):
            item.add_marker("heavy")
        fixtures = getattr(item, "fixturenames", ())
        for fixture, marker in _MARKED_BY_FIXTURE.items():
            if fixture in fixtures:
                item.add_marker(marker)
        if "demo" in fixtures:  # one process makes the demonstration, for all of them
            item.add_marker(pytest.mark.xdist_group("demo"))


def pytest_collection_finish() -> None:
    """Modules and collected tests are never garbage: looking through them was a fifth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture
def lethe_home(tmp_path: Path, settings: Any) -> Path:
    """A fresh LETHE_HOME for one test: footage, keys and drop folder; the databases stay where they are."""
    home = tmp_path / "home"
    for name in ("footage", "keys", "drop"):
        (home / name).mkdir(parents=True)
    settings.LETHE_HOME = home
    settings.LETHE_FOOTAGE_ROOT = home / "footage"
    settings.LETHE_KEYS_ROOT = home / "keys"
    settings.LETHE_DROP_ROOT = home / "drop"
    settings.LETHE_SOURCE_ROOTS = [str(home / "drop")]
    settings.LETHE_KEY_MIRRORS = []
    settings.LETHE_ESCROW_FOLDERS = []
    settings.ACCESSLOG_FOLDER, settings.ACCESSLOG_COPIES = home / "log", []
    storages = copy.deepcopy(settings.STORAGES)
    storages["footage"]["OPTIONS"]["location"] = str(home / "footage")
    settings.STORAGES = storages
    return home


@pytest.fixture
def no_clear_files(lethe_home: Path) -> Iterator[None]:
    """Fail when the test opens any file for writing outside its home."""
    with only_writes_below(lethe_home):
        yield


@pytest.fixture(autouse=True)
def _no_language_left_behind() -> Iterator[None]:
    """A request activates a language for its thread; the next test starts without one."""
    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_refusal_left_behind() -> Iterator[None]:
    """What was refused to somebody is not told within another test, nor when the process ends."""
    yield
    if refused := sys.modules.get("cctv.people.refused"):
        refused.forget_all()


@pytest.fixture(autouse=True)
def _no_ring_left_behind() -> Iterator[None]:
    """A ring of a test's own home is watched by a thread; thousands of them would slow the rest down."""
    yield
    from cctv.vault import rings

    for identity in [each for each in rings._rings if each[0] != os.environ["LETHE_HOME"]]:
        rings._rings.pop(identity).close()
