"""A checkpoint of our key that contradicts the database, wherever it lies: found, and not signed over."""

import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accesslog.errors import LogForked
from accesslog.findings import Finding
from accesslog.models import LogCheckpoint, LogEntry
from accesslog.outside import verifying
from accesslog.publish import copies, recovery, rounds, state
from tests.accesslog.publish.logs import Backup, fill
from tests.accesslog.test_tampered import entries, put_together_again, rewrite
from tests.accesslog.test_verify import log_of, with_the_databases_password

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@pytest.fixture
def folder(settings: Any, access_log: str, tmp_path: Path) -> Path:
    """A log of ten entries that is published, with a copy of its files in `copy`."""
    settings.ACCESSLOG_SIGNER = "tests.accesslog.outside.published.Signer"
    settings.ACCESSLOG_FOLDER = tmp_path / "log"
    settings.ACCESSLOG_COPIES = [tmp_path / "copy"]
    log_of(10)
    rounds.publish()
    copies.bring_up(tmp_path / "copy")
    return tmp_path / "log"


def rewritten(folder: Path) -> None:
    """Entry 3 with all that fits it; the database has no checkpoint any more, and the signer no memory."""
    with with_the_databases_password():
        rewrite(folder)
    (folder / state.NAME).unlink()
    state._floors.clear()


def found(*, full: bool) -> Finding:
    report = verifying.run(full=full)
    assert report.finding is not None
    return report.finding


@pytest.mark.both_databases
@pytest.mark.parametrize("full", [False, True])
def test_invariant_6_a_published_checkpoint_that_contradicts_the_database_is_found(folder: Path, full: bool):
    root = bytes(LogCheckpoint.objects.get().root).hex()
    rewritten(folder)
    finding = found(full=full)
    assert f"the checkpoint in {folder} has another root" in finding.what
    assert f"The files in {folder} show that entry 3 is the first" in finding.what
    assert finding.index == 3
    assert finding.expected == root
    assert len(finding.calculated) == 64
    assert finding.calculated != root
    err = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("log", "verify", stderr=err)
    assert caught.value.returncode == 2
    assert str(caught.value).count(root) == 1
    assert root not in err.getvalue(), "what was found is said once"


def test_invariant_6_a_log_cut_behind_its_published_checkpoint_is_found(folder: Path):
    root = bytes(LogCheckpoint.objects.get().root).hex()
    with with_the_databases_password():
        put_together_again(entries()[:6])
    (folder / state.NAME).unlink()
    finding = found(full=False)
    assert f"the checkpoint in {folder} speaks of 10 entries, and there are 6" in finding.what
    assert finding.index == 6
    assert root in finding.expected


def test_invariant_6_a_copy_contradicts_where_the_folder_is_gone(folder: Path, tmp_path: Path):
    rewritten(folder)
    shutil.rmtree(folder)
    finding = found(full=False)
    assert f"the checkpoint in {tmp_path / 'copy'} has another root" in finding.what
    assert finding.index == 3
    with with_the_databases_password():
        put_together_again(entries()[:6])
    assert (
        f"The log goes on in another way elsewhere: the checkpoint in {tmp_path / 'copy'}"
        in found(full=False).what
    )


def test_invariant_6_no_command_signs_a_fork_of_what_a_copy_shows(folder: Path, tmp_path: Path):
    rewritten(folder)
    shutil.rmtree(folder)
    for size in (10, 20):  # as long as what was signed, and longer
        if size > LogEntry.objects.count():
            fill(10)
        with pytest.raises(CommandError, match=f"{tmp_path / 'copy'}.*accept-loss"):
            call_command("log", "publish")
        with pytest.raises(LogForked):
            rounds.publish()
        with pytest.raises(LogForked):
            recovery.recover(new_folder=True)
        assert not (folder / "checkpoint").exists()


def test_invariant_6_a_fork_that_was_signed_while_the_copy_was_away_stops_when_it_is_back(
    folder: Path, tmp_path: Path
):
    copy = tmp_path / "copy"
    copy.rename(tmp_path / "away")
    rewritten(folder)
    shutil.rmtree(folder)
    log_of(5)
    rounds.publish()
    shutil.rmtree(copy, ignore_errors=True)
    (tmp_path / "away").rename(copy)
    with pytest.raises(LogForked):
        recovery.recover()
    with pytest.raises(CommandError, match="accept-loss"):
        call_command("log", "publish")
    assert found(full=False).index == 3

    recovery.accept_loss(reason="nobody knows who it was")
    rounds.publish(ask=False)
    assert verifying.run().finding is None, "the log tells of the loss, so the copy's branch is explained"
    call_command("log", "publish")
    assert verifying.run(full=True).finding is None
    assert next(copy.glob("lost-*")).is_dir()


def test_a_loss_that_only_the_memory_tells_of_excuses_nothing(folder: Path, tmp_path: Path):
    rewritten(folder)
    known = state.State(origin="lethe.example/log", lost=[{"kept": 0, "size": 10, "root": "00" * 32}])
    for name in (state.NAME, "checkpoint"):
        (folder / name).unlink(missing_ok=True)
    state.save(folder, known)
    assert f"the checkpoint in {tmp_path / 'copy'} has another root" in found(full=False).what


def test_rows_of_a_branch_whose_loss_was_accepted_are_no_finding(folder: Path, tmp_path: Path):
    backup = Backup(tmp_path)
    fill(10)
    rounds.publish()
    row = LogCheckpoint.objects.get(size=20)
    backup.put_back()
    row.save(force_insert=True)
    for each in (folder, tmp_path / "copy"):
        shutil.rmtree(each / "tile")
    recovery.accept_loss(reason="no tiles")
    assert verifying.run().finding is None
    log_of(20)
    rounds.publish()
    assert verifying.run().finding is None


def test_a_folder_that_is_away_is_said_and_is_no_finding(
    folder: Path, tmp_path: Path, settings: Any, capsys: Any
):
    away = tmp_path / "not mounted" / "log"
    settings.ACCESSLOG_COPIES = [tmp_path / "copy", away]
    shutil.rmtree(tmp_path / "copy")
    for arguments in ((), ("--full",)):
        call_command("log", "verify", *arguments)
        said = capsys.readouterr()
        assert "The log is whole" in said.out
        assert f"{tmp_path / 'copy'} cannot be read, so nothing was compared with it" in said.err
        assert f"{away} cannot be read" in said.err


def test_a_checkpoint_that_is_not_ours_is_a_finding(folder: Path, tmp_path: Path):
    (folder / "checkpoint").write_text((folder / "checkpoint").read_text().replace("\n10\n", "\n11\n"))
    assert "is not one that this log signed" in found(full=False).what
    (folder / "checkpoint").write_bytes((tmp_path / "copy" / "checkpoint").read_bytes())
    (folder / state.NAME).write_text("{")
    assert "The memory of the log's signer" in found(full=False).what


def test_a_changed_row_of_a_checkpoint_is_called_so(folder: Path):
    with with_the_databases_password():
        LogCheckpoint.objects.update(root=bytes(32))
    finding = found(full=False)
    assert finding.what == "The row of the checkpoint of 10 entries in the database was changed."
    assert bytes(32).hex() in finding.calculated
