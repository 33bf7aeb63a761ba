"""A key per period in a file of its own: to forget a month, delete its file."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accesslog.errors import KeyGone

HOME = Path(os.environ["CLINIC_HOME"])


class Sealer:
    """What ACCESSLOG_SEALER names."""

    def seal(self, period: str, plaintext: bytes) -> tuple[str, bytes]:
        path = HOME / f"{period}.key"
        if not path.exists():
            path.write_bytes(AESGCM.generate_key(256))
        nonce = os.urandom(12)
        return period, nonce + AESGCM(path.read_bytes()).encrypt(nonce, plaintext, None)

    def open(self, key_id: str, sealed: bytes) -> bytes:
        path = HOME / f"{key_id}.key"
        if not path.exists():
            raise KeyGone(key_id)
        try:
            return AESGCM(path.read_bytes()).decrypt(sealed[:12], sealed[12:], None)
        except InvalidTag as error:
            raise ValueError("these bytes were not sealed here") from error
