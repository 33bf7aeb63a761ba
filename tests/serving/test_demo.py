"""The demonstration never touches an installation that is not one."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from cctv.people.models import Account
from cctv.sites.models import Organisation
from config.demo import run

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_a_register_in_the_database_is_left_alone(lethe_home: Path) -> None:
    Organisation.objects.create(name="Real Freight")
    with pytest.raises(run.NotADemo):
        run.prepare(Console(file=io.StringIO()))
    assert not Account.objects.exists()
    assert not (lethe_home / run.MARKER).exists()


@pytest.mark.parametrize("folder", ["keys", "footage"])
def test_keys_or_footage_of_an_installation_are_left_alone(lethe_home: Path, folder: str) -> None:
    (lethe_home / folder / "something").write_text("of a real installation")
    with pytest.raises(run.NotADemo):
        run.prepare(Console(file=io.StringIO()))
    assert not Organisation.objects.exists()
