"""A log that is published into folders of its own, signed by a throw-away key."""

from pathlib import Path
from typing import Any

import pytest

from tests.accesslog.publish.signers import TestSigner


@pytest.fixture
def published(settings: Any, access_log: str, tmp_path: Path) -> Path:
    """The folder of the published files; nothing is published yet."""
    settings.ACCESSLOG_SIGNER = f"{TestSigner.__module__}.{TestSigner.__qualname__}"
    settings.ACCESSLOG_FOLDER = tmp_path / "published"
    settings.ACCESSLOG_COPIES = []
    return tmp_path / "published"
