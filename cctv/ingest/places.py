"""Which folders may be watched: below the configured roots, never Lethe's own, never another source's.

Whoever may add a source for one site must not reach another site's recordings, the footage store or the
rest of the server by naming a path. So a folder is judged by where it really lies (links resolved), by
identity (device and inode, which a bind mount shares), and by the markers above and below it. A sweep
judges again each time: what was a folder when it was saved may be a link by now.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from cctv.ingest import marker
from cctv.ingest.errors import FolderRefused, FolderSwapped, ForeignFolder
from cctv.ingest.models import Source
from cctv.vault import services as vault

# What lies there is made by the kernel, and /proc leads anywhere by other names.
SYSTEM = (Path("/proc"), Path("/sys"), Path("/dev"))
Identity = tuple[int, int]


def real(path: object) -> Path:
    """Where `path` leads, as far as it exists, without links and dots."""
    return Path(os.path.realpath(str(path)))


def roots() -> list[Path]:
    """The folders below which sources may lie (LETHE_SOURCE_ROOTS)."""
    return [real(root) for root in settings.LETHE_SOURCE_ROOTS]


def of_system(path: Path) -> bool:
    """Whether the path, as it is written, lies in /proc, /sys or /dev."""
    return any(place == path or place in path.parents for place in SYSTEM)


def is_below_roots(folder: Path) -> bool:
    """Whether the real path `folder` is one of the roots or lies below one."""
    return any(root == folder or root in folder.parents for root in roots())


def is_lethes_own(folder: Path) -> bool:
    """Whether `folder` holds, or lies within, what Lethe keeps; or is the folder of all drop folders."""
    whole = (Path("/"), real(settings.LETHE_HOME), real(settings.LETHE_DROP_ROOT))
    return folder in whole or any(nested(folder, place) for place in _own())


def nested(one: Path, other: Path) -> bool:
    """Whether one of two real paths lies within the other or is the same, by name or by identity."""
    if one == other or one in other.parents or other in one.parents:
        return True
    first, second = identity(one), identity(other)
    return (first is not None and first in _chain(other)) or (second is not None and second in _chain(one))


def identity(path: Path) -> Identity | None:
    """Device and inode, or None when there is nothing (or nothing to be seen) at the path."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def overlapping(source: Source, folder: Path, *, by_identity: bool = True) -> Source | None:
    """Another source in use, of whatever site, whose folder holds `folder`, lies within it or is it.

    Without `by_identity` no other source's folder is touched: one that hangs must not hold up this one.
    """
    for other in Source.objects.filter(retired_at=None).exclude(pk=source.pk):
        place = real(other.folder) if by_identity else Path(other.folder)
        same = place == folder or place in folder.parents or folder in place.parents
        if same or (by_identity and nested(folder, place)):
            return other
    return None


def refuse_marked(folder: Path, *, source_id: UUID) -> None:
    """Raise ForeignFolder when the folder, or one above it, carries somebody else's marker."""
    installation = vault.installation_id()
    for place in (folder, *folder.parents):
        if marker.is_foreign(place, installation=installation, source_id=source_id):
            raise ForeignFolder


def check_again(source: Source) -> None:
    """Before each sweep: FolderSwapped, FolderRefused or ForeignFolder unless the folder still will do."""
    folder = Path(source.folder)
    if real(folder) != folder:
        raise FolderSwapped
    if of_system(folder) or not is_below_roots(folder) or is_lethes_own(folder):
        raise FolderRefused
    if overlapping(source, folder, by_identity=False) is not None:
        raise ForeignFolder
    refuse_marked(folder, source_id=source.pk)


def stops(source: Source) -> Callable[[Path], bool]:
    """Says of a folder below the source's whether it must not be entered: marked by another, or Lethe's."""
    installation = vault.installation_id()
    own = {found for place in _own() if (found := identity(place)) is not None}

    def stop(folder: Path) -> bool:
        return identity(folder) in own or marker.is_foreign(
            folder, installation=installation, source_id=source.pk
        )

    return stop


def _own() -> list[Path]:
    """Where Lethe keeps databases, keys, mirrors of keys, and footage."""
    home = Path(settings.LETHE_HOME)
    places = [home / "db", home / "keys", home / "footage"]
    named = (settings.LETHE_FOOTAGE_ROOT, settings.LETHE_KEYS_ROOT, *settings.LETHE_KEY_MIRRORS)
    return [real(place) for place in (*places, *named)]


def _chain(path: Path) -> Iterator[Identity]:
    """The identities of the path and of everything above it."""
    for place in (path, *path.parents):
        if (found := identity(place)) is not None:
            yield found
