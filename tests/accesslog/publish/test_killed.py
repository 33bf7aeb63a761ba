"""kill -9 at the steps of a recovery and of an accepted loss: real processes, on both databases.

What a kill leaves behind is what the next process goes on from: nothing is said twice, nothing unsaid, and
the tree that was signed is the beginning of the one that is published afterwards. `make faults` kills at
every step; `make test` at a few on SQLite.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from accesslog import services
from accesslog.errors import LogRewound, NothingLost
from accesslog.models import LogEntry
from accesslog.outside import verifying
from accesslog.publish import database, recovery, rounds, state
from accesslog.selectors import load_receipt
from tests.accesslog.cast import note as noted
from tests.accesslog.publish.logs import Backup, stored, tiles_by_hand, tiles_in
from tests.accesslog.publish.test_rounds import checkpoint
from tests.accesslog.test_faults import ROOT

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases, pytest.mark.faults,
    pytest.mark.slow,
]  # fmt: skip
ALL = os.environ.get("LETHE_TEST_FAULTS") == "all"
ON_POSTGRES = os.environ.get("LETHE_TEST_DATABASE") == "postgres"
RECOVERIES = [("kept", 0), ("group", 0), ("group", 1), ("group", 2), ("paid", 0)]
LOSSES = [("put aside", 0), ("accepted", 0), ("paid", 0)]


def some(points: list[tuple[str, int]], *few: tuple[str, int]) -> list[tuple[str, int]]:
    return points if ALL else [] if ON_POSTGRES else list(few)


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
    state._floors.clear()
    return checkpoint(published).root


def killed(settings: Any, act: str, step: str, after: int) -> None:
    """Have a process of its own do it, and die at this step."""
    services.close()
    said = {
        "ACCESSLOG_SIGNER": settings.ACCESSLOG_SIGNER, "ACCESSLOG_FOLDER": str(settings.ACCESSLOG_FOLDER),
        "ACCESSLOG_COPIES": [], "database": dict(connections["log"].settings_dict, TEST=None),
    }  # fmt: skip
    script = (
        "import tests.settings\nfrom tests.accesslog.publish import killed_child\n"
        f"killed_child.main({said!r}, {act!r}, {step!r}, {after})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "LETHE_TESTING": "1"},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    state._floors.clear()


def audit(published: Path, *, kind: str, size: int) -> None:
    """One line, published as it is, with everything that is missing explained once."""
    found = list(LogEntry.objects.order_by("index").values_list("index", "kind"))
    assert [index for index, _kind in found] == list(range(size))
    assert [each for _index, each in found].count(kind) == 1
    assert checkpoint(published).size == size
    assert tiles_by_hand(stored()).items() <= tiles_in(published).items()
    assert verifying.run(full=True).finding is None
    known = state.load(published)
    assert known is not None
    assert (known.pending, known.recovering) == ([], None)


@pytest.mark.parametrize(("step", "after"), some(RECOVERIES, ("kept", 0), ("group", 1)))
def test_invariant_5_a_recovery_that_was_killed_is_ended_by_the_next(
    published: Path, put_back: bytes, settings: Any, step: str, after: int
):
    killed(settings, "recover", step, after)
    before = LogEntry.objects.count()
    assert before == {"kept": 50, "group": min(50 + 30 * (after + 1), 120), "paid": 121}[step]
    if before < 120:
        with pytest.raises(LogRewound):
            noted("not before it is whole again")
    recovery.recover()
    noted("and on")
    rounds.publish()
    audit(published, kind="log.recovered", size=122)
    assert load_receipt(120).body["first"] == 50
    assert database.root_at(120) == put_back


@pytest.mark.parametrize(("step", "after"), some(LOSSES, ("accepted", 0)))
def test_invariant_5_a_loss_that_was_being_accepted_is_said_once(
    published: Path, put_back: bytes, settings: Any, step: str, after: int
):
    (published / "tile/entries/000.p/120").unlink()
    killed(settings, "accept", step, after)
    with suppress(NothingLost):
        recovery.accept_loss(reason="the disk with the tiles burnt")
    rounds.publish()
    noted("and on")
    rounds.publish()
    audit(published, kind="log.loss_accepted", size=52)
    assert load_receipt(50).body["signed_root"] == put_back.hex()
    aside = [each / "checkpoint" for each in published.glob("lost-*")]
    assert [path.read_text().split("\n")[1] for path in aside if path.exists()] == ["120"]
