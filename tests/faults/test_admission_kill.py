"""kill -9 at each step of admission: nothing is lost, nothing is there twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.media.clips import clip
from tests.servers import templates
from tests.servers.lethe import ROOT, clean_environment

pytestmark = [pytest.mark.faults, pytest.mark.slow]

# Of a recording whose sound is dropped: every step of the way in.
STEPS = [
    "ingest.probed",
    "ingest.sealed",
    "ingest.indexed",
    "ingest.keyed",
    "ingest.committed",
    "ingest.removed",
]
QUARANTINE = ["ingest.sealed", "ingest.logged", "ingest.quarantined"]
UPLOAD = ["ingest.sealed", "ingest.rewritten", "ingest.committed"]


def of_today(steps: list[str], apart: int) -> list[str]:
    """With `make faults` all of them; else every `apart`-th, others each day."""
    if os.environ.get("LETHE_TEST_FAULTS") == "all":
        return steps
    return steps[datetime.now(UTC).toordinal() % apart :: apart]


class Installation:
    """A home on which children act."""

    def __init__(self, home: Path) -> None:
        self.environment = clean_environment(
            home, {"LETHE_TESTING": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
        )
        templates.lay_down(home)
        self.folder = Path(self.act("prepare")["folder"])

    def act(self, *arguments: str, dies: bool = False) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.admission_child", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        if dies:
            assert done.returncode == -signal.SIGKILL, (
                f"{done.returncode}: {done.stdout} {done.stderr[-2000:]}"
            )
            return None
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


@pytest.fixture
def installation(tmp_path: Path) -> Callable[[], Installation]:
    tmp_path.joinpath("home").mkdir()
    return lambda: Installation(tmp_path / "home")


def recent() -> str:
    """A name a few minutes old (settings run on the real clock)."""
    return time.strftime("gate/%Y-%m-%d_%H-%M-%S.mp4", time.gmtime(time.time() - 600))


@pytest.mark.timeout(300)
def test_invariant_5_kill_9_at_each_step_of_admission_loses_nothing_and_doubles_nothing(installation):
    home = installation()
    for number, step in enumerate(of_today(STEPS, 3), start=1):
        data = clip(seconds=1, audio="aac", first_number=number * 50)
        moment = time.gmtime(time.time() - 3600 + number * 60)
        path = home.put(time.strftime("gate/%Y-%m-%d_%H-%M-%S.mp4", moment), data)
        home.act("sweep", step, dies=True)
        assert path.exists() == (step != "ingest.removed"), step
        again = home.act("sweep")
        assert again["error"] == "", step
        expected = {"ingest.committed": {"duplicate": 1}, "ingest.removed": {}}.get(step, {"live": 1})
        assert again["outcomes"] == expected, step
        assert not path.exists(), step
        report = home.act("report")
        assert report["segments"] == number, step
        assert report["objects_match"], step
        assert all(report["opened"]), step


@pytest.mark.timeout(200)
def test_invariant_5_kill_9_on_the_way_into_quarantine_loses_nothing(installation):
    home = installation()
    for number, step in enumerate(of_today(QUARANTINE, 3), start=1):
        path = home.put(f"gate/holiday-{number}.mp4", b"no video at all" * (100 + number))
        home.act("sweep", step, dies=True)
        assert path.exists()
        assert home.act("sweep")["outcomes"] == {"quarantined": 1}
        assert not path.exists()
        report = home.act("report")
        assert (report["quarantined"], report["segments"]) == (number, 0), step
        assert report["objects_match"], step


@pytest.mark.timeout(200)
def test_invariant_5_kill_9_while_sound_is_taken_out_of_an_upload_loses_nothing(installation, tmp_path):
    """A stream is sealed as it comes, then its video alone: for a moment there are two objects and no row."""
    home = installation()
    recording = tmp_path / "recording.mp4"
    for number, step in enumerate(of_today(UPLOAD, 3), start=1):
        recording.write_bytes(clip(seconds=1, audio="aac", first_number=number * 50))
        os.utime(recording, (began := int(time.time()) - 3600 + number * 60, began))
        home.act("deliver", step, dies=True)
        again = home.act("deliver")
        assert again["outcome"] == ("duplicate" if step == "ingest.committed" else "live"), step
        assert again["segments"] == number, step
        assert again["objects_match"], step
        assert all(again["opened"]), step
        assert again["orphans"] == {"ingest.sealed": 1, "ingest.rewritten": 1}.get(step, 0), step


@pytest.mark.timeout(100)
def test_the_list_of_steps_is_whole(installation):
    home = installation()
    home.put(recent(), clip(seconds=1, audio="aac"))
    passed = [step for step in home.act("steps")["steps"] if step.startswith("ingest.")]
    assert passed == STEPS
