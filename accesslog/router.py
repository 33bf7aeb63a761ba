"""Keeps the log on its own database, and everything else off it."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from accesslog import conf

APP_LABEL = "accesslog"


class LogRouter:
    """Add "accesslog.router.LogRouter" to DATABASE_ROUTERS."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return conf.database() if model._meta.app_label == APP_LABEL else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return self.db_for_read(model)

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool | None:
        ours = [each._meta.app_label == APP_LABEL for each in (first, second)]
        return None if not any(ours) else all(ours)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        if app_label == APP_LABEL:
            return db == conf.database()
        return False if db == conf.database() else None
