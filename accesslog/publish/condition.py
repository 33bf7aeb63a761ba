"""How publishing is doing, from the files and the database alone; nothing is changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from accesslog import conf
from accesslog.errors import AccessLogError, LogForked
from accesslog.publish import copies, database, rounds, tiles

LATE_S = 60.0
COPY_LATE_S = 600.0


@dataclass(frozen=True, slots=True)
class CopyCondition:
    """`behind_s`: for how long the copy has lacked something; `trouble`: why it cannot be read, or ""."""

    folder: Path
    size: int
    behind_s: float
    trouble: str = ""
    forked: bool = False
    foreign: bool = False  # another log lies there

    @property
    def is_late(self) -> bool:
        return self.behind_s > COPY_LATE_S


@dataclass(frozen=True, slots=True)
class Condition:
    """`behind_s`: for how long an entry has waited to be published. `error`: why nothing is signed."""

    size: int
    published: int
    behind_s: float
    error: AccessLogError | None
    copies: tuple[CopyCondition, ...]

    @property
    def is_late(self) -> bool:
        return self.behind_s > LATE_S


def look() -> Condition | None:
    """The condition of publishing; None where nothing is published. Raises LogUnavailable, OSError."""
    folder = conf.folder()
    if folder is None:
        return None
    head, error, marked = database.head(), None, ""
    try:
        state = rounds.memory(folder)[0]
        marked = state.forked
        rounds.prove(state, head)
    except AccessLogError as wrong:
        error = wrong
    checkpoint = rounds.read_checkpoint(folder)
    size = checkpoint.size if checkpoint else 0
    found = tuple(_copies(folder, size, marked))
    if any(each.forked for each in found) and error is None:
        error = LogForked()
    return Condition(head.size, size, _waited(size, head.size), error, found)


def _copies(folder: Path, published: int, marked: str) -> Iterator[CopyCondition]:
    for copy in conf.copies():
        size, trouble, forked, foreign = 0, "", False, False
        try:
            theirs = copies.read(copy)
            if theirs is not None:
                size = theirs.size
                root = tiles.root_at(folder, size, published=published)
                forked = root is not None and root != theirs.root
                forked = forked or (size > published and str(copy) == marked)
        except copies.NotOurCopy as error:
            trouble, foreign = str(error.message), True
        except OSError as error:
            trouble = error.strerror or str(error)
        yield CopyCondition(copy, size, _waited(size, published), trouble, forked, foreign)


def _waited(have: int, wanted: int) -> float:
    """How many seconds ago the first entry that is not there was logged."""
    if have >= wanted:
        return 0.0
    return max(0.0, time.time() - database.time_of(have) / 1e6)
