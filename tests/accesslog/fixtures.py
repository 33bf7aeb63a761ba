"""The access log for tests: empty at the start of each test that asks for it, really written to.

Entries are committed by the writer's own connection, so a test's transaction cannot hold or undo them, and
under SQLite it could not even see them. `access_log` therefore gives the test thread a fresh connection on
the alias and empties the log by restoring its first state. A test that takes it names only `default` in
`django_db(databases=...)`.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from accesslog import conf, services
from tests.emptying import triggers_aside

_pristine: dict[str, sqlite3.Connection] = {}

TABLES = ("log_entry", "log_body", "log_index", "log_prune", "log_checkpoint", "log_head")


@pytest.fixture
def access_log(request: pytest.FixtureRequest, db: None, settings: Any) -> Iterator[str]:
    """An empty log, sealed by the tests' own sealer; yields the alias."""
    settings.ACCESSLOG_SEALER = "tests.accesslog.sealers.MonthSealer"
    yield from emptied_log(conf.database())


@pytest.fixture
def sealed_log(db: None) -> Iterator[str]:
    """An empty log with the project's own sealer; yields the alias."""
    yield from emptied_log(conf.database())


def emptied_log(alias: str) -> Iterator[str]:
    """Empty the log, let the test thread reach it, and let go of it afterwards."""
    guarded = connections[alias]
    connections[alias] = connections.create_connection(alias)
    try:
        services.close()
        empty(alias)
        yield alias
    finally:
        services.close()
        connections[alias].close()
        connections[alias] = guarded


def empty(alias: str) -> None:
    """Put the log back to what its first migration left."""
    connection: Any = connections[alias]
    if connection.vendor == "sqlite":
        _restore(str(connection.settings_dict["NAME"]))
        return
    with transaction.atomic(using=alias), triggers_aside(connection), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)}")
        cursor.execute("INSERT INTO log_head (id, size, frontier, last_time_us) VALUES (1, 0, '', 0)")


def _restore(path: str) -> None:
    assert Path(path).exists(), f"{path} is no file: the log's test database must be one"
    with sqlite3.connect(path) as log:
        if path not in _pristine:
            _pristine[path] = sqlite3.connect(":memory:", check_same_thread=False)
            log.backup(_pristine[path])
            with _pristine[path] as memory:
                _empty_copy(memory)
        _pristine[path].backup(log)
    log.close()


def _empty_copy(memory: sqlite3.Connection) -> None:
    triggers = memory.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        memory.execute(f'DROP TRIGGER "{name}"')
    for table in TABLES:
        memory.execute(f"DELETE FROM {table}")
    memory.execute("INSERT INTO log_head (id, size, frontier, last_time_us) VALUES (1, 0, x'', 0)")
    for _, statement in triggers:
        memory.execute(statement)
