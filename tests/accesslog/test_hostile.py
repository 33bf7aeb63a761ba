"""Whatever somebody writes into a cell of the log: verification ends with a finding, never with an error."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction

from accesslog import note, services
from accesslog.events import PRUNE, RECOVERED
from accesslog.findings import Finding
from accesslog.models import LogCheckpoint, LogCosignature, LogEntry, LogPrune
from accesslog.outside import verifying
from accesslog.publish import rounds
from tests.accesslog.outside import published
from tests.accesslog.test_verify import log_of
from tests.emptying import triggers_aside

pytestmark = pytest.mark.django_db(databases=["default", "log"])
WITNESS = note.key_of("witness.example/w1", published.PRIVATE, note.COSIGNATURE)

HOSTILE: list[Any] = [
    None, "", "zz", b"\xff\x00", -1, 1.5, 2**62, 2**63 - 1, "x" * 100_000, "log.prune", "\N{EM DASH} a b",
]  # fmt: skip
NO_UTF8 = "CAST(x'ff2020' AS TEXT)"
# Columns that nothing promises to compare: a row's own number means nothing in these two.
FREE = {("log_prune", "id"), ("log_cosignature", "id")}
WHERE = {
    "log_entry": "entry_index = 5", "log_body": "entry_index = 5", "log_index": "entry_index = 5",
    "log_head": "id = 1", "log_checkpoint": "size = 8", "log_prune": "kind = 'test.swept'",
    "log_cosignature": "size = 8",
}  # fmt: skip


@pytest.fixture
def folder(settings: Any, access_log: str, tmp_path: Path) -> Path:
    """A published log of ten entries, one of them a prune entry with its mark; its witness has signed it."""
    settings.ACCESSLOG_SIGNER = "tests.accesslog.outside.published.Signer"
    settings.ACCESSLOG_FOLDER = tmp_path / "log"
    settings.ACCESSLOG_COPIES = []
    settings.ACCESSLOG_WITNESSES = [f"{WITNESS} http://127.0.0.1:1"]
    log_of(7)
    pruned = services.append(kind=PRUNE, body={"kinds": ["test.swept"], "below": 3, "reason": "retention"})
    LogPrune.objects.create(index=pruned.index, kind="test.swept", below=3)
    rounds.publish()
    checkpoint = LogCheckpoint.objects.get()
    seconds = checkpoint.time_us // 1_000_000
    line = note.cosign(note.parse(checkpoint.note).text, WITNESS, published.PRIVATE, seconds=seconds).line
    LogCosignature.objects.create(size=8, witness=WITNESS.name, line=line, time_us=seconds * 1_000_000)
    log_of(2)
    assert verifying.run(full=True).finding is None
    return tmp_path / "log"


def columns() -> Iterator[tuple[str, str]]:
    for table in WHERE:
        with connections["log"].cursor() as cursor:
            cursor.execute(f"PRAGMA table_info({table})")
            for row in cursor.fetchall():
                if (table, row[1]) not in FREE:
                    yield table, row[1]


def write(statement: str, *values: Any) -> None:
    """Past triggers and past what the columns are declared for."""
    services.close()
    log = connections["log"]
    with transaction.atomic(using="log"), triggers_aside(log), log.cursor() as cursor:
        if log.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute(statement, values)


def found(*, full: bool = True) -> Finding:
    finding = verifying.run(full=full).finding
    assert finding is not None
    return finding


def test_whatever_is_in_a_cell_is_found_and_stops_nothing(folder: Path):
    if connections["log"].vendor != "sqlite":
        pytest.skip("PostgreSQL takes no text for a number")
    tried, silent = 0, []
    services.close()
    log = connections["log"]
    for table, column in columns():
        for value in [*HOSTILE, NO_UTF8]:
            with (
                suppress(DatabaseError, OverflowError),
                transaction.atomic(using="log"),
                log.cursor() as cursor,
            ):
                before = read(table, column)
                drop_triggers(cursor)
                mark, values = ("%s", (value,)) if value != NO_UTF8 else (NO_UTF8, ())
                cursor.execute(f"UPDATE {table} SET {column} = {mark} WHERE {WHERE[table]}", values)  # noqa: S608
                if read(table, column) != before:
                    tried += 1
                    if not is_found():
                        silent.append((table, column, str(value)[:20]))
                transaction.set_rollback(True, using="log")
    assert silent == []
    assert tried > 250


def drop_triggers(cursor: Any) -> None:
    """For as long as the transaction lasts, which ends by being undone."""
    cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in cursor.fetchall():
        cursor.execute(f'DROP TRIGGER "{name}"')


def is_found() -> bool:
    try:
        finding = verifying.run(full=True).finding
    except DatabaseError:  # which would be taken for the database's own refusal
        return False
    return finding is not None and finding.what != ""


def read(table: str, column: str) -> list[Any]:
    with connections["log"].cursor() as cursor:
        cursor.execute(f"SELECT typeof({column}), CAST({column} AS BLOB) FROM {table} ORDER BY 1, 2")  # noqa: S608
        return [tuple(row) for row in cursor.fetchall()]


@pytest.mark.both_databases
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("kind", [PRUNE, RECOVERED])
def test_an_entry_called_by_a_kind_that_explains_things_is_named(folder: Path, kind: str, full: bool):
    write("UPDATE log_entry SET kind = %s WHERE entry_index = 9", kind)
    finding = found(full=full)
    assert finding.what == "The kind or time that entry 9 is searched by differs from its bytes."
    assert finding.index == 9
    with pytest.raises(CommandError) as caught:
        call_command("log", "verify")
    assert caught.value.returncode == 2
    assert LogEntry.objects.filter(kind="log.verified").count() == 1


def test_an_event_id_that_is_none_is_named(folder: Path):
    if connections["log"].vendor != "sqlite":
        pytest.skip("PostgreSQL takes no such id")
    for value in ("zz", LogEntry.objects.get(index=4).event_id.hex.upper()):
        write("UPDATE log_entry SET event_id = %s WHERE entry_index = 4", value)
        assert found().what == "The event id of entry 4 was changed."


@pytest.mark.parametrize("kind", [PRUNE, RECOVERED])
def test_an_entry_that_does_not_say_what_its_kind_says_is_named(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
):
    """Whoever has the keys can append anything, with hashes that fit."""
    monkeypatch.setattr("accesslog.records.registry.check_new", lambda *_: type("", (), {"keep": "access"}))
    index = services.append(kind=kind, body={"text": "nothing of it"}).index
    assert found(full=False).what == f"Entry {index} does not say what an entry of its kind says."


def test_a_head_of_more_entries_than_ever_were_is_found_at_once(folder: Path):
    write("UPDATE log_head SET size = %s, frontier = %s", 2**62, bytes(32))
    assert found(full=False).what == "Entries are missing: the first of them is entry 10."
