"""The two keyrings of the installation that the settings name, one instance each per process."""

import threading
from pathlib import Path

from django.conf import settings

from cctv.vault.companions import Companion
from cctv.vault.escrowplaces import EscrowCompanion
from cctv.vault.journalmirrors import JournalCompanion
from cctv.vault.keyring import Keyring
from cctv.vault.roots import configured
from cctv.vault.roots.shared import SharedKeyring

FOOTAGE = "footage"
RECORDS = "records"

_rings: dict[tuple[str, ...], Keyring] = {}
_mutex = threading.Lock()


def footage() -> Keyring:
    """Keys of footage: ratcheted at each purge, mirrored, never backed up or escrowed."""
    return _ring(FOOTAGE)


def records() -> Keyring:
    """Keys of what outlives footage: bodies of the log by month, later request files and held cases."""
    return _ring(RECORDS)


def named(name: str) -> Keyring:
    """The ring of that name; ValueError for any other."""
    if name not in (FOOTAGE, RECORDS):
        raise ValueError(f"there is no keyring {name!r}")
    return _ring(name)


def both() -> list[Keyring]:
    """Both rings."""
    return [footage(), records()]


def installation_id() -> str:
    """The footage ring's identity, made with it: whose keys, hence whose footage."""
    return footage().ring_id.hex()


def _ring(name: str) -> Keyring:
    keys, mirrors = str(settings.LETHE_KEYS_ROOT), [str(path) for path in settings.LETHE_KEY_MIRRORS]
    home, escrows = str(settings.LETHE_HOME), [str(path) for path in settings.LETHE_ESCROW_FOLDERS]
    identity = (home, keys, name, *configured.identity(), *mirrors, "escrow", *escrows)
    found = _rings.get(identity)
    if found is None:
        with _mutex:
            found = _rings.get(identity)
            if found is None:
                found = _rings[identity] = _made(name, Path(keys) / name, Path(home), mirrors, escrows)
    return found


def _made(name: str, folder: Path, home: Path, mirrors: list[str], escrows: list[str]) -> Keyring:
    mirrored = [Path(mirror) / name for mirror in mirrors]
    holders = home / "run" / "keyholders" / name
    companions = _companions(name, folder, escrows)
    if configured.provider() == configured.FILE:
        return Keyring(folder, name, mirrors=mirrored, holders_folder=holders, companions=companions)
    place = configured.place(name, folder)
    return SharedKeyring(
        folder,
        name,
        roots=configured.roots(name, place),
        place=place,
        mirrors=mirrored,
        holders_folder=holders,
        companions=companions,
    )


def _companions(name: str, folder: Path, escrows: list[str]) -> list[Companion]:
    if name == FOOTAGE:
        return [JournalCompanion()]
    return [EscrowCompanion(folder, name, [Path(escrow) / name for escrow in escrows])]
