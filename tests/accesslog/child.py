"""Settings of a child process that must write to the log database of the test that started it."""

from typing import Any


def use_log(database: dict[str, Any]) -> None:
    """Point the alias at the test's own database, sealed by the tests' sealer; before django.setup()."""
    from django.conf import settings

    settings.DATABASES["log"] = {key: value for key, value in database.items() if value is not None}
    settings.ACCESSLOG_SEALER = "tests.accesslog.sealers.MonthSealer"
