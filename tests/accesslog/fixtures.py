"""The access log for tests: empty at the start of each test that may use it, and really written to.

Entries are committed by the writer's own connection, so a test's transaction can neither hold nor undo them;
under SQLite it would lock the writer out. Every test whose `django_db` mark names `log` therefore gets a
fresh connection on the alias, outside any transaction, and an empty log. Nothing else is needed:

    pytestmark = pytest.mark.django_db(databases=["default", "log"])
"""

import atexit
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import Error, connections, transaction

from accesslog import conf, services
from tests.emptying import triggers_aside

_pristine: dict[str, sqlite3.Connection] = {}

TABLES = (
    "log_entry", "log_body", "log_index", "log_prune", "log_checkpoint", "log_cosignature", "log_flag",
    "log_review_item", "log_review", "log_flag_mark", "log_head",
)  # fmt: skip
BEGINS = (
    "INSERT INTO log_head (id, size, frontier, last_time_us) VALUES (1, 0, {empty}, 0)",
    "INSERT INTO log_flag_mark (id, entry_index) VALUES (1, 0)",
)


@pytest.fixture(autouse=True)
def _log_apart(request: pytest.FixtureRequest) -> Iterator[None]:
    """The log outside the test's transaction, for every test that names its database."""
    mark = request.node.get_closest_marker("django_db")
    databases = mark.kwargs.get("databases") or () if mark else ()
    if databases != "__all__" and conf.database() not in databases:
        yield
        return
    request.getfixturevalue("db")
    with empty_log(conf.database()):
        yield


@pytest.fixture
def access_log(settings: Any, _log_apart: None) -> str:
    """The log with the tests' own sealer instead of the project's; the alias."""
    settings.ACCESSLOG_SEALER = "tests.accesslog.sealers.MonthSealer"
    return conf.database()


@contextlib.contextmanager
def empty_log(alias: str) -> Iterator[None]:
    """Empty the log, let the test thread reach it, and let go of it afterwards."""
    guarded: Any = connections[alias]
    if guarded.connection is not None and guarded.in_atomic_block:
        # The transaction that Django's TestCase opened: SQLite would keep the writer out for as long.
        with contextlib.suppress(Error):
            guarded.connection.rollback()
    connections[alias] = connections.create_connection(alias)
    try:
        services.close()
        empty(alias)
        yield
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
        for statement in BEGINS:
            cursor.execute(statement.format(empty="''"))


def _restore(path: str) -> None:
    assert Path(path).exists(), f"{path} is no file: the log's test database must be one"
    with sqlite3.connect(path) as log:
        if path not in _pristine:
            _pristine[path] = sqlite3.connect(":memory:", check_same_thread=False)
            atexit.register(_pristine[path].close)
            log.backup(_pristine[path])
            with _pristine[path] as memory:
                _empty_copy(memory)
        log.execute("PRAGMA synchronous=OFF")  # a test that is only being prepared has nothing to lose
        _pristine[path].backup(log)
    log.close()


def _empty_copy(memory: sqlite3.Connection) -> None:
    triggers = memory.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        memory.execute(f'DROP TRIGGER "{name}"')
    for table in TABLES:
        memory.execute(f"DELETE FROM {table}")  # noqa: S608
    for statement in BEGINS:
        memory.execute(statement.format(empty="x''"))
    for _, statement in triggers:
        memory.execute(statement)
