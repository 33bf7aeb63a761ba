"""One act on a review at a time: whoever decides or signs holds its turn from looking to the last write.

The entry of an act is durable before its rows are, and by then it must be certain that the act is not
refused: the log keeps what it was told. No transaction can be open meanwhile, for the log is written by a
connection of its own. So a turn is a lock beside the database: the kernel's on a file beside SQLite's, and
PostgreSQL's advisory lock of a connection of its own. Both end with the process or connection that has them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connections

from accesslog import conf
from accesslog.errors import LogUnavailable
from accesslog.publish import files
from accesslog.review.errors import ReviewBusy

PATIENCE_S = 5.0
SUFFIX = ".reviews"  # of the lock's file, behind the database's own name
_LOCK_NOT_AVAILABLE = "55P03"


@contextlib.contextmanager
def turn(review: UUID) -> Iterator[None]:
    """Hold the review's turn. Raises ReviewBusy when it cannot be had in PATIENCE_S, LogUnavailable."""
    database: Any = connections[conf.database()]
    if database.vendor == "postgresql":
        with _advisory(review):
            yield
        return
    path = Path(str(database.settings_dict["NAME"]) + SUFFIX)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(files.lock(path, patience_s=PATIENCE_S))
        except files.Busy as error:
            raise ReviewBusy() from error
        except OSError as error:
            raise LogUnavailable() from error
        yield


@contextlib.contextmanager
def _advisory(review: UUID) -> Iterator[None]:
    """PostgreSQL's lock for as long as a transaction of a connection of its own, which does nothing else."""
    connection: Any = connections.create_connection(conf.database())
    try:
        try:
            connection.set_autocommit(False)
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{int(PATIENCE_S * 1000)}ms"])
                cursor.execute(
                    "SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(review.bytes[:8], "big", signed=True)]
                )
        except (OperationalError, InterfaceError) as error:
            if getattr(error.__cause__, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
                raise ReviewBusy() from error
            raise LogUnavailable() from error
        yield
    finally:
        connection.close()
