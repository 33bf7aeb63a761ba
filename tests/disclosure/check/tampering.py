"""What somebody may do to a package, and what both verifiers have to say of it: (file, code) at least."""

import base64
import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from accesslog import note
from cctv.disclosure.packages import signing
from cctv.disclosure.packages.check import lethe_check
from tests.accesslog.outside import published
from tests.disclosure.check.packages import (
    AT,
    NAMES,
    OTHER_KEY,
    PACKAGE_KEY,
    VKEY,
    YARD,
    Options,
    resign,
    write,
)

PLAIN = Options()
GATE_CLIP = "clips/정문/2026-11-15 19.00.00.mp4"
YARD_CLIP = f"clips/{NAMES[YARD]}/2026-11-15 19.00.00.mp4"
RECIPES, ORIGINAL = "originals/정문.recipes", "originals/정문/4.ts"
HOUR, KEY_PROOF, APPROVAL = "proofs/2.tlog-proof", "proofs/1.tlog-proof", "proofs/4.tlog-proof"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
SECOND = f"{note.sign('x' + chr(10), published.KEY, published.PRIVATE).line}\n".encode()
Tampering = Callable[[Path], None]
LONG_AGO, IN_FIRST, IN_SECOND = (
    "2026-11-01T10:00:00.000Z", "2026-11-15T10:00:05.000Z", "2026-11-15T10:00:12.500Z",
)  # fmt: skip


def flip(name: str, at: float = 0.5, bit: int = 1) -> Tampering:
    """One byte of a file, `at` is the place as a share of it."""

    def act(folder: Path) -> None:
        path = folder / name
        data = bytearray(path.read_bytes())
        data[min(len(data) - 1, int(at * len(data)))] ^= bit
        path.write_bytes(data)

    return act


def turn(name: str, at: int) -> Tampering:
    """One character of a hash or a signature is another one that may stand there."""

    def act(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[at] = ord("b") if data[at] == ord("a") else ord("a")
        (folder / name).write_bytes(data)

    return act


def put(name: str, old: bytes, new: bytes) -> Tampering:
    """Other words in a file."""

    def act(folder: Path) -> None:
        data = (folder / name).read_bytes()
        assert old in data
        (folder / name).write_bytes(data.replace(old, new))

    return act


def cut(name: str) -> Tampering:
    """The last bytes of a file are gone."""

    def act(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes()[:-900])

    return act


def swap(folder: Path) -> None:
    one, other = (folder / GATE_CLIP).read_bytes(), (folder / YARD_CLIP).read_bytes()
    (folder / GATE_CLIP).write_bytes(other)
    (folder / YARD_CLIP).write_bytes(one)


def of_another(*names: str, **differs: Any) -> Tampering:
    """Files of another package in place of this one's."""

    def act(folder: Path) -> None:
        other = write(folder.parent / f"{folder.name}-other", replace(PLAIN, **differs))
        for name in names:
            (folder / name).write_bytes((other / name).read_bytes())

    return act


def of_other_approval(**said: Any) -> Tampering:
    """All as it is, of an approval that said something else."""

    def act(folder: Path) -> None:
        shutil.rmtree(folder)
        write(folder, replace(PLAIN, approved=said))

    return act


def remove(name: str) -> Tampering:
    return lambda folder: (folder / name).unlink()


def add(folder: Path) -> None:
    (folder / "clips" / "more.mp4").write_bytes(b"more")


def recipient(private: Any, key: str = "") -> Tampering:
    def change(said: dict[str, Any]) -> None:
        said["recipient"]["name"] = "Somebody else"
        if key:
            said["key"] = key

    return lambda folder: resign(folder, change, private)


def edited(change: Callable[[dict[str, Any]], Any], private: Any = PACKAGE_KEY) -> Tampering:
    """By whoever holds even the package's key."""
    return lambda folder: resign(folder, lambda said: change(said) and None, private)


def listed(name: str, act: Tampering) -> Tampering:
    """The same, with the file's new hash in the manifest, signed by whoever holds the package's key."""

    def both(folder: Path) -> None:
        act(folder)
        data = (folder / name).read_bytes()

        def change(said: dict[str, Any]) -> None:
            for each in said["files"]:
                if each["name"] == name:
                    each.update(sha256=sha256(data).hexdigest(), size=len(data))

        resign(folder, change, PACKAGE_KEY)

    return both


def other_neighbour(folder: Path) -> None:
    path = folder / APPROVAL
    head, rest = path.read_text().split("index 4\n")
    path.write_text(f"{head}index 4\n{'A' * 42}A={rest[44:]}")


def other_words(folder: Path) -> None:
    """In the record of the approval."""
    path = folder / APPROVAL
    first, extra, rest = path.read_text().split("\n", 2)
    said = json.loads(base64.b64decode(extra[6:]))
    record = base64.b64decode(said["record"]).replace(b"Mapo", b"Jung")
    said["record"] = base64.b64encode(record).decode()
    path.write_text(f"{first}\nextra {base64.b64encode(json.dumps(said).encode()).decode()}\n{rest}")


def other_log(folder: Path) -> None:
    """The checkpoint under a proof is signed by somebody else."""
    path = folder / APPROVAL
    head, checkpoint = path.read_text().split("\n\n", 1)
    text = note.parse(checkpoint).text
    signed = note.sign(text, note.key_of(published.ORIGIN, OTHER_KEY), OTHER_KEY)
    path.write_text(f"{head}\n\n{note.Note(text, (signed,))}")


def other_spelling(folder: Path) -> None:
    """Base64 of the same bytes: two bits at its end mean nothing."""
    path, alphabet = folder / SIGNATURE, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = path.read_text().removesuffix("=\n")
    path.write_text(f"{text[:-1]}{alphabet[alphabet.index(text[-1]) ^ 1]}=\n")


def literal(folder: Path) -> None:
    """A recipe that holds the recorder's file itself, whatever the clip shows."""
    data = (folder / RECIPES).read_bytes()
    made = b""
    for segment, size, digest, steps in lethe_check.recipes(data):
        whole = _made(folder, bytes(steps))
        said = bytes([len(segment)]) + segment.encode() + struct.pack(">Q", size) + digest
        said += struct.pack(">BI", 0, len(whole)) + whole
        made += b"lethe/1/recipe\n" + struct.pack(">Q", len(said)) + said
    (folder / RECIPES).write_bytes(made)


def _made(folder: Path, steps: bytes) -> bytes:
    clip, found, at = (folder / GATE_CLIP).read_bytes(), b"", 0
    while at < len(steps):
        if steps[at]:
            offset, length = struct.unpack_from(">QQ", steps, at + 1)
            found, at = found + clip[offset : offset + length], at + 17
        else:
            (length,) = struct.unpack_from(">I", steps, at + 1)
            found, at = found + steps[at + 5 : at + 5 + length], at + 5 + length
    return found


def _without(said: dict[str, Any], number: int) -> None:
    """One recording of the gate is not listed."""
    said["segments"].remove(_of(said, number))


def _unlisted(said: dict[str, Any]) -> None:
    """No recording is said to be in the yard's clip."""
    for each in said["segments"]:
        if each["file"] == YARD_CLIP:
            each.update(file=None, recipe=None)


def _other_key() -> str:
    return signing.verifier_key(published.ORIGIN, OTHER_KEY)


def _of(said: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = said["segments"][number]
    return found


# name -> what is done, and the faults that must be named
CASES: dict[str, tuple[Tampering, set[tuple[str, str]]]] = {
    "a byte of a clip": (flip(GATE_CLIP, 0.3), {(GATE_CLIP, "hash"), (GATE_CLIP, "segment.file")}),
    "a byte of a clip's header": (flip(GATE_CLIP, 0.0), {(GATE_CLIP, "hash")}),
    "the end of a clip": (cut(GATE_CLIP), {(GATE_CLIP, "size")}),
    "a byte of a recipe": (flip(RECIPES, 0.05), {(RECIPES, "hash"), (RECIPES, "segment.file")}),
    "a byte of a recipe's form": (flip(RECIPES, 0.0), {(RECIPES, "hash"), (RECIPES, "recipe")}),
    "a byte of an original": (flip(ORIGINAL), {(ORIGINAL, "hash")}),
    "a byte of the report": (flip("report.pdf"), {("report.pdf", "hash")}),
    "a byte of the checkpoint": (
        flip("checkpoint", 0.2), {("checkpoint", "hash"), ("checkpoint", "checkpoint.signature")},
    ),
    "a byte of the checkpoint's signature": (flip("checkpoint", 0.4), {("checkpoint", "hash")}),
    "a byte of a proof's entry": (flip(HOUR, 0.3), {(HOUR, "hash")}),
    "a byte of a proof's way": (flip(HOUR, 0.65), {(HOUR, "hash")}),
    "a byte of the key's proof": (flip(KEY_PROOF, 0.3), {(KEY_PROOF, "hash")}),
    "a byte of the approval's proof": (flip(APPROVAL, 0.3), {(APPROVAL, "hash")}),
    "a byte of the manifest": (put(MANIFEST, b"Crime", b"Grime"), {(MANIFEST, "signature.manifest")}),
    "the manifest's first byte": (flip(MANIFEST, 0.0), {(MANIFEST, "manifest")}),
    "a byte of the signed hash": (turn(SIGNATURE, 40), {(SIGNATURE, "signature.wrong")}),
    "a byte of the signature": (turn(SIGNATURE, -20), {(SIGNATURE, "signature.wrong")}),
    "a byte of the signature's form": (flip(SIGNATURE, 0.0), {(SIGNATURE, "signature.form")}),
    "the signature in another spelling": (other_spelling, {(SIGNATURE, "signature.form")}),
    "a second signature": (
        put(SIGNATURE, b"=\n", b"=\n" + SECOND),
        {(SIGNATURE, "signature.form")},
    ),
    "a byte of the verifier": (flip("check.py"), {("check.py", "hash")}),
    "swapped clips": (swap, {(GATE_CLIP, "swapped"), (YARD_CLIP, "swapped")}),
    "a clip of another package": (
        of_another(GATE_CLIP, seed="x"), {(GATE_CLIP, "hash"), (GATE_CLIP, "segment.file")},
    ),
    "a proof of another package": (of_another(HOUR, seed="x"), {(HOUR, "hash")}),
    "an old manifest with its signature": (
        of_another(MANIFEST, SIGNATURE, made_at=AT, seed="x", more={"letters/a.pdf": b"a"}),
        {(GATE_CLIP, "hash"), ("letters/a.pdf", "missing")},
    ),
    "an old manifest alone": (of_another(MANIFEST, made_at=AT), {(MANIFEST, "signature.manifest")}),
    "an old signature alone": (of_another(SIGNATURE, made_at=AT), {(MANIFEST, "signature.manifest")}),
    "a missing clip": (remove(YARD_CLIP), {(YARD_CLIP, "missing")}),
    "a missing recording": (remove(ORIGINAL), {(ORIGINAL, "missing")}),
    "missing recipes": (remove(RECIPES), {(RECIPES, "missing")}),
    "a missing proof": (remove(HOUR), {(HOUR, "missing")}),
    "a missing report": (remove("report.pdf"), {("report.pdf", "missing")}),
    "a missing checkpoint": (remove("checkpoint"), {("checkpoint", "missing")}),
    "a missing signature": (remove(SIGNATURE), {(SIGNATURE, "missing")}),
    "a missing manifest": (remove(MANIFEST), {(MANIFEST, "missing")}),
    "a file too many": (add, {("clips/more.mp4", "extra")}),
    "another recipient, signed by nobody": (
        put(MANIFEST, b"Mapo", b"Jung"),
        {(MANIFEST, "signature.manifest"), (MANIFEST, "approval.other")},
    ),
    "another recipient, signed by another key": (recipient(OTHER_KEY), {(SIGNATURE, "signature.wrong")}),
    "another recipient, with another key in the manifest": (
        recipient(OTHER_KEY, _other_key()), {(SIGNATURE, "key"), (MANIFEST, "approval.other")},
    ),
    "another recipient, signed by the organisation itself": (
        recipient(PACKAGE_KEY, VKEY), {(MANIFEST, "approval.other")},
    ),
    "a recording's hash, signed by the organisation itself": (
        edited(lambda said: _of(said, 4).update(clear_sha256="0" * 64)), {(MANIFEST, "segment.root")},
    ),
    "a recording's time, signed by the organisation itself": (
        edited(lambda said: _of(said, 0).update(from_us=1_794_736_800_000_001)),
        {(GATE_CLIP, "segment.root")},
    ),
    "a recording of another hour": (
        edited(lambda said: _of(said, 0).update(hour="2026-11-15T11:00:00.000Z")),
        {(GATE_CLIP, "segment.root")},
    ),
    "a recording left out by the organisation itself": (
        edited(lambda said: _without(said, 1)), {(MANIFEST, "segment.missing")},
    ),
    "the last recording left out by the organisation itself": (
        edited(lambda said: _without(said, 4)), {(MANIFEST, "segment.missing")},
    ),
    "a clip of no recording, by the organisation itself": (
        edited(_unlisted), {(YARD_CLIP, "clip.unbacked")},
    ),
    "footage of another time, by the organisation itself": (
        edited(lambda said: said["spans"][0].update({"from": LONG_AGO, "to": LONG_AGO[:-2] + "9Z"})),
        {(GATE_CLIP, "segment.outside"), (ORIGINAL, "segment.outside"), (MANIFEST, "approval.spans")},
    ),
    "a camera that nobody approved, by the organisation itself": (
        edited(lambda said: said["spans"].pop(1)),
        {(YARD_CLIP, "segment.outside"), (MANIFEST, "approval.spans")},
    ),
    "a gap where a recording is, by the organisation itself": (
        edited(lambda said: said["spans"][0]["gaps"][0].update({"from": IN_FIRST, "to": IN_SECOND})),
        {(MANIFEST, "gap.false")},
    ),
    "recipes that hold the recordings themselves": (listed(RECIPES, literal), {(RECIPES, "recipe")}),
    "no proof of the hour": (
        edited(lambda said: said["log"]["proofs"].pop(1)), {(MANIFEST, "segment.proof")},
    ),
    "no approval": (edited(lambda said: said["log"]["proofs"].pop(3)), {(MANIFEST, "approval")}),
    "no proof of the key": (edited(lambda said: said["log"]["proofs"].pop(0)), {(MANIFEST, "key.unproven")}),
    "a proof under another entry's name": (
        edited(lambda said: said["log"]["proofs"][3].update(entry=2)), {(APPROVAL, "proof.entry")},
    ),
    "a clip, listed by the organisation itself": (
        listed(GATE_CLIP, flip(GATE_CLIP)), {(GATE_CLIP, "segment.file")},
    ),
    "an original, listed by the organisation itself": (
        listed(ORIGINAL, flip(ORIGINAL)), {(ORIGINAL, "segment.file")},
    ),
    "a proof that leads elsewhere, listed by the organisation itself": (
        listed(APPROVAL, other_neighbour), {(APPROVAL, "proof.root")},
    ),
    "a record with other words, listed by the organisation itself": (
        listed(APPROVAL, other_words), {(APPROVAL, "proof.record")},
    ),
    "a proof from a log of somebody else's, listed by the organisation itself": (
        listed(APPROVAL, other_log), {(APPROVAL, "checkpoint.signature")},
    ),
    # What somebody signs who has the package key, and no approval.
    "another span, signed by the organisation itself": (
        edited(lambda said: said["spans"][0].update(to="2026-11-15T11:00:50.000Z")),
        {(MANIFEST, "approval.spans")},
    ),
    "a span more, signed by the organisation itself": (
        edited(lambda said: said["spans"].append({**said["spans"][0], "form": "redacted"})),
        {(MANIFEST, "approval.spans")},
    ),
    "a span less, signed by the organisation itself": (
        edited(lambda said: said["spans"].pop()), {(MANIFEST, "approval.spans")},
    ),
    "no spans, signed by the organisation itself": (
        edited(lambda said: said.pop("spans")), {(MANIFEST, "approval.spans")},
    ),
    "spans that are none, signed by the organisation itself": (
        edited(lambda said: said.update(spans=[{"camera": 1, "redaction": [0]}, 7])),
        {(MANIFEST, "approval.spans")},
    ),
    "another camera, signed by the organisation itself": (
        edited(lambda said: said["spans"][0].update(camera=YARD)), {(MANIFEST, "approval.spans")},
    ),
    "as recorded instead of redacted, signed by the organisation itself": (
        edited(lambda said: said["spans"][1].update(form="native", redaction=None)),
        {(MANIFEST, "approval.spans")},
    ),
    "another result of the redaction, signed by the organisation itself": (
        edited(lambda said: said["spans"][1]["redaction"].update(result_sha256="0" * 64)),
        {(MANIFEST, "approval.spans")},
    ),
    "another ground, signed by the organisation itself": (
        edited(lambda said: said["ground"].update(code="consent")), {(MANIFEST, "approval.ground")},
    ),
    "no ground, signed by the organisation itself": (
        edited(lambda said: said.update(ground="warrant")), {(MANIFEST, "approval.ground")},
    ),
    "another purpose, signed by the organisation itself": (
        edited(lambda said: said["purpose"].update(code="staff")), {(MANIFEST, "approval.purpose")},
    ),
    "a purpose in words, signed by the organisation itself": (
        edited(lambda said: said["purpose"].update(code=None, text="curiosity")),
        {(MANIFEST, "approval.purpose")},
    ),
    "a purpose in other words than the approved": (
        of_other_approval(purpose={"code": "other", "reason": "a film", "intended": False}),
        {(MANIFEST, "approval.purpose")},
    ),
    "an approval that says of nothing what": (
        of_other_approval(spans=None, cameras="x", ground=7, purpose=[]), {(MANIFEST, "approval.spans")},
    ),
    "a manifest without files": (edited(lambda said: said.pop("files")), {(MANIFEST, "manifest")}),
}  # fmt: skip
YARD_OUTSIDE = {(name, "segment.outside") for name in (YARD_CLIP, f"originals/{NAMES[YARD]}/4.ts")}
GATE_OUTSIDE = {(name, "segment.outside") for name in (GATE_CLIP, ORIGINAL)}
# Faults beside those of the table that follow from them; whatever else is blamed is a defect.
FOLLOWS = {
    "a camera that nobody approved, by the organisation itself": YARD_OUTSIDE,
    "a span less, signed by the organisation itself": YARD_OUTSIDE,
    "no spans, signed by the organisation itself": YARD_OUTSIDE | GATE_OUTSIDE,
    "spans that are none, signed by the organisation itself": YARD_OUTSIDE | GATE_OUTSIDE,
    "another camera, signed by the organisation itself": GATE_OUTSIDE,
    "another recipient, signed by another key": {(MANIFEST, "approval.other")},
    "an old manifest with its signature": None,
    "a clip of another package": None,
    "the end of a clip": {(GATE_CLIP, "recipe"), (GATE_CLIP, "segment.file")},
    "swapped clips": {(GATE_CLIP, "segment.file"), (YARD_CLIP, "segment.file")},
    "a recording's hash, signed by the organisation itself": {(MANIFEST, "segment.file")},
}
