"""Names of stored objects: random, spread over 256 folders, and telling nothing."""

import re
import secrets

SHARDS = tuple(f"{number:02x}" for number in range(256))
MEDIA = "media"  # stored under the object's own name; the other parts beside it
PARTS = ("index", "thumb")
KEYRINGS = "lethe-keys"  # the folder of a bucket in which hosts share their keyrings
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}(\.[a-z]{1,12})?")


def new_name() -> str:
    """A fresh name, never used before."""
    text = secrets.token_hex(16)
    return f"{text[:2]}/{text}"


def part_name(base: str, part: str) -> str:
    """Where a part of the object `base` lies."""
    return base if part == MEDIA else f"{base}.{part}"


def all_parts(name: str) -> tuple[str, ...]:
    """The object and its parts; of a part, only itself."""
    return (name,) if "." in name else (name, *(part_name(name, part) for part in PARTS))


def is_name(text: str) -> bool:
    """Whether `text` names one of our objects; everything else in a store is foreign and left alone."""
    return _NAME.fullmatch(text) is not None


def check_name(text: str) -> str:
    """`text`; ValueError if it is not one of our names."""
    if not is_name(text):
        raise ValueError(f"not the name of a sealed object: {text!r}")
    return text
