"""A restore that is killed by kill -9 anywhere: nothing serves meanwhile, and the same command goes on."""

import shutil

import pytest

from tests.retention.backup.machines import on_postgres
from tests.retention.backup.test_story import HOUR, Story, story

__all__ = ["story"]
pytestmark = [pytest.mark.both_databases, pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(1200)]

NOW = 10 * HOUR
STEPS = {
    *("restore.checked", "restore.begun", "restore.keys-footage", "restore.keys-records"),
    *("restore.keys-put", "restore.keys", "restore.register-put", "restore.register"),
    *("restore.log-put", "restore.log", "restore.migrated", "restore.journal-replayed", "restore.tombstones"),
    *("restore.store", "restore.object", "restore.objects", "restore.logged", "restore.row-finished"),
    "restore.finished",
}
# Each one costs two schemas made from nothing on PostgreSQL: there, those that concern the databases.
OF_DATABASES = {
    *(
        "restore.register-put",
        "restore.log-put",
        "restore.log",
        "restore.migrated",
        "restore.journal-replayed",
    ),
    *("restore.tombstones", "restore.logged", "restore.row-finished"),
}


def test_invariant_5_a_restore_killed_at_any_step_is_finished_by_the_same_command(
    story: Story, machines, tmp_path
):
    story.office.wipe()
    mirror = tmp_path / "mirror"
    shutil.copytree(mirror, tmp_path / "kept")
    annex = machines("annex", mirror=mirror)
    arguments = ["restore", str(story.backup), "--mirror", str(mirror)]
    whole = annex.do("manage", arguments=arguments, minutes=NOW, steps=True)
    assert not whole["answer"]["error"], whole
    passed = whole["passed"]
    assert set(passed) >= STEPS
    wanted = OF_DATABASES if on_postgres() else STEPS
    chosen = {step: number for number, step in reversed(list(enumerate(passed, start=1))) if step in wanted}
    for step, number in chosen.items():
        annex.wipe()
        shutil.rmtree(mirror)
        shutil.copytree(tmp_path / "kept", mirror)
        died = annex.do("manage", arguments=arguments, minutes=NOW, kill_at=number)
        assert died["signal"] == 9, step
        if step not in ("restore.checked", "restore.finished"):
            assert "restore_unfinished" in annex.refused("serve", minutes=NOW), step
        if step == "restore.finished":
            continue
        annex.manage(*arguments, minutes=NOW)
        facts = annex.do("facts", minutes=NOW)
        assert facts["segments"] == story.at_last["segments"], step
        assert facts["held"] == story.at_last["held"], step
        assert facts["certificates"] == story.at_last["certificates"], step
        assert not facts["unfinished"], step
        assert len(facts["restores"]) == 1, step
        clear = annex.do("play", segment=story.evidence["id"], hold=story.hold["id"], minutes=NOW)
        assert clear == story.evidence["clear"], step
        kinds = annex.do("sentences", minutes=NOW)["kinds"]
        assert kinds.count("register.restored") == 1, step
