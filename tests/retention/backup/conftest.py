"""Fixtures of the backup tests."""

import copy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.retention.backup.machines import Machine, on_postgres
from tests.retention.backup.stories import Story


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    """`machines(name, mirror=…, footage=…)` gives a machine; all of them end with the test."""
    made: list[Machine] = []

    def make(name: str, **more: Any) -> Machine:
        made.append(Machine(tmp_path, name, **more))
        return made[-1]

    yield make
    for machine in made:
        machine.stop()


class _Kept:
    """What stands after a beginning that many tests share; made once a process, laid down for each test.

    A machine knows the places of its mirrors, so the tests of this package run in one folder, by turns.
    Databases of a server lie in no folder: on PostgreSQL each test begins anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Any] = {}
        self.here = folder / "here"

    def begin(self, name: str, begin: Callable[[Path], Any]) -> Any:
        """`begin(folder)` gives something with `stop()` that can be copied; one like it, stopped or not."""
        if on_postgres():
            return begin(self.here)
        if name not in self._made:
            self._made[name] = begin(self.here)
            self._made[name].stop()
            shutil.copytree(self.here, self._folder / name, symlinks=True)
        else:
            shutil.copytree(self._folder / name, self.here, dirs_exist_ok=True, symlinks=True)
        return copy.deepcopy(self._made[name])


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> _Kept:
    return _Kept(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def tmp_path(kept: _Kept) -> Path:
    """The one folder of these tests, empty."""
    shutil.rmtree(kept.here, ignore_errors=True)
    kept.here.mkdir()
    return kept.here


@pytest.fixture
def story(kept: _Kept, tmp_path: Path) -> Iterator[Story]:
    """A machine that was backed up and went on."""
    told = kept.begin("story", Story.on)
    yield told
    told.office.stop()


@pytest.fixture
def office(kept: _Kept, tmp_path: Path) -> Iterator[Machine]:
    """A machine with a mirror, ready for footage."""

    def begin(folder: Path) -> Machine:
        made = Machine(folder, "office", mirror=folder / "mirror")
        made.do("prepare")
        return made

    made = kept.begin("office", begin)
    yield made
    made.stop()
