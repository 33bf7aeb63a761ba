"""Seals what log entries say, under one key of the records ring per month.

When the log's own retention ends, the month's key is destroyed and its bodies are gone from every
backup, while the entries and their tree stay provable. Bodies are small and many: AES-256-GCM with a
random 96-bit nonce straight under the month's key, 28 bytes of overhead; 2^32 bodies per key is the
bound for random nonces (NIST SP 800-38D 8.3), far above a month's entries.

    sealed body   nonce (12) ‖ ciphertext ‖ tag (16); associated data "lethe/1/logbody/" ‖ key id
"""

import re
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.views.decorators.debug import sensitive_variables

from accesslog.errors import KeyGone
from cctv.vault import rings
from cctv.vault.errors import KeyMissing

NONCE_BYTES = 12
TAG_BYTES = 16
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class LogBodySealer:
    """What `settings.ACCESSLOG_SEALER` names; safe to share between threads."""

    def __init__(self) -> None:
        """Knows no key yet."""
        # Which key belongs to which month; the keys themselves are asked for each time.
        self._months: dict[tuple[bytes, str], str] = {}

    @sensitive_variables()
    def seal(self, month: str, plaintext: bytes) -> tuple[str, bytes]:
        """The key's id and the sealed body. `month` is "YYYY-MM"; its key is made when first needed."""
        key_id, key = self._key_of(month)
        nonce = secrets.token_bytes(NONCE_BYTES)
        return key_id, nonce + AESGCM(key).encrypt(nonce, plaintext, _associated(key_id))

    @sensitive_variables()
    def open(self, key_id: str, sealed: bytes) -> bytes:
        """The body; KeyGone when its month's key was destroyed, ValueError for what was not sealed so."""
        try:
            key = rings.records().get(key_id)
        except KeyMissing:
            raise KeyGone(key_id) from None
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise ValueError("too short for a sealed body")
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _associated(key_id))
        except InvalidTag:
            raise ValueError("this body was not sealed under that key, or was altered") from None

    def _key_of(self, month: str) -> tuple[str, bytes]:
        if not _MONTH.fullmatch(month):
            raise ValueError(f"expected YYYY-MM, got {month!r}")
        ring = rings.records()
        known = (ring.ring_id, month)
        while True:
            key_id = self._months.get(known)
            if key_id is None:
                key_id = self._months[known] = ring.ensure(f"log/{month}")
            try:
                return key_id, ring.get(key_id)
            except KeyMissing:
                # That month was destroyed while we remembered it; what is sealed now needs a new key.
                del self._months[known]


def _associated(key_id: str) -> bytes:
    return b"lethe/1/logbody/" + key_id.encode()
