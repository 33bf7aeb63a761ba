"""kill -9 of a worker: nothing clear is left anywhere, and the next one brings the package to its end."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_no_clear_frames import files_with, runs_of
from tests.media.clips import clip, packets_of
from tests.servers import templates
from tests.servers.lethe import ROOT, clean_environment

pytestmark = [pytest.mark.faults, pytest.mark.slow]

# In a clip that is being written, before it counts, between clip and proofs, before anybody hears of it.
STEPS = ["package.file-begun", "package.file-durable", "package.clip", "package.proven", "package.logged"]


def act(environment: dict[str, str], *arguments: str, dies: bool = False) -> Any:
    """One process of the installation."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.disclosure.packaging.killed_child", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    if dies:
        assert done.returncode == -signal.SIGKILL, f"{done.returncode}: {done.stdout} {done.stderr[-2000:]}"
        return None
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(200)
def test_invariant_2_and_5_kill_9_of_a_worker_leaves_nothing_clear_and_the_next_one_finishes(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    environment = clean_environment(home, {"LETHE_TESTING": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"})
    templates.lay_down(home)
    act(environment, "prepare")
    films = [clip(seconds=2, noise=60, first_number=100 * number) for number in range(2)]
    runs = runs_of([packet for film in films for packet in packets_of(film)])
    assert len(runs) > 100
    for step in STEPS:
        act(environment, "work", step, dies=True)
        assert files_with(runs, tmp_path) == {}, step
    assert act(environment, "work") == {"done": 1}
    report = act(environment, "report")
    assert (report["state"], report["error"], report["opened"]) == ("ready", "", True)
    assert report["files"] == report["told"]
    assert report["others"] == 2, "only the recordings themselves"
    assert files_with(runs, tmp_path) == {}
