"""64 callers in four processes on PostgreSQL, whose processes and connections die at random all the time."""

import os
import random
import signal
import subprocess
import threading
import time
from uuid import UUID

import pytest
from django.db import connections

from accesslog.models import LogBody, LogEntry
from accesslog.verify import verify
from tests.accesslog.test_faults import Heard, appender

PROCESSES, THREADS = 4, 16

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("access_log"),
    pytest.mark.both_databases, pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(240),
]  # fmt: skip


class Slot(threading.Thread):
    """One of the processes: started anew, often with the same events, whenever it was killed."""

    def __init__(self, number: int, ends: float) -> None:
        super().__init__()
        self.number, self.ends = number, ends
        self.dice = random.Random(number)
        self.said: list[dict[UUID, int]] = []
        self.killed = 0

    def run(self) -> None:
        life = 0
        while time.monotonic() < self.ends:
            # Each second life tries what the one before it was killed over.
            process = appender(THREADS, 9000, seed=self.number * 100 + life // 2)
            life += 1
            self._live(process)

    def _live(self, process: subprocess.Popen[str]) -> None:
        heard = Heard(process)
        heard.began.wait(60)
        killer = threading.Timer(
            min(self.dice.uniform(0.1, 4), max(0.1, self.ends - time.monotonic())),
            process.send_signal, [signal.SIGKILL],
        )  # fmt: skip
        killer.start()
        self.said.append(heard.whole())
        self.killed += process.wait(30) == -signal.SIGKILL
        killer.cancel()


def end_a_connection(dice: random.Random) -> None:
    """Somebody ends one of the appenders' sessions on the server."""
    with connections["log"].cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        if others := cursor.fetchall():
            cursor.execute("SELECT pg_terminate_backend(%s)", dice.choice(others))


def test_invariant_5_what_64_appenders_heard_is_there_once_in_one_line_whoever_dies():
    if connections["log"].vendor != "postgresql":
        pytest.skip("several processes share a log on PostgreSQL")
    seconds = 60 if os.environ.get("LETHE_TEST_FAULTS") == "all" else 5
    ends = time.monotonic() + seconds
    slots = [Slot(number, ends) for number in range(PROCESSES)]
    for slot in slots:
        slot.start()
    dice = random.Random(99)
    while time.monotonic() < ends:
        time.sleep(dice.uniform(0.3, 2))
        end_a_connection(dice)
    for slot in slots:
        slot.join(90)
    heard = [pair for slot in slots for said in slot.said for pair in said.items()]
    there = dict(LogEntry.objects.values_list("event_id", "index"))
    assert len(dict(heard)) > 100 * seconds
    assert sum(slot.killed for slot in slots) >= PROCESSES
    assert [pair for pair in heard if there.get(pair[0]) != pair[1]] == []
    assert sorted(there.values()) == list(range(len(there)))
    assert LogBody.objects.count() == len(there)
    assert verify().finding is None
