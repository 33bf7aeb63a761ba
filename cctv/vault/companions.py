"""What goes with a ring: files that lie beside its keyring and must keep up with it and with its mirrors.

The footage ring has its journal, the records ring its escrow. The ring calls them under its lock.
"""

from collections.abc import Sequence
from pathlib import Path

from cctv.vault.mirrors import MirrorState
from cctv.vault.replica import Settled


class Companion:
    """Does nothing; subclasses do what they must."""

    def keep_up(self, settled: Settled, primary: Path) -> None:
        """`settled` is what stands in the primary's folder. LetheError or OSError if it cannot keep up."""

    def follow(self, settled: Settled, primary: Path, mirror: Path) -> None:
        """The mirror's root and keyring are equal to the primary's now. LetheError or OSError likewise."""

    def take_over(self, mirror: Path, primary: Path) -> None:
        """The primary was lost, and root and keyring taken over from `mirror`."""

    def bring_forward(self, settled: Settled) -> Sequence[MirrorState]:
        """Copies in places of its own: how each one fared."""
        return ()

    def states(self) -> Sequence[MirrorState]:
        """The last known state of those."""
        return ()

    def forget(self, path: Path) -> None:
        """One of those was destroyed."""
