"""`make test` runs pytest twice and ends on one closing line."""

import os
import subprocess
import sys
from pathlib import Path

from tests import run

GROUPS = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(8))
@pytest.mark.xdist_group("one")
def test_of_a_group(number):
    with pathlib.Path("seen").open("a") as seen:
        seen.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")

@pytest.mark.parametrize("number", range(8))
def test_of_none(number):
    pass
"""


def test_the_closing_line_adds_up_both_passes() -> None:
    lines = ["4 passed, 622 deselected in 16.37s", "1 failed, 592 passed, 24 skipped, 1 error in 41.85s"]
    assert run._sum(lines) == "1 failed, 1 errors, 596 passed, 24 skipped in 58.22s"


def test_a_pass_that_ran_nothing_is_not_silent() -> None:
    assert run._sum(["no tests ran in 0.01s", ""]) == "no tests ran in 0.01s"


def test_a_group_runs_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(GROUPS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "xdist",
        "-p",
        "tests.groups",
        *run.IN_GROUPS,
        "--rootdir",
        ".",
    ]
    environment = {**os.environ, "PYTHONPATH": str(run.ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [*command, "-c", os.devnull, "test_it.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ran = (tmp_path / "seen").read_text().split()
    assert len(ran) == 8
    assert len(set(ran)) == 1, ran
