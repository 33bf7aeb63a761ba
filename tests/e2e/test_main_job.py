"""The whole promise, over HTTP, on the embedded default and on several servers: the same steps.

Ingest through a watched folder, a view that is refused without purpose, a view with one that the log
shows, expired footage destroyed with a certificate, and a log that verifies.
"""

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from config.demo.check import try_promises
from tests.servers.lethe import LiveLethe
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis
from tests.servers.s3 import S3

pytestmark = [pytest.mark.slow, pytest.mark.servers, pytest.mark.timeout(300)]


def holds(lethe: LiveLethe) -> None:
    seen = try_promises(lethe.url)
    assert seen["ok"], (seen, lethe.server.output()[-3000:])
    lethe.manage("log", "verify")


def test_the_main_job_on_the_embedded_default(demo: LiveLethe) -> None:
    holds(demo)


def test_the_main_job_on_postgresql_redis_a_separate_worker_and_s3(
    live_lethe: Callable[..., LiveLethe], postgres: Postgres, redis: Redis, s3: S3, bucket: str
) -> None:
    databases = {
        "LETHE_DATABASE_URL": postgres.url("smoke_main"),
        "LETHE_LOG_DATABASE_URL": postgres.url("smoke_log"),
    }
    with ExitStack() as stack:
        for name in ("smoke_main", "smoke_log"):
            stack.callback(postgres.drop, name)
        # Each object is a request to the store: of three cameras there are enough.
        few = {"LETHE_DEMO_CAMERAS": "gate-1,corridor-b,dock-5"}
        environment = {**databases, **few, "REDIS_URL": redis.url, **s3.environment(bucket)}
        lethe = live_lethe(environment, arguments=("demo",), timeout_s=240)
        worker = lethe.worker("worker", "manage.py", "serve", "--role", "worker")
        stack.callback(lethe.stop)
        holds(lethe)
        assert worker.pid
