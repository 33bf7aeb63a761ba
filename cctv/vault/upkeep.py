"""What an administrator does with the keys by hand: look, recover from a mirror, give a mirror up."""

from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from accesslog.canonical import JSON
from accesslog.services import append
from cctv.core.errors import LetheError
from cctv.vault import escrow, filesystems, journal, rings
from cctv.vault.keyring import Keyring
from cctv.vault.mirrors import MirrorState
from cctv.vault.rootfile import RootKey
from cctv.vault.roots import RootFacts
from cctv.vault.setup import is_initialised


class NoSuchRing(LetheError):
    """There are two rings, and this is neither."""

    code = "no_such_keyring"
    status = 404
    message = _("There is no keyring of that name.")
    hint = _("The keyrings are “footage” and “records”.")


class NoSuchMirror(LetheError):
    """The path is not a mirror of this ring, now or ever."""

    code = "no_such_mirror"
    status = 404
    message = _("That folder is not a mirror of this keyring.")
    hint = _("“manage.py vault status” lists the mirrors.")


@dataclass(frozen=True, slots=True)
class RingStatus:
    """How a ring stands. `overwriting_is_proven` is about its file system (see `filesystems`)."""

    ring: str
    folder: Path
    generation: int
    keys: int
    overwriting_is_proven: bool
    root: RootFacts
    mirrors: tuple[MirrorState, ...]


def status() -> list[RingStatus]:
    """Both rings; raises what is wrong with the first that does not open."""
    return [
        RingStatus(
            ring=ring.ring,
            folder=ring.folder,
            generation=ring.generation,
            keys=len(ring.key_ids()),
            overwriting_is_proven=filesystems.overwriting_is_proven(ring.folder),
            root=ring.root_facts(ask=True),
            mirrors=tuple(ring.mirror_states()),
        )
        for ring in rings.both()
    ]


def tend() -> None:
    """Bring forward whatever has not kept up: mirrors, their journals, escrows. For the regular tick."""
    if not is_initialised():
        return
    footage, records = rings.footage(), rings.records()
    if any(state.pending for state in footage.mirror_states()) or journal.lagging():
        footage.sync_mirrors()
    behind = escrow.recipient() and not all(state.current for state in escrow.states())
    if behind or any(state.pending for state in records.mirror_states()):
        records.sync_mirrors()


def compact_journal() -> int:
    """Drop the journal's lines that no older register can need any more; how many."""
    return journal.compact() if is_initialised() else 0


def recover(*, ring: str, mirror: Path, reason: str, root: RootKey | None = None) -> int:
    """Take over a mirror's keys because the primary's are lost; returns the generation that stands now.

    `root` out of the escrow, for a folder that has a keyring and no root.
    RingRolledBack if anything newer is still here. The log says so once its own keys are there.
    """
    recovered = _ring(ring)
    recovered.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    recovered.recover_from(mirror, root=root)
    body: dict[str, JSON] = {
        "ring": ring,
        "mirror": str(mirror),
        "generation": recovered.generation,
        "reason": reason,
    }
    append(kind="vault.recovered", body=body)
    return recovered.generation


def forget_mirror(*, ring: str, mirror: Path, reason: str) -> None:
    """Stop waiting for a mirror that was physically destroyed. The entry comes first."""
    keyring = _ring(ring)
    if str(mirror) not in {state.path for state in keyring.mirror_states()}:
        raise NoSuchMirror()
    body: dict[str, JSON] = {
        "ring": ring,
        "mirror": str(mirror),
        "generation": keyring.generation,
        "reason": reason,
    }
    append(kind="vault.mirror_forgotten", body=body)
    keyring.forget_mirror(mirror)


def _body(ring: Keyring, mirror: Path, reason: str) -> dict[str, JSON]:
    return {"ring": ring.ring, "mirror": str(mirror), "generation": ring.generation, "reason": reason}


def _ring(name: str) -> Keyring:
    if name not in (rings.FOOTAGE, rings.RECORDS):
        raise NoSuchRing()
    return rings.footage() if name == rings.FOOTAGE else rings.records()
