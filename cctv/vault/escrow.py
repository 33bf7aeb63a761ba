"""The offline recovery key: one dead machine must not cost three years of purposes or held evidence.

The privacy officer keeps the private part on paper; this installation knows the public part only. The
root of the records ring (never that of the footage ring) lies encrypted to it beside the ring, in its
mirrors and in `LETHE_ESCROW_FOLDERS`, and is renewed with every ratchet: whoever has an old escrow and
the private key opens what was destroyed since, so old ones are overwritten and none is ever backed up.
"""

from dataclasses import dataclass
from pathlib import Path

import pyrage

from accesslog.canonical import JSON
from accesslog.services import append
from cctv.core.atomic import write_atomic
from cctv.vault import escrowfile, rings
from cctv.vault.escrowfile import EscrowUnreadable, RecoveryKeyInvalid
from cctv.vault.escrowplaces import RECIPIENT, recipient_in
from cctv.vault.mirrors import MirrorState
from cctv.vault.rootfile import RootKey
from cctv.vault.steps import reached

__all__ = [
    "EscrowState",
    "EscrowUnreadable",
    "RecoveryKeyInvalid",
    "open",
    "recipient",
    "recovery_keypair",
    "set_recipient",
    "states",
]


@dataclass(frozen=True, slots=True)
class EscrowState:
    """The escrow in one folder. `generation` is 0 where there is none that can be told; `current` when it
    is that of the ring as it is now, for the recovery key that is set now."""

    folder: Path
    generation: int
    recipient: str
    made_at_us: int
    current: bool


def recovery_keypair() -> tuple[str, str]:
    """A new public and private part (age, X25519). Nothing of it is kept here."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity.to_public()), str(identity)


def recipient() -> str:
    """The public recovery key that is set; empty when there is none."""
    return recipient_in(rings.records().folder)


def set_recipient(public: str) -> list[MirrorState]:
    """Escrow to this recovery key from now on, in place of any other; the mirrors with what they confirmed.

    RecoveryKeyInvalid. The entry of the log comes first; after a kill the next use of the ring goes on.
    """
    public = escrowfile.check_recipient(public)
    ring = rings.records()
    body: dict[str, JSON] = {"recipient": public, "generation": ring.generation}
    append(kind="vault.recovery_key", body=body)
    reached("escrow.logged")
    write_atomic(ring.folder / RECIPIENT, f"{public}\n".encode())
    reached("escrow.recipient")
    return ring.sync_mirrors()


def states() -> list[EscrowState]:
    """The escrow beside the ring, in each of its mirrors and in each further folder."""
    ring, wanted = rings.records(), recipient()
    generation, ring_id = ring.generation, ring.ring_id.hex()
    found = []
    for folder in [ring.folder, *(Path(state.path) for state in ring.mirror_states())]:
        try:
            facts = escrowfile.facts(folder)
        except OSError:
            facts = None
        if facts is None:
            found.append(EscrowState(folder, 0, "", 0, current=False))
            continue
        current = (facts.ring_id, facts.generation, facts.recipient) == (ring_id, generation, wanted)
        found.append(EscrowState(folder, facts.generation, facts.recipient, facts.made_at_us, current))
    return found


def open(path: Path, identity: str) -> RootKey:
    """The root in an escrow (the file or its folder), with the private recovery key. EscrowUnreadable."""
    return escrowfile.read(path / escrowfile.NAME if path.is_dir() else path, identity)
