"""Fixtures around the real servers; tests/conftest.py hands them to every test."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers import lethe
from tests.servers import openbao as openbao_server
from tests.servers import postgres as postgres_server
from tests.servers import redis as redis_server
from tests.servers import s3 as s3_server
from tests.servers.lethe import LiveLethe

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def postgres() -> postgres_server.Postgres:
    """A real PostgreSQL server; it stops with the test process."""
    return postgres_server.shared()


@pytest.fixture(scope="session")
def redis() -> Iterator[redis_server.Redis]:
    """A real Redis server."""
    server = redis_server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3() -> Iterator[s3_server.S3]:
    """A real S3 server that refuses wrong signatures."""
    server = s3_server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def openbao() -> Iterator[openbao_server.OpenBao]:
    """A real OpenBao server with a transit engine."""
    server = openbao_server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket(s3: s3_server.S3) -> str:
    """The name of a new bucket on the S3 server."""
    return s3.new_bucket()


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """A headless Chromium; fails, saying what to install, where there is none."""
    from tests.servers.browser import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def live_lethe(tmp_path: Path) -> Iterator[Callable[..., LiveLethe]]:
    """`live_lethe(environment)` starts `manage.py serve` on a fresh home and waits for /readyz.

    Pass `home=` to start again on a home that exists. Everything started is stopped after the test.
    """
    started: list[LiveLethe] = []

    def start(
        environment: Mapping[str, str] | None = None,
        *,
        home: Path | None = None,
        arguments: Sequence[str] = ("serve",),
        timeout_s: float = 60,
    ) -> LiveLethe:
        live = lethe.start(home or tmp_path / "home", environment, arguments=arguments, timeout_s=timeout_s)
        started.append(live)
        return live

    yield start
    for live in reversed(started):
        live.stop()
