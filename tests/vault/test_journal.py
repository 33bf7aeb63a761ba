"""The journal: what an older copy of the register would need survives kills, disks and mirrors."""

import base64
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cctv.core import clock
from cctv.vault import journal, rings
from cctv.vault import services as vault
from cctv.vault.errors import JournalBroken, JournalRolledBack, VaultWriteFailed
from cctv.vault.journalfile import JournalFile
from tests.vault.rings import killed_at


@pytest.fixture
def disk(lethe_home: Path, settings: Any, tmp_path: Path) -> Path:
    """A mirror's disk; the rings are made with it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    settings.LETHE_KEY_MIRRORS = [str(disk)]
    for ring in rings.both():
        ring.initialise()
    return disk


def told(file: Path | None = None) -> list[tuple[int, str, Any]]:
    return [(line.number, line.kind, line.facts.get("x")) for line in journal.read(file=file)]


def add(*values: Any) -> None:
    for value in values:
        journal.append("test", {"x": value})


def test_lines_are_numbered_and_read_again_in_order_after_any_of_them(keys):
    assert list(journal.read()) == []
    assert [journal.append("test", {"x": word}) for word in ("하나", "two")] == [1, 2]
    assert told() == [(1, "test", "하나"), (2, "test", "two")]
    assert [line.number for line in journal.read(after=1)] == [2]
    assert abs(next(journal.read()).at_us / 1e6 - clock.now().timestamp()) < 60


def test_the_chain_can_be_checked_by_hand(keys):
    from hashlib import sha256

    add("a", "b")
    chain = bytes(32)
    for raw in journal.path().read_bytes().splitlines():
        stated = json.loads(raw)["chain"]
        assert raw.startswith(b'{"chain":"' + stated.encode() + b'",')
        chain = sha256(chain + raw[len('{"chain":"",') + 64 :]).digest()
        assert chain.hex() == stated
    assert json.loads(journal.path().read_bytes().splitlines()[0])["ring"] == rings.installation_id()


@pytest.mark.parametrize("torn", [b'{"chain":"12', b"\x00" * 700, b'{"chain":"12' + b"\x00" * 90 + b"\n"])
def test_invariant_5_a_torn_last_line_is_passed_over_and_cut_off_by_the_next(keys, torn):
    add("a", "b")
    with journal.path().open("ab") as file:
        file.write(torn)
    assert told() == [(1, "test", "a"), (2, "test", "b")]
    add("c")
    assert told() == [(1, "test", "a"), (2, "test", "b"), (3, "test", "c")]
    assert torn not in journal.path().read_bytes()


def test_an_altered_line_is_an_error_and_never_cut_off(keys):
    add("aa", "bb", "cc")
    for victim in (b"aa", b"cc"):
        whole = journal.path().read_bytes()
        journal.path().write_bytes(whole.replace(victim, b"zz"))
        with pytest.raises(JournalBroken):
            journal.verify()
        if victim == b"cc":
            with pytest.raises(JournalBroken):
                add("d")
        journal.path().write_bytes(whole)


@pytest.mark.parametrize("cut", [1, 2])
def test_a_line_taken_out_of_the_middle_is_noticed(keys, cut):
    add("a", "b", "c")
    lines = journal.path().read_bytes().splitlines(keepends=True)
    del lines[cut]
    journal.path().write_bytes(b"".join(lines))
    with pytest.raises(JournalBroken):
        journal.verify()


def test_lines_longer_than_any_block_are_found_from_the_end(keys):
    add("x" * 3_000_000, "y", "z" * 700_000, "last")
    assert [len(x) for _, _, x in told()] == [3_000_000, 1, 700_000, 4]


def test_a_full_disk_adds_nothing_and_the_journal_goes_on(keys, monkeypatch):
    add("a")
    before = journal.path().read_bytes()
    pwrite = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, at: pwrite(fd, data[: len(data) // 2], at))
        with pytest.raises(VaultWriteFailed):
            add("b")
    assert journal.path().read_bytes() == before
    add("c")
    assert told() == [(1, "test", "a"), (2, "test", "c")]


@pytest.mark.faults
@pytest.mark.parametrize("step", ["journal.begin", "journal.written", "journal.durable", "journal.mirrored"])
def test_invariant_5_a_kill_at_any_step_loses_no_acknowledged_line(disk, lethe_home, step):
    add("a")
    assert killed_at(lethe_home, "journal:b", step, [disk])
    assert [x for _, _, x in told()] == (["a"] if step == "journal.begin" else ["a", "b"])
    add("c")
    assert [x for _, _, x in told()][-1] == "c"
    assert journal.verify() == len(told())
    rings.footage().sync_mirrors()
    assert told(disk / "footage" / "journal") == told()


@pytest.mark.faults
@pytest.mark.parametrize("step", ["journal.compact-written", "journal.compacted"])
def test_invariant_5_a_kill_while_compacting_leaves_the_old_or_the_new_journal(disk, lethe_home, step):
    journal.append("moved", {"epoch": {"key_id": "gone"}, "objects": []})
    add("kept")
    assert killed_at(lethe_home, "compact:", step, [disk])
    assert told()[-1] == (2, "test", "kept")
    journal.verify()
    journal.compact()
    rings.footage().sync_mirrors()
    assert told() == told(disk / "footage" / "journal") == [(2, "test", "kept")]
    assert {path.name for path in (lethe_home / "keys" / "footage").iterdir() if path.is_file()} == {
        "journal", "journal.lock", "keyring", "lock", "mirrors.json", "root.key",
    }  # fmt: skip


def test_each_line_lies_in_the_mirror_when_it_was_acknowledged(disk):
    add("a", "b")
    assert (disk / "footage" / "journal").read_bytes() == journal.path().read_bytes()
    assert journal.lagging() == []


def test_a_mirror_that_was_away_gets_what_it_missed(disk):
    add("a")
    disk.rename(disk.parent / "away")
    add("b", "c")
    assert journal.lagging() == [disk / "footage"]
    assert not disk.exists()
    (disk.parent / "away").rename(disk)
    with (disk / "footage" / "journal").open("ab") as file:
        file.write(b'{"chain":"torn')
    assert not any(state.pending for state in vault.sync_mirrors())
    assert (disk / "footage" / "journal").read_bytes() == journal.path().read_bytes()


def test_a_mirror_that_goes_further_is_never_overwritten_by_an_older_copy(disk):
    add("a")
    older = journal.path().read_bytes()
    add("b")
    journal.path().write_bytes(older)
    [state] = vault.sync_mirrors()
    assert state.pending
    add("another b")
    assert [x for _, _, x in told(disk / "footage" / "journal")] == ["a", "b"]
    assert [x for _, _, x in told()] == ["a", "another b"]


def test_a_journal_that_is_missing_here_is_not_begun_anew_beside_a_mirrors(disk):
    add("a")
    journal.path().unlink()
    with pytest.raises(JournalRolledBack):
        add("b")
    assert journal.adopt(disk / "footage" / "journal")
    add("b")
    assert [x for _, _, x in told()] == ["a", "b"]


def test_the_newest_whole_copy_is_found_and_taken_over(disk, tmp_path):
    assert journal.newest([disk / "footage", tmp_path / "nowhere"]) is None
    add("a")
    backup = tmp_path / "backup-journal"
    shutil.copy(journal.path(), backup)
    add("b")
    mirror = disk / "footage"
    assert journal.newest([backup, mirror]) == mirror / "journal"
    shutil.copy(backup, journal.path())
    assert journal.newest([journal.path().parent, mirror]) == mirror / "journal"
    assert journal.adopt(mirror / "journal")
    assert not journal.adopt(mirror / "journal")
    assert told()[-1] == (2, "test", "b")
    with pytest.raises(JournalRolledBack):
        journal.adopt(backup)
    whole = (mirror / "journal").read_bytes()
    (mirror / "journal").write_bytes(whole.replace(b'"a"', b'"z"'))
    assert journal.newest([backup, mirror]) == backup
    with pytest.raises(JournalBroken):
        journal.newest([mirror])


def test_recovering_the_keys_from_a_mirror_brings_its_journal_along(disk, lethe_home):
    add("a")
    rings.footage().close()
    shutil.rmtree(lethe_home / "keys" / "footage")
    (lethe_home / "keys" / "footage").mkdir()
    rings.footage().recover_from(disk / "footage")
    assert told() == [(1, "test", "a")]


def test_another_installations_journal_is_not_taken(keys, tmp_path):
    other = JournalFile(tmp_path)
    other.create("00" * 16)
    with pytest.raises(JournalRolledBack):
        journal.adopt(other.path)


def test_compaction_keeps_what_still_matters_with_its_numbers_and_a_chain(disk):
    epoch = rings.footage().ensure("epoch/1")
    hold = vault.new_hold_key(uuid4())
    past, future = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
    for kind, facts in (
        ("moved", {"epoch": {"key_id": "gone"}, "objects": []}),
        ("moved", {"epoch": {"key_id": epoch}, "objects": []}),
        ("held", {"hold": {"key_id": "gone"}, "objects": []}),
        ("held", {"hold": {"key_id": hold}, "objects": []}),
        ("erased", {"camera": "1", "spans": [[past, past, past]]}),
        ("erased", {"camera": "1", "spans": [[past, past, past], [past, past, future]]}),
        ("hold_ended", {"hold": "1"}),
        ("certificate", {"number": 7}),
        ("moved", {"epoch": {"key_id": "gone"}, "objects": []}),
    ):
        journal.append(kind, facts)
    was = JournalFile(journal.path().parent).tail()
    assert journal.compact() == 4
    assert [line.number for line in journal.read()] == [2, 4, 6, 7, 8]
    base = JournalFile(journal.path().parent).base()
    assert (base.compacted, base.upto, base.was) == (1, 9, was.chain.hex())
    assert journal.verify() == 9
    assert (disk / "footage" / "journal").read_bytes() == journal.path().read_bytes()
    assert journal.compact() == 0
    assert journal.append("test", {}) == 10
    assert journal.verify() == 10
    assert journal.lagging() == []


def test_numbers_go_on_even_when_every_line_was_dropped(disk):
    journal.append("moved", {"epoch": {"key_id": "gone"}, "objects": []})
    assert journal.compact() == 1
    assert list(journal.read()) == []
    assert journal.append("test", {}) == 2


def test_a_mirror_that_missed_a_compaction_gets_the_new_journal(disk):
    journal.append("moved", {"epoch": {"key_id": "gone"}, "objects": []})
    add("a")
    disk.rename(disk.parent / "away")
    assert journal.compact() == 1
    add("b")
    (disk.parent / "away").rename(disk)
    vault.sync_mirrors()
    assert told(disk / "footage" / "journal") == [(2, "test", "a"), (3, "test", "b")]


@pytest.mark.slow
def test_a_hundred_thousand_moved_keys_in_batches_of_500_take_seconds(disk):
    wrapped = base64.b64encode(os.urandom(40)).decode()
    epoch = {"id": str(uuid4()), "site": str(uuid4()), "hour": "2026-01-01T00:00:00Z", "key_id": "k" * 32}
    objects = [["segment", str(uuid4()), "2026-01-01T00:00:00.000Z", wrapped] for _ in range(500)]
    began = time.monotonic()
    for _ in range(200):
        journal.append("moved", {"epoch": epoch, "objects": objects})
    took = time.monotonic() - began
    began = time.monotonic()
    assert sum(len(line.facts["objects"]) for line in journal.read()) == 100_000
    print(f"append {took:.2f} s, read {time.monotonic() - began:.2f} s")
    assert took < 10
