"""kill -9 at every named step of a purge, the vault's own steps among them; then it goes on.

Nothing living is lost, nothing expired stays, nothing is counted or certified twice.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house.files import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.both_databases]


STEPS = {
    "purge.planned",
    "purge.logged",
    "ratchet.keyring",
    "purge.ratcheted",
    "purge.objects-deleted",
    "purge.rows-deleted",
    "purge.deleted",
    "purge.done-logged",
    "purge.certified",
}


class Machine:
    """A home and its databases that can be put back to how they were, and a process that acts on them."""

    def __init__(self, home: Path, environment: dict[str, str], put_back: Callable[[], None]) -> None:
        self.home = home
        self.put_back = put_back
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.purge_child"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **environment, "LETHE_HOME": str(home), "LETHE_TESTING": "1",
                 "DJANGO_SETTINGS_MODULE": "tests.settings"},
        )  # fmt: skip

    def do(self, what: str, **more: Any) -> Any:
        """Send a command; its results. An exception in the child fails the test."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        for result in answer if isinstance(answer, list) else [answer]:
            assert result["code"] in (0, -9), result["said"]
        return answer

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """An empty machine on the databases of this test run."""
    home, saved = tmp_path / "home", tmp_path / "saved"
    (home / "db").mkdir(parents=True)
    environment: dict[str, str] = {}
    databases: list[tuple[str, str]] = []
    if os.environ.get("LETHE_TEST_DATABASE") == "postgres":
        from tests.servers import postgres

        server = postgres.shared()
        for variable, name in (("LETHE_DATABASE_URL", "kill_main"), ("LETHE_LOG_DATABASE_URL", "kill_log")):
            server.drop(name)
            environment[variable] = server.url(name)
            databases.append((name, f"{name}_saved"))

    def put_back() -> None:
        """The first time: keep everything. Later: bring it back."""
        first = not saved.exists()
        if first:
            shutil.copytree(home, saved)
        else:
            shutil.rmtree(home)
            shutil.copytree(saved, home)
        for name, kept in databases:
            _copy_database(*((name, kept) if first else (kept, name)))

    made = Machine(home, environment, put_back)
    yield made
    made.stop()


def _copy_database(source: str, target: str) -> None:
    import psycopg
    from psycopg import sql

    from tests.servers import postgres

    server = postgres.shared()
    server.drop(target)
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(target), sql.Identifier(source)
    )
    with psycopg.connect(server._dsn("postgres"), autocommit=True) as connection:
        connection.execute(statement)


def whole(facts: dict[str, Any], made: dict[str, Any]) -> None:
    """The one state that every way must lead to."""
    assert facts["rows"] == facts["objects"] == sorted(made["living"])
    assert facts["opened"], "what lives must still open"
    assert facts["quarantined"] == 0
    assert not set(facts["keys"]) & set(made["ended_keys"])
    assert facts["states"] == ["done"]
    assert facts["destroyed"] == [made["ended"] + made["running"], 1]
    assert [row[:1] + row[3:4] for row in facts["certificates"]] == [
        [f"DC-2031-{n + 1:04d}", True] for n in range(len(facts["certificates"]))
    ]
    assert sum(row[1] for row in facts["certificates"]) == made["ended"]
    assert sum(row[2] for row in facts["certificates"]) == 1
    assert sum(row[4] for row in facts["certificates"]) == made["ended"] + 1
    kinds = facts["kinds"]
    assert kinds.count("purge.start") == kinds.count("purge.done") == facts["entries"]
    assert kinds.count("certificate.issued") == len(facts["certificates"])


@pytest.mark.timeout(400)
def test_a_purge_killed_at_any_step_is_finished_by_the_next_tick(machine: Machine) -> None:
    made = machine.do("prepare")["said"]
    machine.put_back()
    passed = machine.do("purge")["said"]
    whole(machine.do("facts")["said"], made)
    assert set(passed) >= STEPS

    for number, step in enumerate(passed, start=1):
        machine.put_back()
        died = machine.do("purge", kill_at=number)
        assert died["signal"] == 9, f"the process was not killed at {step}"
        # The lease of the dead process has run out; no other tick came in between.
        machine.do("purge", minutes=3)
        whole(machine.do("facts", minutes=3)["said"], made)
        for path in machine.home.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                assert not any(bytes.fromhex(secret) in data for secret in made["secrets"]), (step, path)


def test_while_a_dead_process_still_has_its_lease_nobody_takes_the_run_over(machine: Machine) -> None:
    made = machine.do("prepare")["said"]
    machine.put_back()
    machine.do("purge", kill_at=8)
    before = machine.do("facts")["said"]
    machine.do("purge", minutes=1)
    assert machine.do("facts", minutes=1)["said"] == before
    machine.do("purge", minutes=3)
    whole(machine.do("facts", minutes=3)["said"], made)


@pytest.mark.timeout(200)
def test_two_processes_at_once_destroy_and_count_everything_once(machine: Machine) -> None:
    made = machine.do("prepare")["said"]
    machine.put_back()
    for attempt in range(5):
        if attempt:
            machine.put_back()
        machine.do("twice")
        machine.do("purge", minutes=3)
        whole(machine.do("facts", minutes=3)["said"], made)
