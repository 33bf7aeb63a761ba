"""Where the root of a ring comes from, and how an old one is destroyed: the seam between providers.

`file` (`cctv.vault.rootfile`) keeps roots in two slots of a file that is overwritten in place;
`openbao` keeps them sealed by a transit key whose old versions are trimmed. Either way the
keyring's generation decides which root is the true one:

    advance: the next root is durable, and means nothing yet
    the keyring is stored under it
    destroy_all_but: every other root of the ring is gone for good; says so only when that was looked at
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cctv.vault.keyfile import Header
    from cctv.vault.rootfile import RootKey

Signature = Hashable


@dataclass(frozen=True, slots=True)
class RootFacts:
    """What may be said of a ring's root. `since_us`: keys made before lay under a root in a file (0: none
    did). `destroyed_before` is None unless it was asked for: whether the root before is refused."""

    provider: str
    claims_below_file_system: bool
    since_us: int = 0
    place: str = ""
    key: str = ""
    version: int = 0
    destroyed_before: bool | None = None


class RootProvider(Protocol):
    """The roots of one ring. Callers hold the ring's lock."""

    def current(self, header: "Header", sealed: bytes) -> "RootKey | None":
        """The root of the keyring with that header and root's line; None if it is not there any more."""

    def advance(self, old: "RootKey") -> "RootKey":
        """The next root, durable beside `old`."""

    def destroy_all_but(self, root: "RootKey") -> int:
        """Destroy the ring's other roots, and make sure of it; returns how many there were. Idempotent."""


class Signed(Protocol):
    """A keyring that shows by a signature that it has changed."""

    def signature(self) -> Signature | None:
        """That of the keyring as it is now; None when there is none, or when it cannot be known."""

    def settled_signature(self) -> Signature | None:
        """That of what was read or written last, under the ring's lock."""
