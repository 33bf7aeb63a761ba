"""`manifest.json`: what a backup holds, and how to see that it is all there and undamaged.

It is written last: a folder without it, or whose name ends in `.partial`, is no backup. The hashes guard
against damage, not against somebody who rewrites a backup; what authenticates a restored register is the
keyring, whose seal only the current root opens, and the access log's tree.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from cctv.core.atomic import write_atomic
from cctv.retention.backup.errors import BackupBroken

FORMAT = "lethe/backup/1"
NAME = "manifest.json"
PARTIAL = ".partial"
HELD = "held"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class BackedFile:
    """A file of the backup: its path in it with "/", bytes, SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RingFacts:
    """Which generation and write of a ring the copied keyring is."""

    ring_id: str
    generation: int
    serial: int
    keys: int


@dataclass(frozen=True, slots=True)
class Copied:
    """One database: its kind, the migrations it had, and per table its columns (PostgreSQL only)."""

    engine: str
    migrations: list[list[str]]
    tables: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a restore must know before it touches anything. Times are RFC 3339, UTC."""

    id: str
    installation: str
    version: str
    made_at: str
    expires_at: str
    log_size: int
    log_root: str
    rings: dict[str, RingFacts]
    databases: dict[str, Copied]
    files: list[BackedFile]
    held_objects: int

    @property
    def uuid(self) -> UUID:
        """The backup's id."""
        return UUID(self.id)

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size for file in self.files)

    def held(self) -> Iterator[tuple[str, BackedFile]]:
        """Each held object's name in the store, and its file."""
        for file in self.files:
            folder, _slash, name = file.name.partition("/")
            if folder == HELD:
                yield name, file


def write(folder: Path, manifest: Manifest) -> bytes:
    """Write `manifest.json` durably; its SHA-256."""
    data = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode() + b"\n"
    write_atomic(folder / NAME, data)
    return hashlib.sha256(data).digest()


def read(folder: Path) -> tuple[Manifest, bytes]:
    """The manifest of a backup and its SHA-256; BackupBroken for anything that is none."""
    try:
        data = (folder / NAME).read_bytes()
        record: dict[str, Any] = json.loads(data)
        if record.pop("format") != FORMAT or folder.name.endswith(PARTIAL):
            raise BackupBroken(f"{BackupBroken.message} ({folder})")
        record["rings"] = {name: RingFacts(**facts) for name, facts in record["rings"].items()}
        record["databases"] = {name: Copied(**facts) for name, facts in record["databases"].items()}
        record["files"] = [BackedFile(**facts) for facts in record["files"]]
        return Manifest(**record), hashlib.sha256(data).digest()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupBroken(f"{BackupBroken.message} ({folder})") from error


def verify(folder: Path, manifest: Manifest) -> None:
    """Read every file of the backup; BackupBroken names the first that is not as it was written."""
    for file in manifest.files:
        path = folder / file.name
        if ".." in file.name.split("/") or file.name.startswith("/"):
            raise BackupBroken(f"{BackupBroken.message} ({file.name})")
        try:
            found = describe(folder, path)
        except OSError as error:
            raise BackupBroken(f"{BackupBroken.message} ({path}: {error.strerror})") from error
        if found != file:
            raise BackupBroken(f"{BackupBroken.message} ({path})")


def describe(folder: Path, path: Path) -> BackedFile:
    """Size and hash of a file below `folder`, read piece by piece."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return BackedFile(path.relative_to(folder).as_posix(), size, digest.hexdigest())


def settle(folder: Path) -> list[BackedFile]:
    """Make every file and folder below `folder` durable; what is there, in order of names."""
    files = []
    for path in sorted(folder.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path.is_file() and path.name != NAME:
            files.append(describe(folder, path))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return files
