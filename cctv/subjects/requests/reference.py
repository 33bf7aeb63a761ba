"""Reference and secret of a request: all that its requester needs. No Django.

The reference is drawn by lot, so that it tells nobody how many there are; it opens nothing. The secret has
79 random bits, is shown once and kept as a slow hash.
"""

import hashlib
import re
import secrets
import unicodedata
from datetime import datetime
from uuid import UUID

from cctv.disclosure.handing import tokens

REFERENCE_LETTERS, SECRET_GROUPS, GROUP_LETTERS = 6, 4, 4
# Hyphens, dashes, the minus sign and the long vowel mark of Japanese keyboards.
_DASHES = re.compile("[\u2010-\u2015\u2212\u30fc]")
_REFERENCE = re.compile(r"R[-\s]*(\d{4})[-\s]*([0-9A-Z]{6})\Z")


def reference_of(draft_id: UUID, received_at: datetime, attempt: int = 0) -> str:
    """`R-2026-7K4QXM`: of the random number that the form carries, so that a repetition draws the same."""
    drawn = int.from_bytes(hashlib.sha256(f"reference/{draft_id}/{attempt}".encode()).digest(), "big")
    letters = ""
    for _letter in range(REFERENCE_LETTERS):
        drawn, at = divmod(drawn, len(tokens.ALPHABET))
        letters += tokens.ALPHABET[at]
    return f"R-{received_at.year}-{letters}"


def read_reference(text: str) -> str:
    """A reference as it is stored, however it was typed: full width, small letters, blanks; "" if none."""
    plain = unicodedata.normalize("NFKC", text[:60]).strip().upper()
    plain = _DASHES.sub("-", plain)
    found = _REFERENCE.match(plain)
    return f"R-{found[1]}-{found[2]}" if found else ""


def new_secret() -> str:
    """Sixteen readable characters in groups of four."""
    groups = (
        "".join(secrets.choice(tokens.ALPHABET) for _letter in range(GROUP_LETTERS))
        for _group in range(SECRET_GROUPS)
    )
    return "-".join(groups)
