"""Celery: in-process with an in-memory broker by default, on Redis when REDIS_URL is set.

The row is the job: a message only wakes it, so lost and doubled messages are harmless. kombu's
memory transport needs a short polling interval and a prefetch above one to keep up (measured:
at its default of 1 s, 20 of 2,000 tasks ran within 5 s and beat's expiring ticks were lost).
"""

from typing import Any

from config.settings.home import LETHE_EMBEDDED, REDIS_URL

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"polling_interval": 0.02} if LETHE_EMBEDDED else {"visibility_timeout": 6 * 3600}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4 if LETHE_EMBEDDED else 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    # Takes long and may wait; the purge must not wait for it. The first pattern that fits decides.
    "cctv.retention.reconcile.*": {"queue": "default"},
    "cctv.retention.*": {"queue": "purge"},
    "cctv.footage.*": {"queue": "media"},
    "cctv.redaction.*": {"queue": "media"},
    "cctv.disclosure.packaging.*": {"queue": "media"},
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    "purge": {"task": "cctv.retention.tasks.purge_due", "schedule": 20.0, "options": {"expires": 20}},
    "sweep-sources": {
        "task": "cctv.ingest.tasks.sweep_sources",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "sweep-orphans": {
        "task": "cctv.ingest.tasks.sweep_orphans",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "hour-roots": {
        "task": "cctv.ingest.tasks.write_hour_roots",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "thumbnails": {
        "task": "cctv.footage.tasks.make_thumbnails",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "redactions": {
        "task": "cctv.redaction.tasks.work",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "packages": {
        "task": "cctv.disclosure.packaging.tasks.package",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "package-ends": {
        "task": "cctv.disclosure.packaging.tasks.end",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "redaction-edits": {
        "task": "cctv.redaction.tasks.tell_edits",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "cancelled-redactions": {
        "task": "cctv.redaction.tasks.remove_cancelled",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "requests": {
        "task": "cctv.subjects.requests.tasks.tend",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "request-mails": {
        "task": "cctv.subjects.requests.tasks.send_mails",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "request-files": {
        "task": "cctv.subjects.requests.tasks.end_files",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "request-desk": {
        "task": "cctv.subjects.desk.tasks.tend",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "request-copies": {
        "task": "cctv.subjects.delivering.tasks.tend",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "request-identity": {
        "task": "cctv.subjects.identity.tasks.tend",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "handovers": {
        "task": "cctv.disclosure.handing.tasks.tend",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "exports": {
        "task": "cctv.disclosure.exports.tasks.tend",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "idle-viewings": {
        "task": "cctv.footage.tasks.close_idle_viewings",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "bookmarks": {
        "task": "cctv.footage.marks.tasks.drop_bookmarks",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "fsck": {
        "task": "cctv.retention.reconcile.tasks.check_when_due",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "witnesses": {
        "task": "accesslog.outside.tasks.cosign",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "verify-log": {
        "task": "accesslog.outside.tasks.verify_when_due",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "end-records": {
        "task": "cctv.retention.records.tasks.end_records",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "readings": {
        "task": "cctv.retention.records.tasks.write_readings",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "mirrors": {"task": "cctv.vault.tasks.tend_mirrors", "schedule": 60.0, "options": {"expires": 60}},
    "journal": {
        "task": "cctv.retention.tasks.compact_journal",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "judge-entries": {
        "task": "accesslog.tasks.judge_new_entries",
        "schedule": 120.0,
        "options": {"expires": 120},
    },
    "publish-log": {
        "task": "accesslog.publish.tasks.publish",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "checkpoint-mail": {
        "task": "cctv.people.tasks.send_checkpoint",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "send-mail": {"task": "cctv.people.tasks.send_mail", "schedule": 60.0, "options": {"expires": 60}},
    "weekly-mail": {
        "task": "cctv.retention.tasks.send_weekly",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}
