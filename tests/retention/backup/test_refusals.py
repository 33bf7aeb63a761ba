"""What a restore refuses, before it has changed anything; and what becomes of old backups."""

import json
import shutil
from pathlib import Path

import pytest

from tests.retention.backup.machines import on_postgres

pytestmark = [pytest.mark.both_databases, pytest.mark.slow, pytest.mark.timeout(300)]

DAY = 24 * 60


def back_up(machine, folder, **more) -> Path:
    return Path(json.loads(machine.manage("backup", str(folder), "--json", **more))["place"])


def test_a_damaged_unfinished_or_foreign_backup_is_refused(office, machines, tmp_path):
    kept = back_up(office, tmp_path / "backups")
    annex = machines("annex", mirror=tmp_path / "mirror")
    before = sorted(annex.home.rglob("*"))
    arguments = ("--mirror", str(tmp_path / "mirror"))

    def refused(change) -> str:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(kept, copy)
        change(copy)
        return annex.refused("restore", str(copy), *arguments)

    def flip(copy: Path) -> None:
        victim = max(
            (path for path in copy.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size
        )
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 1
        victim.write_bytes(data)

    assert "backup_broken" in refused(flip)
    assert "backup_broken" in refused(lambda copy: (copy / "keys" / "footage" / "keyring").unlink())
    assert "backup_broken" in refused(lambda copy: (copy / "manifest.json").unlink())
    partial = tmp_path / "x.partial"
    shutil.copytree(kept, partial)
    assert "backup_broken" in annex.refused("restore", str(partial), *arguments)

    def newer(copy: Path) -> None:
        record = json.loads((copy / "manifest.json").read_text())
        record["databases"]["default"]["migrations"].append(["cctv", "9999_later"])
        (copy / "manifest.json").write_text(json.dumps(record))

    assert "backup_too_new" in refused(newer)
    made = {path.name for path in annex.home.rglob("*")} - {path.name for path in before}
    assert made <= {"secret.key", "main.sqlite3", "log.sqlite3"}, "Django's own, by being asked"
    annex.manage("restore", str(kept), *arguments)


def test_another_mirror_an_older_one_and_none_are_refused(office, machines, tmp_path):
    mirror, older = tmp_path / "mirror", tmp_path / "older"
    office.do("segment", hours=1)
    shutil.copytree(mirror, older)
    office.do("purge", minutes=3 * 60)  # the root is another one now
    kept = back_up(office, tmp_path / "backups", minutes=3 * 60)
    other = machines("other", mirror=tmp_path / "others")
    other.do("prepare")
    annex = machines("annex", mirror=tmp_path / "fresh")
    assert "restore_no_mirror" in annex.refused("restore", str(kept))
    assert "restore_no_mirror" in annex.refused("restore", str(kept), "--mirror", str(tmp_path / "others"))
    assert "restore_mirror_too_old" in annex.refused("restore", str(kept), "--mirror", str(older))
    assert not (annex.home / "restore.json").exists()
    annex.manage("restore", str(kept), "--mirror", str(mirror))
    assert len(list((tmp_path / "fresh").rglob("root.key"))) == 2, "the new mirror is one"


def test_a_register_that_is_here_is_replaced_only_after_a_typed_sentence(office, tmp_path):
    kept = back_up(office, tmp_path / "backups")
    later = office.do("segment", hours=50)
    arguments = ("restore", str(kept), "--mirror", str(tmp_path / "mirror"))
    assert "register_not_empty" in office.refused(*arguments)
    assert "Nothing was changed" in office.refused(*arguments, "--over", input="yes\n")
    assert later["id"] in office.do("facts")["segments"]
    if on_postgres():
        assert "register_not_empty" in office.refused(*arguments, "--over", input="replace the register\n")
        return
    office.stop()
    office.manage(*arguments, "--over", input="replace the register\n")
    assert later["id"] not in office.do("facts")["segments"]


def test_keys_that_survived_here_are_kept_and_no_mirror_is_needed(office, tmp_path):
    living = office.do("segment", hours=50)
    kept = back_up(office, tmp_path / "backups")
    keys = (office.home / "keys" / "footage" / "root.key").read_bytes()
    for alias in ("default", "log"):
        office.replace_database(alias)
    shutil.rmtree(office.home / "db")
    (office.home / "db").mkdir()
    office.manage("restore", str(kept))
    assert (office.home / "keys" / "footage" / "root.key").read_bytes() == keys
    assert office.do("play", segment=living["id"]) == living["clear"]


def test_expired_and_unfinished_backups_go_with_prune_and_nothing_else_does(office, tmp_path):
    folder = tmp_path / "backups"
    first = back_up(office, folder)
    died = office.do("manage", arguments=["backup", str(folder)], minutes=10, kill_at=3)
    assert died["signal"] == 9
    (partial,) = folder.glob("*.partial")
    foreign = folder / "lethe-2001-01-01T000000Z-abcdef"
    foreign.mkdir()
    rows = json.loads(office.manage("backup", "--list", "--json", minutes=20))
    assert sorted(row["finished"] for row in rows) == [False, True], "certificates know of both"
    second = back_up(office, folder, minutes=20)
    assert first.exists()
    assert partial.exists()
    printed = office.manage("backup", str(folder), "--prune", minutes=31 * DAY)
    assert printed.count("Deleted") == 3
    assert not any(path.exists() for path in (first, second, partial))
    assert foreign.exists()
    kinds = office.do("sentences", minutes=31 * DAY)["kinds"]
    assert (kinds.count("backup.made"), kinds.count("backup.deleted")) == (3, 3)
    (row,) = json.loads(office.manage("backup", "--list", "--json", minutes=31 * DAY))
    office.manage("backup", "--forget", row["id"][-6:], minutes=31 * DAY)
    assert json.loads(office.manage("backup", "--list", "--json", minutes=31 * DAY)) == []
    assert "no_such_backup" in office.refused("backup", "--forget", "abc", minutes=31 * DAY)


def test_a_backup_among_the_keys_or_the_footage_is_refused(office, tmp_path):
    for folder in (office.home / "keys", office.home / "footage" / "x", tmp_path / "mirror"):
        assert "backup_nested" in office.refused("backup", str(folder))
    assert not list((office.home / "keys").rglob("lethe-*"))
