"""Who signs the access log's checkpoints: the log gets this class by a setting (`ACCESSLOG_SIGNER`).

Its seed is derived from a key of its own in the records ring, as that of certificates is, so that it is
mirrored and escrowed, and outlives every month of the log. The origin carries the ring's id: the logs of two
installations are never taken for each other, and what restores an installation keeps its origin.
"""

from accesslog import note as notes
from cctv.vault import rings
from cctv.vault.signing import private_key

LABEL = "signing/log/1"
_SEED = b"lethe/1/signing/log/ed25519"


class LogSigner:
    """See accesslog.conf.Signer."""

    @property
    def origin(self) -> str:
        """Which log: "lethe/<first 16 hex digits of the records ring's id>/log"; also the key's name."""
        return f"lethe/{rings.records().ring_id.hex()[:16]}/log"

    def verifier_key(self) -> str:
        """The verifier key, to be published and kept by whoever checks the log."""
        return str(notes.key_of(self.origin, private_key(LABEL, _SEED)))

    def sign(self, text: str) -> str:
        """The signed note with this text. ValueError for what a note cannot hold."""
        private = private_key(LABEL, _SEED)
        return str(notes.Note(text, (notes.sign(text, notes.key_of(self.origin, private), private),)))
