"""What arrives, turned into one durable sealed object with its facts.

A stream can be read once, so it is sealed as it comes and probed through the sealed reader. A file can
be read again, so it is probed where it lies and sealed once, already without what must not be kept.
Either way no clear byte is written anywhere, and the hash is of exactly the bytes delivered.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from cctv.footage.media.errors import MediaError
from cctv.footage.media.facts import MediaFacts
from cctv.footage.media.ranges import Reader
from cctv.footage.media.scan import scan
from cctv.footage.media.strip import needs_rewrite
from cctv.ingest.provisional import Provisional, SealedObject
from cctv.vault.steps import reached

Check = Callable[[], None]
# Hashing releases the interpreter, so the second core can do it while this one copies packets.
_hashers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="lethe-hash")


@dataclass(frozen=True, slots=True)
class Taken:
    """A sealed recording. `facts` of what is stored, or the `refusal` when it is none that can be admitted.

    `original_sha256` is of the bytes delivered, `source_audio` the codec of the sound in them.
    """

    sealed: SealedObject
    original_sha256: bytes
    facts: MediaFacts | None = None
    refusal: MediaError | None = None
    source_audio: str = ""


class Arrival(Protocol):
    """Something that can be taken into provisional objects."""

    def take(self, provisional: Provisional, *, keep_audio: bool, probe: bool) -> Taken:
        """Seal it durably. Without `probe` it is sealed as it is, for quarantine."""


class Stream:
    """Bytes that come once; `verify` may refuse them when all have come."""

    def __init__(self, pieces: Iterable[bytes], *, verify: Check | None = None) -> None:
        """Nothing is read yet."""
        self._pieces = pieces
        self._verify = verify

    def take(self, provisional: Provisional, *, keep_audio: bool, probe: bool) -> Taken:
        """Seal, probe through the sealed reader, copy the video alone where needed."""
        sealed = provisional.seal(self._pieces)
        original = sealed.facts.clear_sha256
        reached("ingest.sealed")
        if self._verify is not None:
            self._verify()
        if not probe:
            return Taken(sealed, original)
        try:
            with sealed.reader() as reader:
                facts = scan(reader, sealed.facts.clear_bytes)
                reached("ingest.probed")
                if not needs_rewrite(facts, keep_audio=keep_audio):
                    return Taken(sealed, original, facts, source_audio=facts.audio_codec or "")
                written, clean = provisional.seal_video(reader, facts)
        except MediaError as error:
            return Taken(sealed, original, refusal=error)
        provisional.drop(sealed)
        reached("ingest.rewritten")
        return Taken(written, original, clean, source_audio=facts.audio_codec or "")


class OpenFile(Protocol):
    """A file that can be read from the start as often as needed, through one descriptor."""

    @property
    def size(self) -> int: ...
    @property
    def reader(self) -> Reader: ...
    def pieces(self) -> Iterator[bytes]: ...
    def verify(self) -> None: ...


class File:
    """A file in a folder, open."""

    def __init__(self, file: OpenFile) -> None:
        """Nothing is read yet."""
        self._file = file

    def take(self, provisional: Provisional, *, keep_audio: bool, probe: bool) -> Taken:
        """Probe the file where it lies, then seal it, or its video alone, in one pass."""
        if not probe:
            return self._whole(provisional)
        try:
            facts = scan(self._file.reader, self._file.size)
            reached("ingest.probed")
            if not needs_rewrite(facts, keep_audio=keep_audio):
                return self._whole(provisional, facts)
            hashing = _hashers.submit(_sha256, self._file.pieces())
            try:
                written, clean = provisional.seal_video(self._file.reader, facts)
            finally:
                original = hashing.result()
        except MediaError as error:
            return self._whole(provisional, refusal=error)
        self._file.verify()
        reached("ingest.sealed")
        return Taken(written, original, clean, source_audio=facts.audio_codec or "")

    def _whole(
        self, provisional: Provisional, facts: MediaFacts | None = None, refusal: MediaError | None = None
    ) -> Taken:
        sealed = provisional.seal(self._file.pieces())
        self._file.verify()
        reached("ingest.sealed")
        audio = (facts.audio_codec if facts else None) or ""
        return Taken(sealed, sealed.facts.clear_sha256, facts, refusal, audio)


def _sha256(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
