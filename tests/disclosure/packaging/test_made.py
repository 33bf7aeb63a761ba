"""A package is made of what was approved, whole, sealed, and told."""

import hashlib
import io
import json
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.disclosure.exports.models import Export, ExportState, FileKind, Urgency
from cctv.disclosure.packages import rebuild
from cctv.disclosure.packaging import footage, sources, work
from cctv.footage.marks import stills
from cctv.footage.models import Segment
from cctv.footage.restrictions.models import Restriction
from cctv.vault.sealing import clear_size
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room, room

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])
LEFT_HALF = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]


def manifest_of(export: Export) -> Any:
    """As it stands in the package."""
    return json.loads(next(helping.content(each) for each in helping.files(export, FileKind.MANIFEST)))


def pictures(data: bytes) -> list[Any]:
    """All pictures of a film, grey."""
    container: Any
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray(format="gray8") for frame in container.decode(video=0)]


@pytest.mark.both_databases
def test_an_approved_export_becomes_a_package_whose_manifest_names_all_its_files(
    room: Room, no_clear_files: None
):
    helping.hour_closed()
    export = helping.packaged(helping.approved(room, (room.gate, 0, 10)))
    assert (export.state, export.error) == (ExportState.READY, "")
    assert export.expires_at == pytest.approx(clock.now() + timedelta(days=7), abs=timedelta(minutes=1))
    said = {file.name: helping.content(file) for file in helping.files(export)}
    for file in helping.files(export):
        data = said[file.name]
        assert (file.size_bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert file.crc32 == zlib.crc32(data)
    manifest = manifest_of(export)
    assert {each["name"] for each in manifest["files"]} == set(said) - {"manifest.json", "manifest.sig"}
    assert export.package["sha256"] == hashlib.sha256(said["manifest.json"]).hexdigest()
    assert export.package["sha256"] in said["manifest.sig"].decode()
    wanted = Segment.objects.filter(camera=room.gate, starts_at__lt=helping.at(room, 10))
    assert {each["segment"] for each in manifest["segments"]} == {str(each.pk) for each in wanted}
    assert all("path" in each for each in manifest["segments"])
    kinds = {each["kind"] for each in manifest["log"]["proofs"]}
    assert kinds == {"export.key", "export.approved", "ingest.hour"}
    assert LogEntry.objects.using("log").get(kind="export.packaged").index == export.package["entry"]


def test_the_enclosed_verifier_finds_nothing_wrong(room: Room, tmp_path: Path):
    helping.hour_closed()
    stills.keep(
        room.open(case=helping.case_of(room).number), camera=room.gate, at=helping.at(room, 1), reason="x"
    )
    export = helping.packaged(helping.approved(room, (room.gate, 0, 12)))
    assert helping.faults(export, tmp_path) == []


def test_a_clip_with_its_recipes_gives_the_recorders_files_again(room: Room):
    export = helping.packaged(helping.approved(room, (room.gate, 0, 12)))
    (clip,) = helping.files(export, FileKind.CLIP)
    (recipes,) = helping.files(export, FileKind.REBUILD)
    assert clip.name.startswith("clips/gate Gate 1/")
    data = helping.content(clip)

    def read(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    made = {
        each.segment: b"".join(rebuild.rebuild(read, each))
        for each in rebuild.recipes(helping.content(recipes))
    }
    assert len(made) == 3
    assert sorted(len(each) for each in made.values()) == sorted(
        clear_size(each.size_bytes) for each in Segment.objects.filter(camera=room.gate)
    )
    assert len(pictures(data)) == clip.facts["clip"]["frames"]


def test_while_the_hour_is_open_the_manifest_says_so_and_nobody_waits(room: Room):
    export = helping.packaged(helping.approved(room))
    assert export.state == ExportState.READY
    assert {each["unproven"] for each in manifest_of(export)["segments"]} == {footage.OPEN_HOUR}


def test_what_proves_a_recording_is_not_in_the_register_in_clear(room: Room):
    helping.hour_closed()
    export = helping.packaged(helping.approved(room))
    salt = manifest_of(export)["segments"][0]["salt"]
    rows = json.dumps([each.facts for each in helping.files(export)])
    assert salt not in rows
    assert '"sealed"' in rows


def test_a_camera_with_privacy_masks_has_no_copy_as_recorded(room: Room):
    export = helping.approved(room)
    room.gate.privacy_masks = LEFT_HALF
    room.gate.save(update_fields=["privacy_masks"])
    objects = helping.objects()
    export = helping.packaged(export)
    assert (export.state, export.error_code) == (ExportState.APPROVED, "package_masked_camera")
    assert room.gate.name in export.error
    assert (helping.objects(), export.files.count(), export.work_asked_at) == (objects, 0, None)


def test_a_place_that_is_covered_in_copies_only_does_not_forbid_the_copy_as_recorded(room: Room):
    room.gate.privacy_masks = [{"copies": LEFT_HALF[0]}]
    room.gate.save(update_fields=["privacy_masks"])
    assert helping.packaged(helping.approved(room)).state == ExportState.READY


def test_stills_of_the_case_are_covered_as_copies_are_and_others_stay(room: Room):
    helping.case_of(room)
    for case, at in (("C-2026-0001", 1), ("C-2026-0009", 2), ("C-2026-0001", 11)):
        stills.keep(room.open(case=case), camera=room.gate, at=helping.at(room, at), reason="the van")
    room.gate.privacy_masks = [{"copies": LEFT_HALF[0]}]
    room.gate.save(update_fields=["privacy_masks"])
    export = helping.packaged(helping.approved(room, (room.gate, 0, 8)))
    (still,) = helping.files(export, FileKind.STILL)
    jpeg = cv2.imdecode(np.frombuffer(helping.content(still), np.uint8), cv2.IMREAD_COLOR)
    assert jpeg is not None
    half = jpeg.shape[1] // 2
    assert np.ptp(jpeg[:, : half - 8].reshape(-1, 3), axis=0).max() < 16, "one flat colour"
    assert np.ptp(jpeg[:, half + 16 :].reshape(-1, 3), axis=0).max() > 32


def test_no_picture_that_is_restricted_hides_before_the_span(room: Room):
    """The clip begins at the keyframe before the span: there it may not reach into what nobody may see."""
    begins = helping.at(room, 1)
    restriction = Restriction.objects.create(
        site=room.site, starts_at=begins - timedelta(seconds=1), ends_at=begins, ground="suspension",
        reason="asked", placed_by=room.operator,
    )  # fmt: skip
    restriction.cameras.add(room.gate)
    export = helping.packaged(helping.approved(room, (room.gate, 1, 3)))
    assert (export.error_code, export.files.count()) == ("footage_restricted", 0)
    assert export.state == ExportState.APPROVED


def test_pre_roll_is_told(room: Room):
    export = helping.packaged(helping.approved(room, (room.gate, 1.3, 3)))
    (clip,) = helping.files(export, FileKind.CLIP)
    assert clip.facts["clip"]["pre_roll_us"] > 0
    assert clip.starts_at is not None
    assert clip.starts_at < helping.at(room, 1.3)


def test_gaps_and_a_recording_that_cannot_be_rebuilt_are_told(room: Room, monkeypatch: pytest.MonkeyPatch):
    start = helping.at(room, 20)
    late, made = str(room.record(room.gate, start).pk), rebuild.write_recipe
    monkeypatch.setattr(
        rebuild, "write_recipe", lambda source, *more: None if source.segment == late else made(source, *more)
    )
    export = helping.packaged(helping.approved(room, (room.gate, 0, 26)))
    assert (export.state, export.error) == (ExportState.READY, "")
    manifest = manifest_of(export)
    gap = manifest["spans"][0]["gaps"][0]
    assert gap["reason"] == "not_recorded"
    assert gap["from"] < gap["to"] <= clock.rfc3339(start)
    (whole,) = [each for each in manifest["segments"] if each["original"]]
    (original,) = [each for each in helping.files(export, FileKind.REBUILD) if each.facts.get("whole")]
    assert (whole["original"], whole["recipe"]) == (original.name, None)
    assert (original.starts_at, whole["segment"]) == (start, late)
    data = helping.content(original)
    assert len(pictures(data)) == Segment.objects.get(pk=late).frames


def test_an_urgent_export_is_packaged_before_anybody_has_approved_it(room: Room):
    export = helping.approved(
        room, urgency=Urgency.WAITING, approve_by=clock.now() + timedelta(hours=24), urgent_only=True
    )
    export = helping.packaged(export)
    assert (export.state, export.urgency, export.error) == (ExportState.READY, Urgency.WAITING, "")
    manifest = manifest_of(export)
    assert manifest["export"]["urgent"] is True
    assert manifest["people"]["approved_by"] is None


def test_an_export_that_has_only_been_asked_for_is_not_packaged(room: Room):
    export = helping.approved(room)
    Export.objects.filter(pk=export.pk).update(state=ExportState.ASKED)
    assert work.package_due() == 0
    assert helping.now(export).files.count() == 0


def test_many_recordings_are_packaged_hour_by_hour(room: Room, monkeypatch: pytest.MonkeyPatch):
    """Of a long export no more than an hour's rows are in memory; a recording is in one piece only."""
    monkeypatch.setattr(clock, "HOUR", timedelta(seconds=4))
    monkeypatch.setattr(clock, "floor_hour", lambda at: at.replace(second=at.second // 4 * 4, microsecond=0))
    span = helping.approved(room, (room.gate, 0, 12), begin=False).spans.get()
    found = [[each.pk for each in piece.segments] for piece in sources.pieces_of(span)]
    assert len(found) >= 3
    assert len({pk for piece in found for pk in piece}) == sum(map(len, found)) == 3


def test_an_urgent_export_waits_for_no_other(room: Room, monkeypatch: pytest.MonkeyPatch):
    calm = helping.approved(room)
    urgent = helping.approved(
        room, urgency=Urgency.WAITING, approve_by=clock.now() + timedelta(hours=24), urgent_only=True
    )
    done: list[str] = []

    def package(export: Export, _watch: Any) -> None:
        done.append(export.number)
        Export.objects.filter(pk=export.pk).update(work_asked_at=None)

    monkeypatch.setattr(work, "_package", package)
    with work._places:  # a long one is being packaged
        work.package_due()
    assert done == [urgent.number]
    assert helping.now(calm).lease_token is None
