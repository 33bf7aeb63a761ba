"""`manage.py vault move-root`: both rings, with an entry for each, and what `status` says then."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accesslog.models import LogEntry
from accesslog.services import close
from cctv.vault import rings
from tests.servers.openbao import OpenBao

pytestmark = pytest.mark.django_db(databases=["default", "log"], transaction=True)


@pytest.fixture(autouse=True)
def _log_lets_go() -> Iterator[None]:
    yield
    close()


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("vault", *arguments, stdout=said)
    return said.getvalue()


def let_go() -> None:
    """As if every process of Lethe had been stopped."""
    for ring in rings._rings.values():
        ring.close()


def moved_entries() -> int:
    return LogEntry.objects.filter(kind="vault.root_moved").count()


def test_roots_are_moved_and_the_log_says_so_once(keys: Path, openbao: OpenBao, settings: Any) -> None:
    kept = {ring.ring: ring.ensure("kept") for ring in rings.both()}
    secrets = {ring.ring: ring.get(kept[ring.ring]) for ring in rings.both()}
    identity = rings.installation_id()
    let_go()
    with pytest.raises(CommandError, match="LETHE_ROOT=openbao"):
        run("move-root", "--to", "openbao", "--reason", "two hosts")
    settings.LETHE_ROOT = "openbao"
    settings.LETHE_OPENBAO = {**settings.LETHE_OPENBAO, **openbao.settings()}
    with pytest.raises(CommandError, match="still has a root key file"):
        run("status")
    for _ in range(2):
        said = run("move-root", "--to", "openbao", "--reason", "two hosts")
    assert "Nothing to move" in said
    assert {ring.ring: ring.get(kept[ring.ring]) for ring in rings.both()} == secrets
    assert rings.installation_id() == identity
    assert not list(keys.rglob("root.key"))
    assert moved_entries() == 2
    assert run("status").count("the version before is refused") == 2
