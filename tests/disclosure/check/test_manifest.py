"""The manifest: canonical however it is written, and refused where a verifier would refuse it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from accesslog import canonical
from cctv.disclosure.packages import manifest
from cctv.disclosure.packages.manifest import (
    ExportFacts,
    FileFacts,
    GroundFacts,
    LogFacts,
    ManifestWrong,
    PackageFacts,
    PeopleFacts,
    ProofFacts,
    PurposeFacts,
    RecipientFacts,
    SpanFacts,
)  # fmt: skip
from tests.accesslog.outside import published
from tests.disclosure.check.packages import AT, GATE, VKEY

HASH = sha256(b"").hexdigest()
PROOFS = [
    ProofFacts(1, "export.key", "proofs/1.tlog-proof"),
    ProofFacts(2, "ingest.hour", "proofs/2.tlog-proof"),
]
FILES = [FileFacts(name, "proof", 0, HASH) for name in ("checkpoint", *(each.name for each in PROOFS))]
PLAIN = PackageFacts(
    ExportFacts("E-2026-0001", AT, "서울", "C-2026-0001", "ko"), VKEY, PurposeFacts("x"),
    GroundFacts("law", "x"),
    PeopleFacts("a", "b", AT), RecipientFacts("police", "x"), AT, [], [], FILES, [],
    LogFacts(published.ORIGIN, published.VKEY, "checkpoint", PROOFS),
)  # fmt: skip
UNPROVEN = {"segment": "s", "camera": GATE, "from_us": 1, "to_us": 2, "unproven": "hour_open"}


def test_it_is_canonical_and_written_as_its_recordings_come():
    read = 0

    def segments() -> Iterator[dict[str, Any]]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield manifest.segment(UNPROVEN, file=None)

    pieces = manifest.stream(replace(PLAIN, segments=segments()))
    while b'"segment"' not in next(pieces):
        pass
    assert read < 3
    data = manifest.build(replace(PLAIN, segments=segments()))
    assert canonical.encode(json.loads(data)) == data
    assert len(json.loads(data)["segments"]) == 1000
    assert json.loads(manifest.build(PLAIN))["segments"] == []


def test_spans_are_never_told_shorter_than_they_are():
    moment = datetime(2026, 11, 15, 10, 0, 0, 1, UTC)
    assert manifest.moment(moment) == "2026-11-15T10:00:00.000Z"
    assert manifest.end_moment(moment) == "2026-11-15T10:00:00.001Z"
    assert manifest.end_moment(AT) == "2026-11-15T10:00:00.000Z"
    with pytest.raises(ManifestWrong):
        manifest.moment(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    "name", ["/a", "a//b", "../a", "a/./b", "a\\b", "C:a", "", "a\n", "CHECKPOINT", "manifest.json"]
)
def test_unsafe_and_double_names_are_refused(name: str):
    with pytest.raises(ManifestWrong):
        manifest.build(replace(PLAIN, files=[*FILES, FileFacts(name, "clip", 0, HASH)]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": FILES[1:]},
        {"files": FILES[:2]},
        {"key": "x"},
        {"log": replace(PLAIN.log, vkey=VKEY[:-4])},
        {"log": replace(PLAIN.log, proofs=PROOFS[1:])},
        {"spans": [SpanFacts(GATE, AT, AT, "native")]},
        {"segments": [manifest.segment(UNPROVEN, file="clips/a.mp4")]},
        {"segments": [{**manifest.segment(UNPROVEN, file=None), "recipe": "originals/a"}]},
    ],
)
def test_what_a_verifier_would_refuse_is_not_written(wrong: dict[str, Any]):
    with pytest.raises(ManifestWrong):
        manifest.build(replace(PLAIN, **wrong))


def test_evidence_whose_hour_is_not_proven_is_not_written():
    evidence = dict.fromkeys(("version", "clear_sha256", "salt", "leaf", "size", "path", "hour", "root"), "x")
    placed = {**{name: UNPROVEN[name] for name in ("segment", "camera", "from_us", "to_us")}, **evidence}
    manifest.build(replace(PLAIN, segments=[manifest.segment({**placed, "entry": 2}, file=None)]))
    with pytest.raises(ManifestWrong, match="the proof of entry 1 is not there"):
        manifest.build(replace(PLAIN, segments=[manifest.segment({**placed, "entry": 1}, file=None)]))
