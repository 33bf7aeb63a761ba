"""Fixtures of the ends of records."""

from tests.retention.records.archive import archive, log_clock
from tests.retention.yard import yard

__all__ = ["archive", "log_clock", "yard"]
