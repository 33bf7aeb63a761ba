"""What happens on a machine before it is lost: what was recorded, held, purged and backed up."""

import base64
import json
from pathlib import Path
from typing import Any

from tests.retention.backup.asked import NAME, TEXT
from tests.retention.backup.machines import Machine

HOUR = 60
MADE = "only one person is to be seen"


class Story:
    """What was recorded, held and purged on a machine before it was lost."""

    @classmethod
    def on(cls, folder: Path) -> "Story":
        """It happens on a machine of its own, in this folder."""
        return cls(Machine(folder, "office", mirror=folder / "mirror"), folder / "backups")

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
        self.filmed = do("segment", hours=300, camera=2)  # somebody has asked for it
        self.hold = do("hold", segment=self.evidence["id"])
        self.ending = do("hold", segment=self.released["id"])
        self.lifted = do("mark", segment=self.living["id"])
        self.made_of_evidence = do("make", segment=self.evidence["id"], label="evidence")
        self.made_of_living = do("make", segment=self.living["id"], label="living")
        self.made_of_both = do(
            "make", segment=self.living["id"], label="both", of=[self.living["id"], self.gone["id"]]
        )
        assert self.made(self.made_of_both) == [MADE, MADE]
        self.forgotten = do("ask", segment=self.filmed["id"])  # its file ends after the backup
        self.asked = do("ask", segment=self.filmed["id"])
        self.purge(3 * HOUR)
        self.backup = Path(
            json.loads(office.manage("backup", str(backups), "--json", minutes=3 * HOUR))["place"]
        )
        self.before = do("facts", minutes=3 * HOUR)
        self.after()

    def stop(self) -> None:
        self.office.stop()

    def purge(self, minutes: int) -> None:
        """Everything that is due then goes."""
        states = self.office.do("purge", minutes=minutes)
        assert all(state in ("done", "abandoned") for state, *_ in states), states

    def after(self) -> None:
        """What the backup does not know."""
        do = self.office.do
        self.later = do("hold", segment=self.late["id"], minutes=4 * HOUR)
        do("hide", segment=self.living["id"], lift=self.lifted, minutes=4 * HOUR)
        self.hidden = self.shown(4 * HOUR)
        assert (self.hidden["free"], len(self.hidden["restrictions"])) == (False, 2)
        assert (len(self.hidden["stills"]), len(self.hidden["bookmarks"])) == (1, 2)
        self.fresh = do("segment", hours=50, minutes=4 * HOUR)  # it came in after the backup, and is held
        self.freshest = do("hold", segment=self.fresh["id"], minutes=4 * HOUR)
        self.newest = do("ask", segment=self.filmed["id"], minutes=4 * HOUR)
        assert do("end_file", reference=self.forgotten["reference"], minutes=4 * HOUR) == "ended"
        do("release", hold=self.ending["id"], minutes=5 * HOUR)
        assert do("shorten", camera=3, days=20, minutes=6 * HOUR) == 2
        self.purge(7 * HOUR)
        self.purge(9 * HOUR)
        self.at_last = do("facts", minutes=9 * HOUR)
        assert self.gone["id"] not in self.at_last["segments"]
        assert self.shortened["id"] not in self.at_last["segments"], "the shorter rule is over as well"
        self.dead = [self.ended, self.released, self.gone, self.shortened]

    def made(self, made: dict[str, Any], machine: Machine | None = None, **more: Any) -> Any:
        """What opens of the fact and the object that were made of footage."""
        return (machine or self.office).do("made", owner=made["owner"], segment=made["segment"], **more)

    def check_made(self, machine: Machine, *, footage: bool) -> None:
        """What was made of footage is back where that is, and of what was destroyed nothing."""
        held = {"hold": self.hold["id"], "minutes": 10 * HOUR}
        assert self.made(self.made_of_evidence, machine, **held) == [MADE, MADE]
        living = self.made(self.made_of_living, machine, minutes=10 * HOUR)
        assert living == [MADE, MADE if footage else "object_missing"]
        assert self.made(self.made_of_both, machine, minutes=10 * HOUR) == ["no row", "no row"]
        assert self.made_of_both["name"] not in machine.do("facts", minutes=10 * HOUR)["objects"]

    def check_asked(self, machine: Machine) -> None:
        """A receipt is worth something still, and a file that was destroyed stays so."""
        found = machine.do("requests", minutes=10 * HOUR)
        assert found == {
            self.forgotten["reference"]: ["ended", None, [None], False],
            self.asked["reference"]: ["identity", NAME, [TEXT], True],
            # What was written since the backup is lost; who asked, what for, and the hold are not.
            self.newest["reference"]: ["identity", NAME, [], True],
        }
        for receipt, opens in ((self.forgotten, False), (self.asked, True), (self.newest, True)):
            given = {name: receipt[name] for name in ("reference", "secret")}
            said = machine.do("status", minutes=10 * HOUR, **given)
            assert said == (receipt["reference"] if opens else "request_not_opened")

    def shown(self, minutes: int, machine: Machine | None = None) -> Any:
        """What people may be shown on a machine, this one or another."""
        return (machine or self.office).do("shown", segment=self.living["id"], minutes=minutes)

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
        self.check_made(machine, footage=footage)
        for made in self.dead:
            assert play(made) == "no row"
        self.check_asked(machine)
        assert self.shown(10 * HOUR, machine) == self.hidden, "nothing is shown again that was not to be"
        told = machine.do("sentences", minutes=10 * HOUR)
        assert told["bodies"] == told["size"], "every sentence of the log can be read"
        assert self.hold["number"] in told["reasons"]
        assert told["kinds"].count("certificate.issued") == len(facts["certificates"])
        assert told["kinds"].count("register.restored") == 1
        states = machine.do("purge", minutes=10 * HOUR)
        assert not [state for state in states if state[0] == "paused"], states
        assert machine.do("facts", minutes=10 * HOUR)["segments"] == self.at_last["segments"]


def _is_key(value: object) -> bool:
    return isinstance(value, str) and len(value) == 44
