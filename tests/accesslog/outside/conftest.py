"""A log that is published into a folder of its own, signed by the tests' key."""

from pathlib import Path
from typing import Any

import pytest

from tests.accesslog.test_pages import reader

__all__ = ["folder", "reader"]


@pytest.fixture
def folder(settings: Any, access_log: str, tmp_path: Path) -> Path:
    """The folder of the published files; nothing is published yet."""
    settings.ACCESSLOG_SIGNER = "tests.accesslog.outside.published.Signer"
    settings.ACCESSLOG_FOLDER = tmp_path / "log"
    settings.ACCESSLOG_COPIES = []
    settings.ACCESSLOG_WITNESSES = []
    return tmp_path / "log"
