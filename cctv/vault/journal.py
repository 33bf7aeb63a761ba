"""What an older copy of the register would not know and would need, kept where no backup makes it older.

Keys that were wrapped anew, holds, erasures, certificates, and what people are no longer to be shown:
after a database was put back from a backup, `restore` reads them here and does again what the backup has
forgotten. The journal lies beside the footage ring's keyring and in each of its mirrors. It holds wrapped
keys, ids, places and hashes only, so it may be copied anywhere.

Order of locks: the ring's before the journal's, never after.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.vault import rings
from cctv.vault.errors import JournalBroken, JournalRolledBack, VaultWriteFailed
from cctv.vault.journalfile import NAME, JournalFile, Line
from cctv.vault.journalmirrors import follow, lock
from cctv.vault.journalneeds import still_needed
from cctv.vault.keyring import Keyring
from cctv.vault.setup import is_initialised
from cctv.vault.steps import reached

__all__ = ["Line", "adopt", "append", "compact", "lagging", "newest", "path", "read", "tell", "verify"]


def path() -> Path:
    """Where the journal is, or will be."""
    return rings.footage().folder / NAME


def append(kind: str, facts: Mapping[str, Any]) -> int:
    """Add a line; its number. Durable here when this returns, and in each mirror that is there.

    VaultWriteFailed with nothing added; JournalBroken; JournalRolledBack when the journal is missing here
    but not in a mirror. A mirror that is away or fails is brought forward with the ring's.
    """
    if not kind:
        raise ValueError("a line needs a kind")
    ring = rings.footage()
    ring_id, mirrors = ring.ring_id.hex(), ring.mirror_folders()
    with lock(ring.folder):
        journal = JournalFile(ring.folder)
        if not journal.exists():
            _create(journal, ring_id, mirrors)
        number = journal.append(at_us=int(clock.now().timestamp() * 1_000_000), kind=kind, facts=facts)
        _to_mirrors(ring, mirrors)
    reached("journal.mirrored")
    return number


def tell(kind: str, facts: Mapping[str, Any]) -> None:
    """`append` for what is no longer to be shown; nothing while there are no keys, and so no footage.

    Called in the transaction that changes the row, after the change and before its commit: whoever changes
    the same row at once waits, so that the last line is the last row. A kill in between leaves a line whose
    row is as it was; the entry was durable before both, and a replay then does what it says.
    """
    if is_initialised():
        append(kind, facts)


def read(after: int = 0, *, file: Path | None = None) -> Iterator[Line]:
    """The lines with a higher number, in order, of this installation's journal or of the copy `file`.

    Needs no lock: a line that is just being written is not there yet. JournalBroken where the chain breaks.
    """
    journal = _at(file or path())
    if journal.exists():
        yield from journal.lines(after)


def verify(file: Path | None = None) -> int:
    """Check every line of the journal or of a copy; the highest number. JournalBroken, FileNotFoundError."""
    journal = _at(file or path())
    for _ in journal.lines():
        pass
    return journal.tail().number


def compact() -> int:
    """Drop the lines that no older register can need any more (see `journalneeds`); how many it were.

    Certificates, ends of holds and what is not known here stay. Numbers stay, and the chain is made anew
    from a first line that names the end of the old one.
    """
    ring = rings.footage()
    mirrors, needed = ring.mirror_folders(), still_needed(read())
    with lock(ring.folder):
        journal = JournalFile(ring.folder)
        if not journal.exists():
            return 0
        dropped = journal.keep_only(needed)
        reached("journal.compacted")
        if dropped:
            _to_mirrors(ring, mirrors)
    return dropped


def newest(folders: Iterable[Path]) -> Path | None:
    """The copy that goes furthest among those in `folders` (journals themselves may be named too).

    Copies that are damaged are passed over; JournalBroken when there are only such. None without any.
    """
    found: list[tuple[int, int, Path]] = []
    broken = False
    for folder in folders:
        journal = JournalFile(folder) if folder.is_dir() else _at(folder)
        if not journal.exists():
            continue
        try:
            found.append((verify(journal.path), journal.base().compacted, journal.path))
        except (JournalBroken, OSError):
            broken = True
    if not found and broken:
        raise JournalBroken()
    return max(found)[2] if found else None


def adopt(source: Path) -> bool:
    """Put a copy that goes further in this journal's place; whether that was needed.

    JournalRolledBack if the copy is of another installation, or this journal has lines that it has not.
    """
    ring = rings.footage()
    ring_id = ring.ring_id.hex()
    copy = _at(source)
    verify(copy.path)
    with lock(ring.folder):
        journal = JournalFile(ring.folder)
        if copy.base().ring != ring_id:
            raise JournalRolledBack(f"{JournalRolledBack.message} ({source})")
        before = journal.tail() if journal.exists() else None
        journal.follow(copy)
        return journal.tail() != before


def lagging() -> list[Path]:
    """The mirrors whose journal does not end where this one does, or is not there."""
    ring = rings.footage()
    journal = JournalFile(ring.folder)
    if not journal.exists():
        return []
    return [mirror for mirror in ring.mirror_folders() if not _equal(journal, JournalFile(mirror))]


def _equal(journal: JournalFile, copy: JournalFile) -> bool:
    try:
        return journal.tail() == copy.tail()
    except (OSError, JournalBroken):
        return False


def _create(journal: JournalFile, ring_id: str, mirrors: Iterable[Path]) -> None:
    """A first journal; JournalRolledBack when a mirror shows that there was one."""
    for mirror in mirrors:
        if JournalFile(mirror).exists():
            raise JournalRolledBack(f"{JournalRolledBack.message} ({mirror})")
    try:
        journal.create(ring_id)
    except OSError as error:
        raise VaultWriteFailed(f"{VaultWriteFailed.message} ({error.strerror})") from error


def _to_mirrors(ring: Keyring, mirrors: Iterable[Path]) -> None:
    for mirror in mirrors:
        with contextlib.suppress(OSError, LetheError):  # `lagging` and the ring's next tick find it
            follow(ring.folder, mirror)


def _at(file: Path) -> JournalFile:
    return JournalFile(file.parent, file.name)
