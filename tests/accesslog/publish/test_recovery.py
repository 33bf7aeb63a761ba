"""A database that was put back, and what the published files give back to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from accesslog import merkle, note, services
from accesslog.errors import BodyGone, LogForked, LogRewound, NothingLost, TilesMissing
from accesslog.models import LogBody, LogEntry
from accesslog.publish import copies, recovery, rounds, state
from accesslog.selectors import load_receipt
from tests.accesslog.cast import note as noted
from tests.accesslog.publish.logs import Backup, fill, stored, tiles_by_hand, tiles_in
from tests.accesslog.publish.test_rounds import checkpoint, killed_at

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def kinds() -> list[str]:
    return list(LogEntry.objects.order_by("index").values_list("kind", flat=True))


@pytest.fixture
def put_back(published: Path, tmp_path: Path) -> bytes:
    """A log of 120 published entries whose database is one of 50 again; the root that was signed."""
    for n in range(50):
        noted(f"number {n}")
    rounds.publish()
    backup = Backup(tmp_path)
    for n in range(50, 120):
        noted(f"number {n}")
    rounds.publish()
    backup.put_back()
    return checkpoint(published).root


@pytest.mark.both_databases
def test_what_was_published_is_put_back_and_the_log_goes_on_in_one_line(published: Path, put_back: bytes):
    before = [*stored()]
    with pytest.raises(LogRewound):
        noted("not before it is whole again")
    found = recovery.recover()
    assert (found.first, found.end, found.folder) == (50, 120, published)
    assert LogEntry.objects.count() == 121
    assert stored()[:50] == before
    leaves = [merkle.leaf_hash(data) for data in stored()]
    assert merkle.tree_root(leaves[:120]) == put_back
    said = load_receipt(120)
    assert said.kind == "log.recovered"
    assert said.body["first"] == 50
    assert said.body["end"] == 120
    assert note.parse_checkpoint(note.parse(said.body["checkpoint"]).text).root == put_back
    assert load_receipt(49).body["text"] == "number 49"
    with pytest.raises(BodyGone):
        load_receipt(50)
    noted("and on")
    rounds.publish()
    assert checkpoint(published).size == 122
    assert tiles_by_hand(stored()).items() <= tiles_in(published).items()
    assert recovery.recover().end == 122, "nothing is missing any more"


@pytest.mark.parametrize("step", ["kept", "group", "paid"])
def test_a_recovery_that_is_killed_goes_on_and_says_the_same(
    published: Path, put_back: bytes, step: str, monkeypatch: Any
):
    monkeypatch.setattr(recovery, "BATCH", 30)
    with killed_at(step, after=1 if step == "group" else 0):
        recovery.recover()
    if step != "paid":
        with pytest.raises(LogRewound):
            noted("not yet")
    recovery.recover()
    rounds.publish()
    assert kinds().count("log.recovered") == 1
    assert load_receipt(120).body["first"] == 50
    assert checkpoint(published).size == 121
    assert json.loads((published / state.NAME).read_text())["pending"] == []


def test_a_recovery_killed_after_its_last_group_is_ended_by_the_next_round(published: Path, put_back: bytes):
    with killed_at("group"):
        recovery.recover()
    noted("somebody came in between")
    rounds.publish()
    assert kinds()[-1] == "log.recovered"
    assert load_receipt(121).body["end"] == 120


def test_a_copy_gives_back_what_the_folder_lost_with_the_database(
    published: Path, tmp_path: Path, settings: Any
):
    copy = tmp_path / "elsewhere" / "log"
    copy.parent.mkdir()
    settings.ACCESSLOG_COPIES = [copy]
    fill(20)
    backup = Backup(tmp_path)
    fill(30)
    rounds.publish()
    copies.bring_up(copy)
    backup.put_back()
    published.rename(tmp_path / "gone")
    found = recovery.recover()
    assert (found.first, found.end, found.folder) == (20, 50, copy)
    rounds.publish()
    assert checkpoint(published).size == 51
    assert tiles_in(published) == tiles_by_hand(stored())


def test_a_copy_that_knows_more_keeps_a_whole_machine_that_was_put_back_from_signing(
    published: Path, tmp_path: Path, settings: Any
):
    copy = tmp_path / "copy"
    settings.ACCESSLOG_COPIES = [copy]
    fill(20)
    rounds.publish()
    backup = Backup(tmp_path)
    memory = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}
    fill(30)
    rounds.publish()
    copies.bring_up(copy)
    backup.put_back()
    for path, data in memory.items():
        path.write_bytes(data)
    copies.learn_from(copy)
    fill(1)
    with pytest.raises(LogRewound):
        rounds.publish()


def test_tiles_that_were_altered_or_cut_are_not_put_back(published: Path, put_back: bytes):
    bundle = published / "tile/entries/000.p/120"
    whole = bundle.read_bytes()
    for data in (whole[:-1], whole[:-1] + b"!", whole[: len(whole) // 2]):
        bundle.write_bytes(data)
        with pytest.raises(TilesMissing):
            recovery.recover()
        assert LogEntry.objects.count() == 50
    bundle.write_bytes(whole)
    assert recovery.recover().end == 120


def test_another_log_in_the_database_is_not_joined_to_the_published_one(
    published: Path, tmp_path: Path, put_back: bytes
):
    fill(3)  # the database was put back and went on without this host's folder
    with pytest.raises(LogForked):
        recovery.recover()
    assert LogEntry.objects.count() == 53


@pytest.mark.both_databases
def test_a_loss_that_is_accepted_is_said_in_the_log_and_the_files_of_the_lost_branch_lie_aside(
    published: Path, put_back: bytes, tmp_path: Path, settings: Any
):
    copy = tmp_path / "copy"
    settings.ACCESSLOG_COPIES = [copy]
    with pytest.raises(LogRewound):
        noted("refused")
    (published / "tile/entries/000.p/120").unlink()
    with pytest.raises(TilesMissing):
        recovery.recover()
    with killed_at("put aside"):
        recovery.accept_loss(reason="the disk with the tiles burnt")
    recovery.accept_loss(reason="the disk with the tiles burnt")
    said = load_receipt(50)
    assert (said.kind, said.body["signed_size"], said.body["kept"]) == ("log.loss_accepted", 120, 50)
    assert said.body["signed_root"] == put_back.hex()
    noted("and on")
    rounds.publish()
    copies.bring_up(copy)
    assert checkpoint(published).size == checkpoint(copy).size == 52
    assert tiles_in(published) == tiles_by_hand(stored())
    aside = next(published.glob("lost-*"))
    assert (aside / "checkpoint").read_text().split("\n")[1] == "120"
    with pytest.raises(NothingLost):
        recovery.accept_loss(reason="again")
    assert LogBody.objects.count() == 52


def test_a_copy_of_the_lost_branch_that_comes_back_late_is_put_aside(
    published: Path, tmp_path: Path, settings: Any
):
    copy = tmp_path / "copy"
    fill(20)
    backup = Backup(tmp_path)
    fill(10)
    rounds.publish()
    copies.bring_up(copy)
    fill(10)
    rounds.publish()
    backup.put_back()
    (published / "tile/entries/000.p/40").unlink()
    recovery.accept_loss(reason="no tiles")
    fill(30)
    rounds.publish()
    assert copies.bring_up(copy).size == 51
    assert (next(copy.glob("lost-*")) / "checkpoint").read_text().split("\n")[1] == "30"


def test_what_survives_of_the_files_is_put_back_before_the_rest_is_given_up(
    published: Path, tmp_path: Path, settings: Any
):
    copy = tmp_path / "copy"
    settings.ACCESSLOG_COPIES = [copy]
    fill(20)
    backup = Backup(tmp_path)
    fill(10)
    rounds.publish()
    copies.bring_up(copy)
    fill(10)
    rounds.publish()
    backup.put_back()
    (published / "tile/entries/000.p/40").unlink()
    recovery.accept_loss(reason="the copy was ten entries behind")
    services.close()
    assert kinds()[30:] == ["log.loss_accepted", "log.recovered"]
    assert load_receipt(30).body["kept"] == 30
    assert load_receipt(31).body["first"] == 20
