"""Machines that run Lethe, on SQLite files or on databases of the tests' PostgreSQL server."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.house.files import ROOT


def on_postgres() -> bool:
    """Whether this test run uses PostgreSQL."""
    return os.environ.get("LETHE_TEST_DATABASE") == "postgres"


class Machine:
    """A home with its databases, and a process that acts on it."""

    def __init__(
        self, folder: Path, name: str, *, mirror: Path | None = None, footage: Path | None = None
    ) -> None:
        self.home = folder / name
        (self.home / "db").mkdir(parents=True)
        self.footage = footage or self.home / "footage"
        self.environment = {
            "LETHE_HOME": str(self.home), "LETHE_TESTING": "1", "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LETHE_FOOTAGE_ROOT": str(self.footage),
        }  # fmt: skip
        if mirror is not None:
            mirror.mkdir(exist_ok=True)
            self.environment["LETHE_KEY_MIRRORS"] = str(mirror)
        self.databases = {
            "LETHE_DATABASE_URL": f"restore_{name}_main", "LETHE_LOG_DATABASE_URL": f"restore_{name}_log",
        }  # fmt: skip
        self._process: subprocess.Popen[str] | None = None
        if on_postgres():
            from tests.servers import postgres

            for variable, database in self.databases.items():
                postgres.shared().drop(database)
                self.environment[variable] = postgres.shared().url(database)

    def do(self, act: str, **more: Any) -> Any:
        """Act; an exception in the child fails the test. With `kill_at` the whole result comes back."""
        return self.begin(act, **more)()

    def begin(self, act: str, **more: Any) -> Callable[[], Any]:
        """Begin to act; what comes back waits for the end of it."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.retention.backup.child"], cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **self.environment},
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        process.stdin.write(json.dumps({"do": act, **more}) + "\n")
        process.stdin.flush()

        def end() -> Any:
            assert process.stdout is not None
            result = json.loads(process.stdout.readline())
            assert result["code"] in (0, -9), result["said"]
            return result if "kill_at" in more else result["said"]

        return end

    def twin(self) -> "Machine":
        """A second process on the same home."""
        other = copy.copy(self)
        other._process = None
        return other

    def manage(self, *arguments: str, **more: Any) -> str:
        """A command that must succeed; what it printed."""
        answer = self.do("manage", arguments=arguments, **more)
        assert not answer["error"], answer
        return str(answer["printed"])

    def refused(self, *arguments: str, **more: Any) -> str:
        """A command that must refuse; why."""
        answer = self.do("manage", arguments=arguments, **more)
        assert answer["error"], answer
        return str(answer["error"])

    def stop(self) -> None:
        """End the process; home and databases stay."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait(30)
            self._process.stdout.close()
            self._process = None

    def wipe(self) -> None:
        """The machine burns down: home and databases are gone."""
        self.stop()
        shutil.rmtree(self.home)
        (self.home / "db").mkdir(parents=True)
        if on_postgres():
            from tests.servers import postgres

            for database in self.databases.values():
                postgres.shared().drop(database)
                postgres.shared().url(database)

    def replace_database(self, alias: str) -> None:
        """Empty one database, so that another copy can be put in its place."""
        self.stop()
        if not on_postgres():
            return  # the copy takes the file's place
        from tests.servers import postgres

        database = self.databases["LETHE_DATABASE_URL" if alias == "default" else "LETHE_LOG_DATABASE_URL"]
        postgres.shared().drop(database)
        postgres.shared().url(database)
