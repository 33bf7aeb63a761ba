"""The log under kill -9, several processes, a locked or vanished database, and forks."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from accesslog import records, services, writer
from accesslog.errors import LogUnavailable
from accesslog.models import LogBody, LogEntry
from accesslog.selectors import Filters, entries, load_receipt
from accesslog.types import Scope
from accesslog.verify import verify
from tests.accesslog.cast import NOTED, note

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("access_log")]


def appender(threads: int, count: int, seed: int) -> subprocess.Popen[str]:
    """Another process that appends to the test's own log database."""
    settings = connections["log"].settings_dict
    script = (
        "import sys; from django.conf import settings; import tests.settings\n"
        "from tests.accesslog import appender, child\n"
        f"child.use_log({dict(settings, TEST=None)!r})\n"
        f"sys.argv[1:] = ['{threads}', '{count}', '{seed}']\n"
        "appender.main()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "LETHE_TESTING": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


class Heard(threading.Thread):
    """Reads all that a process says, from its first line on; `text` is whole once it was joined.

    One reader only: communicate() would skip what readline() has already read into its buffer.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__(daemon=True)
        assert process.stdout is not None
        self._from = process.stdout
        self._lines: list[str] = []
        self.began = threading.Event()
        self.start()

    def run(self) -> None:
        with self._from:
            for line in self._from:
                self._lines.append(line)
                self.began.set()
        self.began.set()

    def whole(self, timeout_s: float = 60.0) -> dict[UUID, int]:
        """What the process, which is about to end, said was durable."""
        self.join(timeout_s)
        assert not self.is_alive(), "the process does not end"
        return acknowledged("".join(self._lines))


def acknowledged(text: str) -> dict[UUID, int]:
    """What a process said was durable; a line that was cut off by its end does not count."""
    lines = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return {UUID(event_id): int(index) for event_id, index in lines}


def test_all_that_a_process_said_is_heard_though_it_spoke_at_once():
    """As an appender does: many lines in one write, before anybody reads the first."""
    said = "".join(f"{UUID(int=n)} {n}\n" for n in range(100))
    with subprocess.Popen(
        [sys.executable, "-S", "-c", f"import os; os.write(1, {said.encode()!r} + b'cut o')"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        time.sleep(0.1)
        heard = Heard(process)
        assert heard.began.wait(30)
        assert list(heard.whole().values()) == list(range(100))


@pytest.mark.both_databases
@pytest.mark.faults
@pytest.mark.slow
def test_invariant_5_nothing_acknowledged_is_lost_when_processes_are_killed():
    said: dict[UUID, int] = {}
    for seed in range(3):
        process = appender(8, 5000, seed)
        heard = Heard(process)
        assert heard.began.wait(60)
        time.sleep(0.35)
        process.send_signal(signal.SIGKILL)
        said |= heard.whole()
        process.wait(30)
    assert len(said) > 100
    there = dict(LogEntry.objects.values_list("event_id", "index"))
    assert said == {event_id: there.get(event_id) for event_id in said}
    assert LogBody.objects.count() == len(there)
    assert verify().finding is None


@pytest.mark.both_databases
@pytest.mark.faults
@pytest.mark.slow
def test_a_retry_after_a_kill_adds_what_is_missing_and_nothing_twice():
    process = appender(4, 5000, 9)
    heard = Heard(process)
    assert heard.began.wait(60)
    time.sleep(0.2)
    process.kill()
    heard.whole()
    process.wait(30)
    before = set(LogEntry.objects.values_list("event_id", flat=True))
    again = appender(4, 200, 9)
    text, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert len(acknowledged(text)) == 800
    after = set(LogEntry.objects.values_list("event_id", flat=True))
    assert after == before | set(acknowledged(text))
    assert verify().finding is None


@pytest.mark.both_databases
@pytest.mark.slow
def test_several_processes_make_one_line():
    processes = [appender(8, 25, seed) for seed in range(3)]
    texts = [process.communicate(timeout=90)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    indexes = sorted(index for text in texts for index in acknowledged(text).values())
    assert indexes == list(range(600))
    assert verify().finding is None


def only_on(vendor: str) -> None:
    if connections["log"].vendor != vendor:
        pytest.skip(f"about {vendor}")


@contextmanager
def locked(path: str) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_locked_log_refuses_in_time_and_recovers(settings: Any):
    only_on("sqlite")
    settings.ACCESSLOG_TIMEOUT_SECONDS = 0.5
    first = note("before")
    with locked(str(connections["log"].settings_dict["NAME"])):
        started = time.monotonic()
        refusals = []

        def refused() -> None:
            with pytest.raises(LogUnavailable) as caught:
                note("while locked")
            refusals.append(caught.value.status)

        callers = [threading.Thread(target=refused) for _ in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert time.monotonic() - started < 2.5
    assert refusals == [503] * 8
    assert note("after").index > first.index
    assert verify().finding is None


@pytest.fixture
def log_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A log in a file of its own, which the test may move away."""
    only_on("sqlite")
    path = tmp_path / "log.sqlite3"
    with (
        sqlite3.connect(str(connections["log"].settings_dict["NAME"])) as whole,
        sqlite3.connect(path) as copy,
    ):
        whole.backup(copy)
    whole.close()
    copy.close()
    connections["log"].close()
    monkeypatch.setitem(connections["log"].settings_dict, "NAME", str(path))
    yield path
    services.close()
    connections["log"].close()


def test_a_log_file_that_was_moved_away_takes_no_entry(log_file: Path):
    """SQLite would go on writing into the deleted file, and acknowledge entries that nobody ever finds."""
    note("before")
    away = log_file.with_name("moved-away.sqlite3")
    log_file.rename(away)
    with pytest.raises(LogUnavailable):
        note("while it is gone")
    assert not log_file.exists(), "an empty log was made in its place"
    away.rename(log_file)
    assert note("after").index == 1
    assert verify().finding is None


def test_a_log_file_that_was_replaced_is_opened_again(log_file: Path):
    note("before")
    services.close()
    connections["log"].close()
    backup = log_file.read_bytes()
    note("into the first file")
    log_file.rename(log_file.with_name("old.sqlite3"))
    log_file.with_name("restored.sqlite3").write_bytes(backup)
    log_file.with_name("restored.sqlite3").rename(log_file)
    for leftover in (".sqlite3-wal", ".sqlite3-shm"):
        log_file.with_suffix(leftover).unlink(missing_ok=True)
    assert note("into the restored file").index == 1
    connections["log"].close()
    assert [each.body["text"] for each in map(load_receipt, (0, 1))] == ["before", "into the restored file"]


def test_a_log_that_is_gone_cannot_be_read_and_says_so(log_file: Path):
    note()
    services.close()
    connections["log"].close()
    log_file.rename(log_file.with_name("moved-away.sqlite3"))
    with pytest.raises(LogUnavailable):
        entries(filters=Filters(), scope=Scope(all_sites=True))
    with pytest.raises(LogUnavailable):
        load_receipt(0)


@pytest.mark.both_databases
def test_a_connection_that_died_in_the_night_costs_nobody_a_refusal():
    only_on("postgresql")
    note("before")
    with connections["log"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert note("after").index == 1


@pytest.mark.both_databases
def test_a_locked_head_refuses_in_time_and_recovers(settings: Any):
    only_on("postgresql")
    services.close()
    settings.ACCESSLOG_TIMEOUT_SECONDS = 0.5
    other = connections.create_connection("log")
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM log_head FOR UPDATE")
        started = time.monotonic()
        with pytest.raises(LogUnavailable):
            note("while locked")
        assert time.monotonic() - started < 1.5
    other.rollback()
    other.close()
    assert note("after").index == 0


@pytest.mark.both_databases
def test_a_commit_whose_answer_was_lost_is_not_repeated(monkeypatch: pytest.MonkeyPatch):
    """The connection breaks after the database has committed: the writer looks before it writes again."""
    from accesslog.stores.base import StoreStale

    note("warm")
    store = writer.current()._store
    assert store is not None
    commit = type(store).commit
    failures = iter([True])

    def broken(self: Any, changes: Any) -> None:
        commit(self, changes)
        if next(failures, False):
            raise StoreStale("the answer was lost")

    monkeypatch.setattr(type(store), "commit", broken)
    assert note("said once").index == 1
    assert LogEntry.objects.count() == 2
    assert verify().finding is None


def test_a_forked_child_appends_by_a_writer_of_its_own():
    note("parent")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if note("child").index == 1 else 2
            services.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert note("parent again").index == 2
    assert verify().finding is None


def test_closing_writes_what_is_queued_and_appending_opens_again(monkeypatch: pytest.MonkeyPatch):
    note("warm")
    plan = writer.plan
    gate = threading.Event()
    monkeypatch.setattr(writer, "plan", lambda *args: (gate.wait(5), plan(*args))[1])
    receipts = []
    callers = [threading.Thread(target=lambda: receipts.append(note())) for _ in range(6)]
    for caller in callers:
        caller.start()
    closing = threading.Thread(target=services.close)
    closing.start()
    gate.set()
    closing.join(10)
    for caller in callers:
        caller.join(10)
    assert sorted(receipt.index for receipt in receipts) == [1, 2, 3, 4, 5, 6]
    assert note("and again").index == 7


def test_an_event_queued_behind_the_order_to_stop_is_written():
    pending = writer.Pending(
        records.prepare(kind=NOTED, body={"text": "just in time"}, index=[], event_id=None)
    )
    own = writer.Writer()
    own._queue.put(None)
    own._queue.put(pending)
    own._start()
    assert pending.wait(5)
    assert pending.place == 0
    own.stop()


def test_a_caller_that_gave_up_leaves_a_queue_that_works(settings: Any, monkeypatch: pytest.MonkeyPatch):
    note("warm")
    settings.ACCESSLOG_TIMEOUT_SECONDS = 0.2
    plan = writer.plan
    gate = threading.Event()
    monkeypatch.setattr(writer, "plan", lambda *args: (gate.wait(5), plan(*args))[1])
    event_id = records.new_event_id()
    with pytest.raises(LogUnavailable):
        note("slow", event_id=event_id)
    gate.set()
    settings.ACCESSLOG_TIMEOUT_SECONDS = 5
    index = note("slow", event_id=event_id).index
    assert LogEntry.objects.filter(event_id=event_id).get().index == index
    assert verify().finding is None
