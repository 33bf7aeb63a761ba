"""Only a part is put back, by hand: nothing that lives is lost, nothing that was ended comes back."""

import shutil

import pytest

from tests.retention.backup.stories import HOUR, Story

pytestmark = [pytest.mark.both_databases, pytest.mark.slow, pytest.mark.timeout(300)]

NOW = 10 * HOUR


def survivors_play(story: Story) -> None:
    """What lives opens; what was ended does not."""
    play = lambda made, **more: story.office.do("play", segment=made["id"], minutes=NOW, **more)  # noqa: E731
    assert play(story.living) == story.living["clear"]
    assert play(story.moved) == story.moved["clear"]
    assert play(story.evidence, hold=story.hold["id"]) == story.evidence["clear"]
    assert play(story.late, hold=story.later["id"]) == story.late["clear"]
    for made in story.dead:
        assert play(made) in ("no row", "footage_expired", "key_missing")


def test_an_older_register_beside_the_current_keys_is_told_what_happened_since(story):
    office = story.office
    before = office.do("facts", minutes=NOW)["objects"]
    office.replace_database("default")
    office.do("put_database", alias="default", backup=str(story.backup))
    assert office.do("facts", minutes=NOW)["segments"] != story.at_last["segments"]
    # Before the replay it is noticed, and nothing at all is destroyed.
    states = office.do("purge", minutes=NOW)
    assert ["paused", "register_restored"] in [state[:2] for state in states]
    assert office.do("orphans", minutes=NOW) == 0
    assert office.do("facts", minutes=NOW)["objects"] == before
    assert story.shown(NOW)["free"]
    printed = office.manage("restore", "--replay", minutes=NOW)
    assert "had ended since" in printed
    assert story.shown(NOW) == story.hidden
    facts = office.do("facts", minutes=NOW)
    assert facts["segments"] == story.at_last["segments"]
    assert facts["holds"] == story.at_last["holds"]
    assert facts["held"] == story.at_last["held"]
    assert facts["certificates"] == story.at_last["certificates"]
    survivors_play(story)
    story.purge(NOW)
    office.do("orphans", minutes=NOW)
    assert office.do("facts", minutes=NOW)["objects"] == before, "nothing that lives was deleted"
    # Again it changes nothing.
    office.manage("restore", "--replay", minutes=NOW)
    assert story.shown(NOW) == story.hidden
    assert office.do("facts", minutes=NOW)["segments"] == story.at_last["segments"]
    survivors_play(story)


def test_an_older_log_beside_the_current_register_loses_no_footage(story):
    office = story.office
    before = office.do("facts", minutes=NOW)["objects"]
    office.replace_database("log")
    office.do("put_database", alias="log", backup=str(story.backup))
    office.manage("restore", "--replay", minutes=NOW)
    survivors_play(story)
    story.purge(NOW)
    facts = office.do("facts", minutes=NOW)
    assert facts["objects"] == before
    assert facts["segments"] == story.at_last["segments"]
    told = office.do("sentences", minutes=NOW)
    assert told["bodies"] == told["size"]


@pytest.mark.parametrize("ring", ["footage", "records"])
def test_an_older_keyring_beside_the_current_root_destroys_nothing(story, ring, tmp_path):
    office = story.office
    before = office.do("facts", minutes=NOW)
    current = office.home / "keys" / ring / "keyring"
    shutil.copyfile(story.backup / "keys" / ring / "keyring", current)
    office.stop()
    assert office.refused("restore", "--replay", minutes=NOW)
    office.do("purge", minutes=NOW, may_fail=True)
    arguments = (
        "vault",
        "recover",
        ring,
        str(tmp_path / "mirror" / ring),
        "--reason",
        "an old copy was here",
    )
    office.manage(*arguments, minutes=NOW)
    office.manage("restore", "--replay", minutes=NOW)
    facts = office.do("facts", minutes=NOW)
    for name in ("segments", "objects", "held", "certificates"):
        assert facts[name] == before[name]
    survivors_play(story)


def test_an_older_keyring_of_the_same_root_ends_nothing_that_has_not_expired(story, tmp_path):
    office = story.office
    older = tmp_path / "older"
    shutil.copyfile(office.home / "keys" / "footage" / "keyring", older)
    fresh = office.do("segment", hours=90, minutes=9 * HOUR)  # its epoch's key is in the newer keyring only
    before = office.do("facts", minutes=9 * HOUR)
    newer = (office.home / "keys" / "footage" / "keyring").read_bytes()
    office.stop()
    shutil.copyfile(older, office.home / "keys" / "footage" / "keyring")
    shutil.rmtree(tmp_path / "mirror" / "footage")  # nor does a mirror tell that it is old
    (office.home / "keys" / "footage" / "mirrors.json").unlink()
    office.manage("restore", "--replay", minutes=9 * HOUR)
    facts = office.do("facts", minutes=9 * HOUR)
    assert facts["segments"] == before["segments"]
    assert facts["unexplained"] == 1
    assert office.do("play", segment=fresh["id"], minutes=9 * HOUR) == "key_missing"
    office.stop()
    (office.home / "keys" / "footage" / "keyring").write_bytes(newer)
    assert office.do("play", segment=fresh["id"], minutes=9 * HOUR) == fresh["clear"]
