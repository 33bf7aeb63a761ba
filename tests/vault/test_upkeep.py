"""The administrator's command: status, mirrors, recovery."""

import io
import shutil

import pytest
from django.core.management import CommandError, call_command

from accesslog.models import LogEntry
from accesslog.services import close
from cctv.vault import journal, rings, upkeep
from cctv.vault import services as vault

pytestmark = pytest.mark.django_db(databases=["default", "log"], transaction=True)


@pytest.fixture(autouse=True)
def _log_lets_go():
    yield
    close()


@pytest.fixture
def mirror(lethe_home, settings, tmp_path):
    (tmp_path / "disk").mkdir()
    settings.LETHE_KEY_MIRRORS = [str(tmp_path / "disk")]
    vault.initialise()
    return tmp_path / "disk"


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("vault", *arguments, stdout=out)
    return out.getvalue()


def lose(ring: str, home) -> None:
    for each in rings.both():
        each.close()
    shutil.rmtree(home / "keys" / ring)


def test_status_names_rings_generations_and_mirrors(mirror):
    said = run("status")
    assert "footage: generation 1, 0 keys" in said
    assert f"mirror {mirror / 'records'}: confirmed at generation 1" in said


def test_a_mirror_that_is_away_is_pending_until_sync_finds_it_again(mirror):
    mirror.rename(mirror.parent / "away")
    rings.footage().ensure("a")
    assert "PENDING" in run("status")
    assert vault.mirror_states()[0].pending
    (mirror.parent / "away").rename(mirror)
    assert "PENDING" not in run("sync")


@pytest.mark.parametrize("ring", ["footage", "records"])
def test_lost_keys_are_recovered_from_the_mirror_and_the_log_says_so(mirror, lethe_home, ring):
    key_id = getattr(rings, ring)().ensure("a")
    key = getattr(rings, ring)().get(key_id)
    lose(ring, lethe_home)
    with pytest.raises(CommandError, match="vault_not_initialised"):
        run("status")
    assert "generation 1" in run("recover", ring, str(mirror / ring), "--reason", "the disk died")
    assert getattr(rings, ring)().get(key_id) == key
    assert LogEntry.objects.filter(kind="vault.recovered").count() == 1


def test_a_mirror_is_given_up_with_a_reason_in_the_log(mirror):
    shutil.rmtree(mirror)
    rings.footage().ensure("a")
    assert vault.mirror_states()[0].pending
    with pytest.raises(CommandError, match="no_such_mirror"):
        run("forget", "footage", "/nowhere", "--reason", "shredded")
    rings.footage()._mirrors._configured.clear()
    run("forget", "footage", str(mirror / "footage"), "--reason", "shredded")
    assert vault.mirror_states() == []
    assert LogEntry.objects.filter(kind="vault.mirror_forgotten").count() == 1


def test_the_regular_tick_brings_forward_what_was_away_and_else_writes_nothing(mirror, tmp_path, lethe_home):
    journal.append("test", {"x": 1})
    mirror.rename(tmp_path / "away")
    rings.records().ensure("a")
    journal.append("test", {"x": 2})
    upkeep.tend()
    assert rings.records().mirror_states()[0].pending
    (tmp_path / "away").rename(mirror)
    upkeep.tend()
    assert not rings.records().mirror_states()[0].pending
    assert journal.lagging() == []
    written = {path: path.stat().st_mtime_ns for path in lethe_home.rglob("*.json")}
    upkeep.tend()
    assert written == {path: path.stat().st_mtime_ns for path in lethe_home.rglob("*.json")}


def test_the_ticks_leave_a_home_alone_that_was_never_set_up(lethe_home):
    upkeep.tend()
    assert upkeep.compact_journal() == 0
    assert list((lethe_home / "keys").iterdir()) == []


def test_the_journal_is_compacted_by_the_tick(mirror):
    journal.append("moved", {"epoch": {"key_id": "gone"}, "objects": []})
    assert upkeep.compact_journal() == 1
    assert upkeep.compact_journal() == 0
