"""The whole story: a machine is backed up, goes on, is lost, and is put back elsewhere."""

import base64
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.retention.attacker import attack, windows
from tests.retention.backup.machines import Machine

pytestmark = [pytest.mark.both_databases, pytest.mark.slow, pytest.mark.timeout(300)]

HOUR = 60


class Story:
    """What was recorded, held and purged on a machine before it was lost."""

    def __init__(self, office: Machine, backups: Path) -> None:
        self.office = office
        do = office.do
        do("prepare")
        self.private = do("recovery_key")
        self.ended = do("segment", hours=1)  # purged before the backup
        self.evidence = do("segment", hours=2)  # held before, its own time is over after the backup
        self.released = do("segment", hours=3, camera=1)  # held before the backup, released after it
        self.gone = do("segment", hours=4)  # purged after the backup
        self.late = do("segment", hours=30, camera=2)  # held after the backup
        self.shortened = do("segment", hours=200, camera=3)  # a shorter rule ends it after the backup
        self.moved = do("segment", hours=500, camera=3)  # the same rule gives it another key, and it lives
        self.living = do("segment", hours=400)
        self.hold = do("hold", segment=self.evidence["id"])
        self.ending = do("hold", segment=self.released["id"])
        self.purge(3 * HOUR)
        self.backup = Path(
            json.loads(office.manage("backup", str(backups), "--json", minutes=3 * HOUR))["place"]
        )
        self.before = do("facts", minutes=3 * HOUR)
        self.after()

    def purge(self, minutes: int) -> None:
        """Everything that is due then goes."""
        states = self.office.do("purge", minutes=minutes)
        assert all(state in ("done", "abandoned") for state, *_ in states), states

    def after(self) -> None:
        """What the backup does not know."""
        do = self.office.do
        self.later = do("hold", segment=self.late["id"], minutes=4 * HOUR)
        self.fresh = do("segment", hours=50, minutes=4 * HOUR)  # it came in after the backup, and is held
        self.freshest = do("hold", segment=self.fresh["id"], minutes=4 * HOUR)
        do("release", hold=self.ending["id"], minutes=5 * HOUR)
        assert do("shorten", camera=3, days=20, minutes=6 * HOUR) == 2
        self.purge(7 * HOUR)
        self.purge(9 * HOUR)
        self.at_last = do("facts", minutes=9 * HOUR)
        assert self.gone["id"] not in self.at_last["segments"]
        assert self.shortened["id"] not in self.at_last["segments"], "the shorter rule is over as well"
        self.dead = [self.ended, self.released, self.gone, self.shortened]

    def roots_of(self, mirror: Path) -> list[bytes]:
        """What the recovery key opens."""
        import pyrage

        identity = pyrage.x25519.Identity.from_str(self.private.split()[-1])
        clear = pyrage.decrypt((mirror / "records" / "escrow.age").read_bytes(), [identity])
        return [base64.b64decode(value) for value in json.loads(clear).values() if _is_key(value)]

    def check(self, machine: Machine, *, footage: bool) -> None:
        """Wherever it is put back: what lives lives, what was ended is dead."""
        facts = machine.do("facts", minutes=10 * HOUR)
        names = {
            made["id"]: name for name, made in vars(self).items() if isinstance(made, dict) and "key" in made
        }
        assert [names[pk] for pk in facts["segments"]] == [names[pk] for pk in self.at_last["segments"]], (
            facts
        )
        assert facts["certificates"] == self.at_last["certificates"]
        assert facts["generations"][0] == self.at_last["generations"][0]
        assert facts["unexplained"] == 0
        assert not facts["unfinished"]
        assert {pk: state for pk, (_number, state) in facts["holds"].items()} == {
            pk: state for pk, (_number, state) in self.at_last["holds"].items()
        }
        assert facts["held"] == self.at_last["held"]
        play = lambda made, **more: machine.do("play", segment=made["id"], minutes=10 * HOUR, **more)  # noqa: E731
        assert play(self.evidence, hold=self.hold["id"]) == self.evidence["clear"], "the held clip plays"
        assert play(self.evidence) == "footage_expired"
        if footage:
            assert play(self.living) == self.living["clear"]
            assert play(self.moved) == self.moved["clear"]
            assert play(self.fresh, hold=self.freshest["id"]) == self.fresh["clear"]
            assert play(self.late, hold=self.later["id"]) == self.late["clear"]
        for made in self.dead:
            assert play(made) == "no row"
        told = machine.do("sentences", minutes=10 * HOUR)
        assert told["bodies"] == told["size"], "every sentence of the log can be read"
        assert self.hold["number"] in told["reasons"]
        assert told["kinds"].count("certificate.issued") == len(facts["certificates"])
        assert told["kinds"].count("register.restored") == 1
        states = machine.do("purge", minutes=10 * HOUR)
        assert not [state for state in states if state[0] == "paused"], states
        assert machine.do("facts", minutes=10 * HOUR)["segments"] == self.at_last["segments"]


@pytest.fixture
def story(machines, tmp_path) -> Any:
    return Story(machines("office", mirror=tmp_path / "mirror"), tmp_path / "backups")


def dead_for(story: Story, folders: list[Path], also: Sequence[bytes] = ()) -> None:
    """Invariant 4: nothing in all these folders opens what was destroyed; it does open what lives."""
    everything = set().union(*(windows(folder / "keys") for folder in folders if (folder / "keys").exists()))
    everything |= set().union(*(windows(folder) for folder in folders if not (folder / "keys").exists()))
    everything |= set(also)
    keyrings = [path.read_bytes() for folder in folders for path in folder.rglob("keyring")]
    for made in (*story.dead, story.living):
        found = attack(everything, keyrings, _Saved(made))  # type: ignore[arg-type]
        assert (found is not None) == (made is story.living)


def _is_key(value: object) -> bool:
    return isinstance(value, str) and len(value) == 44


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
