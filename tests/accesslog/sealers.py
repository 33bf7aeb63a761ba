"""Sealers for tests. A sealer without a key may never be part of the product."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accesslog.errors import KeyGone


class MonthSealer:
    """A key per month, derived from its name so that other processes open what this one sealed."""

    destroyed: set[str] = set()

    def _cipher(self, month: str) -> AESGCM:
        return AESGCM(month.encode().ljust(32, b"."))

    def seal(self, month: str, plaintext: bytes) -> tuple[str, bytes]:
        nonce = os.urandom(12)
        return f"log/{month}", nonce + self._cipher(month).encrypt(nonce, plaintext, None)

    def open(self, key_id: str, sealed: bytes) -> bytes:
        if key_id in self.destroyed:
            raise KeyGone(key_id)
        try:
            return self._cipher(key_id.removeprefix("log/")).decrypt(sealed[:12], sealed[12:], None)
        except InvalidTag as error:
            raise ValueError("these bytes were not sealed here") from error
