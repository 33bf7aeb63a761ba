"""Emptying the databases between transactional tests, past the triggers that keep the log append-only.

Django empties every table after a test with `transaction=True`, and the access log refuses that, as it
must. Only here, and only in the tests' own databases, the triggers stand aside while tables are emptied;
the log then has its one head row again, as after its first migration.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations


def let_tests_empty_the_log() -> None:
    """Make Django's flush work on the log's tables; called once, before the first test."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: BaseDatabaseOperations, sql_list: Sequence[str]) -> None:
        connection: Any = self.connection
        with transaction.atomic(using=connection.alias), triggers_aside(connection):
            flush(self, sql_list)
            _restore_head(connection)

    BaseDatabaseOperations.execute_sql_flush = execute_sql_flush  # type: ignore[method-assign, assignment]


@contextmanager
def triggers_aside(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """No trigger fires on this connection; for use within a transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        yield
        for _, statement in triggers:
            cursor.execute(statement)


def _restore_head(connection: BaseDatabaseWrapper) -> None:
    from accesslog.models import LogHead

    if LogHead._meta.db_table in connection.introspection.table_names():
        heads = LogHead.objects.using(connection.alias)
        if not heads.exists():
            heads.create(id=1, size=0, frontier=b"", last_time_us=0)
