"""Copies get the same files, catch up, and never overwrite what contradicts us."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from accesslog.errors import LogForked
from accesslog.outside import verifying
from accesslog.publish import condition, copies, publisher, recovery, rounds, state
from tests.accesslog.cast import note as noted
from tests.accesslog.publish.logs import Backup, fill, stored, tiles_by_hand, tiles_in
from tests.accesslog.publish.signers import OtherSigner, TestSigner
from tests.accesslog.publish.test_rounds import checkpoint, killed_at, wait_for

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_a_copy_that_was_away_catches_up_and_a_killed_one_goes_on(published: Path, tmp_path: Path):
    copy = tmp_path / "away" / "log"
    fill(300)
    rounds.publish()
    with pytest.raises(copies.CopyUnreachable):
        copies.bring_up(copy)
    copy.parent.mkdir()
    assert copies.bring_up(copy).size == 300
    assert tiles_in(copy) == tiles_in(published)
    for size in (200, 100, 500):
        fill(size)
        rounds.publish()
    with killed_at("copy.tiles"):
        copies.bring_up(copy)
    assert checkpoint(copy).size == 300
    copies.bring_up(copy)
    assert checkpoint(copy).size == 1100
    assert tiles_by_hand(stored()).items() <= tiles_in(copy).items()
    assert "tile/0/001.p/44" not in tiles_in(copy)


def test_invariant_6_a_copy_that_contradicts_us_is_kept_as_evidence(published: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    fill(300)
    rounds.publish()
    copies.bring_up(copy)
    fill(20)
    rounds.publish()
    before = (copy / "checkpoint").read_text()
    # As if folder, memory and database had all been rewritten with the real key.
    tile = published / "tile/0/001.p/64"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    (published / "tile/0/001.p/44").unlink()
    with pytest.raises(LogForked):
        copies.bring_up(copy)
    assert (copy / "checkpoint").read_text() == before


def test_the_publisher_keeps_its_copies_up_to_date_and_one_that_fails_holds_up_nobody(
    published: Path, tmp_path: Path, settings: Any
):
    good, broken = tmp_path / "good", tmp_path / "broken"
    broken.write_text("no folder")
    settings.ACCESSLOG_COPIES = [broken, good]
    fill(5)
    stop = publisher.start()
    try:
        wait_for(published, 5)
        wait_for(good, 5)
        fill(5)
        wait_for(good, 10)
    finally:
        stop()


def test_two_hosts_that_share_a_database_and_a_copy_do_not_take_each_other_for_a_rewound_one(
    published: Path, tmp_path: Path, settings: Any
):
    copy, other = tmp_path / "copy", tmp_path / "other"
    published.mkdir()
    state.save(published, state.State(origin=TestSigner.origin))  # set up before anything was signed
    settings.ACCESSLOG_FOLDER = other
    fill(20)
    rounds.publish()
    settings.ACCESSLOG_FOLDER = published
    recovery.recover(new_folder=True)
    fill(20)
    rounds.publish()
    copies.bring_up(copy)
    fill(1)
    settings.ACCESSLOG_FOLDER = other
    before = state.load(other)
    assert copies.bring_up(copy).size == 40, "the copy is ahead of this host, and stays"
    assert state.load(other) == before
    rounds.publish()
    assert copies.bring_up(copy).size == 41


def test_another_log_s_copy_is_refused_and_nothing_is_written_there(
    published: Path, tmp_path: Path, settings: Any
):
    copy = tmp_path / "shared"
    fill(300)
    rounds.publish()
    copies.bring_up(copy)
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    settings.ACCESSLOG_SIGNER = f"{OtherSigner.__module__}.{OtherSigner.__qualname__}"
    settings.ACCESSLOG_FOLDER = tmp_path / "other"
    with pytest.raises(copies.NotOurCopy):
        copies.learn_from(copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    (copy / "checkpoint").unlink()
    with pytest.raises(copies.NotOurCopy):
        copies.bring_up(copy)


def test_a_copy_that_was_written_and_is_not_there_is_a_disk_that_is_not_mounted(
    published: Path, tmp_path: Path
):
    copy = tmp_path / "mount" / "log"
    copy.parent.mkdir()
    fill(5)
    rounds.publish()
    copies.bring_up(copy)
    copy.parent.rename(tmp_path / "disk")
    copy.parent.mkdir()
    with pytest.raises(copies.CopyUnreachable, match="mount it"):
        copies.bring_up(copy)
    assert not copy.exists()
    copy.parent.rmdir()
    (tmp_path / "disk").rename(copy.parent)
    assert copies.bring_up(copy).size == 5


def test_holes_of_a_copy_are_found_and_mended_and_what_was_left_half_written_goes(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    copy = tmp_path / "copy"
    fill(600)
    rounds.publish()
    copies.bring_up(copy)
    (copy / "tile/entries/001").unlink()
    (copy / "tile/0/000").write_bytes(b"")
    left = copy / "tile/0/.000.0123456789ab"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    monkeypatch.setattr(copies, "CHECKED_EVERY_S", 0.0)
    copies.bring_up(copy)
    assert tiles_in(copy) == tiles_in(published)


def test_files_put_aside_leave_their_checkpoint_until_last(published: Path, monkeypatch: pytest.MonkeyPatch):
    fill(5)
    rounds.publish()
    moved: list[str] = []
    rename = Path.rename

    def noted(path: Path, to: Path) -> Path:
        moved.append(path.name)
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", noted)
    copies.put_aside(published, "checkpoint", "tile", "signer-state")
    assert moved == ["tile", "signer-state", "checkpoint"]


def test_a_copy_that_was_damaged_or_is_another_log_s_is_told(published: Path, tmp_path: Path, settings: Any):
    copy = tmp_path / "copy"
    settings.ACCESSLOG_COPIES = [copy]
    fill(300)
    rounds.publish()
    copies.bring_up(copy)
    tile = copy / "tile/0/000"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    found = verifying._folders()
    assert found is not None
    assert "published files do not fit" in found.what
    looked = condition.look()
    assert looked is not None
    assert not looked.copies[0].trouble
    (copy / "checkpoint").write_text("another/log\n1\nAAAA\n")
    looked = condition.look()
    assert looked is not None
    assert looked.copies[0].foreign


@pytest.fixture
def twin(published: Path, tmp_path: Path, settings: Any) -> Path:
    """The copy folder of a log of 105 entries, of which a copied machine has made another one of 130."""
    copy, elsewhere = tmp_path / "copy", tmp_path / "elsewhere"
    settings.ACCESSLOG_COPIES = [copy]
    fill(100)
    rounds.publish()
    copies.bring_up(copy)
    backup = Backup(tmp_path)
    shutil.copytree(published, elsewhere)
    settings.ACCESSLOG_FOLDER = elsewhere
    fill(30)
    rounds.publish()
    copies.bring_up(copy)
    backup.put_back()
    settings.ACCESSLOG_FOLDER = published
    state._floors.clear()
    fill(5)
    return copy


def test_a_copied_machine_that_shares_a_copy_stops_the_signing_and_not_the_logging(
    published: Path, twin: Path
):
    rounds.publish(ask=False)  # as by a publisher whose copy was away
    with pytest.raises(LogForked) as caught:
        copies.bring_up(twin)
    assert str(twin) in str(caught.value.message)
    noted("still logged")
    with pytest.raises(LogForked):
        rounds.publish()
    with pytest.raises(LogForked):
        recovery.recover()
    noted("a recovery that was refused stops nothing either")
    looked = condition.look()
    assert looked is not None
    assert isinstance(looked.error, LogForked)
    assert looked.copies[0].forked

    recovery.accept_loss(reason="a clone was started")
    rounds.publish()
    copies.bring_up(twin)
    assert checkpoint(twin) == checkpoint(published)
    looked = condition.look()
    assert looked is not None
    assert looked.error is None


def test_a_copy_folder_that_is_ours_again_lets_the_signing_go_on(published: Path, twin: Path):
    with pytest.raises(LogForked):
        copies.bring_up(twin)
    twin.rename(twin.with_name("evidence"))
    for made in published.glob("copy-made-*"):
        made.unlink()
    copies.bring_up(twin)
    rounds.publish()
    assert copies.bring_up(twin).size == 105
