"""The Celery application. Tasks live in the areas' `tasks` modules; messages carry ids only."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Packages with a module `tasks`: what is not named here no worker knows, and throws away.
AREAS = (
    "accesslog",
    "accesslog.outside",
    "accesslog.publish",
    "cctv.people",
    "cctv.disclosure.exports",
    "cctv.disclosure.handing",
    "cctv.disclosure.packaging",
    "cctv.ingest",
    "cctv.footage",
    "cctv.footage.marks",
    "cctv.redaction",
    "cctv.retention",
    "cctv.retention.holds",
    "cctv.retention.reconcile",
    "cctv.retention.records",
    "cctv.subjects.delivering",
    "cctv.subjects.desk",
    "cctv.subjects.identity",
    "cctv.subjects.requests",
    "cctv.vault",
)

app = Celery("lethe")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(AREAS)
