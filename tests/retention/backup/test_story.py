"""The whole story: a machine is backed up, goes on, is lost, and is put back elsewhere."""

import base64
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.retention.attacker import attack, windows
from tests.retention.backup import asked
from tests.retention.backup.stories import HOUR, Story

pytestmark = [pytest.mark.both_databases, pytest.mark.slow, pytest.mark.timeout(300)]


def dead_for(story: Story, folders: list[Path], also: Sequence[bytes] = ()) -> None:
    """Invariant 4: nothing in all these folders opens what was destroyed; it does open what lives."""
    everything = set().union(*(windows(folder / "keys") for folder in folders if (folder / "keys").exists()))
    everything |= set().union(*(windows(folder) for folder in folders if not (folder / "keys").exists()))
    everything |= set(also)
    keyrings = [path.read_bytes() for folder in folders for path in folder.rglob("keyring")]
    for made in (*story.dead, story.living):
        found = attack(everything, keyrings, _Saved(made))  # type: ignore[arg-type]
        assert (found is not None) == (made is story.living)


class _Saved:
    """What an attacker kept of a segment: ciphertext and the wrapped key of every register they saw."""

    def __init__(self, made: dict[str, Any]) -> None:
        from uuid import UUID

        self.ciphertext = base64.b64decode(made["cipher"])
        self.row = type("Row", (), {"pk": UUID(made["id"]), "wrapped_key": base64.b64decode(made["wrapped"])})


def test_a_lost_machine_is_put_back_elsewhere_and_what_was_purged_stays_dead(story, machines, tmp_path):
    shutil.copytree(story.office.home / "footage", tmp_path / "disk")  # the footage disk survives
    story.office.wipe()
    annex = machines("annex", mirror=tmp_path / "mirror", footage=tmp_path / "disk")
    printed = annex.manage(
        "restore", str(story.backup), "--mirror", str(tmp_path / "mirror"), minutes=10 * HOUR
    )
    assert "may serve again" in printed
    story.check(annex, footage=True)
    dead_for(story, [annex.home, story.backup, tmp_path / "mirror"])


def test_the_log_of_a_lost_machine_goes_on_from_the_published_files_of_its_mirror(machines, tmp_path):
    mirror = tmp_path / "mirror"
    office = machines("office", mirror=mirror)
    office.do("prepare")
    made = office.do("segment", hours=400)
    place = json.loads(office.manage("backup", str(tmp_path / "backups"), "--json"))["place"]
    before = office.do("sentences")
    hold = office.do("hold", segment=made["id"], minutes=1)
    office.do("release", hold=hold["id"], minutes=2)
    signed = office.manage("log", "publish", minutes=3).split("\n")
    size, root = int(signed[1]), base64.b64decode(signed[2]).hex()
    assert size > before["size"]
    office.wipe()
    annex = machines("annex", mirror=mirror, footage=tmp_path / "disk")
    annex.manage("restore", place, "--mirror", str(mirror), minutes=10)
    told = annex.do("sentences", minutes=10)
    assert told["kinds"].count("log.recovered") == 1
    # A backup does not have its own entry.
    assert told["bodies"] == told["size"] - (size - (before["size"] - 1))
    assert told["kinds"].index("log.recovered") == size, "before anything else was logged"
    assert annex.do("root_of", first=size, minutes=10) == root
    assert annex.manage("log", "publish", minutes=11).split("\n")[0] == signed[0], "one log, one origin"


def test_without_the_footage_the_held_clip_of_the_backup_still_plays(story, machines, tmp_path):
    story.office.wipe()
    annex = machines("annex", mirror=tmp_path / "mirror")
    annex.manage("restore", str(story.backup), "--mirror", str(tmp_path / "mirror"), minutes=10 * HOUR)
    story.check(annex, footage=False)


def test_with_the_mirrors_records_root_lost_the_recovery_key_is_needed_and_enough(story, machines, tmp_path):
    story.office.wipe()
    mirror = tmp_path / "mirror"
    (mirror / "records" / "root.key").unlink()
    annex = machines("annex", mirror=mirror)
    arguments = ("restore", str(story.backup), "--mirror", str(mirror))
    assert "restore_recovery_key_needed" in annex.refused(*arguments, minutes=10 * HOUR)
    (tmp_path / "paper").write_text(story.private)
    annex.manage(*arguments, "--recovery-key", str(tmp_path / "paper"), minutes=10 * HOUR)
    story.check(annex, footage=False)
    dead_for(story, [annex.home, story.backup, mirror], also=story.roots_of(mirror))


def test_a_backup_has_nothing_of_who_asked_in_clear_words(story):
    words = [asked.NAME.encode(), asked.TEXT.encode(), story.asked["secret"].encode()]
    files = [path for path in story.backup.rglob("*") if path.is_file()]
    assert any(story.asked["reference"].encode() in path.read_bytes() for path in files), "as it is stored"
    assert not [path for path in files if any(word in path.read_bytes() for word in words)]
