"""Which keys a restore takes, and from where: never older ones over newer ones.

A root comes from this machine or from the mirror; that of the records ring also from the escrow file beside
the mirror's keyring, with the offline recovery key. The keyring is the newest that this root opens, be it
the mirror's or the backup's. A root that is kept elsewhere (OpenBao) is simply there.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cctv.core.errors import LetheError
from cctv.retention.backup.errors import MirrorTooOld, NoMirror, RecoveryKeyNeeded
from cctv.retention.backup.manifest import Manifest
from cctv.vault import escrow, journal, keyfile, rings
from cctv.vault.errors import VaultNotEmpty
from cctv.vault.keyfile import Header
from cctv.vault.keyring import Keyring
from cctv.vault.rootfile import RootFile, RootKey
from cctv.vault.roots import configured
from cctv.vault.steps import reached

KEYRING, ROOT, ESCROW = "keyring", "root.key", "escrow.age"


@dataclass(frozen=True, slots=True)
class Found:
    """The folder of a keyring, and the root that opens it (None: it is kept elsewhere, by OpenBao)."""

    folder: Path
    header: Header
    root: RootKey | None


@dataclass(slots=True)
class Sources:
    """What `check` has found: per ring the newest keyring with its root (None: it is here, or in escrow)."""

    found: dict[str, Found | None]
    escrows: list[Path] = field(default_factory=list)
    mirror: Path | None = None
    escrow: Path | None = None

    def folders(self, ring: str) -> list[Path]:
        """Where copies of the ring may lie, this machine's own first."""
        own = rings.footage() if ring == rings.FOOTAGE else rings.records()
        further = [self.mirror / ring] if self.mirror else []
        if self.escrow and ring == rings.RECORDS:
            further += [self.escrow, self.escrow / ring]
        return [own.folder, *further]


def check(
    mirror: Path | None, manifest: Manifest, backup: Path, *, escrow_folder: Path | None = None
) -> Sources:
    """Look for the keys without changing anything. NoMirror, MirrorTooOld, VaultNotEmpty."""
    sources = Sources({}, mirror=mirror, escrow=escrow_folder)
    for ring in rings.both():
        wanted = manifest.rings[ring.ring]
        _refuse_foreign(ring, wanted.ring_id)
        if _is_here(ring, wanted.generation):
            sources.found[ring.ring] = None
            continue
        found = _newest([*sources.folders(ring.ring), backup / "keys" / ring.ring], wanted.ring_id)
        if found is not None and found.header.generation >= wanted.generation:
            sources.found[ring.ring] = found
        elif ring.ring == rings.RECORDS and (files := _escrows(sources.folders(ring.ring))):
            sources.escrows = files
        elif found is not None:
            raise MirrorTooOld()
        else:
            raise NoMirror(f"{NoMirror.message} ({mirror})" if mirror else None)
    return sources


def take(sources: Sources, manifest: Manifest, backup: Path, recovery_key: Callable[[], str] | None) -> bool:
    """Put the keys in place; whether the recovery key was used. Repeating it changes nothing."""
    used = False
    for ring in rings.both():
        found = sources.found.get(ring.ring)
        if found is None and ring.ring == rings.RECORDS and sources.escrows:
            found = _from_escrow(sources, manifest, backup, recovery_key)
            used = True
        if found is not None:
            ring.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            ring.recover_from(found.folder, root=found.root)
        reached(f"restore.keys-{ring.ring}")
    return used


def adopt_journal(folders: Iterable[Path]) -> None:
    """The newest journal of all copies becomes this installation's."""
    found = journal.newest(folder for folder in folders if folder.is_dir())
    if found is not None and found != journal.path():
        journal.adopt(found)


def _refuse_foreign(ring: Keyring, ring_id: str) -> None:
    root = RootFile(ring.folder / ROOT)
    if root.exists() and any(slot and slot.ring_id.hex() != ring_id for slot in root.slots()):
        raise VaultNotEmpty(f"{VaultNotEmpty.message} ({ring.folder})")


def _is_here(ring: Keyring, generation: int) -> bool:
    """Whether this machine has the ring, readable and not older than the backup."""
    try:
        return ring.exists() and ring.generation >= generation
    except LetheError:
        return False


def _newest(folders: Iterable[Path], ring_id: str) -> Found | None:
    """The newest root among the folders that opens a keyring among them."""
    places = list(folders)
    if configured.provider() != configured.FILE:
        return _copied(places, ring_id)
    roots = [root for place in places for root in _roots(place) if root.ring_id.hex() == ring_id]
    for root in sorted(roots, key=lambda root: root.generation, reverse=True):
        if (found := _opened(root, places)) is not None:
            return found
    return None


def _copied(folders: Iterable[Path], ring_id: str) -> Found | None:
    """The newest copy of a keyring whose root is kept elsewhere: who keeps it decides whether it opens."""
    found = []
    for folder in folders:
        with contextlib.suppress(OSError, LetheError):
            header, _body = _keyring(folder)
            found.append(Found(folder, header, None))
    ours = [each for each in found if each.header.ring_id.hex() == ring_id]
    return max(ours, key=lambda each: (each.header.generation, each.header.serial), default=None)


def _keyring(folder: Path) -> tuple[Header, bytes]:
    """Header and bytes of the keyring in a folder, without the line that a provider may put before it."""
    _line, body = keyfile.split((folder / KEYRING).read_bytes())
    return keyfile.read_header(body), body


def _roots(folder: Path) -> Iterator[RootKey]:
    with contextlib.suppress(OSError):
        yield from (root for root in RootFile(folder / ROOT).slots() if root)


def _opened(root: RootKey, folders: Iterable[Path]) -> Found | None:
    """The newest keyring that this root opens."""
    best: Found | None = None
    for folder in folders:
        with contextlib.suppress(OSError, LetheError):
            header, data = _keyring(folder)
            if (header.ring_id, header.generation) != (root.ring_id, root.generation):
                continue
            if best is None or header.serial > best.header.serial:
                keyfile.decode(data, root.key)
                best = Found(folder, header, root)
    return best


def _escrows(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders if (path := folder / ESCROW).is_file()]


def _from_escrow(
    sources: Sources, manifest: Manifest, backup: Path, recovery_key: Callable[[], str] | None
) -> Found:
    """The records ring by the recovery key, from the escrow that opens the newest keyring."""
    if recovery_key is None:
        raise RecoveryKeyNeeded()
    private = recovery_key()
    folders = [*sources.folders(rings.RECORDS), backup / "keys" / rings.RECORDS]
    roots = [escrow.open(path, private) for path in sources.escrows]
    found = [each for root in roots if (each := _opened(root, folders)) is not None]
    if not found:
        raise NoMirror()
    best = max(found, key=lambda each: (each.header.generation, each.header.serial))
    wanted = manifest.rings[rings.RECORDS]
    if best.header.ring_id.hex() != wanted.ring_id or best.header.generation < wanted.generation:
        raise MirrorTooOld()
    return best
