"""Django's entry point."""

from __future__ import annotations

from django.apps import AppConfig


class AccessLogConfig(AppConfig):
    name = "accesslog"
    label = "accesslog"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the log's own events and system checks."""
        from accesslog import checks, events  # noqa: F401
        from accesslog.review import events as review_events  # noqa: F401
