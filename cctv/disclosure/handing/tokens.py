"""What opens a link: a token in its address, a code told separately, and a pass-phrase for a sealed copy.

Each is made here at random, shown once and kept as a hash at most. No Django.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata

TOKEN_BYTES = 32
# No letter or digit that is taken for another when it is read out or written down.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LETTERS = 8
PHRASE_GROUPS, GROUP_LETTERS = 5, 4
SALT_BYTES = 16
# About 50 ms and 16 MiB for one guess: with five attempts, forty bits are plenty.
SCRYPT_N, SCRYPT_R = 1 << 14, 8
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)


def new_token() -> str:
    """256 random bits for an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Its SHA-256 in hex, or "" for what no token looks like."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.match(token) else ""


def new_code() -> str:
    """Eight readable characters, in two groups."""
    return _grouped(2, CODE_LETTERS // 2)


def new_phrase() -> str:
    """A pass-phrase of 100 random bits, in groups that can be read out."""
    return _grouped(PHRASE_GROUPS, GROUP_LETTERS)


def plain(text: str) -> str:
    """A code or pass-phrase as it is hashed, however it was typed: full width, small letters, with signs."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum())


def new_salt() -> bytes:
    """For one link's code."""
    return secrets.token_bytes(SALT_BYTES)


def code_hash(code: str, salt: bytes) -> bytes:
    """32 bytes, slowly."""
    return hashlib.scrypt(plain(code)[:64].encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=1, dklen=32)


def fits(code: str, *, salt: bytes, kept: bytes) -> bool:
    """Whether this is the code; takes as long for every code."""
    return hmac.compare_digest(code_hash(code, salt), kept)


def _grouped(groups: int, letters: int) -> str:
    return "-".join(
        "".join(secrets.choice(ALPHABET) for _letter in range(letters)) for _group in range(groups)
    )
