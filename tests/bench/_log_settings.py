"""Settings of the log's benchmark: the tests' own, with the peer installed."""

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "auditlog"]  # noqa: F405
ACCESSLOG_SEALER = "tests.accesslog.sealers.MonthSealer"
ACCESSLOG_SIGNER = "tests.accesslog.outside.published.Signer"
