"""What the server gives into a browser's keeping: sealed, dated, and read by nobody else.

AES-256-GCM under a key drawn from the installation's secret and, where a lock is given, from a secret of the
browser's own as well: what stands in an address is then of no use without that browser's cookie.
"""

import json
import os
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from cctv.core import clock

NONCE_BYTES = 12
# What nobody can have been given: neither is unpacked further.
LONGEST_TOKEN = 32_000
LONGEST_CLEAR = 64_000


def seal(kind: str, facts: dict[str, Any], *, lock: bytes = b"") -> str:
    """`facts` (JSON) as a token of letters, digits, - and _; `kind` keeps tokens of one use from another."""
    dated = {"at": int(clock.now().timestamp()), "facts": facts}
    clear = json.dumps(dated, ensure_ascii=False, separators=(",", ":"))
    # A hand-written surrogate of a form must not stop the sealing.
    packed = zlib.compress(clear.encode("utf-8", "replace"), 9)
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(_key(kind, lock)).encrypt(nonce, packed, kind.encode())
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def opened(kind: str, token: str, *, life: timedelta, lock: bytes = b"") -> dict[str, Any] | None:
    """The facts of a token that is whole, of this kind and lock, and younger than `life`; else None."""
    if not token or len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        packed = AESGCM(_key(kind, lock)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], kind.encode())
    except (ValueError, InvalidTag):
        return None
    dated = json.loads(zlib.decompressobj().decompress(packed, LONGEST_CLEAR))
    age = clock.now().timestamp() - dated["at"]
    facts: dict[str, Any] = dated["facts"]
    return facts if -60 <= age <= life.total_seconds() else None


def proof(kind: str, of: str) -> str:
    """A word that only who holds `of` can have been given (hex)."""
    mac = HMAC(_key(f"proof/{kind}", b""), SHA256())
    mac.update(of.encode())
    return mac.finalize().hex()


def _key(kind: str, lock: bytes) -> bytes:
    drawn = HKDF(algorithm=SHA256(), length=32, salt=lock or None, info=f"lethe/1/portal/{kind}".encode())
    return drawn.derive(settings.SECRET_KEY.encode())
