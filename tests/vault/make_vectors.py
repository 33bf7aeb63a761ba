"""Writes tests/vectors/sealing with the `cryptography` library's own encryptor.

Run `python -m tests.vault.make_vectors` only to make new vectors: kept ones must open for ever.
"""

import hashlib
import json
from pathlib import Path

import cryptography
from cryptography.cobblestone import Cobblestone256Encryptor

FOLDER = Path(__file__).parent.parent / "vectors" / "sealing"
KEY = hashlib.sha256(b"lethe sealing vectors: a key for tests, never for footage").digest()
CONTEXT = b"lethe/1/0198c0de-0000-7000-8000-00000000cafe/media"
CHUNK, SEALED_CHUNK, HEADER = 16_384, 16_400, 56
LENGTHS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 99]


def seal(clear: bytes, *, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    """What the library makes of `clear`."""
    encryptor = Cobblestone256Encryptor(key, context)
    return encryptor.update(clear) + encryptor.finalize()


def swapped(sealed: bytes) -> bytes:
    """The first two chunks exchanged."""
    one, two = HEADER + SEALED_CHUNK, HEADER + 2 * SEALED_CHUNK
    return sealed[:HEADER] + sealed[one:two] + sealed[HEADER:one] + sealed[two:]


def main() -> None:
    """Write the good and the tampered objects and their list."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    long_clear = hashlib.shake_128(b"long").digest(2 * CHUNK + 99)
    long_sealed = seal(long_clear)
    flipped = bytearray(long_sealed)
    flipped[HEADER + SEALED_CHUNK + 10] ^= 1
    bad = {
        "cut-at-chunk.sealed": (long_sealed[: HEADER + 2 * SEALED_CHUNK], "SealBroken"),
        "cut-inside-chunk.sealed": (long_sealed[:-1], "SealBroken"),
        "cut-in-header.sealed": (long_sealed[:40], "SealBroken"),
        "swapped-chunks.sealed": (swapped(long_sealed), "SealBroken"),
        "flipped-bit.sealed": (bytes(flipped), "SealBroken"),
        "other-key.sealed": (seal(b"frame", key=bytes(32)), "WrongKey"),
        "other-context.sealed": (seal(b"frame", context=CONTEXT[:-5] + b"thumb"), "WrongKey"),
    }
    listed: dict[str, object] = {
        "made_by": f"cryptography {cryptography.__version__}, Cobblestone256Encryptor",
        "key": KEY.hex(),
        "context": CONTEXT.decode(),
        "good": [],
        "bad": [{"file": name, "error": error} for name, (_, error) in bad.items()],
    }
    good = []
    for length in LENGTHS:
        clear = hashlib.shake_128(b"long").digest(length)
        name = f"clear-{length}.sealed"
        (FOLDER / name).write_bytes(seal(clear))
        good.append({"file": name, "clear_sha256": hashlib.sha256(clear).hexdigest()})
    for name, (sealed, _) in bad.items():
        (FOLDER / name).write_bytes(sealed)
    listed["good"] = good
    (FOLDER / "vectors.json").write_text(json.dumps(listed, indent=1) + "\n")


if __name__ == "__main__":
    main()
