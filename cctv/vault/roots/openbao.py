"""Roots sealed by a transit key of OpenBao: each generation under a version of its own.

The root of a generation is 32 random bytes that exist in clear only in memory. What is kept of it
is the first line of the keyring itself, so that both change in one write:

    lethe-root 1 openbao <transit key> <since, µs> <sealed now> <sealed before, or ->\\n

Sealed is the root under a version of the transit key, with ring, ring id, generation, place and
`since` as associated data: a line taken elsewhere does not open. A ratchet is: rotate → seal a new
root under the new version → store the keyring → raise the minimum version → trim → ask for the root
before, and be refused. Killed anywhere, the version that the stored keyring names decides: later
ones are left unused, earlier ones are trimmed before anything is served.

The transit key is named after the ring's random id, so two installations never share one.
"""

import secrets
from dataclasses import dataclass, replace

from cctv.vault import keyfile
from cctv.vault.errors import KeyringBroken
from cctv.vault.keyfile import Header
from cctv.vault.rootfile import KEY_BYTES, RootKey
from cctv.vault.roots.bao import Bao, Refused, version_of
from cctv.vault.roots.errors import KeyringMoved, RootNotDestroyed
from cctv.vault.steps import reached

FORMAT = "lethe-root 1 openbao"
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class SealedRoot:
    """The first line. `since_us`: from when on no root of this ring lay in a file; 0 if none ever did."""

    key: str
    since_us: int
    now: str
    before: str = NOTHING

    def line(self) -> bytes:
        """As it is kept."""
        return f"{FORMAT} {self.key} {self.since_us} {self.now} {self.before}\n".encode()

    @property
    def version(self) -> int:
        """The version of the transit key under which the root is sealed now."""
        return version_of(self.now)


def split(data: bytes) -> tuple[bytes, bytes]:
    """The root's line and the keyring; KeyringBroken where there is no such line."""
    line, rest = keyfile.split(data)
    parse(line)
    return line, rest


def parse(line: bytes) -> SealedRoot:
    """The parts of a line."""
    try:
        *head, key, since_us, now, before = line.decode("ascii").removesuffix("\n").split(" ")
        sealed = SealedRoot(key, int(since_us), now, before)
    except ValueError:
        raise KeyringBroken() from None
    if " ".join(head) != FORMAT or sealed.line() != line or not sealed.version:
        raise KeyringBroken()
    return sealed


class OpenBaoRoots:
    """The roots of the ring `ring`, whose keyring lies at `place`. Callers hold the ring's lock."""

    def __init__(self, bao: Bao, ring: str, place: str) -> None:
        """Asks nothing yet."""
        self._bao = bao
        self._ring = ring
        self._place = place
        self._verified = (b"", 0)

    def create(self, ring_id: bytes, *, generation: int = 1, since_us: int = 0) -> RootKey:
        """A transit key and a first root for a ring; nothing exists until a keyring is stored under it."""
        key = f"{self._bao.settings.key_prefix}-{self._ring}-{ring_id.hex()}"
        self._bao.create(key)
        version = self._bao.rotate(key) if generation > 1 else self._bao.describe(key).latest
        return self._seal(key, version, SealedRoot(key, since_us, NOTHING), ring_id, generation)

    def current(self, header: Header, sealed: bytes) -> RootKey | None:
        """The root of a keyring; None when its version is refused for its age: an older copy."""
        parts = parse(sealed)
        context = self._context(header.ring_id, header.generation, parts)
        try:
            key = self._bao.decrypt(parts.key, parts.now, context)
        except Refused as refusal:
            # Asked after the refusal: what was known before it may have been trimmed in between.
            if self._bao.describe(parts.key).refuses(parts.version):
                return None
            raise KeyringBroken(f"{KeyringBroken.message} ({parts.key}: {refusal})") from None
        return RootKey(header.ring_id, header.generation, key, sealed)

    def advance(self, old: RootKey) -> RootKey:
        """A new version of the transit key, and the next root under it."""
        sealed = parse(old.sealed)
        version = self._bao.rotate(sealed.key)
        reached("bao.rotated")
        try:
            new = self._seal(sealed.key, version, sealed, old.ring_id, old.generation + 1)
        except Refused as refusal:  # another host's ratchet came between: its version is the least by now
            raise KeyringMoved(f"{KeyringMoved.message} ({refusal})") from None
        reached("bao.sealed")
        return new

    def destroy_all_but(self, root: RootKey) -> int:
        """Trim every earlier version, and look: RootNotDestroyed if the root before still opens."""
        sealed = parse(root.sealed)
        known = self._bao.describe(sealed.key)
        older = sum(version < sealed.version for version in known.versions)
        if known.has_older_than(sealed.version):
            try:
                self._bao.raise_minimum(sealed.key, sealed.version)
                reached("bao.raised")
                self._bao.trim(sealed.key, sealed.version)
                reached("bao.trimmed")
            except Refused as refusal:  # another host has gone on meanwhile: read again
                raise KeyringMoved(f"{KeyringMoved.message} ({refusal})") from None
        if self._verified != (root.ring_id, sealed.version):
            self._verify(root, sealed)
            if sealed.before != NOTHING:
                reached("bao.refused")
            self._verified = (root.ring_id, sealed.version)
        return older

    def is_destroyed_before(self, root: RootKey) -> bool:
        """Ask once more whether only this root opens; for whoever looks at the state."""
        sealed = parse(root.sealed)
        if self._bao.describe(sealed.key).has_older_than(sealed.version):
            return False
        # Positive control: the same question about the root of today is answered.
        if self._bao.decrypt(sealed.key, sealed.now, self._context_of(root, sealed)) != root.key:
            return False
        if sealed.before == NOTHING:
            return True
        earlier = replace(root, generation=root.generation - 1)
        try:
            self._bao.decrypt(sealed.key, sealed.before, self._context_of(earlier, sealed))
        except Refused as refusal:
            # A refusal for another reason than the version would prove nothing.
            return "authentication" not in str(refusal)
        return False

    def _verify(self, root: RootKey, sealed: SealedRoot) -> None:
        try:
            gone = self.is_destroyed_before(root)
        except Refused as refusal:  # our own version is gone: another host has gone on
            raise KeyringMoved(f"{KeyringMoved.message} ({refusal})") from None
        if not gone:
            raise RootNotDestroyed(f"{RootNotDestroyed.message} ({sealed.key})")

    def _seal(self, key: str, version: int, before: SealedRoot, ring_id: bytes, generation: int) -> RootKey:
        root = RootKey(ring_id, generation, secrets.token_bytes(KEY_BYTES))
        context = self._context(ring_id, generation, before)
        sealed = SealedRoot(
            key, before.since_us, self._bao.encrypt(key, version, root.key, context), before.now
        )
        return replace(root, sealed=sealed.line())

    def _context_of(self, root: RootKey, sealed: SealedRoot) -> bytes:
        return self._context(root.ring_id, root.generation, sealed)

    def _context(self, ring_id: bytes, generation: int, sealed: SealedRoot) -> bytes:
        parts = (self._ring, ring_id.hex(), generation, sealed.since_us, self._place)
        return "\n".join(("lethe/1/root", *map(str, parts))).encode()
