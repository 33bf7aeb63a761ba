"""Fixtures of the checks."""

from typing import Any

import pytest

from tests.retention.yard import yard

__all__ = ["yard"]


@pytest.fixture(autouse=True)
def _long_lease(settings: Any) -> None:
    """The yard's clock is up to 90 minutes later than the disk's; what was just made is young."""
    settings.LETHE_ORPHAN_LEASE_S = 7200
