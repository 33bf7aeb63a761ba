"""Fixtures of the backup tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.retention.backup.machines import Machine


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
