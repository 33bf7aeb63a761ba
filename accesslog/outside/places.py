"""What the published folders say of the log: the checkpoints in them, and the first entry that differs.

A checkpoint of our key counts wherever it lies, here or in a copy. A folder that cannot be read is away:
that is told and is no finding, for nobody has said anything against the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.utils.translation import gettext as _

from accesslog import conf, findings, merkle, note
from accesslog.errors import LogDamaged, SignerStateDamaged
from accesslog.findings import Finding
from accesslog.outside import anchors
from accesslog.outside.anchors import Anchor
from accesslog.publish import copies, database, paths, tiles
from accesslog.publish import state as states
from accesslog.verify import Report

# More entries than these that stand elsewhere are told as rewritten: what was looked at must fit in memory.
MOST_MOVED = 100_000


@dataclass(slots=True)
class Look:
    """What was found in the folders: checkpoints of our key, what is wrong, and what is away, and why."""

    anchors: list[Anchor] = field(default_factory=list)
    wrong: Finding | None = None
    away: list[tuple[Path, str]] = field(default_factory=list)


def look() -> Look:
    """The checkpoints of the published folder and its copies. Raises LogUnavailable."""
    found, folder = Look(), conf.folder()
    if folder is None:
        return found
    try:
        _own(folder, found)
    except OSError as error:
        found.away.append((folder, error.strerror or str(error)))
    for copy in conf.copies():
        try:
            _copy(folder, copy, found)
        except copies.NotOurCopy as error:
            wrong = findings.published(0, f"{error.message} ({copy})", conf.signer().origin, _("another log"))
            found.wrong = found.wrong or wrong
        except OSError as error:
            found.away.append((copy, error.strerror or str(error)))
    return found


def _own(folder: Path, found: Look) -> None:
    state, text = None, states.read_note(folder)
    try:
        state = states.load(folder)
    except SignerStateDamaged:
        found.wrong = findings.memory_damaged(folder)
    if state is None and text is None and found.wrong is None and database.newest_checkpoint() is not None:
        found.away.append((folder, _("it is not there, or empty")))
    theirs = states.verified(text)
    if theirs is not None:
        found.anchors.append(_anchor(folder, theirs))
    elif text is not None or (folder / paths.CHECKPOINT).exists():
        why = _("the checkpoint in %(folder)s is not one that this log signed") % {"folder": folder}
        found.wrong = found.wrong or findings.published(0, why, conf.signer().verifier_key(), _("another"))


def _copy(folder: Path, copy: Path, found: Look) -> None:
    theirs = copies.read(copy)
    if theirs is not None and not _is_of_a_lost_branch(folder, theirs):
        found.anchors.append(_anchor(copy, theirs))


def _is_of_a_lost_branch(folder: Path, theirs: note.Checkpoint) -> bool:
    """Whether a copy has not heard yet of a loss that was accepted, and that the log tells of."""
    try:
        state = states.load(folder)
    except SignerStateDamaged:
        return False
    said = {(each.kept, each.size) for each in anchors.losses()}
    if state is None or not said:
        return False
    lost = [each for each in state.lost if (each["kept"], each["size"]) in said]
    return copies.was_given_up(theirs, replace(state, lost=lost), folder)


def _anchor(folder: Path, checkpoint: note.Checkpoint) -> Anchor:
    what = _("the checkpoint in %(folder)s") % {"folder": folder}
    return Anchor(checkpoint.size, checkpoint.root, what, kept=True, folder=folder)


# ---------------------------------------------------------------------- which entry it is


@dataclass(slots=True)
class _Difference:
    """The entries from `first` to `last` that are not those of the files, with their leaf hashes."""

    first: int
    last: int
    theirs: list[bytes]
    ours: list[bytes]


def explain(report: Report) -> Finding | None:
    """The report's finding, with what the published files tell of it: the first entry, and if it moved."""
    finding, against = report.finding, report.against
    if finding is None or (against is None and not finding.order):
        return finding
    with suppress(OSError, SignerStateDamaged):
        if against is not None and against.folder is not None and against.size > report.size:
            return _beyond(finding, against, report.size)
        for folder in _folders(against):
            if (found := _difference(folder)) is not None:
                return _told(finding, found, folder, named=against is not None)
    return finding


def _folders(against: Anchor | None) -> list[Path]:
    if against is not None and against.folder is not None:
        return [against.folder]
    folder = conf.folder()
    return [*([folder] if folder else []), *conf.copies()]


def _told(finding: Finding, found: _Difference, folder: Path, *, named: bool) -> Finding:
    if found.ours and sorted(found.ours) == sorted(found.theirs):
        return findings.reordered(found.first, found.last, folder, found.theirs[0], found.ours[0])
    return findings.with_the_first(finding, found.first, folder) if named else finding


def _beyond(finding: Finding, against: Anchor, size: int) -> Finding:
    """What speaks of more entries than there are: does it begin with those that are here?"""
    folder, head = against.folder, database.head()
    if folder is None or head.size != size:
        return finding
    theirs = tiles.root_at(folder, size, published=against.size)
    if theirs is None or theirs == head.root():
        return finding
    said = findings.forked(size, against.size, against.what, theirs, head.root())
    found = _difference(folder)
    return findings.with_the_first(said, found.first, folder) if found else said


def _difference(folder: Path) -> _Difference | None:
    """Where the entries differ from a folder's; None where they do not, or its tiles are not whole."""
    checkpoint = states.verified(states.read_note(folder))
    if checkpoint is None:
        return None
    tree = merkle.Frontier()
    for leaf in _leaves(folder, checkpoint.size):
        tree.append(leaf)
    if tree.size != checkpoint.size or tree.root() != checkpoint.root:
        return None
    found: _Difference | None = None
    pairs = zip(_leaves(folder, checkpoint.size), database.leaves(0, checkpoint.size), strict=False)
    # Where entries are missing, or leaves are no bytes, what differs before them counts.
    with suppress(LogDamaged, TypeError, MemoryError):
        for index, (theirs, ours) in enumerate(pairs):
            if theirs == ours:
                continue
            found = found or _Difference(index, index, [], [])
            found.last = index
            if len(found.ours) <= MOST_MOVED:
                found.theirs.append(theirs)
                found.ours.append(ours)
    return found


def _leaves(folder: Path, size: int) -> Iterator[bytes]:
    """The leaf hashes of the published tree; they end where a tile is missing."""
    for first in range(0, size, paths.WIDTH):
        width = min(paths.WIDTH, size - first)
        hashes = tiles.read_hashes(folder, paths.Tile(0, first >> paths.LEVEL_BITS, width))
        if hashes is None:
            return
        yield from hashes
