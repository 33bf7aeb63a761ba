"""The access log's injections (accesslog imports nothing of cctv) and the process's own logging."""

from typing import Any

ACCESSLOG_DATABASE = "log"
ACCESSLOG_SEALER = "cctv.vault.logbodies.LogBodySealer"
ACCESSLOG_SCOPE = "cctv.people.policy.log_scope"
ACCESSLOG_ACTOR = "cctv.people.actors.log_actor"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "lethe": {"level": "INFO"},
        "cctv": {"level": "INFO"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
    },
}
