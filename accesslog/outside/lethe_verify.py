#!/usr/bin/env python3
"""Check an access log from outside: its checkpoint, one entry with its proof, or the whole log.

This one file is all that is needed, with Python 3.9 or later and the package "cryptography". It asks nobody
whether the log is right: it calculates. What it reads are open formats (https://c2sp.org: signed-note,
tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-tiles), so other tools can check the same files.

    lethe_verify.py checkpoint FILE --key KEY
    lethe_verify.py proof FILE --key KEY [--entry FILE] [--record FILE]
    lethe_verify.py log FOLDER-OR-URL --key KEY [--old CHECKPOINT-FILE]

KEY is the log's verifier key ("name+1234abcd+base64") or a file that holds it. Get it from the operator on
paper or by a way of its own, never together with what you check. With --witness KEY, the checkpoint must bear
that witness's signature too. With --old, the log must have grown from a checkpoint that you kept.

Exit code 0: everything fits. 1: something does not, and the message says what. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import re
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

WIDTH = 256
HASH = 32
TIMEOUT_S = 30
MAX_BYTES = 32 << 20
PROOF_LINE = "c2sp.org/tlog-proof@v1"
DASH = "\u2014 "
LOG_KEY, WITNESS_KEY = 1, 4
NOTE = re.compile(
    r"^\S[^\n]*\n\d+\n[A-Za-z0-9+/]{43}=\n(?:[^\n]+\n)*\n(?:\u2014 \S+ [A-Za-z0-9+/=]+\n)+", re.MULTILINE
)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - for Python 3.9 and 3.10


class Wrong(Exception):
    """It was checked, and does not fit; `entry` is the first that is concerned."""

    def __init__(self, what: str, expected: object = "", calculated: object = "", *, entry: int = 0) -> None:
        self.what, self.expected, self.calculated, self.entry = what, expected, calculated, entry
        lines = [what]
        if expected != calculated:
            lines += [f"  expected:   {expected}", f"  calculated: {calculated}"]
        super().__init__("\n".join(lines))


class Unchecked(Exception):
    """It could not be checked."""


# ---------------------------------------------------------------- hashes (RFC 6962)


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry in the tree."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree, as the hashes of the perfect subtrees that it is made of, largest first."""

    def __init__(self, leaves: list[bytes] | None = None) -> None:
        self.size = 0
        self.peaks: list[bytes] = []
        for leaf in leaves or []:
            self.append(leaf)

    def append(self, value: bytes) -> None:
        """Add a leaf hash."""
        size = self.size
        while size & 1:
            value = node_hash(self.peaks.pop(), value)
            size >>= 1
        self.peaks.append(value)
        self.size += 1

    def root(self) -> bytes:
        """The hash over all leaves."""
        if not self.peaks:
            return sha256(b"").digest()
        value = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            value = node_hash(left, value)
        return value


def root_of_proof(index: int, size: int, value: bytes, neighbours: list[bytes]) -> bytes:
    """The root that the neighbours lead to from a leaf hash (RFC 9162, section 2.1.3.2)."""
    at, last = index, size - 1
    for neighbour in neighbours:
        if last == 0:
            raise Wrong(f"The proof of entry {index} is too long for a log of {size} entries.")
        if at & 1 or at == last:
            value = node_hash(neighbour, value)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            value = node_hash(value, neighbour)
        at, last = at >> 1, last >> 1
    if last:
        raise Wrong(f"The proof of entry {index} is too short for a log of {size} entries.")
    return value


# ---------------------------------------------------------------- keys and checkpoints


class Key:
    """A verifier key: name+id+base64(type, 32 bytes)."""

    def __init__(self, text: str, kind: int) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            self.name, key_id, encoded = text.strip().split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
            self.id = bytes.fromhex(key_id)
            expected = sha256(self.name.encode() + b"\n" + raw).digest()[:4]
            if len(raw) != 1 + HASH or raw[0] != kind or self.id != expected:
                raise ValueError
            self._public = Ed25519PublicKey.from_public_bytes(raw[1:])
        except (ValueError, binascii.Error):
            what = "a log" if kind == LOG_KEY else "a witness"
            raise Unchecked(f"This is no verifier key of {what}: {text.strip()[:100]!r}") from None

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether this key signed the message."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._public.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Checkpoint:
    """A signed statement "this log has so many entries, and this root"."""

    def __init__(self, data: bytes, what: str = "The checkpoint") -> None:
        text = data.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n") + "\n"
        found = NOTE.search(text)  # it may stand in a mail
        body, _, signatures = (found.group() if found else text).rpartition("\n\n")
        self.text, self.what = body + "\n", what
        lines = self.text.split("\n")
        try:
            self.origin, self.size = lines[0], int(lines[1])
            self.root = base64.b64decode(lines[2], validate=True)
            if str(self.size) != lines[1] or len(self.root) != HASH or not self.origin:
                raise ValueError
            self.signatures = [_signature(line) for line in signatures.splitlines()]
        except (ValueError, IndexError, binascii.Error):
            raise Wrong(f"{what} is not a signed checkpoint (c2sp.org/tlog-checkpoint).") from None

    def check(self, key: Key, witnesses: list[Key]) -> list[tuple[str, int]]:
        """Raise Wrong unless the log and every witness named have signed; times of the witnesses."""
        if self.origin != key.name:
            raise Wrong(f"{self.what} is of another log.", key.name, self.origin)
        if not any(key.signed(each, self.text.encode()) for each in self._by(key)):
            raise Wrong(f"{self.what} is not signed by the key of {key.name}.")
        return [(each.name, self._cosigned(each)) for each in witnesses]

    def _by(self, key: Key) -> list[bytes]:
        return [value[4:] for name, value in self.signatures if name == key.name and value[:4] == key.id]

    def _cosigned(self, key: Key) -> int:
        for value in self._by(key):
            seconds = int.from_bytes(value[:8], "big")
            message = f"cosignature/v1\ntime {seconds}\n{self.text}".encode()
            if key.signed(value[8:], message):
                return seconds
        raise Wrong(f"{self.what} is not signed by the witness {key.name}.")


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line[len(DASH) :].partition(" ")
    if not line.startswith(DASH) or not name:
        raise ValueError("no signature line")
    return name, base64.b64decode(encoded, validate=True)


# ---------------------------------------------------------------- reading


class Place:
    """A folder, or the address of one."""

    def __init__(self, place: str) -> None:
        self.url = place.rstrip("/") if re.match(r"https?://", place) else ""
        self.folder = Path(place)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        try:
            if not self.url:
                return (self.folder / name).read_bytes()
            with urllib.request.urlopen(f"{self.url}/{name}", timeout=TIMEOUT_S) as answer:  # noqa: S310
                return bytes(answer.read(MAX_BYTES))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise Unchecked(f"{self.url}/{name}: {error}") from None
        except OSError as error:
            raise Unchecked(f"{name} cannot be read: {error}") from None

    def tile(self, level: int | str, number: int, count: int) -> bytes:
        """The first `count` hashes (or entries) of a tile; a full tile serves for a partial one."""
        path, first = f"{number % 1000:03d}", number * WIDTH
        while number >= 1000:
            number //= 1000
            path = f"x{number % 1000:03d}/{path}"
        data = None
        if count < WIDTH:
            data = self.read(f"tile/{level}/{path}.p/{count}")
        if data is None:
            data = self.read(f"tile/{level}/{path}")
        if data is None:
            raise Wrong(f"The file tile/{level}/{path} of the log is missing.", entry=first)
        return data


def read_file(path: str) -> bytes:
    """The bytes of a file that the command names."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Unchecked(f"{path} cannot be read: {error}") from None


def read_key(text: str, kind: int) -> Key:
    """A key from the command, or from the file that it names."""
    return Key(text if "+" in text else read_file(text).decode("utf-8", "replace"), kind)


def split_bundle(data: bytes, first: int, count: int) -> list[bytes]:
    """The entries of a bundle: each has its length before it, in two bytes."""
    entries: list[bytes] = []
    at = 0
    while len(entries) < count:
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if at + 2 > len(data) or len(entry) < length:
            at = first + len(entries)
            raise Wrong(f"The entries end before entry {at}: the log was cut.", entry=at)
        entries.append(entry)
        at += 2 + length
    return entries


def describe(entry: bytes) -> tuple[str, int]:
    """(kind, time in microseconds) of an entry of version 1."""
    if len(entry) < 43 or entry[0] != 1 or len(entry) != 42 + entry[1]:
        raise ValueError
    end = 2 + entry[1]
    return entry[2:end].decode("ascii"), int.from_bytes(entry[end : end + 8], "big")


# ---------------------------------------------------------------- the three commands


def check_checkpoint(options: Any, key: Key, witnesses: list[Key]) -> None:
    """One checkpoint: who signed it, and when a witness saw it."""
    checkpoint = Checkpoint(read_file(options.file))
    say_checkpoint(checkpoint, checkpoint.check(key, witnesses))


def say_checkpoint(checkpoint: Checkpoint, seen: list[tuple[str, int]]) -> None:
    """What a checkpoint says that was found to be signed."""
    print(f"Signed by {checkpoint.origin}: {checkpoint.size} entries, root {checkpoint.root.hex()}.")
    for name, seconds in seen:
        print(f"The witness {name} saw it at {EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} UTC.")


def parse_proof(data: bytes) -> tuple[dict[str, bytes], int, list[bytes], Checkpoint]:
    """(extra, index, neighbours, checkpoint) of a tlog-proof."""
    head, _, checkpoint = data.decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    try:
        extra: dict[str, Any] = {}
        if lines.pop(0) != PROOF_LINE:
            raise ValueError
        if lines[0].startswith("extra "):
            extra = json.loads(base64.b64decode(lines.pop(0)[6:], validate=True))
        word, number = lines.pop(0).split(" ")
        index, neighbours = int(number), [base64.b64decode(each, validate=True) for each in lines]
        if word != "index" or index < 0 or any(len(each) != HASH for each in neighbours):
            raise ValueError
        names: list[str] = [name for name in ("entry", "record") if name in extra]
        given = {name: base64.b64decode(extra[name], validate=True) for name in names}
    except (ValueError, IndexError, TypeError, KeyError, AttributeError, binascii.Error):
        raise Wrong("This is not a proof (c2sp.org/tlog-proof).") from None
    return given, index, neighbours, Checkpoint(checkpoint.encode())


def check_proof(options: Any, key: Key, witnesses: list[Key]) -> None:
    """One entry: it is in the log that the checkpoint speaks of; and its record is the one committed to."""
    extra, index, neighbours, checkpoint = parse_proof(read_file(options.file))
    seen = checkpoint.check(key, witnesses)
    entry = read_file(options.entry) if options.entry else extra.get("entry")
    if not entry:
        raise Unchecked("The proof does not hold its entry: name the file of the entry with --entry.")
    if index >= checkpoint.size:
        raise Wrong(f"The checkpoint of {checkpoint.size} entries does not reach entry {index}.")
    calculated = root_of_proof(index, checkpoint.size, leaf_hash(entry), neighbours)
    if calculated != checkpoint.root:
        raise Wrong(f"Entry {index} is not in this log.", checkpoint.root.hex(), calculated.hex())
    say_checkpoint(checkpoint, seen)
    try:
        kind, time_us = describe(entry)
        print(f"Entry {index} is in the log: {kind}, logged at {EPOCH + timedelta(microseconds=time_us)}.")
    except (ValueError, OverflowError):
        print(f"Entry {index} is in the log; it is of a version that this program cannot read.")
    record = read_file(options.record) if options.record else extra.get("record")
    if record:
        check_record(index, entry, record)
    else:
        print("What it says was not handed out, so only its place was checked.")


def check_record(index: int, entry: bytes, record: bytes) -> None:
    """The record is committed to by the entry: SHA-256 of salt (32 bytes) and record."""
    expected, calculated = entry[-HASH:].hex(), sha256(record).hexdigest()
    if expected != calculated:
        raise Wrong(f"The record is not what entry {index} was logged with.", expected, calculated)
    print(f"It was logged with exactly these words:\n{record[HASH:].decode('utf-8', 'replace')}")


def check_log(options: Any, key: Key, witnesses: list[Key]) -> None:
    """The whole log: every entry, every tile, the root, and the growth from older checkpoints."""
    place = Place(options.place)
    data = read_file(options.checkpoint) if options.checkpoint else place.read("checkpoint")
    if data is None:
        raise Unchecked(f"There is no checkpoint in {options.place}.")
    now = Checkpoint(data)
    seen = now.check(key, witnesses)
    olds = sorted((Checkpoint(read_file(each), f"The checkpoint {each}") for each in options.old),
                  key=lambda each: each.size)  # fmt: skip
    for old in olds:
        old.check(key, [])
        if old.size > now.size:
            what = f"The log was cut back: {old.what} speaks of more entries than there are now."
            raise Wrong(what, f"at least {old.size} entries", f"{now.size} entries")
    walk(place, now, olds)
    say_checkpoint(now, seen)
    print(f"All {now.size} entries and all tiles lead to this root.")
    for old in olds:
        print(f"{old.what} ({old.size} entries) is its beginning: nothing was changed since.")


def walk(place: Place, now: Checkpoint, olds: list[Checkpoint]) -> None:
    """Read all tiles from the lowest level up, and compare each with what lies below it."""
    tree, last_us, good = Tree(), 0, 0
    below: list[bytes] = []
    waiting = list(olds)
    for first in range(0, now.size, WIDTH):
        leaves, last_us = read_leaves(place, first, min(WIDTH, now.size - first), last_us)
        for leaf in leaves:
            tree.append(leaf)
            while waiting and waiting[0].size <= tree.size:
                good = compare_root(tree, waiting.pop(0), good)
        if len(leaves) == WIDTH:
            below.append(Tree(leaves).root())
    for old in waiting:  # only those of the empty log are left
        good = compare_root(Tree(), old, good)
    compare_root(tree, now, good)
    level = 1
    while below:
        below = check_level(place, level, below)
        level += 1


def read_leaves(place: Place, first: int, count: int, last_us: int) -> tuple[list[bytes], int]:
    """The leaf hashes of a bundle, which must be those of the tile over it; and the last entry's time."""
    entries = split_bundle(place.tile("entries", first // WIDTH, count), first, count)
    leaves = [leaf_hash(entry) for entry in entries]
    tile = place.tile(0, first // WIDTH, count)[: count * HASH]
    for at, leaf in enumerate(leaves):
        stored = tile[at * HASH : (at + 1) * HASH]
        if leaf != stored:
            what = f"Entry {first + at}, or its hash in the tile, was changed."
            raise Wrong(what, stored.hex(), leaf.hex(), entry=first + at)
        try:
            time_us = describe(entries[at])[1]
        except ValueError:
            continue  # a later version: its place is checked all the same
        if time_us < last_us:
            what = f"Entry {first + at} is older than the one before it: entries were reordered."
            raise Wrong(what, entry=first + at)
        last_us = time_us
    return leaves, last_us


def compare_root(tree: Tree, checkpoint: Checkpoint, good: int) -> int:
    """The tree at this size must have the checkpoint's root; `good` is the last size that had."""
    if tree.size < checkpoint.size:
        raise Wrong(f"The log ends at entry {tree.size}.", f"{checkpoint.size} entries", tree.size)
    if tree.root() != checkpoint.root:
        what = f"{checkpoint.what} has another root: some of the entries {good} to {checkpoint.size - 1} were"
        what += " rewritten or reordered after it was signed."
        raise Wrong(what, checkpoint.root.hex(), tree.root().hex(), entry=good)
    return checkpoint.size


def check_level(place: Place, level: int, hashes: list[bytes]) -> list[bytes]:
    """The tiles of a level hold these hashes; the hashes of its full tiles."""
    above = []
    for first in range(0, len(hashes), WIDTH):
        part = hashes[first : first + WIDTH]
        if place.tile(level, first // WIDTH, len(part))[: len(part) * HASH] != b"".join(part):
            at = first * WIDTH**level
            raise Wrong(f"Tile {first // WIDTH} of level {level} (from entry {at}) was changed.", entry=at)
        if len(part) == WIDTH:
            above.append(Tree(part).root())
    return above


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in (("checkpoint", check_checkpoint), ("proof", check_proof), ("log", check_log)):
        command = commands.add_parser(name, help=function.__doc__)
        command.set_defaults(run=function)
        command.add_argument("place" if name == "log" else "file")
        command.add_argument("--key", required=True, help="the log's verifier key, or a file with it")
        command.add_argument("--witness", action="append", default=[], help="key of a witness")
        if name == "proof":
            command.add_argument("--entry", help="the entry's bytes, if the proof does not hold them")
            command.add_argument("--record", help="salt and record, if the proof does not hold them")
        if name == "log":
            command.add_argument("--checkpoint", help="another checkpoint than the one in the folder")
            command.add_argument("--old", action="append", default=[], help="a checkpoint that you kept")
    options = parser.parse_args(arguments)
    try:
        key = read_key(options.key, LOG_KEY)
        options.run(options, key, [read_key(each, WITNESS_KEY) for each in options.witness])
    except Wrong as error:
        print(f"WRONG: {error}")
        return 1
    except (Unchecked, ImportError) as error:
        print(f"NOT CHECKED: {error}")
        return 2
    print("OK")
    return 0


if __name__ == "__main__":
    sys.exit(main())
