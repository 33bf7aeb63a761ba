"""A backup that fails leaves nothing behind, or says so; and none lies where Lethe itself reads or writes."""

import errno
import shutil
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.ingest.models import Source
from cctv.retention.backup import ending, making, unfinished
from cctv.retention.backup.errors import BackupFailed, BackupNested
from cctv.retention.backup.manifest import Copied
from cctv.retention.backup.models import Backup
from tests.retention.holds.court import Court
from tests.retention.people import people
from tests.retention.yard import Yard, yard

__all__ = ["yard"]

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def breaking(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Something is on hold; as soon as a sealed object of it is in the backup, the error strikes."""
    Court(yard, people(yard.sites)).place(yard.segment(expires_in=5 * DAY))
    monkeypatch.setattr(making, "_copy_database", lambda _alias, _partial: (Copied("sqlite3", []), None))
    copy = making._copy_object

    def breaks(error: BaseException) -> None:
        def copied(name: str, partial: Path) -> int:
            assert Backup.objects.get().held_objects == 1, "known before the first byte of it"
            copy(name, partial)
            assert list((partial / "held").rglob("*"))
            raise error

        monkeypatch.setattr(making, "_copy_object", copied)

    return breaks


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(FULL, 1, "backup_failed"), (BackupFailed(), 1, "backup_failed"),
     (KeyboardInterrupt(), 130, "backup_interrupted")],
)  # fmt: skip
def test_a_backup_that_fails_or_is_interrupted_removes_what_it_wrote_and_says_so(
    breaking: Any, tmp_path: Path, error: BaseException, status: int, code: str
) -> None:
    breaking(error)
    with pytest.raises(CommandError) as told:
        call_command("backup", str(tmp_path / "backups"), stdout=StringIO())
    assert told.value.returncode == status
    assert code in str(told.value)
    assert "What had been written of it was removed." in str(told.value)
    assert list((tmp_path / "backups").iterdir()) == []
    assert Backup.objects.get().deleted_at is not None, "no certificate speaks of it"
    assert LogEntry.objects.filter(kind="backup.deleted").count() == 1


def test_a_folder_that_cannot_be_made_leaves_no_backup_that_certificates_would_name(yard: Yard) -> None:
    with pytest.raises(BackupFailed):
        making.make(destination=Path("/dev/null/backups"))
    assert Backup.objects.get().deleted_at is not None


@pytest.mark.parametrize("away", ["folder", "log"])
def test_what_cannot_be_removed_or_noted_keeps_its_row_and_is_said(
    breaking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    def fails(*_args: Any, **_options: Any) -> None:
        raise PermissionError(errno.EACCES, "no") if away == "folder" else LogUnavailable

    breaking(FULL)
    with monkeypatch.context() as patch:
        patch.setattr(shutil if away == "folder" else ending, _named(away), fails)
        with pytest.raises(BackupFailed, match="could not be removed or noted"):
            making.make(destination=tmp_path / "backups")
    row = Backup.objects.get()
    assert (row.deleted_at, row.held_objects, bytes(row.manifest_sha256)) == (None, 1, b"")


def _named(away: str) -> str:
    return "rmtree" if away == "folder" else "append"


def test_prune_takes_what_nobody_writes_any_more_and_nothing_that_somebody_writes(
    breaking: Any, yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(FULL)
    with monkeypatch.context() as patch:
        patch.setattr(unfinished, "_undo", lambda _row, _partial: "")  # as after a kill
        with pytest.raises(BackupFailed):
            making.make(destination=tmp_path / "backups")
    (partial,) = (tmp_path / "backups").iterdir()
    assert ending.prune(destination=tmp_path / "backups") == [], "too young to be given up"
    yard.move(2 * HOUR)
    with unfinished.being_written(partial):
        assert ending.prune(destination=tmp_path / "backups") == []
    assert len(ending.prune(destination=tmp_path / "backups")) == 1
    assert not partial.exists()


def test_a_complete_backup_whose_row_does_not_know_it_is_not_forgotten(yard: Yard, tmp_path: Path) -> None:
    """Killed between the last rename and the row; also the row in a register that was put back."""
    folder = tmp_path / "lethe-x"
    folder.mkdir()
    Backup.objects.create(
        made_at=yard.now - 2 * DAY, place=str(folder), expires_at=yard.now + DAY, footage_generation=1,
        records_generation=1, log_size=0, manifest_sha256=b"",
    )  # fmt: skip
    assert ending.prune(destination=tmp_path) == []
    assert Backup.objects.get().deleted_at is None


def test_a_backup_lies_neither_in_a_folder_of_lethe_nor_above_its_keys(
    yard: Yard, tmp_path: Path, settings: Any
) -> None:
    settings.LETHE_KEY_MIRRORS = [str(tmp_path / "nas" / "mirror")]
    recorder = tmp_path / "recordings" / "gate-1"
    Source.objects.create(
        site=yard.sites[0], name="NVR", layout="ffmpeg", folder=str(recorder), marked_at=yard.now
    )
    home = yard.home
    for folder in (
        home, home / "db", home / "backups", home / "keys" / "x", home / "footage",
        recorder, recorder / "backups", tmp_path / "nas", tmp_path / "nas" / "mirror", tmp_path, Path("/"),
    ):  # fmt: skip
        with pytest.raises(BackupNested):
            making.make(destination=folder)
    assert not Backup.objects.exists()
    making._refuse_nested(tmp_path / "recordings")
    making._refuse_nested(tmp_path / "backups")
