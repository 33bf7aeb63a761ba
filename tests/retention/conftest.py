"""Fixtures of the retention tests."""

from tests.retention.yard import yard

__all__ = ["yard"]
