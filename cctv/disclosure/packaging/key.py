"""The key that signs packages: kept as the log's signing key is, and vouched for by the log.

Its seed is derived from a key of its own in the records ring, so it is made durably at first use, mirrored,
escrowed and backed up as that ring is, and no destruction of records reaches it (`vault.records`). Nobody
need believe that it is the installation's: the log has the entry `export.key` with its public half, and every
package has the proof of that entry. Another ring means another key, and so another entry.
"""

from uuid import NAMESPACE_OID, uuid5

from accesslog import conf
from accesslog.services import append
from accesslog.types import Receipt
from cctv.disclosure.packages import signing
from cctv.disclosure.packaging.events import KEY
from cctv.vault.signing import private_key

LABEL = "signing/package/1"
_SEED = b"lethe/1/signing/package/ed25519"


def public_key() -> str:
    """The verifier key of the installation's packages. Raises what the ring raises (KeyMissing, …)."""
    return signing.verifier_key(conf.signer().origin, private_key(LABEL, _SEED))


def sign_manifest(sha256: bytes) -> str:
    """The contents of manifest.sig for a manifest with this SHA-256."""
    return signing.sign(sha256, origin=conf.signer().origin, private=private_key(LABEL, _SEED))


def entered() -> Receipt:
    """The log's entry `export.key` of the key as it is, made if there is none. Raises LogUnavailable."""
    vkey = public_key()
    event_id = uuid5(NAMESPACE_OID, f"lethe/export.key/{vkey}")
    return append(kind=KEY, body={"vkey": vkey}, event_id=event_id)
