"""A package made by the letter of docs/formats-export.md: small, whole, and ready to be tampered with.

Its log, tree and recipes are written out here, so that the verifiers are not compared with what they share
with the maker. Recordings are 10 s of bytes, not video: no verifier looks into them.
"""

import base64
import json
import shutil
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accesslog import canonical, entry, note
from cctv.disclosure.packages import check, manifest, signing
from cctv.disclosure.packages.manifest import (
    CameraFacts,
    ExportFacts,
    FileFacts,
    GapFacts,
    GroundFacts,
    LogFacts,
    PackageFacts,
    PeopleFacts,
    ProofFacts,
    PurposeFacts,
    RecipientFacts,
    RedactionFacts,
    SpanFacts,
)  # fmt: skip
from cctv.ingest import leaves
from tests.accesslog.outside import published

PACKAGE_KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"the packages of the tests").digest())
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"somebody else").digest())
WITNESS = Ed25519PrivateKey.from_private_bytes(sha256(b"a witness").digest())
WITNESS_KEY = note.key_of("witness.example/w1", WITNESS, note.COSIGNATURE)
VKEY = signing.verifier_key(published.ORIGIN, PACKAGE_KEY)
AT = datetime(2026, 11, 15, 10, 0, tzinfo=UTC)
GATE, YARD = "0199a0b1-0000-7000-8000-00000000000c", "0199a0b1-0000-7000-8000-00000000000d"
HOUR = "2026-11-15T10:00:00.000Z"
NAMES = {GATE: "정문", YARD: "駐車場"}
CODES = {GATE: "CAM-1", YARD: "CAM-2"}
RESULT = sha256(b"a redacted copy").hexdigest()
FORMS = {
    GATE: {"form": "native", "redaction": ""},
    YARD: {"form": "both", "redaction": "R-2026-0003", "result_sha256": RESULT},
}


def noise(name: str, size: int) -> bytes:
    """Reproducible bytes."""
    return b"".join(sha256(f"{name}/{n}".encode()).digest() for n in range(-(-size // 32)))[:size]


@dataclass(frozen=True)
class Options:
    """What differs between the packages of the tests."""

    number: str = "E-2026-0032"
    made_at: datetime = AT + timedelta(hours=3)
    recipient: str = "Mapo Police Station"
    approved_for: str = ""  # another recipient in the log's entry
    approved: dict[str, Any] = field(default_factory=dict)  # what else is different there
    language: str = "ko"
    urgent: bool = False
    private: Ed25519PrivateKey = PACKAGE_KEY
    says_key: str = ""  # in the manifest, where it is not the signing key's
    unproven: bool = False
    more: dict[str, bytes] = field(default_factory=dict)
    clip_bytes: int = 40_000
    seed: str = ""


class Log:
    """A log of a few entries, and proofs from it."""

    def __init__(self, private: Ed25519PrivateKey = published.PRIVATE) -> None:
        self.entries: list[bytes] = []
        self.records: list[bytes] = []
        self.private = private

    def append(self, kind: str, body: dict[str, Any]) -> int:
        record = sha256(f"salt{len(self.entries)}".encode()).digest()
        record += canonical.encode({"body": body, "event_id": "", "index": []})
        commitment = sha256(record).digest()
        self.entries.append(entry.encode(kind.encode(), 1_794_736_800_000_000, commitment))
        self.records.append(record)
        return len(self.entries) - 1

    def checkpoint(self) -> str:
        signed = published.checkpoint(self.entries, private=self.private)
        text = note.parse(signed).text
        seen = note.cosign(text, WITNESS_KEY, WITNESS, seconds=1_794_750_000)
        return str(note.parse(signed).with_signatures([seen]))

    def proof(self, index: int) -> str:
        hashes = [published.leaf(each) for each in self.entries]
        extra = {"entry": self.entries[index], "record": self.records[index]}
        said = json.dumps({name: base64.b64encode(data).decode() for name, data in extra.items()})
        lines = ["c2sp.org/tlog-proof@v1", f"extra {base64.b64encode(said.encode()).decode()}"]
        lines += [f"index {index}", *(base64.b64encode(each).decode() for each in neighbours(index, hashes))]
        return "\n".join(lines) + "\n\n" + self.checkpoint()


def neighbours(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1, as it is written there."""
    if len(hashes) < 2:
        return []
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    if index < split:
        return [*neighbours(index, hashes[:split]), published.root(hashes[split:])]
    return [*neighbours(index - split, hashes[split:]), published.root(hashes[:split])]


@dataclass
class Recording:
    """10 s of a camera: the recorder's file, and where its packets are in it."""

    camera: str
    number: int
    data: bytes
    head: int
    tail: int
    salt: str = sha256(b"salt").hexdigest()

    @property
    def id(self) -> str:
        return f"0199a0b1-0000-7000-8000-{self.number:012x}"

    @property
    def packets(self) -> bytes:
        return self.data[self.head : len(self.data) - self.tail]

    @property
    def starts_at(self) -> datetime:
        return AT + timedelta(seconds=10 * (self.number % 100))

    def leaf(self) -> leaves.Leaf:
        starts = int(self.starts_at.timestamp()) * 1_000_000
        digest = sha256(self.data).hexdigest()
        return leaves.Leaf(self.id, self.camera, starts, starts + 10_000_000, digest, self.salt)

    def recipe(self, at: int) -> bytes:
        """What makes it again from a clip in which its packets begin at `at`; the copy in two steps."""
        half = len(self.packets) // 2
        name = self.id.encode()
        steps = struct.pack(">BI", 0, self.head) + self.data[: self.head]
        steps += struct.pack(">BQQ", 1, at, half)
        steps += struct.pack(">BQQ", 1, at + half, len(self.packets) - half)
        steps += struct.pack(">BI", 0, self.tail) + self.data[len(self.data) - self.tail :]
        rest = (
            bytes([len(name)]) + name + struct.pack(">Q", len(self.data)) + sha256(self.data).digest() + steps
        )
        return b"lethe/1/recipe\n" + struct.pack(">Q", len(rest)) + rest


def write(folder: Path, options: Options = Options()) -> Path:
    """A package in a new folder; the folder."""
    files: dict[str, bytes] = {}
    kinds: dict[str, str] = {}

    def add(name: str, kind: str, data: bytes) -> None:
        files[name], kinds[name] = data, kind

    log, segments = Log(), []
    log.append("viewing.opened", {"n": 1})
    log.append("export.key", {"vkey": signing.verifier_key(published.ORIGIN, PACKAGE_KEY)})
    for place, camera in enumerate((GATE, YARD)):
        segments += _camera(log, camera, 100 * place, options, add)
    approved = {
        "export": {"id": "1", "name": options.number}, "recipient": options.approved_for or options.recipient,
        "cameras": [{"id": each, "code": CODES[each], "name": NAMES[each]} for each in (GATE, YARD)],
        "spans": [
            {"camera": CODES[each], "from": HOUR, "to": "2026-11-15T10:00:50.000Z", **FORMS[each]}
            for each in (GATE, YARD)
        ],
        "ground": {"code": "warrant", "text": "영장"},
        "purpose": {"code": "crime", "text": "범죄 예방", "reason": "", "intended": True},
        **options.approved,
    }  # fmt: skip
    log.append("export.urgent" if options.urgent else "export.approved", approved)
    log.append("viewing.opened", {"n": 2})
    add("report.pdf", "report", b"%PDF-1.7\n" + noise("report", 3000))
    for name, data in {**check.enclosed(), **options.more}.items():
        add(name, "verifier", data)
    proofs = []
    for index in range(1, len(log.entries) - 1):
        name = f"proofs/{index}.tlog-proof"
        proofs.append(ProofFacts(index, entry.decode(log.entries[index]).kind, name))
        add(name, "proof", log.proof(index).encode())
    add("checkpoint", "proof", log.checkpoint().encode())
    facts = _facts(options, files, kinds, segments, proofs)
    return _write(folder, files, manifest.build(facts), options)


def _camera(
    log: Log, camera: str, base: int, options: Options, add: Callable[[str, str, bytes], None]
) -> list[dict[str, Any]]:
    """Five recordings: three whole in a clip, one cut, and one whose file is handed out itself."""
    size = options.clip_bytes // 4
    found = []
    for n in range(5):
        data = noise(f"{options.seed}{camera}{n}", size)
        found.append(Recording(camera, base + n, data, head=300 + n, tail=700))
    hashes = [each.leaf().hash() for each in found]
    root = published.root(hashes)
    said_of = {"id": camera, "code": "c", "name": NAMES[camera]}
    body = {"camera": said_of, "hour": HOUR, "segments": 5, "root": root.hex()}
    index = log.append("ingest.hour", body)
    clip, recipes = f"clips/{NAMES[camera]}/2026-11-15 19.00.00.mp4", f"originals/{NAMES[camera]}.recipes"
    original = f"originals/{NAMES[camera]}/4.ts"
    video, made, placed = b"ftyp" + noise("moov", 500), b"", []
    for number, each in enumerate(found):
        said: dict[str, Any] = {"file": clip, "first": 0, "stop": 250, "whole": True}
        if number == 3:
            video += each.packets[: size // 2]
            said |= {"stop": 120, "whole": False}
        elif number == 4:
            said |= {"file": None, "stop": 0, "original": original}
        else:
            made += each.recipe(len(video))
            video += each.packets
            said["recipe"] = recipes
        evidence = _evidence(each, number, hashes) | {"entry": index}
        if options.unproven and number == 4:
            evidence = {name: evidence[name] for name in ("segment", "camera", "from_us", "to_us")}
            evidence["unproven"] = "hour_open"
        placed.append(manifest.segment(evidence, **said))
    add(clip, "clip", video + b"moov")
    add(recipes, "rebuild", made)
    add(original, "rebuild", found[4].data)
    return placed


def _evidence(recording: Recording, number: int, hashes: list[bytes]) -> dict[str, Any]:
    """docs/formats-evidence.md."""
    leaf = recording.leaf()
    return {
        "version": leaves.VERSION, **{name: getattr(leaf, name) for name in leaves.Leaf.__slots__},
        "leaf": number, "size": len(hashes), "path": [each.hex() for each in neighbours(number, hashes)],
        "hour": HOUR, "root": published.root(hashes).hex(),
    }  # fmt: skip


def _facts(
    options: Options,
    files: dict[str, bytes],
    kinds: dict[str, str],
    segments: list[dict[str, Any]],
    proofs: list[ProofFacts],
) -> PackageFacts:
    end = AT + timedelta(seconds=50)
    redacted = RedactionFacts("R-2026-0003", RESULT, "Park Jiho", {"style": "blur"})
    gap = GapFacts(AT + timedelta(seconds=20), AT + timedelta(seconds=21), "recorder unreachable")
    return PackageFacts(
        export=ExportFacts(
            options.number, options.made_at, "Seoul", "C-2026-0007", options.language, options.urgent
        ),
        key=options.says_key or signing.verifier_key(published.ORIGIN, options.private),
        purpose=PurposeFacts("Crime prevention", "crime"),
        ground=GroundFacts("warrant", "Warrant of a judge", "2026-1234"),
        people=PeopleFacts("Kim Minji", None if options.urgent else "Park Jiho", options.made_at),
        recipient=RecipientFacts("police", options.recipient),
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
        cameras=[
            CameraFacts(each, CODES[each], NAMES[each], "gate", "Asia/Seoul", "recorder", -120)
            for each in (GATE, YARD)
        ],
        spans=[SpanFacts(GATE, AT, end, "native", [gap]), SpanFacts(YARD, AT, end, "both", [gap], redacted)],
        files=[
            FileFacts(name, kinds[name], len(data), sha256(data).hexdigest()) for name, data in files.items()
        ],
        segments=iter(segments),
        log=LogFacts(published.ORIGIN, published.VKEY, "checkpoint", proofs, [str(WITNESS_KEY)]),
    )


def _write(folder: Path, files: dict[str, bytes], said: bytes, options: Options) -> Path:
    signed = signing.sign(sha256(said).digest(), origin=published.ORIGIN, private=options.private)
    for name, data in {**files, "manifest.json": said, "manifest.sig": signed.encode()}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def packed(folder: Path, target: Path, *, compression: int = zipfile.ZIP_STORED) -> Path:
    """The same as a ZIP."""
    with zipfile.ZipFile(target, "w", compression) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return target


def resign(folder: Path, change: Callable[[dict[str, Any]], None], private: Ed25519PrivateKey) -> None:
    """Change the manifest and sign it."""
    said = json.loads((folder / "manifest.json").read_bytes())
    change(said)
    data = canonical.encode(said)
    (folder / "manifest.json").write_bytes(data)
    signed = signing.sign(sha256(data).digest(), origin=published.ORIGIN, private=private)
    (folder / "manifest.sig").write_text(signed)


def copy(folder: Path, target: Path) -> Path:
    """A copy to tamper with."""
    return Path(shutil.copytree(folder, target))


__all__ = ["Options", "copy", "packed", "replace", "resign", "write"]
