"""A machine whose home and databases can be put back to how they were, and a process that acts on it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.house.files import ROOT

VARIABLES = ("LETHE_DATABASE_URL", "LETHE_LOG_DATABASE_URL")


class Machine:
    """A home with a mirror of its keys beside it; on SQLite its databases lie in the home."""

    def __init__(self, folder: Path, **more: str) -> None:
        """`more` are further settings."""
        self.place, self.saved = folder / "machine", folder / "saved"
        self.home = self.place / "home"
        self.databases = {
            variable: f"kill_{variable[6:9].lower()}_{folder.name[-8:]}" for variable in VARIABLES
        }
        self.saved.mkdir(parents=True)
        (self.place / "mirror").mkdir(parents=True)
        (self.home / "db").mkdir(parents=True)
        self.environment = {
            "LETHE_HOME": str(self.home), "LETHE_TESTING": "1", "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LETHE_KEY_MIRRORS": str(self.place / "mirror"),
        }  # fmt: skip
        self.environment |= more
        self.on_postgres = os.environ.get("LETHE_TEST_DATABASE") == "postgres"
        self.empty_databases()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.kill_child"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **self.environment},
        )  # fmt: skip

    def do(self, what: str, act: str = "purge", **more: Any) -> Any:
        """Send a command; its results. An exception in the child fails the test."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, "act": act, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        for result in answer if isinstance(answer, list) else [answer]:
            assert result["code"] in (0, -9), f"{what} {act} {more}\n{result['said']}"
        return answer

    def keep(self, name: str) -> None:
        """Remember how everything is, under a name."""
        shutil.copytree(self.place, self.saved / name)
        if self.on_postgres:
            for database in self.databases.values():
                _copy_database(database, f"{database}_{name}")

    def put_back(self, name: str) -> None:
        """Make everything as it was."""
        shutil.rmtree(self.place)
        shutil.copytree(self.saved / name, self.place)
        if self.on_postgres:
            for database in self.databases.values():
                _copy_database(f"{database}_{name}", database)

    def burn_down(self) -> None:
        """Databases and keys are gone; the mirror, the backups and the disk with the footage are not."""
        shutil.rmtree(self.home / "keys")
        shutil.rmtree(self.home / "db")
        (self.home / "db").mkdir()
        self.empty_databases()

    def empty_databases(self) -> None:
        """Databases in which nothing ever was."""
        if self.on_postgres:
            from tests.servers import postgres

            for variable, name in self.databases.items():
                postgres.shared().drop(name)
                self.environment[variable] = postgres.shared().url(name)

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


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
