"""Settings for the tests: a throw-away home, quick password hashes; all else as in production.

The tests see none of the machine's own Lethe settings. `LETHE_TEST_DATABASE=postgres` puts both
databases on a real PostgreSQL server instead of SQLite. A child process that is started with
`LETHE_TESTING=1` keeps the home and the databases it is given.

This module stands outside `config.settings`, because importing that package reads the environment, and
the environment must be prepared before.
"""

import atexit
import os
import shutil
import tempfile


def _prepare() -> None:
    """Give this test process a home of its own, before the settings are read."""
    for name in list(os.environ):
        if name == "REDIS_URL" or (name.startswith("LETHE_") and not name.startswith("LETHE_TEST_")):
            del os.environ[name]
    home = tempfile.mkdtemp(prefix="lethe-test-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ.update(LETHE_TESTING="1", LETHE_HOME=home)
    os.makedirs(os.path.join(home, "db"))
    if os.environ.get("LETHE_TEST_DATABASE") == "postgres":
        from tests.servers import postgres

        server = postgres.shared()
        os.environ["LETHE_DATABASE_URL"] = server.url("lethe")
        os.environ["LETHE_LOG_DATABASE_URL"] = server.url("lethe_log")


if os.environ.get("LETHE_TESTING") != "1":
    _prepare()

from config.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECURE_SSL_REDIRECT = False
# Tests travel in time and back: what one of them reached is no past for the next.
LETHE_KNOWN_PAST = ""
