"""The servers that the tests lean on are real: they keep data, and refuse strangers."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from tests.servers.postgres import Postgres
from tests.servers.process import remove_folder
from tests.servers.redis import Redis
from tests.servers.s3 import S3
from tests.servers.writes import only_writes_below, recorded_writes


def test_postgres_keeps_data_and_refuses_a_wrong_password(postgres: Postgres) -> None:
    url = postgres.url("trial")
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW fsync").fetchone()
    assert row == ("on",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace("lethe-test", "wrong"))
    postgres.drop("trial")


def test_redis_answers_and_blocks(redis: Redis) -> None:
    import redis as library

    with library.Redis.from_url(redis.url) as client:
        client.rpush("queue", "task")
        assert client.blpop(["queue"], timeout=1) == (b"queue", b"task")


def test_s3_serves_ranges_and_refuses_a_wrong_signature(s3: S3, bucket: str) -> None:
    client = s3.client()
    client.put_object(Bucket=bucket, Key="sealed/object", Body=bytes(range(200)))
    part = client.get_object(Bucket=bucket, Key="sealed/object", Range="bytes=10-19")
    assert part["Body"].read() == bytes(range(10, 20))
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        s3.client(secret_key="wrong").get_object(Bucket=bucket, Key="sealed/object")


@pytest.mark.servers
def test_servers_end_with_a_killed_test_process() -> None:
    script = """
        import time
        from tests.servers import postgres, redis
        servers = [redis.start().server, postgres.start().server]
        print(*(server.pid for server in servers), *(server.folder for server in servers), flush=True)
        time.sleep(60)
    """
    root = Path(__file__).resolve().parent.parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        words = parent.stdout.readline().split()
        pids, folders = [int(word) for word in words[:2]], [Path(word) for word in words[2:]]
        assert len(pids) == len(folders) == 2
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a server outlived the process that started it"
        time.sleep(0.05)
    for folder in folders:  # nobody was left to do it
        remove_folder(folder)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_writes_are_seen_wherever_they_happen(tmp_path: Path) -> None:
    import tempfile

    with recorded_writes() as writes:
        (tmp_path / "named").write_bytes(b"x")
        with tempfile.TemporaryFile(dir=tmp_path):
            pass
        (tmp_path / "named").read_bytes()
    assert set(writes) == {str(tmp_path / "named"), str(tmp_path)}
    with only_writes_below(tmp_path):
        (tmp_path / "below").write_bytes(b"x")
    with pytest.raises(AssertionError, match="outside"), only_writes_below(tmp_path / "elsewhere"):
        (tmp_path / "named").write_bytes(b"x")


@pytest.mark.both_databases
@pytest.mark.django_db(databases=["default", "log"])
def test_the_databases_are_the_ones_asked_for() -> None:
    from django.db import connections

    wanted = {"postgres": "postgresql"}.get(os.environ.get("LETHE_TEST_DATABASE", ""), "sqlite")
    for alias in ("default", "log"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
        assert connections[alias].vendor == wanted


def test_the_tests_have_a_home_of_their_own_and_forget_the_machines_settings(tmp_path: Path) -> None:
    real = tmp_path / "real-installation"
    script = "from tests import settings as s; print(s.LETHE_HOME, s.LETHE_DEMO, s.REDIS_URL or '-')"
    root = Path(__file__).resolve().parent.parent.parent
    environment = {
        "PATH": os.environ["PATH"],
        "LETHE_HOME": str(real),
        "LETHE_DEMO": "1",
        "REDIS_URL": "redis://x",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    home, demo, redis_url = done.stdout.split()
    assert "lethe-test-" in home
    assert (demo, redis_url) == ("False", "-")
    assert not real.exists()
    assert not Path(home).exists(), "the throw-away home is left behind"


def test_the_browser_can_play_what_lethe_sends(chromium: Any) -> None:
    page = chromium.new_page()
    page.goto("data:text/html,<p>영상 映像</p>")
    assert page.evaluate("""MediaSource.isTypeSupported('video/mp4; codecs="avc1.640028"')""")
    page.close()
