"""Seals what log entries say, under one key of the records ring per month and retention class.

When the retention of a class ends, the month's key of that class is destroyed and its bodies are gone from
every backup, while the entries and their tree stay provable. Bodies are small and many: AES-256-GCM with a
random 96-bit nonce straight under the month's key, 28 bytes of overhead; 2^32 bodies per key is the
bound for random nonces (NIST SP 800-38D 8.3), far above a month's entries.

A period is a month ("2026-11": class "access", and everything from before there were classes) or a month with
its class ("2026-11.ledger"). The key's label is "log/" and the period.

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
PREFIX = "log/"
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])(\.[a-z]{1,20})?")


class LogBodySealer:
    """What `settings.ACCESSLOG_SEALER` names; safe to share between threads."""

    def __init__(self) -> None:
        """Knows no key yet."""
        # Which key belongs to which period; the keys themselves are asked for each time.
        self._periods: dict[tuple[bytes, str], str] = {}

    @sensitive_variables()
    def seal(self, period: str, plaintext: bytes) -> tuple[str, bytes]:
        """The key's id and the sealed body. `period` is "YYYY-MM" or "YYYY-MM.class"; its key is made when
        first needed. ValueError for anything else."""
        key_id, key = self._key_of(period)
        nonce = secrets.token_bytes(NONCE_BYTES)
        return key_id, nonce + AESGCM(key).encrypt(nonce, plaintext, _associated(key_id))

    @sensitive_variables()
    def open(self, key_id: str, sealed: bytes) -> bytes:
        """The body; KeyGone when its period's key was destroyed, ValueError for what was not sealed so."""
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

    def _key_of(self, period: str) -> tuple[str, bytes]:
        if not _PERIOD.fullmatch(period):
            raise ValueError(f"expected YYYY-MM or YYYY-MM.class, got {period!r}")
        ring = rings.records()
        known = (ring.ring_id, period)
        while True:
            key_id = self._periods.get(known)
            if key_id is None:
                key_id = self._periods[known] = ring.ensure(f"{PREFIX}{period}")
            try:
                return key_id, ring.get(key_id)
            except KeyMissing:
                # That period was destroyed while we remembered it; what is sealed now needs a new key.
                del self._periods[known]


def _associated(key_id: str) -> bytes:
    return b"lethe/1/logbody/" + key_id.encode()
