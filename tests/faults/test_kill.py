"""kill -9 before and after every named step of a purge, a hold, a re-key, a backup, a restore and a repair.

Real processes on a real home, on both databases. A point stands on each side of everything durable, so a
kill at each point that an act passes is a kill before and after each of its steps. `make faults` kills at
every point of every act, however often a step comes back; `make test` at a few, others each day.
Afterwards (`audit`):

* at once, with nothing mended: what is over opens by no key; what is held or living has all its parts, and
  opens;
* after a restart: what was begun is finished, each run ended, and its certificates state neither more nor
  less than what has vanished from the disk.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from tests.faults.machine import Machine
from tests.servers import templates

# With `make faults`. Its name is of those that tests.settings leaves in the environment.
ALL = os.environ.get("LETHE_TEST_FAULTS") == "all"

pytestmark = [
    pytest.mark.faults, pytest.mark.slow, pytest.mark.both_databases,
    pytest.mark.timeout(3600 if ALL else 900),
]  # fmt: skip

# In `make test` only: steps of the vault that every act takes. What a kill there does is seen in a purge,
# which takes all of them in each of their roles; of the other acts only what is their own, and these, which
# are nearest to it.
VAULT = ("journal.", "keyring.", "root.", "mirror.", "ratchet.", "escrow.")
NEAREST = {"journal.written", "journal.mirrored", "keyring.renamed", "root.written"}
PURGE = {
    "purge.planned", "purge.logged", "rekey.key", "rekey.rows", "purge.rekey-new", "moved.journalled",
    "purge.rekey-moved", "purge.rekey-done", "ratchet.begin", "ratchet.root", "ratchet.keyring",
    "ratchet.destroyed", "ratchet.mirrored", "purge.ratcheted", "escrow.written", "escrow.overwritten",
    "escrow.replaced", "hold.key-destroyed", "purge.keys-gone", "purge.objects-deleted", "purge.rows-deleted",
    "purge.deleted", "purge.done-logged", "purge.certificate-written", "purge.certificate-signed",
    "purge.certificate-journalled", "purge.certificate-in-ledger", "purge.certificate-logged",
    "purge.certified", "run.started", "run.ratcheted", "run.deleted", "run.done",
}  # fmt: skip
# Per act: what it starts from, and steps without which it would not be the act that is meant.
ACTS: dict[str, tuple[str, set[str]]] = {
    "purge": ("base", PURGE),
    "place": ("base", {"hold.key-made", "hold.key", "hold.row", "hold.batch", "hold.batch-done",
                       "hold.batch-told", "hold.taken", "hold.placed-logged", "hold.logged", "hold.placed"}),
    "confirm": ("base", {"hold.confirm-logged", "hold.confirmed", "hold.told"}),
    "refuse": ("base", {"hold.end-logged", "hold.ended", "hold.told"}),
    "release": ("base", {"hold.end-logged", "hold.ended", "hold.told"}),
    "prolong": ("base", {"hold.prolong-logged", "hold.prolonged", "hold.told"}),
    "escalate": ("base", {"hold.escalate-logged", "hold.escalated", "hold.told"}),
    "lapse": ("escalated", {"hold.end-logged", "hold.ended", "hold.told"}),
    # Nobody looked for days: what was erased lay in an hour that has ended since.
    "overdue": ("base", {"hold.escalate-logged", "hold.escalated"}),
    "erase": ("base", {"erase.decided", "erase.logged", "erase.entered", "erase.journalled",
                       "erase.uncommitted", "erase.applied"}),
    "shorten": ("escalated", {"moved.journalled", "retention.shortened-batch",
                              "retention.shortened-logged", "retention.rule-applied"}),
    "backup": ("base", {"backup.row", "backup.default", "backup.log", "backup.keys", "backup.held",
                        "backup.manifest", "backup.complete", "backup.noted", "backup.logged"}),
    "restore": ("wiped", {"restore.checked", "restore.begun", "restore.keys-footage", "restore.keys-records",
                          "restore.keys-put", "restore.keys", "restore.register-put", "restore.register",
                          "restore.log-put", "restore.log", "restore.migrated", "restore.log-recovered",
                          "restore.journal-replayed",
                          "restore.tombstones", "restore.store", "restore.objects", "restore.counted",
                          "restore.logged", "restore.row-finished", "restore.finished"}),
    # The disk with the footage is lost as well: held objects are in the backup, others on a copy of it.
    "rebuild": ("bare", {"storage.marked", "restore.store", "restore.object", "restore.objects"}),
    "mend": ("damaged", {"fsck.logged", "fsck.deleted"}),
}  # fmt: skip


def memory() -> str | None:
    """A file system in memory: a killed process is no power cut, and syncing to a disk would take minutes."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def prepared() -> Machine:
    """A machine with the whole world on it, as it is before each kind of act."""
    machine = Machine(Path(tempfile.mkdtemp(prefix="lethe-kill-", dir=memory())))
    if not machine.on_postgres:
        templates.lay_down(machine.home)
    machine.do("build")
    machine.keep("base")
    machine.do("act", "escalate")
    machine.keep("escalated")
    machine.put_back("base")
    machine.do("damage")
    machine.keep("damaged")
    machine.put_back("base")
    machine.do("act", "backup")
    shutil.copytree(machine.home / "footage", machine.saved / "disk")
    machine.do("since_backup")
    machine.burn_down()
    if machine.on_postgres:  # else each restore would spend five seconds on making the schema
        machine.do("schema")
    machine.keep("wiped")
    shutil.rmtree(machine.home / "footage")
    (machine.home / "footage").mkdir()
    (machine.saved / "disk").rename(machine.place / "disk")
    machine.keep("bare")
    return machine


@pytest.fixture(scope="module")
def machines() -> Iterator["SimpleQueue[Machine]"]:
    """As many machines as this process may keep busy: side by side with another worker, one."""
    number = 1 if os.environ.get("PYTEST_XDIST_WORKER") else 2
    free: SimpleQueue[Machine] = SimpleQueue()
    if os.environ.get("LETHE_TEST_DATABASE") == "postgres":
        from tests.servers import postgres

        postgres.shared()
    with ThreadPoolExecutor(number) as threads:
        made = list(threads.map(lambda _number: prepared(), range(number)))
    for machine in made:
        free.put(machine)
    yield free
    for machine in made:
        machine.stop()
        shutil.rmtree(machine.place.parent, ignore_errors=True)


@pytest.fixture
def on_all(machines: "SimpleQueue[Machine]") -> Callable[[Callable[[Machine, Any], None], list[Any]], None]:
    """`on_all(test, cases)`: each case on whichever machine is free."""

    def run(test: Callable[[Machine, Any], None], cases: list[Any]) -> None:
        def one(case: Any) -> None:
            machine = machines.get()
            try:
                test(machine, case)
            finally:
                machines.put(machine)

        with ThreadPoolExecutor(machines.qsize()) as threads:
            list(threads.map(one, cases))

    return run


def chosen(act: str, passed: list[str]) -> list[tuple[int, str]]:
    """Number and name of each point to be killed at; for `make test` those that may differ from others."""
    if ALL:
        return list(enumerate(passed, start=1))
    if act == "purge":
        # Of each step the first and the last time, and the turn of the footage ring's root from end to end.
        turn = range(passed.index("ratchet.begin") + 1, passed.index("ratchet.released") + 2)
        return [
            (number, step)
            for number, step in enumerate(passed, start=1)
            if number in turn or step not in passed[: number - 1] or step not in passed[number:]
        ]
    # From its plan on it is a purge like any other.
    own = passed[: passed.index("purge.planned")] if "purge.planned" in passed else passed
    return [
        (number, step)
        for number, step in enumerate(own, start=1)
        if step not in own[: number - 1] and (step in NEAREST or not step.startswith(VAULT))
    ]


def acts() -> list[str]:
    """With `make faults` all acts; else the purge and one other (three on SQLite), each day other ones."""
    if ALL:
        return list(ACTS)
    others = [act for act in ACTS if act != "purge"]
    count = 1 if os.environ.get("LETHE_TEST_DATABASE") == "postgres" else 3
    today = datetime.now(UTC).toordinal()
    return ["purge", *(others[(today * count + n) % len(others)] for n in range(count))]


def thinned(points: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """With `make faults` all points; else a few, others each day: a fourth, on PostgreSQL an eighth."""
    if ALL:
        return points
    apart = 8 if os.environ.get("LETHE_TEST_DATABASE") == "postgres" else 4
    return points[datetime.now(UTC).toordinal() % apart :: apart]


@pytest.mark.parametrize("act", acts())
def test_invariants_3_4_and_5_killed_at_any_step_it_loses_nothing_and_is_finished(
    act: str, machines: "SimpleQueue[Machine]", on_all: Callable[..., None]
) -> None:
    state, steps = ACTS[act]
    machine = machines.get()
    machine.put_back(state)
    passed = machine.do("act", act)["said"]
    machine.do("after", act)
    machines.put(machine)
    assert set(passed) >= steps, steps - set(passed)
    if "purge.objects-deleted" in passed:
        assert passed.index("purge.keys-gone") < passed.index("purge.objects-deleted"), "keys go first"
    points = chosen(act, passed)
    assert {step for _number, step in points} >= steps

    def killed(machine: Machine, point: tuple[int, str]) -> None:
        number, step = point
        machine.put_back(state)
        assert machine.do("act", act, kill_at=number)["signal"] == 9, f"it was not killed at {step}"
        machine.do("after", act, killed_at=f"{number} {step}")

    on_all(killed, thinned(points))


def test_while_a_dead_process_still_has_its_lease_nobody_takes_the_run_over(
    machines: "SimpleQueue[Machine]",
) -> None:
    machine = machines.get()
    try:
        machine.put_back("base")
        passed = machine.do("act")["said"]
        machine.put_back("base")
        machine.do("act", kill_at=passed.index("purge.ratcheted") + 1)
        before = machine.do("facts")["said"]
        machine.do("act", minutes=1)
        assert machine.do("facts")["said"] == before
        machine.do("after")
    finally:
        machines.put(machine)


def test_two_processes_at_once_destroy_and_count_everything_once(
    on_all: Callable[..., None],
) -> None:
    def twice(machine: Machine, _number: int) -> None:
        machine.put_back("base")
        machine.do("act", processes=2)
        machine.do("after")

    on_all(twice, [1, 2, 3, 4])
