"""What people are no longer to be shown is in the keys' journal before it is in force."""

import json
from datetime import timedelta
from typing import Any

import pytest

from cctv.core import clock
from cctv.footage.marks.models import Bookmark, Still
from cctv.footage.restrictions.models import Restriction
from cctv.people.models import Account
from cctv.retention import witnesses
from cctv.retention.backup.replay import replay
from cctv.sites.models import Camera
from cctv.vault import journal, steps
from tests.retention.backup import shown
from tests.retention.people import people
from tests.retention.yard import Yard, yard

__all__ = ["yard"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])


class Killed(BaseException):
    """Stands for a kill: nobody catches it, and whatever is not committed is gone."""


@pytest.fixture
def segment(yard: Yard) -> str:
    """A segment with stills, bookmarks and a restriction."""
    people(yard.sites)
    return str(yard.segment(expires_in=timedelta(days=9)).row.pk)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The process ends when it reaches any of these steps."""
    at: list[str] = []

    def strike(step: str) -> None:
        if step in at:
            raise Killed

    monkeypatch.setattr(steps, "_listeners", [strike])
    return at


def kinds() -> list[str]:
    return [line.kind for line in journal.read()]


def last(kind: str) -> Any:
    return [line.facts for line in journal.read() if line.kind == kind][-1]


def test_a_replay_makes_an_older_register_hide_what_was_hidden_since(segment):
    lifted = shown.mark({"segment": segment})
    shown.hide({"segment": segment, "lift": lifted})
    hidden = shown.shown({"segment": segment})
    still, bookmark = Still.objects.get(), Bookmark.objects.order_by("pk")[0]
    # As a backup of before has it.
    Restriction.objects.exclude(pk=lifted).delete()
    Restriction.objects.update(lifted_at=None, lifted_by=None)
    Camera.objects.update(privacy_masks=[])
    still.pk, bookmark.pk = last("still_deleted")["still"], last("bookmark_removed")["bookmark"]
    still.save(force_insert=True)
    told = replay()
    assert (told["restrictions"], told["restrictions_lifted"], told["masks"]) == (1, 1, 1)
    assert (told["stills_deleted"], told["unknown_records"]) == (1, 0)
    assert shown.shown({"segment": segment}) == hidden
    assert not +replay(), "again it changes nothing"


def test_a_restriction_comes_back_though_its_account_and_some_of_its_cameras_are_not_known(segment):
    made = shown.restrict({"segment": segment})
    row = Restriction.objects.get(pk=made)
    officer = row.placed_by
    row.delete()
    stranger = "00000000-0000-4000-8000-000000000001"
    told = last("restricted")
    gone = {**told, "placed_by": stranger, "cameras": [*told["cameras"], stranger]}
    journal.append("restricted", {**gone, "id": stranger})
    journal.append("restricted", {**gone, "id": officer.pk.hex, "site": stranger})
    counts = replay()
    assert (counts["restrictions"], counts["restrictions_without_site"]) == (2, 1)
    again = Restriction.objects.get(pk=stranger)
    assert not again.placed_by.is_active
    assert again.cameras.count() == 1
    assert Restriction.objects.get(pk=made).placed_by == officer


def test_the_journal_repeats_nothing_that_tells_of_a_person(segment):
    shown.hide({"segment": segment, "lift": shown.mark({"segment": segment})})
    written = json.dumps([dict(line.facts) for line in journal.read()])
    officer = Account.objects.get(email="officer@example.org")
    words = ("person", "decided", "bag", "theft", "yard", "desk", officer.name, officer.email)
    assert str(officer.pk) in written
    assert not [word for word in words if word in written]


@pytest.mark.parametrize("step", ["journal.durable", "journal.mirrored"])
def test_a_kill_leaves_no_mask_or_restriction_in_force_that_the_journal_does_not_know(segment, killed, step):
    killed.append(step)
    with pytest.raises(Killed):
        shown.draw({"segment": segment, "masks": shown.MASK})
    with pytest.raises(Killed):
        shown.restrict({"segment": segment})
    assert kinds() == ["masks", "restricted"]
    killed.clear()
    before = shown.shown({"segment": segment})
    assert before["free"]
    assert not any(before["masks"].values())
    assert witnesses._by_journal(None) is None, "it is no older register for that"
    # What was begun and logged is done by a replay,
    replay()
    after = shown.shown({"segment": segment})
    assert not after["free"]
    assert shown.MASK in after["masks"].values()
    # and whatever was decided later stands.
    shown.draw({"segment": segment, "masks": shown.LATER_MASK})
    replay()
    assert shown.LATER_MASK in shown.shown({"segment": segment})["masks"].values()


def test_nothing_is_in_force_when_the_journal_cannot_be_written(segment, killed):
    shown.mark({"segment": segment})
    before = shown.shown({"segment": segment})
    killed.append("journal.begin")
    with pytest.raises(Killed):
        shown.draw({"segment": segment, "masks": shown.MASK})
    with pytest.raises(Killed):
        shown.restrict({"segment": segment})
    assert shown.shown({"segment": segment}) == before


def test_compaction_keeps_the_last_masks_and_what_is_in_force(segment, yard, monkeypatch):
    lifted = shown.mark({"segment": segment})
    shown.hide({"segment": segment, "lift": lifted})
    hidden = shown.shown({"segment": segment})
    assert kinds() == [
        "restricted", "restricted", "lifted", "masks", "masks", "still_deleted", "bookmark_removed",
        "bookmark_removed", "bookmark_put_back",
    ]  # fmt: skip
    assert journal.compact() == 2, "the lifted restriction and the first masks"
    assert last("masks")["polygons"] == shown.LATER_MASK
    assert last("restricted")["id"] != lifted
    replay()
    assert shown.shown({"segment": segment}) == hidden
    yard.now += timedelta(days=10)
    assert journal.compact() == 1, "the still's recording has gone"
    later = clock.now() + timedelta(days=500)
    monkeypatch.setattr(clock, "now", lambda: later)
    journal.compact()
    assert kinds() == ["restricted", "masks"]
