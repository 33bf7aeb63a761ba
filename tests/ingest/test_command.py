"""`manage.py ingest`: one-off imports."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("ingest", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def folder(office, variant, tmp_path):
    made = tmp_path / "recordings"
    made.mkdir()
    for number in range(3):
        start = office.began(20 - number)
        (made / office.name(start).partition("/")[2]).write_bytes(variant(number))
    (made / "notes.txt").write_text("not a recording")
    return made


def test_a_folder_is_imported_and_its_files_stay(folder):
    assert "3 taken in, 0 already there, 0 in quarantine, 0 failed." in run(str(folder), "--camera", "gate")
    assert len(list(folder.iterdir())) == 4
    assert {segment.ingested_from for segment in Segment.objects.all()} == {"import"}
    assert "0 taken in, 3 already there" in run(str(folder), "--camera", "gate")


def test_files_are_removed_on_request_once_they_are_safe(folder):
    run(str(folder), "--camera", "gate", "--remove")
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_single_file_with_its_start(office, variant, tmp_path):
    path, start = tmp_path / "anything.bin", office.began()
    path.write_bytes(variant())
    local = start + timedelta(hours=9)
    run(str(path), "--camera", "gate", "--start", f"{local:%Y-%m-%dT%H:%M:%S}+09:00")
    assert Segment.objects.get().starts_at == start


def test_a_pattern_and_a_zone(office, variant, tmp_path):
    path, start = tmp_path / f"x__{office.began():%d.%m.%Y__%H.%M.%S}.mp4", office.began()
    path.write_bytes(variant())
    run(str(path), "--camera", "gate", "--pattern", "x__%d.%m.%Y__%H.%M.%S.mp4", "--time-zone", "UTC")
    assert Segment.objects.get().starts_at == start


def test_what_goes_to_quarantine_is_said_and_ends_with_1(folder):
    (folder / "holiday.mp4").write_bytes(b"garbage")
    with pytest.raises(SystemExit) as ended:
        run(str(folder), "--camera", "gate")
    assert ended.value.code == 1
    assert Quarantined.objects.get().reason_code == "unparsable_name"
    assert Segment.objects.count() == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--camera", "porch"], "no camera"),
        (["--camera", "gate", "--start", "2026-11-14T10:02:00"], "offset from UTC"),
        (["--camera", "gate", "--time-zone", "Seoul"], "time zone"),
        (["--camera", "gate", "--pattern", "{kamera}"], "not known"),
        (["--camera", "gate", "--start", "2026-11-14T10:02:00+09:00"], "exactly one file"),
    ],
)
def test_wrong_arguments_are_explained(folder, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(str(folder), *arguments)
    assert not Segment.objects.exists()


def test_trouble_of_the_storage_ends_the_import_at_once(folder, office):
    (office.home / "footage" / "lethe-storage.json").unlink()
    with pytest.raises(CommandError, match="storage") as caught:
        run(str(folder), "--camera", "gate")
    assert caught.value.returncode == 3
