"""What an administrator does with roots by hand: move them from their files to OpenBao."""

from hashlib import sha256
from pathlib import Path
from uuid import UUID

from django.conf import settings

from accesslog.services import append
from cctv.vault import rings
from cctv.vault.roots import configured
from cctv.vault.roots.errors import RootSettings
from cctv.vault.roots.move import Moving, to_openbao


def move(*, reason: str) -> list[str]:
    """Move the roots of both rings to OpenBao; the rings that were moved now.

    To be run with the new settings, and with Lethe stopped on all hosts. MoveRefused, RootSettings.
    """
    if configured.provider() != configured.OPENBAO:
        raise RootSettings(f"{RootSettings.message} (LETHE_ROOT=openbao)")
    moved = [ring.ring for ring in rings.both() if to_openbao(_moving(ring.ring, ring.folder))]
    for ring in rings.both():
        facts = ring.root_facts(ask=True)
        if facts.since_us:
            append(
                kind="vault.root_moved",
                body={"ring": ring.ring, "generation": ring.generation, "key": facts.key, "reason": reason},
                event_id=UUID(bytes=sha256(b"lethe/1/root-moved" + ring.ring_id).digest()[:16]),
            )
    return moved


def _moving(name: str, folder: Path) -> Moving:
    place = configured.place(name, folder)
    return Moving(
        ring=name,
        folder=folder,
        mirrors=[Path(str(mirror)) / name for mirror in settings.LETHE_KEY_MIRRORS],
        holders_folder=Path(str(settings.LETHE_HOME)) / "run" / "keyholders" / name,
        roots=configured.roots(name, place),
        place=place,
    )
