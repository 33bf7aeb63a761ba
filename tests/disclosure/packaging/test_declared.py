"""What goes out unexpectedly is told: to whoever approves, in the manifest, in the report."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cctv.disclosure.exports import checks
from cctv.disclosure.exports.models import Export, ExportForm, ExportState, FileKind
from cctv.disclosure.packaging import masked
from cctv.disclosure.provisions import report
from cctv.sites.models import AudioPolicy
from tests.core import pdftext
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room, room

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])

CORNER = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]


def cameras_of(export: Export) -> dict[str, Any]:
    """By their names, as the manifest tells them."""
    said = json.loads(helping.content(export.files.get(kind=FileKind.MANIFEST)))
    return {each["name"]: each for each in said["cameras"]}


def words_of(export: Export) -> str:
    return " ".join(pdftext.text(helping.content(export.files.get(kind=FileKind.REPORT))).split())


def warnings(export: Export) -> list[str]:
    ticks = checks.ticks_of(export, checks.facts_of(export), None)
    return [str(each.text) for each in ticks if each.tone == checks.WARN]


def packaged(room: Room, *spans: Any) -> tuple[Export, list[str]]:
    export = helping.approved(room, *spans)
    Export.objects.update(language="en")
    told = warnings(export)
    export = helping.packaged(export)
    assert (export.state, export.error) == (ExportState.READY, "")
    return export, told


def test_places_that_copies_cover_are_told_where_clips_show_them(room: Room):
    room.gate.privacy_masks = [{"copies": CORNER}]
    room.gate.save(update_fields=["privacy_masks"])
    room.record(room.yard, room.starts_at)
    export, told = packaged(room, (room.gate, 0, 8), (room.yard, 0, 4))
    assert f"Clips as recorded show places that copies cover: {room.gate.name}" in told
    known = {name: each["uncovered"] for name, each in cameras_of(export).items()}
    assert known == {room.gate.name: True, room.yard.name: False}
    assert f"Cameras: {room.gate.code} {room.gate.name}" in words_of(export)
    (span, _yard) = export.spans.order_by("camera__code")
    assert masked.uncovered([span]) == [room.gate]
    span.form = ExportForm.REDACTED
    assert masked.uncovered([span]) == []


def test_below_a_still_its_moment_is_told_as_people_tell_it(room: Room):
    said = {
        each: report.below_still(Export(language=each), room.gate, datetime(2026, 3, 1, 1, 2, 3, tzinfo=UTC))
        for each in ("ko", "ja", "en")
    }
    assert said["ko"] == f"{room.gate.code} {room.gate.name} · 2026년 3월 1일 10:02:03 KST"
    assert said["ja"] == f"{room.gate.code} {room.gate.name} · 2026年3月1日 10:02:03 KST"
    assert said["en"] == f"{room.gate.code} {room.gate.name} · 1 Mar 2026 10:02:03 KST"


def test_sound_that_was_kept_is_told_and_is_in_no_clip(room: Room):
    room.yard.audio_policy = AudioPolicy.KEEP
    room.yard.save(update_fields=["audio_policy"])
    kept = room.record(room.yard, room.starts_at, audio="aac")
    assert kept.audio_kept
    export, told = packaged(room, (room.gate, 0, 8), (room.yard, 0, 4))
    assert f"Sound goes out with the recorder's files: {room.yard.name}" in told
    known = {name: each["sound"] for name, each in cameras_of(export).items()}
    assert known == {room.gate.name: False, room.yard.name: True}
    assert "The clips have no sound." in words_of(export)
    clip = export.files.get(kind=FileKind.CLIP, camera=room.yard)
    assert b"mp4a" not in helping.content(clip)
    beside = export.files.filter(kind=FileKind.REBUILD, camera=room.yard)
    assert any(b"mp4a" in helping.content(each) for each in beside)
