"""Two hosts as an operator runs them: `manage.py serve` twice, with PostgreSQL, a bucket and OpenBao."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.lethe import LiveLethe, clean_environment, manage
from tests.servers.openbao import OpenBao
from tests.servers.postgres import Postgres
from tests.servers.process import http_status
from tests.servers.s3 import S3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def read_ring(live: LiveLethe, what: str) -> str:
    """An expression about the footage ring, as a process of that host sees it."""
    code = f"from cctv.vault import rings; print('>>', {what})"
    said = live.manage("shell", "--no-imports", "-c", code)
    return said.split(">>")[1].strip()


def test_two_hosts_serve_with_one_ring_and_destroy_for_each_other(
    live_lethe: Callable[..., LiveLethe],
    postgres: Postgres,
    s3: S3,
    keys_bucket: str,
    openbao: OpenBao,
    tmp_path: Path,
) -> None:
    name = f"hosts_{uuid4().hex[:8]}"
    environment = {
        **openbao.environment(),
        **s3.environment(keys_bucket),
        "LETHE_S3_PREFIX": name,
        "LETHE_DATABASE_URL": postgres.url(name),
        "LETHE_LOG_DATABASE_URL": postgres.url(f"{name}_log"),
        "LETHE_SECRET_KEY": "the same on all hosts, as sessions are",
    }
    for alias in ("default", "log"):
        manage("migrate", "--database", alias, environment=clean_environment(tmp_path / "here", environment))
    made = "from cctv.vault import services; services.initialise()"
    for host in ("here", "there"):  # as `manage.py setup` does, on the second host too
        complete = clean_environment(tmp_path / host, environment)
        manage("shell", "--no-imports", "-c", made, environment=complete)
    here = live_lethe(environment, home=tmp_path / "here")
    there = live_lethe(environment, home=tmp_path / "there")
    identity = read_ring(here, "rings.installation_id()")
    assert read_ring(there, "rings.installation_id()") == identity
    key_id = read_ring(here, "rings.footage().ensure('shared')")
    key = read_ring(here, f"rings.footage().get('{key_id}').hex()")
    assert read_ring(there, f"rings.footage().get('{key_id}').hex()") == key
    assert read_ring(there, f"rings.footage().remove_and_ratchet(['{key_id}']).complete") == "True"
    assert read_ring(here, f"rings.footage().has('{key_id}')") == "False"
    for live in (here, there):
        assert http_status(f"{live.url}/readyz") == 200
        assert not list(live.home.rglob("root.key"))
        status = live.manage("vault", "status")
        assert status.count("the version before is refused") == 2
        assert f"OpenBao key lethe-footage-{identity} version 2" in status
