"""One `journal`: numbered lines of JSON in a chain of hashes, of which at most the last can be torn.

    {"chain":"…","format":"lethe-journal/1","ring":"<ring id>","compacted":0,"upto":0,"was":""}
    {"chain":"…","n":1,"at_us":…,"kind":"moved","facts":{…}}

`chain` is SHA-256(chain of the line before ‖ the line's bytes after `{"chain":"…",`), the first line's
over 32 zero bytes. Appending is one write and one fsync. Compaction writes the file anew with fewer
lines: numbers stay, `upto` is the highest number that may be missing, `was` the last chain before it.
Pure but for the disk; who may write, and where the copies are, is `journal`'s.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from cctv.core.atomic import fsync_dir, write_atomic
from cctv.vault.errors import JournalBroken, JournalRolledBack, VaultWriteFailed
from cctv.vault.steps import reached

FORMAT = "lethe-journal/1"
NAME = "journal"
_HEAD = b'{"chain":"'
_BODY_AT = len(_HEAD) + 64 + 2
_NO_CHAIN = bytes(32)
_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Base:
    """The first line: whose journal, how often compacted, up to which number lines may be missing."""

    ring: str
    compacted: int = 0
    upto: int = 0
    was: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `at_us` is µs since 1970."""

    number: int
    at_us: int
    kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tail:
    """How far a journal goes: the last line's number and chain, where it begins, where it ends."""

    number: int
    chain: bytes
    starts_at: int
    size: int


class JournalFile:
    """The journal in `folder`. Whoever writes holds the journal's lock; reading needs none."""

    def __init__(self, folder: Path, name: str = NAME) -> None:
        """Touches nothing yet."""
        self.path = folder / name
        self._new = folder / f"{name}.new"

    def exists(self) -> bool:
        """Whether there is one."""
        return self.path.exists()

    def create(self, ring: str) -> None:
        """A new journal without lines, in place of whatever was there."""
        write_atomic(self.path, _encode(_NO_CHAIN, _base_body(Base(ring)))[0])

    def base(self) -> Base:
        """The first line; JournalBroken if this is no journal, FileNotFoundError without a file."""
        with self.path.open("rb") as file:
            return _base(file.readline())[0]

    def lines(self, after: int = 0) -> Iterator[Line]:
        """Every whole line with a higher number; JournalBroken where the chain breaks, skipped lines too."""
        with self.path.open("rb") as file:
            base, chain = _base(file.readline())
            last = 0
            for raw in file:
                if _is_torn(raw):
                    _require(not file.readline())
                    return
                chain, body = _checked(raw, chain)
                line = Line(body["n"], body["at_us"], body["kind"], body["facts"])
                _require(line.number == last + 1 or last < line.number <= base.upto + 1)
                last = line.number
                if line.number > after:
                    yield line

    def tail(self) -> Tail:
        """The last whole line, looked for from the end. JournalBroken, FileNotFoundError."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            span = _BLOCK
            while True:
                start = max(0, size - span)
                file.seek(start)
                found = _last_of(file.read(size - start), start)
                if found is not None:
                    return replace(found, number=max(found.number, self.base().upto))
                _require(start > 0)
                span *= 4

    def repair(self) -> Tail:
        """Cut off what a kill or a power cut has left of a line that nobody was told of."""
        tail = self.tail()
        if tail.size != self.path.stat().st_size:
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                os.ftruncate(descriptor, tail.size)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return tail

    def append(self, *, at_us: int, kind: str, facts: Mapping[str, Any]) -> int:
        """Add a line; durable when this returns. VaultWriteFailed with nothing added."""
        tail = self.repair()
        number = tail.number + 1
        raw, _ = _encode(tail.chain, _line_body(Line(number, at_us, kind, facts)))
        self._add(raw, tail.size)
        return number

    def follow(self, source: "JournalFile") -> None:
        """Become a copy of `source`, by its missing end where that is all. JournalRolledBack when this
        one has lines that `source` has not."""
        theirs, at = source.base(), source.tail()
        if not self.exists():
            write_atomic(self.path, source.read_range(0, at.size))
            return
        ours, end = self.base(), self.repair()
        if ours.ring != theirs.ring or ours.compacted > theirs.compacted or end.number > at.number:
            raise JournalRolledBack(f"{JournalRolledBack.message} ({self.path})")
        if ours.compacted < theirs.compacted:
            write_atomic(self.path, source.read_range(0, at.size))
        elif source.read_range(end.starts_at, end.size) != self.read_range(end.starts_at, end.size):
            raise JournalRolledBack(f"{JournalRolledBack.message} ({self.path})")
        elif end.size < at.size:
            self._add(source.read_range(end.size, at.size), end.size)

    def keep_only(self, keep: Callable[[Line], bool]) -> int:
        """Write the journal anew with the lines that `keep` wants; how many it has not. Kill-safe."""
        base, tail = self.base(), self.repair()
        dropped = sum(not keep(line) for line in self.lines())
        if not dropped:
            return 0
        after = Base(base.ring, base.compacted + 1, tail.number, tail.chain.hex())
        try:
            with self._new.open("wb") as file:
                os.fchmod(file.fileno(), 0o600)
                raw, chain = _encode(_NO_CHAIN, _base_body(after))
                file.write(raw)
                for line in self.lines():
                    if keep(line):
                        raw, chain = _encode(chain, _line_body(line))
                        file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            reached("journal.compact-written")
            self._new.replace(self.path)
            fsync_dir(self.path.parent)
        except OSError as error:
            raise VaultWriteFailed(f"{VaultWriteFailed.message} ({error.strerror})") from error
        finally:
            self._new.unlink(missing_ok=True)
        return dropped

    def read_range(self, start: int, end: int) -> bytes:
        """Bytes `start` to `end` of the file."""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def _add(self, data: bytes, size: int) -> None:
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            reached("journal.begin")
            written = os.pwrite(descriptor, data, size)
            if written != len(data):
                raise OSError(28, "No space left on device")
            reached("journal.written")
            os.fsync(descriptor)
            reached("journal.durable")
        except OSError as error:
            os.ftruncate(descriptor, size)
            raise VaultWriteFailed(f"{VaultWriteFailed.message} ({error.strerror})") from error
        finally:
            os.close(descriptor)


def _encode(before: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The line whose JSON object is `body`, chained to what stands before it; and its chain."""
    rest = body[1:]
    chain = sha256(before + rest)
    return _HEAD + chain.hexdigest().encode() + b'",' + rest + b"\n", chain.digest()


def _line_body(line: Line) -> bytes:
    fields = {"n": line.number, "at_us": line.at_us, "kind": line.kind, "facts": line.facts}
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode()


def _base_body(base: Base) -> bytes:
    fields = {"format": FORMAT, "ring": base.ring, "compacted": base.compacted, "upto": base.upto}
    return json.dumps({**fields, "was": base.was}, separators=(",", ":")).encode()


def _base(raw: bytes) -> tuple[Base, bytes]:
    chain, body = _checked(raw, _NO_CHAIN)
    _require(body.get("format") == FORMAT)
    return Base(body["ring"], body["compacted"], body["upto"], body["was"]), chain


def _chain_of(raw: bytes) -> bytes:
    """The chain that a line states; JournalBroken if it is no line."""
    _require(raw.startswith(_HEAD) and raw[_BODY_AT - 2 : _BODY_AT] == b'",' and raw.endswith(b"\n"))
    try:
        return bytes.fromhex(raw[len(_HEAD) : _BODY_AT - 2].decode("ascii"))
    except ValueError:
        raise JournalBroken() from None


def _checked(raw: bytes, before: bytes) -> tuple[bytes, dict[str, Any]]:
    """Chain and fields of a line that stands after one with the chain `before`."""
    chain = _chain_of(raw)
    _require(sha256(before + raw[_BODY_AT:-1]).digest() == chain)
    return chain, json.loads(b"{" + raw[_BODY_AT:-1])


def _is_torn(raw: bytes) -> bool:
    """Cut short, or with blocks that never reached the disk: nobody was told of such a line."""
    return not raw.endswith(b"\n") or b"\x00" in raw


def _last_of(block: bytes, start: int) -> Tail | None:
    """The last whole line of a block that ends the file; None when the block must begin earlier."""
    ends = [newline.end() for newline in re.finditer(b"\n", block)]
    edges = ([0] if start == 0 else []) + ends
    spans = list(pairwise(edges))
    if spans and _is_torn(block[slice(*spans[-1])]):
        spans.pop()
    if not spans or (len(spans) == 1 and start > 0):
        return None
    first, end = spans[-1]
    if len(spans) == 1:  # the base is all there is
        base, chain = _base(block[first:end])
        return Tail(base.upto, chain, start + first, start + end)
    before = _chain_of(block[slice(*spans[-2])])
    chain, body = _checked(block[first:end], before)
    return Tail(body["n"], chain, start + first, start + end)


def _require(holds: bool) -> None:
    if not holds:
        raise JournalBroken()
