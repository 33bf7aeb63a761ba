"""As little as a project needs to log, search, review and verify."""

import os
from pathlib import Path

HOME = Path(os.environ["CLINIC_HOME"])
SECRET_KEY = "only-for-the-test"
USE_TZ = True
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "clinic.urls"
STATIC_URL = "/static/"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "accesslog",
    "clinic",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.l10n",
                "django.templatetags.static",
                "clinic.templatetags.clinic",
            ],
        },
    }
]
DATABASES = {
    name: {"ENGINE": "django.db.backends.sqlite3", "NAME": HOME / f"{name}.sqlite3"}
    for name in ("default", "log")
}
DATABASES["log"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
DATABASE_ROUTERS = ["accesslog.router.LogRouter"]

ACCESSLOG_DATABASE = "log"
ACCESSLOG_SEALER = "clinic.keys.Sealer"
ACCESSLOG_SCOPE = "clinic.people.scope"
ACCESSLOG_ACTOR = "clinic.people.actor"
ACCESSLOG_SITES = "clinic.people.wards"
ACCESSLOG_REVIEWERS = "clinic.people.reviewer"
ACCESSLOG_RULES = ["clinic.people.AGAIN"]
ACCESSLOG_REVIEWED = ["file.opened"]
