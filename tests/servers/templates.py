"""Migrated SQLite databases that the processes of one test run take from each other.

Migrating takes seconds, and each process of pytest and each installation of a test begins with it. The first
to do so leaves copies in the folder `LETHE_TEST_TEMPLATES`, which lives as long as the run; later ones begin
with these. Django still migrates and checks them, only that nothing is left to do.
"""

import atexit
import contextlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3.creation import DatabaseCreation

VARIABLE = "LETHE_TEST_TEMPLATES"


def share_migrated_databases() -> None:
    """Make Django's test databases begin as copies; called once, before the first test."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = tempfile.mkdtemp(prefix="lethe-templates-")
        atexit.register(shutil.rmtree, os.environ[VARIABLE], ignore_errors=True)
    creation: Any = DatabaseCreation
    make, create = creation._create_test_db, creation.create_test_db

    def _create_test_db(self: Any, *arguments: Any, **more: Any) -> str:
        name = str(make(self, *arguments, **more))
        begin(self.connection.alias, Path(name))
        return name

    def create_test_db(self: Any, *arguments: Any, **more: Any) -> str:
        name = str(create(self, *arguments, **more))
        leave(self.connection.alias, Path(name))
        return name

    creation._create_test_db, creation.create_test_db = _create_test_db, create_test_db


def lay_down(home: Path) -> None:
    """Let the databases of a home in which there are none begin as copies: seven seconds of a core less."""
    for alias, name in (("default", "main.sqlite3"), ("log", "log.sqlite3")):
        database = home / "db" / name
        if not database.exists():
            database.parent.mkdir(parents=True, exist_ok=True)
            begin(alias, database)


def begin(alias: str, database: Path) -> None:
    """Make `database`, which is empty, a copy of the template of that alias, where there is one."""
    template = _template(alias)
    if template is not None and template.exists():
        _copy(template, database)


def leave(alias: str, database: Path) -> None:
    """Make a database that was only migrated the template of that alias, where there is none."""
    template = _template(alias)
    if template is not None and not template.exists():
        own = template.with_name(f"{template.name}.{os.getpid()}")
        _copy(database, own)
        own.rename(template)


def _template(alias: str) -> Path | None:
    folder = Path(os.environ.get(VARIABLE, "absent"))
    return folder / f"{alias}.sqlite3" if folder.is_dir() else None


def _copy(source: Path, target: Path) -> None:
    """A database as of now; SQLite's own backup, since a file may have a write-ahead log beside it."""
    with (
        contextlib.closing(sqlite3.connect(source)) as reading,
        contextlib.closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)
