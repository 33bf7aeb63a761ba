"""The journal's copies beside each mirror of the footage ring, and the lock of whoever writes it."""

import contextlib
from pathlib import Path

from cctv.vault.companions import Companion
from cctv.vault.journalfile import JournalFile
from cctv.vault.locks import file_lock
from cctv.vault.replica import Settled


def lock(folder: Path) -> contextlib.AbstractContextManager[None]:
    """One writer of the journal (and of its copies) at a time."""
    return file_lock(folder / "journal.lock")


def follow(primary: Path, mirror: Path) -> None:
    """Bring a mirror's copy forward; the lock is held. JournalRolledBack, OSError when it is away."""
    journal = JournalFile(primary)
    if not (mirror / "keyring").exists():
        raise FileNotFoundError(f"there is no mirror in {mirror}")
    JournalFile(mirror).follow(journal)


class JournalCompanion(Companion):
    """Brings the copies forward with the ring's mirrors."""

    def follow(self, settled: Settled, primary: Path, mirror: Path) -> None:
        """As far as this machine has a journal."""
        if JournalFile(primary).exists():
            with lock(primary):
                follow(primary, mirror)

    def take_over(self, mirror: Path, primary: Path) -> None:
        """Take the mirror's journal where it goes further."""
        copy = JournalFile(mirror)
        if copy.exists():
            with lock(primary):
                JournalFile(primary).follow(copy)
