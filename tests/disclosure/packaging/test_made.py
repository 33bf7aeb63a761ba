"""A package is made of what was approved, whole, sealed, and told."""

import hashlib
import json
import zlib

import pytest

from accesslog.models import LogEntry
from cctv.disclosure.exports.models import ExportState, FileKind
from cctv.footage.models import Segment
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room, room

__all__ = ["room"]

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def test_an_approved_export_becomes_a_package_that_names_all_its_files(room: Room, no_clear_files: None):
    helping.hour_closed()
    export = helping.packaged(helping.approved(room, (room.gate, 0, 10)))
    assert (export.state, export.error) == (ExportState.READY, "")
    said = {file.name: helping.content(file) for file in helping.files(export)}
    for file in helping.files(export):
        assert (file.size_bytes, file.sha256) == (
            len(said[file.name]),
            hashlib.sha256(said[file.name]).hexdigest(),
        )
        assert file.crc32 == zlib.crc32(said[file.name])
    manifest = json.loads(said["manifest.json"])
    apart = {"manifest.json", "manifest.sig"}
    assert {each["name"] for each in manifest["files"]} == set(said) - apart
    assert export.package["sha256"] == hashlib.sha256(said["manifest.json"]).hexdigest()
    assert export.package["sha256"] in said["manifest.sig"].decode()
    (segments,) = [each for each in [manifest["segments"]]]
    wanted = Segment.objects.filter(camera=room.gate, starts_at__lt=helping.at(room, 10))
    assert {each["segment"] for each in segments} == {str(each.pk) for each in wanted}
    assert all("path" in each for each in segments)
    entry = LogEntry.objects.using("log").get(kind="export.packaged")
    assert export.package["entry"] == entry.index
