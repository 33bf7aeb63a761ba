"""Who opens which file for writing: the proof that no clear frame touches a disk in this process."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | getattr(os, "O_TMPFILE", 0)
_recorders: list[list[str]] = []
_installed: list[bool] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _recorders:
        return
    path, _mode, flags = arguments
    if isinstance(path, int) or not isinstance(flags, int) or not flags & _WRITING:
        return
    name = os.path.abspath(os.fsdecode(path))
    for each in _recorders:
        each.append(name)


@contextmanager
def recorded_writes() -> Iterator[list[str]]:
    """Collect the paths that Python code opens for writing, nameless temporary files included.

    Files that C libraries open by themselves (SQLite's, FFmpeg's) do not pass here.
    """
    if not _installed:
        sys.addaudithook(_audit)  # cannot be removed again: it does nothing while nobody records
        _installed.append(True)
    writes: list[str] = []
    _recorders.append(writes)
    try:
        yield writes
    finally:
        _recorders.remove(writes)


@contextmanager
def only_writes_below(*folders: Path) -> Iterator[None]:
    """Fail when Python code opens a file for writing anywhere else than below these folders."""
    allowed = [str(folder.resolve()) + os.sep for folder in folders]
    with recorded_writes() as writes:
        yield
    elsewhere = [
        path
        for path in writes
        if path != os.devnull and not any((path + os.sep).startswith(a) for a in allowed)
    ]
    assert not elsewhere, f"opened for writing outside {allowed}: {sorted(set(elsewhere))}"
