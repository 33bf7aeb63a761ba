"""Two databases: `default` for the register and the catalogue, `log` for the access log alone.

SQLite runs in WAL mode with synchronous=FULL: an answered write has been fsynced.
"""

from typing import Any

from config.settings.env import env
from config.settings.home import LETHE_HOME


def _sqlite(name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(LETHE_HOME / "db" / name),
        "OPTIONS": {
            "timeout": 10,
            "transaction_mode": "IMMEDIATE",
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000;"
            ),
        },
        # Threads and their own connections must see one test database, so it is a file.
        "TEST": {"NAME": str(LETHE_HOME / "db" / f"test-{name}")},
    }


def _database(variable: str, sqlite_name: str) -> dict[str, Any]:
    if not env.str(variable, ""):
        return _sqlite(sqlite_name)
    config: dict[str, Any] = dict(env.db_url(variable))
    config.setdefault("CONN_MAX_AGE", 60)
    config["CONN_HEALTH_CHECKS"] = True
    config["ATOMIC_REQUESTS"] = False
    return config


# SQLite makes its file but not the folder around it.
(LETHE_HOME / "db").mkdir(parents=True, exist_ok=True)

DATABASES = {
    "default": _database("LETHE_DATABASE_URL", "main.sqlite3"),
    "log": _database("LETHE_LOG_DATABASE_URL", "log.sqlite3"),
}
DATABASE_ROUTERS = ["accesslog.router.LogRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
