"""Copies sealed in the age format (age-encryption.org/v1), which tools that are not ours open.

What is long is sealed by the library while it is sent: its encryptor runs in a thread that is fed and emptied
piece by piece, so a few pieces are in memory and nothing is on disk. A copy under a pass-phrase is sealed to
a key made for it, which is enclosed, itself sealed by the pass-phrase: `age -d -i key.age` asks for it. The
library would pick a work factor by the machine's speed (2^20 here: 1 GiB of memory, for the recipient's
browser too); `seal_by_phrase` writes that one small file with a fixed one. No Django.
"""

import base64
import hashlib
import hmac
import queue
import secrets
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

import pyrage
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# 64 MiB for whoever opens it. A pass-phrase of 100 random bits needs no more.
WORK_FACTOR = 16
INTRO = b"age-encryption.org/v1\n"
NONCE, LAST_CHUNK = bytes(12), bytes(11) + b"\1"
LINE = 64


def is_recipient(text: str) -> bool:
    """Whether it is the public half of an age key (X25519)."""
    try:
        pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        return False
    return True


def new_identity() -> tuple[str, str]:
    """A key for one copy: what opens it, and its public half."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def seal_by_phrase(text: str, phrase: str) -> str:
    """`text` (a line) as an armoured age file that the pass-phrase opens."""
    file_key, salt = secrets.token_bytes(16), secrets.token_bytes(16)
    wrapping = hashlib.scrypt(
        phrase.encode(), salt=b"age-encryption.org/v1/scrypt" + salt, n=1 << WORK_FACTOR, r=8, p=1,
        maxmem=256 << 20, dklen=32,
    )  # fmt: skip
    wrapped = ChaCha20Poly1305(wrapping).encrypt(NONCE, file_key, None)
    head = INTRO + b"-> scrypt %s %d\n%s\n---" % (_base64(salt), WORK_FACTOR, _base64(wrapped))
    mac = hmac.digest(_hkdf(file_key, b"", b"header"), head, "sha256")
    nonce = secrets.token_bytes(16)
    payload = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload")).encrypt(
        LAST_CHUNK, f"{text}\n".encode(), None
    )
    return _armoured(head + b" " + _base64(mac) + b"\n" + nonce + payload)


def sealed_to(recipient: str, clear: Iterator[bytes]) -> Iterator[bytes]:
    """The age file of these pieces. Whatever `clear` raises comes out of here too, and the file ends
    nowhere."""
    sealing = _Sealing(recipient)
    try:
        for piece in clear:
            sealing.feed(piece)
            yield from sealing.take()
        sealing.end()
        yield from sealing.take()
    finally:
        sealing.abort()


class _Broken(Exception):
    """Nobody wants the rest."""


class _Sealing:
    """The library's encryptor in a thread: what it reads and writes is handed over here."""

    def __init__(self, recipient: str) -> None:
        self._in: queue.Queue[bytes | None] = queue.Queue(1)
        self._out: deque[bytes] = deque()
        self._rest = memoryview(b"")
        self._broken = self._over = False
        self._error: BaseException | None = None
        self._recipient = pyrage.x25519.Recipient.from_str(recipient)
        self._thread = threading.Thread(target=self._run, name="age", daemon=True)
        self._thread.start()

    def feed(self, piece: bytes) -> None:
        """Waits until the thread has taken what came before."""
        self._put(piece)

    def end(self) -> None:
        """No more; waits for the last bytes."""
        self._put(None)
        self._thread.join()
        self._over = True
        if self._error is not None:
            raise self._error

    def take(self) -> Iterator[bytes]:
        """What is sealed by now."""
        parts = []
        while self._out:
            parts.append(self._out.popleft())
        if parts:
            yield b"".join(parts)

    def abort(self) -> None:
        """Let go of the thread; harmless after `end`."""
        if not self._over:
            self._broken = True
            self._put(None)
            self._thread.join(timeout=10)

    def _put(self, piece: bytes | None) -> None:
        while self._thread.is_alive():
            try:
                self._in.put(piece, timeout=0.2)
            except queue.Full:
                continue
            return
        if self._error is not None and not self._broken:
            raise self._error

    def _run(self) -> None:
        try:
            pyrage.encrypt_io(self, self, [self._recipient])
        except BaseException as error:
            self._error = error

    # What the library calls, in the thread.

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes of what was fed, b"" at its end."""
        if not self._rest:
            piece = self._in.get()
            if self._broken:
                raise _Broken
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)

    def write(self, data: Any) -> int:
        """Sealed bytes."""
        self._out.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=salt or None, info=info).derive(key)


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _armoured(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + LINE] for at in range(0, len(text), LINE)]
    return "\n".join(["-----BEGIN AGE ENCRYPTED FILE-----", *lines, "-----END AGE ENCRYPTED FILE-----", ""])
