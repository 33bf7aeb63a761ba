"""Making keys and store for a new installation, once, and telling an existing one that is not there.

The dangerous mistake is to make new keys beside existing footage: everything would look fine and
nothing could be opened. So a new vault is made only where there is no trace of an old one, and a
set-up that was killed half-way is told apart by a marker of its own.
"""

from pathlib import Path
from uuid import UUID

from django.conf import settings

from accesslog.services import append
from cctv.core.atomic import fsync_dir
from cctv.vault import rings
from cctv.vault.doors import footage_storage
from cctv.vault.errors import VaultNotEmpty
from cctv.vault.models import Epoch
from cctv.vault.steps import reached

_MARKER = "initialising"


def is_initialised() -> bool:
    """Whether a set-up was finished here: only then may anything be sealed."""
    return all(ring.exists() for ring in rings.both()) and not (_keys() / _MARKER).exists()


def initialise() -> None:
    """Make both keyrings and claim the store. VaultNotEmpty over any trace of an installation.

    Finishes a set-up that was killed half-way; does nothing where one was finished.
    """
    if is_initialised():
        return
    marker = _keys() / _MARKER
    if not marker.exists():
        _refuse_existing()
        _keys().mkdir(parents=True, exist_ok=True, mode=0o700)
        marker.touch(mode=0o600)
        fsync_dir(marker.parent)
    reached("setup.marked")
    for ring in rings.both():
        if not ring.exists():
            ring.initialise()
            reached(f"setup.{ring.ring}")
    footage_storage().initialise_storage()
    reached("setup.storage")
    append(
        kind="vault.initialised",
        body={"installation": rings.installation_id(), "generation": rings.footage().generation},
        event_id=UUID(bytes=rings.footage().ring_id),
    )
    marker.unlink()
    fsync_dir(marker.parent)


def check_ready() -> None:
    """Raise what is wrong with keys or store: for readiness, and before anything is served."""
    for ring in rings.both():
        ring.generation  # noqa: B018 - reading it settles the ring
    footage_storage().check_marker()


def _refuse_existing() -> None:
    keys = _keys()
    if keys.is_dir() and any(path.name != "lost+found" for path in _used(keys)):
        raise VaultNotEmpty(f"{VaultNotEmpty.message} ({keys})")
    if Epoch.objects.exists():
        raise VaultNotEmpty(f"{VaultNotEmpty.message} ({keys}: the register already knows keys)")
    if not footage_storage().is_empty():
        raise VaultNotEmpty(f"{VaultNotEmpty.message} (the footage storage is not empty)")


def _used(keys: Path) -> list[Path]:
    """What lies in the key folder, but for empty folders that an administrator may have made for mounts."""
    return [path for path in keys.iterdir() if not path.is_dir() or any(path.iterdir())]


def _keys() -> Path:
    return Path(str(settings.LETHE_KEYS_ROOT))
