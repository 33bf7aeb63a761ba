"""Setting an installation up: once, where nothing is, and through a kill at any step."""

import shutil
from typing import Any

import pytest
from django.db import connections

from accesslog.services import close
from cctv.vault import rings, steps
from cctv.vault import services as vault
from cctv.vault.errors import VaultNotEmpty
from cctv.vault.storage import MARKER

pytestmark = pytest.mark.django_db(databases=["default", "log"], transaction=True)


@pytest.fixture(autouse=True)
def _log_lets_go():
    yield
    close()


class Killed(BaseException):
    """Stands for the end of the process: nothing in the code catches it."""


@pytest.fixture
def kill_at(monkeypatch):
    """`kill_at(step)` ends the next thing that reaches the step."""

    def arm(step: str) -> None:
        def listener(reached: str) -> None:
            if reached == step:
                steps._listeners.clear()
                raise Killed

        monkeypatch.setattr(steps, "_listeners", [listener])

    return arm


def logged(kind: str) -> int:
    with connections["log"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accesslog_logentry WHERE kind = %s", [kind])
        return int(cursor.fetchone()[0])


def test_a_new_installation_gets_keys_store_and_an_entry(lethe_home):
    assert not vault.is_initialised()
    vault.initialise()
    assert vault.is_initialised()
    vault.check_ready()
    assert vault.installation_id() in (lethe_home / "footage" / MARKER).read_text()
    assert {path.name for path in (lethe_home / "keys").iterdir()} == {"footage", "records"}


def test_setting_up_again_changes_nothing(lethe_home, site):
    vault.initialise()
    before = vault.installation_id()
    vault.initialise()
    assert vault.installation_id() == before


@pytest.mark.faults
@pytest.mark.parametrize(
    "step",
    ["setup.marked", "initialise.root", "setup.footage", "setup.records", "storage.marked", "setup.storage"],
)
def test_a_set_up_killed_at_any_step_is_finished_by_the_next(lethe_home, kill_at, step):
    kill_at(step)
    with pytest.raises(Killed):
        vault.initialise()
    assert not vault.is_initialised()
    for ring in rings.both():
        ring.close()
    vault.initialise()
    assert vault.is_initialised()
    vault.check_ready()


@pytest.mark.parametrize("lost", ["footage", "records"])
def test_a_lost_keyring_is_never_made_anew(lethe_home, lost):
    vault.initialise()
    kept = "records" if lost == "footage" else "footage"
    identity = getattr(rings, kept)().ring_id
    for ring in rings.both():
        ring.close()
    shutil.rmtree(lethe_home / "keys" / lost)
    with pytest.raises(VaultNotEmpty):
        vault.initialise()
    assert not (lethe_home / "keys" / lost).exists()
    assert getattr(rings, kept)().ring_id == identity


def test_lost_keys_are_not_made_anew_beside_a_register_that_knows_some(lethe_home, seal_in: Any):
    seal_in()
    for ring in rings.both():
        ring.close()
    shutil.rmtree(lethe_home / "keys")
    (lethe_home / "keys").mkdir()
    with pytest.raises(VaultNotEmpty, match="register"):
        vault.initialise()
    assert list((lethe_home / "keys").iterdir()) == []


def test_lost_keys_are_not_made_anew_beside_a_claimed_store(lethe_home):
    vault.initialise()
    for ring in rings.both():
        ring.close()
    shutil.rmtree(lethe_home / "keys")
    with pytest.raises(VaultNotEmpty, match="storage"):
        vault.initialise()
    assert not vault.is_initialised()
    assert not list((lethe_home / "keys").rglob("root.key"))


@pytest.fixture
def seal_in(lethe_home, site):
    from datetime import timedelta

    from cctv.core import clock

    vault.initialise()
    return lambda: vault.ensure_epoch(site.pk, clock.now() + timedelta(hours=3))
