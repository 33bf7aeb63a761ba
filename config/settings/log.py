"""The access log's injections (accesslog imports nothing of cctv) and the process's own logging."""

from typing import Any

from config.settings.env import env
from config.settings.home import LETHE_HOME
from config.settings.storage import LETHE_KEY_MIRRORS

ACCESSLOG_DATABASE = "log"
ACCESSLOG_SEALER = "cctv.vault.logbodies.LogBodySealer"
ACCESSLOG_SCOPE = "cctv.people.policy.log_scope"
ACCESSLOG_ACTOR = "cctv.people.actors.log_actor"
ACCESSLOG_LINKS = "cctv.people.access.may_open"
ACCESSLOG_CHOICES = "config.logdesk.choices"
ACCESSLOG_GROUPS = "config.loggroups.GROUPS"
ACCESSLOG_LABELS = "config.loglabels.LABELS"
ACCESSLOG_WORDS = "config.loglabels.WORDS"
ACCESSLOG_PDF = "config.logdesk.pdf"
ACCESSLOG_ALARM = "cctv.people.logalarm.found_wrong"
ACCESSLOG_SITES = "cctv.sites.reviewing.sites"
ACCESSLOG_REVIEWERS = "cctv.sites.reviewing.reviewer"
ACCESSLOG_STEP_UP = "cctv.people.stepup.require_step_up"
ACCESSLOG_REVIEWED = ["viewing.opened", "still.covered"]
ACCESSLOG_RULES = [
    "cctv.footage.rules.OUTSIDE_DUTY",
    "cctv.footage.rules.MUCH_MORE",
    "cctv.footage.rules.AGAIN_AND_AGAIN",
    "cctv.footage.rules.OTHER_PURPOSE",
    "cctv.footage.rules.AFTER_INCIDENT",
    "cctv.footage.rules.REFUSED",
    "cctv.footage.rules.DOWNLOAD_REASON",
]
# The log as files that outsiders check; copies on the disks or hosts that mirror the keys.
ACCESSLOG_SIGNER = "cctv.vault.logsigner.LogSigner"
ACCESSLOG_FOLDER = env.path("LETHE_LOG_FOLDER", str(LETHE_HOME / "log"))
ACCESSLOG_COPIES: list[str] = env.list(
    "LETHE_LOG_COPIES", default=[f"{mirror.rstrip('/')}/log" for mirror in LETHE_KEY_MIRRORS]
)
# Witnesses at somebody else's, each "<verifier key> <address>", separated by commas.
ACCESSLOG_WITNESSES: list[str] = [each.strip() for each in env.list("LETHE_LOG_WITNESSES", default=[])]
# "signed-in": whoever may read the log sees the files; "public": anybody. They hold no personal data.
ACCESSLOG_PUBLIC = env.str("LETHE_LOG_PUBLIC", "signed-in") == "public"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "config.secretless.Secretless"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "lethe": {"level": "INFO"},
        "cctv": {"level": "INFO"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
        # A robot asks by wrong names all day, and each would be a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
