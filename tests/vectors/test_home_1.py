"""Every version opens, verifies, plays and purges what version 0.1 left (see make_home_1)."""

import json
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.lethe import ROOT, clean_environment, manage

# One process brings the installation up to date, for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("home-1")]

KEPT = Path(__file__).parent / "home-1"
FACTS: dict[str, Any] = json.loads(KEPT.with_suffix(".json").read_text())
OPENED_AT = datetime.fromisoformat(FACTS["opened_at"])
LOBBY = FACTS["clear"]["lobby-14"]["segment"]
GATE = [FACTS["clear"][f"gate-{number}"] for number in range(3)]


class Copy:
    """A copy of the installation that may be changed."""

    def __init__(self, kept: Path, home: Path) -> None:
        shutil.copytree(kept, home)
        self.home = home
        self.environment = clean_environment(home, {"DJANGO_SETTINGS_MODULE": "config.settings"})

    def manage(self, *arguments: str) -> str:
        """A command of this version."""
        return manage(*arguments, environment=self.environment)

    def act(self, *arguments: str) -> dict[str, Any]:
        """What `home_child` did."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.vectors.home_child", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installation as this version finds it: brought up to date, and nothing else."""
    copy = Copy(KEPT, tmp_path_factory.mktemp("migrated") / "home")
    for alias in ("default", "log"):
        copy.manage("migrate", "--database", alias, "--no-input", "--verbosity", "0")
    return copy.home


@pytest.fixture
def copy(migrated: Path, tmp_path: Path) -> Copy:
    return Copy(migrated, tmp_path / "home")


def test_it_is_migrated_and_its_log_verifies_to_the_same_root(copy: Copy) -> None:
    verified = copy.manage("log", "verify")
    assert f"{FACTS['log']['size']} entries, root {FACTS['log']['root']}" in verified, verified
    assert "0 were erased" in verified


def test_everything_in_it_plays_and_every_row_has_its_objects(copy: Copy) -> None:
    found = copy.act("look", OPENED_AT.isoformat(), FACTS["password"])
    assert found["signed_in"]
    assert (found["objects_match"], found["keys_match"], found["quarantined"]) == (True, True, 1)
    assert found["segments"] == [LOBBY, *(each["segment"] for each in GATE)]
    assert found["seen"][LOBBY] == "footage_expired"
    for each in GATE:
        seen = found["seen"][each["segment"]]
        first = each["first_number"]
        assert seen["numbers"] == list(range(first, first + each["frames"])), each["codec"]
        assert seen["still"] == [160, 90]
        assert seen["small"][0] * 90 == pytest.approx(seen["small"][1] * 160, rel=0.05)
    assert GATE[0]["sound_dropped"]
    assert [each["codec"] for each in GATE] == ["h264", "hevc", "mjpeg"]


def test_what_has_expired_is_purged_and_certified_and_the_log_goes_on(copy: Copy) -> None:
    before = copy.act("look", OPENED_AT.isoformat(), FACTS["password"])
    after = copy.act("purge", (OPENED_AT + timedelta(minutes=5)).isoformat())
    assert before["certificates"] == ["DC-2025-0001"]
    assert after["certificates"] == ["DC-2025-0001", "DC-2025-0002"]
    assert after["certified_segments"] == [1, 1]
    assert after["segments"] == [each["segment"] for each in GATE]
    assert (after["objects_match"], after["keys_match"]) == (True, True)
    assert after["live_keys"] == before["live_keys"] - 1
    assert [state for state, _pause in after["runs"]] == ["done", "done"]
    assert "The log is whole" in copy.manage("log", "verify")


def test_found_years_later_nothing_goes_before_a_person_has_looked_at_the_clock(copy: Copy) -> None:
    """By the machine's own clock all footage has expired long ago."""
    found = copy.act("late")
    paused, confirmed = found["paused"], found["confirmed"]
    assert paused["runs"][-1] == ["paused", "clock_ahead"]
    assert len(paused["segments"]) == 4
    assert confirmed["runs"][-1] == ["done", "clock_ahead"]
    assert (confirmed["segments"], confirmed["quarantined"], confirmed["live_keys"]) == ([], 0, 0)
    assert confirmed["objects_match"]
    assert len(confirmed["certificates"]) == 2
    assert [path for path in (copy.home / "footage").glob("??/*") if path.is_file()] == []
    assert "The log is whole" in copy.manage("log", "verify")
