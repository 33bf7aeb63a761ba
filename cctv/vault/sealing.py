"""Sealed objects: C2SP chunked encryption, "Cobblestone-256", with range reads.

Writing uses the `cryptography` library's own encryptor. Reading ranges is not in the library yet
(50.0), so `SealedReader` does it over the library's HKDF-Expand and AES-GCM; test vectors made by
the library hold the two together. Specification: https://c2sp.org/chunked-encryption

    header   salt (24) ‖ commitment (32)
    derived  HKDF-Expand-SHA-512(key, label ‖ salt ‖ context) = AES key (32) ‖ nonce (12) ‖ commitment (32)
    chunk k  AES-256-GCM(AES key, nonce XOR k) of 16,384 clear bytes; the last chunk is always shorter

The last chunk may be empty but is never missing and never full: an object cut at a chunk boundary
has no short last chunk, and one cut elsewhere has a last chunk that does not authenticate. A range
read need not touch the last chunk, therefore the caller also says how long the object must be.
"""

import hashlib
import hmac
import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from cctv.core.errors import LetheError


def gettext_noop(text: str) -> str:
    """Mark a text for translation; this module knows no Django (see `errors`)."""
    return text


HEADER_BYTES = 56
SALT_BYTES = 24
CHUNK_BYTES = 16_384
TAG_BYTES = 16
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
KEY_BYTES = 32
_LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
_WRITE_SLICE_BYTES = 1 << 17  # bounds memory for huge buffers, and stays within the cache

Bytes = bytes | bytearray | memoryview
ReadRange = Callable[[int, int], bytes]


class Sink(Protocol):
    """Where ciphertext goes; writes everything it is given or raises."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""


class SealBroken(LetheError):
    """The ciphertext was altered, cut or swapped."""

    code = "seal_broken"
    status = 500
    message: Any = gettext_noop("A sealed object is damaged: its content is not what was sealed.")
    hint: Any = gettext_noop(
        "Run the storage check, and compare the disk's health and the object's size with the register."
    )


class WrongKey(LetheError):
    """Key, context or header do not belong to this object."""

    code = "wrong_key"
    status = 500
    message = gettext_noop(
        "A sealed object does not open with the key and name that the register gives for it."
    )
    hint: Any = gettext_noop(
        "Check that the register, the keyring and the footage storage belong to the same installation."
    )


@dataclass(frozen=True, slots=True)
class SealedFacts:
    """What is known of an object once it is sealed. Only the ciphertext's hash may outlive the footage."""

    size_bytes: int
    clear_bytes: int
    ciphertext_sha256: bytes
    clear_sha256: bytes


def sealed_size(clear_bytes: int) -> int:
    """The bytes on disk of an object of `clear_bytes`."""
    full, rest = divmod(clear_bytes, CHUNK_BYTES)
    return HEADER_BYTES + full * SEALED_CHUNK_BYTES + rest + TAG_BYTES


def clear_size(size_bytes: int) -> int:
    """The clear bytes within a sealed object of `size_bytes`; SealBroken when no object has that length."""
    full, rest = divmod(size_bytes - HEADER_BYTES, SEALED_CHUNK_BYTES)
    if size_bytes < HEADER_BYTES + TAG_BYTES or rest < TAG_BYTES:
        raise SealBroken()
    return full * CHUNK_BYTES + rest - TAG_BYTES


def seal_bytes(key: bytes, context: bytes, clear: Bytes) -> bytes:
    """Seal a small object in memory."""
    encryptor = Cobblestone256Encryptor(key, context)
    return encryptor.update(clear) + encryptor.finalize()


def open_bytes(key: bytes, context: bytes, sealed: Bytes) -> bytes:
    """Open a small object whole. WrongKey for key or context, SealBroken for altered or cut ciphertext."""
    if len(sealed) < HEADER_BYTES + TAG_BYTES:
        raise SealBroken()
    _derive(key, context, bytes(sealed[:HEADER_BYTES]))
    decryptor = Cobblestone256Decryptor(key, context)
    try:
        return decryptor.update(sealed) + decryptor.finalize()
    except InvalidTag:
        raise SealBroken() from None


def open_small(key: bytes, context: bytes, sealed: Bytes) -> bytes:
    """The same as `open_bytes` for what has one chunk, in half the time; what has more goes there."""
    if not HEADER_BYTES + TAG_BYTES <= len(sealed) < HEADER_BYTES + SEALED_CHUNK_BYTES:
        return open_bytes(key, context, sealed)
    aes_key, nonce = _derive(key, context, bytes(sealed[:HEADER_BYTES]))
    try:
        return AESGCM(aes_key).decrypt(nonce, sealed[HEADER_BYTES:], None)
    except InvalidTag:
        raise SealBroken() from None


class SealWriter:
    """Seals a stream into a sink in constant memory, hashing clear and sealed bytes in the same pass.

    The sink stays open: making it durable is its owner's business.
    """

    def __init__(self, sink: Sink, key: bytes, context: bytes) -> None:
        """`key` is 32 bytes and used for this context only."""
        self._sink = sink
        self._encryptor = Cobblestone256Encryptor(key, context)
        self._clear_sha256 = hashlib.sha256()
        self._ciphertext_sha256 = hashlib.sha256()
        self._clear_bytes = 0
        self._size_bytes = 0
        self._facts: SealedFacts | None = None

    def write(self, data: Bytes) -> int:
        """Seal `data`; returns its length. A started chunk waits in memory until it is full."""
        if self._facts is not None:
            raise ValueError("write to a closed SealWriter")
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _WRITE_SLICE_BYTES):
            piece = view[start : start + _WRITE_SLICE_BYTES]
            self._clear_sha256.update(piece)
            self._emit(self._encryptor.update(piece))
        self._clear_bytes += len(view)
        return len(view)

    def close(self) -> SealedFacts:
        """Write the last chunk; the same facts again when called twice."""
        if self._facts is None:
            self._emit(self._encryptor.finalize())
            self._facts = SealedFacts(
                size_bytes=self._size_bytes,
                clear_bytes=self._clear_bytes,
                ciphertext_sha256=self._ciphertext_sha256.digest(),
                clear_sha256=self._clear_sha256.digest(),
            )
        return self._facts

    def _emit(self, sealed: bytes) -> None:
        if sealed:
            self._ciphertext_sha256.update(sealed)
            self._size_bytes += len(sealed)
            self._sink.write(sealed)


class SealedReader(io.RawIOBase):
    """The clear bytes of a sealed object, as a seekable stream and by ranges.

    `read_range(offset, length)` gives ciphertext. `guard`, if given, runs before every read and may
    refuse (expiry, a destroyed key): nothing already decrypted is handed out either. With
    `read_ahead_bytes` a stream that is read in order fetches ahead in growing steps, up to that much.
    Safe to share between threads, though seek and read are then better replaced by `read_range`.
    """

    def __init__(
        self,
        read_range: ReadRange,
        size_bytes: int,
        key: bytes,
        context: bytes,
        *,
        guard: Callable[[], None] | None = None,
        read_ahead_bytes: int = 0,
        cached_chunks: int = 16,
    ) -> None:
        """SealBroken at once if nothing sealed is `size_bytes` long; the key is checked at the first read."""
        super().__init__()
        self.clear_bytes = clear_size(size_bytes)
        self._size_bytes = size_bytes
        self._read_ciphertext = read_range
        self._secret: tuple[bytes, bytes] | None = (key, context)
        self._opened: tuple[AESGCM, int] | None = None
        self._guard = guard
        self._ahead_limit = read_ahead_bytes // CHUNK_BYTES
        self._ahead = 0
        self._next_in_order = 0
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._cache_limit = max(cached_chunks, 2 * self._ahead_limit)
        self._position = 0
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        """Sizes only: keys never reach a log."""
        return f"<SealedReader clear_bytes={self.clear_bytes} position={self._position}>"

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position in clear bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As for any binary stream; beyond the end is allowed and reads nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.clear_bytes}[whence]
        if base + offset < 0:
            raise ValueError("seek before the start")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` clear bytes from the position, all that remain without a size."""
        with self._lock:
            wanted = self.clear_bytes if size is None or size < 0 else size
            data = self.read_range(self._position, wanted)
            self._position += len(data)
            return data

    def readall(self) -> bytes:
        """All that remains."""
        return self.read(-1)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill `buffer` from the position; returns the bytes written to it."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read_range(self, start: int, length: int) -> bytes:
        """The clear bytes `[start, start + length)`, shorter only at the end of the object."""
        if start < 0 or length < 0:
            raise ValueError("negative range")
        with self._lock:
            if self._secret is None:
                raise ValueError("read from a closed SealedReader")
            if self._guard is not None:
                self._guard()
            start, end = min(start, self.clear_bytes), min(start + length, self.clear_bytes)
            if start == end < self.clear_bytes:
                return b""
            # Who reads up to the end is told the truth about it: the last chunk is opened even if empty.
            last = (end if end == self.clear_bytes else end - 1) // CHUNK_BYTES
            first = start // CHUNK_BYTES
            chunks = self._chunks(first, last)
            chunks[-1] = chunks[-1][: end - last * CHUNK_BYTES]
            chunks[0] = chunks[0][start - first * CHUNK_BYTES :]
            return b"".join(chunks)

    def close(self) -> None:
        """Forget key and decrypted chunks."""
        self._secret = self._opened = None
        self._cache.clear()
        super().close()

    def _chunks(self, first: int, last: int) -> list[bytes]:
        """Chunks `first` to `last`, fetching neighbouring missing ones in one read."""
        found: dict[int, bytes] = {}
        missing: list[int] = []
        for number in range(first, last + 1):
            if (chunk := self._cache.get(number)) is not None:
                self._cache.move_to_end(number)
                found[number] = chunk
            else:
                missing.append(number)
        while missing:
            run_first = missing[0]
            run_last = run_first
            while missing and missing[0] <= run_last:
                missing.pop(0)
                if missing and missing[0] == run_last + 1:
                    run_last += 1
            ahead = self._ahead_of(run_first, run_last) if run_last == last else 0
            found.update(self._fetch(run_first, run_last + ahead))
        self._next_in_order = last + 1
        return [found[number] for number in range(first, last + 1)]

    def _ahead_of(self, first: int, last: int) -> int:
        """How many chunks to fetch beyond `last`: none after a jump, twice as many at each step in order."""
        if first not in (self._next_in_order, self._next_in_order - 1):
            self._ahead = 0
            return 0
        self._ahead = min(max(1, self._ahead * 2), self._ahead_limit)
        return min(self._ahead, (self.clear_bytes // CHUNK_BYTES) - last)

    def _fetch(self, first: int, last: int) -> dict[int, bytes]:
        """Read and open the chunks `first` to `last`."""
        start = HEADER_BYTES + first * SEALED_CHUNK_BYTES
        end = min(HEADER_BYTES + (last + 1) * SEALED_CHUNK_BYTES, self._size_bytes)
        skip = start if self._opened is None and first == 0 else 0
        sealed = memoryview(self._ciphertext(start - skip, end - start + skip))
        aead, nonce = self._open(bytes(sealed[:HEADER_BYTES]) if skip else None)
        opened: dict[int, bytes] = {}
        for number in range(first, last + 1):
            offset = skip + (number - first) * SEALED_CHUNK_BYTES
            piece = sealed[offset : offset + SEALED_CHUNK_BYTES]
            try:
                opened[number] = aead.decrypt((nonce ^ number).to_bytes(12, "big"), piece, None)
            except InvalidTag:
                raise SealBroken() from None
        self._remember(opened)
        return opened

    def _remember(self, opened: dict[int, bytes]) -> None:
        for number in list(opened)[-self._cache_limit :]:
            self._cache[number] = opened[number]
        while len(self._cache) > self._cache_limit:
            self._cache.popitem(last=False)

    def _open(self, header: bytes | None = None) -> tuple[AESGCM, int]:
        """The object's cipher and base nonce, after checking the commitment."""
        if self._opened is None:
            if self._secret is None:
                raise ValueError("read from a closed SealedReader")
            aes_key, nonce = _derive(*self._secret, header or self._ciphertext(0, HEADER_BYTES))
            self._opened = (AESGCM(aes_key), int.from_bytes(nonce, "big"))
        return self._opened

    def _ciphertext(self, offset: int, length: int) -> bytes:
        sealed = self._read_ciphertext(offset, length)
        if len(sealed) != length:
            raise SealBroken()
        return sealed


def _derive(key: bytes, context: bytes, header: bytes) -> tuple[bytes, bytes]:
    """AES key and base nonce; WrongKey unless the header commits to exactly this key and context."""
    salt, commitment = header[:SALT_BYTES], header[SALT_BYTES:]
    derived = HKDFExpand(SHA512(), 76, _LABEL + salt + context).derive(key)
    if not hmac.compare_digest(derived[44:], commitment):
        raise WrongKey()
    return derived[:32], derived[32:44]
