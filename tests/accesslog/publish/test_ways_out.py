"""Whatever happened to database, folder and copies: nothing is signed wrongly, and a command leads out."""

import json
import shutil
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accesslog import services
from accesslog.errors import (
    AnotherLogsFolder,
    CopyAway,
    FolderAway,
    LogForked,
    LogRewound,
    LogUnavailable,
    NothingLost,
    SignerStateDamaged,
    TilesMissing,
)
from accesslog.models import LogCheckpoint, LogEntry
from accesslog.publish import condition, copies, database, recovery, rounds, state
from accesslog.selectors import load_receipt
from tests.accesslog.cast import note as noted
from tests.accesslog.publish.logs import Backup, fill
from tests.accesslog.publish.test_rounds import checkpoint

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@pytest.fixture
def rewound(published: Path, tmp_path: Path) -> Path:
    """A database of 50 entries, of which 30 were noted as published, and a folder of 120."""
    fill(30)
    rounds.publish()
    fill(20)
    backup = Backup(tmp_path)
    fill(70)
    rounds.publish()
    backup.put_back()
    state._floors.clear()
    return published


def out_by_accepting(published: Path, size: int) -> dict[str, Any]:
    """Accept the loss; the log has `size` entries then, and is published. What is remembered as lost."""
    accepted = recovery.accept_loss(reason="put back, and went on")
    noted("and on")
    rounds.publish()
    assert checkpoint(published).size == LogEntry.objects.count() == size
    assert recovery.recover().end == size
    with pytest.raises(NothingLost):
        recovery.accept_loss(reason="again")
    return accepted.lost[-1]


@pytest.mark.parametrize("more", [3, 70, 90])
def test_a_log_that_was_put_back_and_went_on_is_led_out_by_accept_loss(rewound: Path, more: int):
    fill(more)  # behind the writer's back: shorter than what was signed, as long, and longer
    with pytest.raises(LogForked) as refused:
        recovery.recover()
    assert "accept-loss" in str(refused.value)
    found = state.load(rewound)
    assert found is not None
    assert found.recovering is None
    assert out_by_accepting(rewound, 50 + more + 2)["kept"] == 50
    assert not LogEntry.objects.filter(kind="log.recovered").exists()


def test_a_copy_with_a_hole_still_says_what_was_signed(published: Path, tmp_path: Path, settings: Any):
    copy = tmp_path / "copy"
    settings.ACCESSLOG_COPIES = [copy]
    fill(20)
    backup = Backup(tmp_path)
    fill(300)
    rounds.publish()
    copies.bring_up(copy)
    (copy / "tile/entries/000").unlink()
    backup.put_back()
    published.rename(tmp_path / "gone")
    with pytest.raises(TilesMissing):
        recovery.recover(new_folder=True)
    with pytest.raises(LogRewound):
        noted("it would fork what was signed")
    assert out_by_accepting(published, 22)["size"] == 320


def test_a_copy_that_cannot_be_read_is_asked_for_by_name(published: Path, tmp_path: Path, settings: Any):
    copy = tmp_path / "mount" / "log"
    settings.ACCESSLOG_COPIES = [copy]
    fill(20)
    with pytest.raises(CopyAway, match=f"--without-copy {copy}"):
        recovery.recover()
    copy.mkdir(parents=True)
    (copy / "checkpoint").mkdir()
    with pytest.raises(CopyAway):
        recovery.recover()
    (copy / "checkpoint").rmdir()
    (copy / "checkpoint").write_text("of another log")
    with pytest.raises(CopyAway):
        recovery.recover()
    assert recovery.recover(without=[copy]).end == 20


def test_without_its_memory_the_published_checkpoint_counts(rewound: Path):
    (rewound / state.NAME).unlink()
    with pytest.raises(LogRewound):
        noted("the fork begins")
    found = condition.look()
    assert found is not None
    assert isinstance(found.error, LogRewound)
    with pytest.raises(LogRewound):
        rounds.publish()
    assert checkpoint(rewound).size == 120
    assert recovery.recover().end == 120


def test_an_older_memory_beside_a_newer_checkpoint_counts_no_more(published: Path, tmp_path: Path):
    fill(20)
    rounds.publish()
    older, backup = (published / state.NAME).read_bytes(), Backup(tmp_path)
    fill(20)
    rounds.publish()
    backup.put_back()
    (published / state.NAME).write_bytes(older)
    state._floors.clear()
    with pytest.raises(LogRewound):
        noted("the fork begins")
    with pytest.raises(LogRewound):
        rounds.publish()


def test_a_damaged_memory_stops_appending_and_recover_makes_it_anew(rewound: Path):
    (rewound / state.NAME).write_text("{")
    with pytest.raises(SignerStateDamaged):
        noted("the fork begins")
    assert recovery.recover().end == 120
    assert [*rewound.glob("signer-state.damaged-*")]
    noted("and on")
    rounds.publish()
    assert checkpoint(rewound).size == 122


@pytest.mark.both_databases
def test_a_folder_that_is_away_is_neither_made_anew_nor_taken_for_a_new_log(rewound: Path, tmp_path: Path):
    away = tmp_path / "away"
    rewound.rename(away)
    for _ in range(2):
        for act in (lambda: noted("fork"), rounds.publish, recovery.recover):
            with pytest.raises(FolderAway, match="--new-folder"):
                act()
        with pytest.raises(FolderAway):
            recovery.accept_loss(reason="no")
        rewound.mkdir(exist_ok=True)  # the second time: the empty place of a mount
        shutil.rmtree(rewound / "tile", ignore_errors=True)
    found = condition.look()
    assert found is not None
    assert isinstance(found.error, FolderAway)
    recovery.recover(new_folder=True)
    noted("its files are lost for good")
    rounds.publish()
    assert checkpoint(rewound).size == 51


def test_no_folder_is_made_above_the_folder(published: Path, tmp_path: Path, settings: Any):
    settings.ACCESSLOG_FOLDER = tmp_path / "not mounted" / "log"
    fill(1)
    with pytest.raises(FileNotFoundError):
        rounds.publish()
    assert not (tmp_path / "not mounted").exists()


def test_a_row_that_nobody_signed_locks_nothing(published: Path):
    fill(20)
    rounds.publish()
    LogCheckpoint.objects.create(size=500, root=b"x" * 32, time_us=1, note="forged")
    noted("and on")
    rounds.publish()
    assert recovery.recover().end == 21
    with pytest.raises(NothingLost):
        recovery.accept_loss(reason="none")


def test_a_loss_is_accepted_beside_the_rows_of_what_is_lost(published: Path, tmp_path: Path):
    fill(20)
    backup = Backup(tmp_path)
    fill(20)
    rounds.publish()
    row = LogCheckpoint.objects.get()
    backup.put_back()
    row.save(force_insert=True)
    shutil.rmtree(published / "tile")
    assert out_by_accepting(published, 22)["kept"] == 0
    assert set(LogCheckpoint.objects.values_list("size", flat=True)) == {22, 40}


def test_a_database_that_is_briefly_away_is_no_loss(published: Path, monkeypatch: Any):
    fill(20)
    rounds.publish()
    fill(1)

    def away(_start: int, _end: int) -> Any:
        raise LogUnavailable()

    monkeypatch.setattr(database, "leaves", away)
    with pytest.raises(LogUnavailable):
        recovery.accept_loss(reason="r")
    assert checkpoint(published).size == 20


def test_a_clock_that_was_ahead_does_not_silence_the_publisher(published: Path, monkeypatch: Any):
    fill(1)
    now = time.time_ns
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time_ns", lambda: now() + 365 * 86400 * 10**9)
        rounds.publish()
    fill(1)
    rounds.publish(least_pause_s=0.5, noted=False)
    assert checkpoint(published).size == 2
    assert LogCheckpoint.objects.filter(size=2).exists()


def test_the_folder_of_another_log_is_named_wherever_it_is_met(published: Path):
    fill(20)
    rounds.publish()
    services.close()
    path = published / state.NAME
    said = json.loads(path.read_text()) | {"origin": "somebody/else", "size": 500, "frontier": ""}
    for text in (json.dumps(said), None):
        path.write_text(text) if text else path.unlink()
        if not text:
            (published / "checkpoint").write_text("somebody/else\n500\n")
        state._floors.clear()
        acts = (lambda: noted("x"), rounds.publish, recovery.recover)
        for act in (*acts, lambda: recovery.accept_loss(reason="r")):
            with pytest.raises(AnotherLogsFolder, match="somebody/else in it"):
                act()


@pytest.mark.parametrize("what", ["kind", "event_id"])
def test_nothing_is_logged_because_somebody_wrote_it_into_the_memory(rewound: Path, what: str):
    path = rewound / state.NAME
    owed = {"kind": "log.loss_accepted", "event_id": str(uuid4()), "body": {
        "kept": 1, "signed_size": 2, "signed_root": "00" * 32, "reason": "r",
    }}  # fmt: skip
    if what == "kind":
        owed |= {"kind": "test.noted", "body": {"text": "planted"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pending": [owed]}))
    with pytest.raises(SignerStateDamaged):
        rounds.publish()
    recovery.recover()
    rounds.publish()
    assert not LogEntry.objects.filter(event_id=str(owed["event_id"])).exists()


def test_a_recovery_that_did_not_happen_is_not_said(published: Path):
    for n in range(5):
        noted(f"number {n}")
    rounds.publish()
    path = published / state.NAME
    said = json.loads(path.read_text())
    said["recovering"] = {"first": 1, "end": 5, "root": said["root"], "text": ""}
    path.write_text(json.dumps(said))
    rounds.publish()
    assert LogEntry.objects.count() == 5
    assert load_receipt(1).body["text"] == "number 1"
