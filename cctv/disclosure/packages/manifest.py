"""The manifest of a package: what is in it, what it shows, why and by whom it was made. Imports no Django.

One JSON object in its canonical form (RFC 8785), described in docs/formats-export.md. It names every file
with its size and SHA-256 and is itself signed (`signing`), so that its one hash stands for the whole package.
A day of four cameras has tens of thousands of segments: they are taken from an iterator and written as they
come.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from accesslog import canonical, note

VERSION = "lethe/1/package"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
# What the manifest cannot name, because it is made after it.
APART = (MANIFEST, SIGNATURE)
KEY_KIND = "export.key"
HOUR_KIND = "ingest.hour"
_EVIDENCE = ("version", "clear_sha256", "salt", "leaf", "size", "path", "hour", "root", "entry")
_PLACED = ("segment", "camera", "from_us", "to_us")


class ManifestWrong(ValueError):
    """The facts do not make a manifest that a verifier would accept; the message names the place."""


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """Which export; `site` and `case` as people know them, `language` of its papers."""

    number: str
    made_at: datetime
    site: str
    case: str
    language: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class PurposeFacts:
    """What for; `intended` says whether the cameras serve this purpose."""

    text: str
    code: str | None = None
    intended: bool = True


@dataclass(frozen=True, slots=True)
class GroundFacts:
    """On which ground; `why_no_consent` says whether a reason was given why consent was impossible."""

    code: str
    text: str
    document: str = ""
    why_no_consent: bool = False


@dataclass(frozen=True, slots=True)
class PeopleFacts:
    """Who acted, by name; nobody has approved an urgent export yet."""

    asked_by: str
    approved_by: str | None
    packaged_at: datetime


@dataclass(frozen=True, slots=True)
class RecipientFacts:
    """Which office receives it."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """One camera; `clock_offset_ms` is how far its recorder's clock was ahead (negative: behind).

    `uncovered`: places that redacted copies and stills cover show in its clips as recorded. `sound`: its
    recordings have sound, which the clips do not have, but what lies in `originals/`.
    """

    id: str
    code: str
    name: str
    location: str
    time_zone: str
    recorder: str
    clock_offset_ms: int | None = None
    uncovered: bool = False
    sound: bool = False


@dataclass(frozen=True, slots=True)
class GapFacts:
    """A stretch without recording; half-open."""

    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class RedactionFacts:
    """The approved redaction that a redacted copy is; `result_sha256` is of the result as it was approved."""

    number: str
    result_sha256: str
    approved_by: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SpanFacts:
    """What was asked for of one camera; half-open."""

    camera: str
    starts_at: datetime
    ends_at: datetime
    form: str
    gaps: Sequence[GapFacts] = ()
    redaction: RedactionFacts | None = None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file; `name` is its path in the package with "/"; `facts` hold no fractions."""

    name: str
    kind: str
    size: int
    sha256: str
    camera: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProofFacts:
    """The file with the proof of one entry of the log."""

    entry: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class LogFacts:
    """The log that vouches: its verifier key, the file with its checkpoint, and who co-signed that."""

    origin: str
    vkey: str
    checkpoint: str
    proofs: Sequence[ProofFacts]
    witnesses: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """All that a manifest says; `key` is the verifier key that signs it, `segments` come from `segment`."""

    export: ExportFacts
    key: str
    purpose: PurposeFacts
    ground: GroundFacts
    people: PeopleFacts
    recipient: RecipientFacts
    expires_at: datetime
    cameras: Sequence[CameraFacts]
    spans: Sequence[SpanFacts]
    files: Sequence[FileFacts]
    segments: Iterable[Mapping[str, Any]]
    log: LogFacts


def segment(
    placed: Mapping[str, Any],
    *,
    file: str | None,
    first: int = 0,
    stop: int = 0,
    whole: bool = False,
    recipe: str | None = None,
    original: str | None = None,
) -> dict[str, Any]:
    """What the manifest says of one segment in one clip.

    `placed` is the evidence of `ingest.hours`; without evidence "segment", "camera", "from_us", "to_us" and
    "unproven", the reason in words. `file` is the clip, [first, stop) the segment's packets in it, `whole`
    whether these are all. `recipe` is the file with what makes the stored file again from the clip,
    `original` the stored file itself.
    """
    names = (*_PLACED, "unproven") if "unproven" in placed else (*_PLACED, *_EVIDENCE)
    found = {name: placed[name] for name in names}
    return {
        **found, "file": file, "first": first, "stop": stop, "whole": whole,
        "recipe": recipe, "original": original,
    }  # fmt: skip


def build(facts: PackageFacts) -> bytes:
    """The manifest's bytes. Raises ManifestWrong, NotCanonical."""
    return b"".join(stream(facts))


def stream(facts: PackageFacts) -> Iterator[bytes]:
    """The same, piece by piece, with `facts.segments` read once. Raises ManifestWrong, NotCanonical."""
    _check(facts)
    parts: dict[str, Any] = {
        "cameras": [_plain(each) for each in facts.cameras],
        "expires_at": moment(facts.expires_at),
        "export": {**_plain(facts.export), "made_at": moment(facts.export.made_at)},
        "files": [_file(each) for each in facts.files],
        "ground": _plain(facts.ground),
        "key": facts.key,
        "log": {
            **_plain(facts.log), "proofs": [_plain(each) for each in facts.log.proofs],
            "witnesses": list(facts.log.witnesses),
        },
        "people": {**_plain(facts.people), "packaged_at": moment(facts.people.packaged_at)},
        "purpose": _plain(facts.purpose),
        "recipient": _plain(facts.recipient),
        "segments": None,
        "spans": [_span(each) for each in facts.spans],
        "version": VERSION,
    }  # fmt: skip
    before = b"{"
    for name in sorted(parts):
        yield before + canonical.encode(name) + b":"
        if name == "segments":
            yield from _segments(facts)
        else:
            yield canonical.encode(parts[name])
        before = b","
    yield b"}"


def moment(at: datetime) -> str:
    """A time as it stands in the manifest: RFC 3339 in UTC with milliseconds, rounded down."""
    if at.tzinfo is None:
        raise ManifestWrong(f"the time {at} has no time zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def end_moment(at: datetime) -> str:
    """The end of a span, rounded up: the text never covers less than was meant."""
    return moment(at + timedelta(microseconds=-at.microsecond % 1000))


def _segments(facts: PackageFacts) -> Iterator[bytes]:
    names = {each.name for each in facts.files}
    proven = {each.entry for each in facts.log.proofs if each.kind == HOUR_KIND}
    before = b"["
    for each in facts.segments:
        _check_segment(each, names, proven)
        yield before + canonical.encode(each)
        before = b","
    yield b"]" if before == b"," else b"[]"


def _check_segment(said: Mapping[str, Any], names: Collection[str], proven: Collection[int]) -> None:
    for what in ("file", "recipe", "original"):
        if said[what] is not None and said[what] not in names:
            raise ManifestWrong(
                f"segment {said['segment']}: its {what} {said[what]} is no file of the package"
            )
    if "unproven" not in said and said["entry"] not in proven:
        raise ManifestWrong(f"segment {said['segment']}: the proof of entry {said['entry']} is not there")


def _check(facts: PackageFacts) -> None:
    """What a verifier relies on: safe names, each once; every proof and the checkpoint among the files."""
    seen: dict[str, str] = {}
    for each in (*APART, *(file.name for file in facts.files)):
        if not is_safe(each):
            raise ManifestWrong(f"{each!r} cannot be the name of a file in a package")
        folded = unicodedata.normalize("NFC", each).casefold()
        if folded in seen:
            raise ManifestWrong(f"two files have the name {each}")
        seen[folded] = each
    names = set(seen.values())
    for name in (facts.log.checkpoint, *(each.name for each in facts.log.proofs)):
        if name not in names:
            raise ManifestWrong(f"{name} is no file of the package")
    if not any(each.kind == KEY_KIND for each in facts.log.proofs):
        raise ManifestWrong(f"the proof of {KEY_KIND} is not there")
    for vkey in (facts.key, facts.log.vkey, *facts.log.witnesses):
        try:
            note.parse_key(vkey)
        except note.NoteError as error:
            raise ManifestWrong(f"{vkey!r}: {error}") from error
    cameras = {each.id for each in facts.cameras}
    if strange := {each.camera for each in facts.spans} - cameras:
        raise ManifestWrong(f"the camera {strange.pop()} of a span is not described")


def is_safe(name: str) -> bool:
    """Whether it is a path below the package: parts joined by "/", none empty, "." or "..", no backslash."""
    parts = name.split("/")
    return all(part not in ("", ".", "..") for part in parts) and not any(
        each in "\\:" or ord(each) < 32 for each in name
    )


def _span(span: SpanFacts) -> dict[str, Any]:
    gaps = [
        {"from": moment(each.starts_at), "to": end_moment(each.ends_at), "reason": each.reason}
        for each in span.gaps
    ]
    return {
        "camera": span.camera, "from": moment(span.starts_at), "to": end_moment(span.ends_at),
        "form": span.form, "gaps": gaps,
        "redaction": None if span.redaction is None else _plain(span.redaction),
    }  # fmt: skip


def _file(file: FileFacts) -> dict[str, Any]:
    return {
        "name": file.name, "kind": file.kind, "size": file.size, "sha256": file.sha256,
        "camera": file.camera,
        "from": None if file.starts_at is None else moment(file.starts_at),
        "to": None if file.ends_at is None else end_moment(file.ends_at),
        "facts": file.facts,
    }  # fmt: skip


def _plain(facts: Any) -> dict[str, Any]:
    """The fields of a dataclass as they are: nothing is copied, `segments` least of all."""
    return {name: getattr(facts, name) for name in facts.__slots__}
