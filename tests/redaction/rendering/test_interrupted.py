"""Work that is cut off at any point is gone on with; what is called off, or may not be, leaves nothing."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.core.working import LEASE
from cctv.footage import sealed
from cctv.footage.derived.models import Derived
from cctv.footage.models import Segment
from cctv.redaction import services
from cctv.redaction.child.parent import Helper
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.rendering import making
from cctv.redaction.rendering.work import work_due
from cctv.vault import services as vault
from cctv.vault import steps
from tests.footage.conftest import TERMINAL, Room, room
from tests.redaction.rendering import helping, tiny_detector

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])
SECONDS = 2
PART = "redaction.part-sealed"


class Killed(BaseException):
    """Stands for the end of the process: nothing that handles errors handles it."""


class Killer:
    """Ends the work at the n-th of the steps that it says it has reached, or at each kind of step once."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.at = 0
        self.ends: list[str] | None = None

    def __call__(self, step: str) -> None:
        self.passed.append(step)
        if self.ends is not None and step not in self.ends:
            self.ends.append(step)
            raise Killed
        if len(self.passed) == self.at:
            raise Killed


@pytest.fixture
def killer() -> Iterator[Killer]:
    made = Killer()
    steps.listen(made)
    yield made
    steps._listeners.remove(made)


@pytest.fixture
def yard(room: Room, tmp_path: Path, settings: Any) -> Room:
    """Two seconds, each a segment, and a detector that sees nobody."""
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "nobody.onnx"))
    for second in range(SECONDS):
        start = room.starts_at + timedelta(seconds=second)
        helping.taken_in(room, start, helping.walk(5 * second, 10))
    return room


def begun(room: Room) -> Redaction:
    return helping.begin(room, helping.viewing(room, SECONDS), SECONDS)


def looked(room: Room) -> Redaction:
    redaction = helping.worked(begun(room))
    assert (redaction.state, redaction.error) == (State.EDITING, "")
    return redaction


def kept(redaction: Redaction) -> dict[str, str]:
    """The rendered parts and the objects that they are."""
    rows = redaction.parts.exclude(rendered="").values_list("number", "sha256")
    return {f"out/{number}": sha256 for number, sha256 in rows}


@pytest.mark.faults
@pytest.mark.slow
def test_invariant_5_killed_at_any_step_the_next_worker_does_what_is_left_and_nothing_twice(
    yard: Room, killer: Killer
):
    redaction = begun(yard)
    ends = killer.ends = []
    while redaction.work or redaction.state == State.EDITING:
        if redaction.state == State.EDITING:
            redaction = helping.send_to_review(redaction)
        before, made = kept(redaction), dict(Derived.objects.values_list("label", "pk"))
        try:
            work_due()
        except Killed:
            assert work_due() == 0, "the lease of the dead worker is not over"
        redaction = helping.now(redaction)
        assert before.items() <= kept(redaction).items()
        there = dict(Derived.objects.values_list("label", "pk"))
        assert all(there[label] == made[label] for label in before), "what was rendered is rendered again"
        Redaction.objects.filter(pk=redaction.pk).update(lease_until=clock.now() - LEASE)
    assert (redaction.state, redaction.error) == (State.REVIEW, "")
    assert {"redaction.looked", PART, "redaction.rendered-part", "redaction.rendered"} < set(ends)
    assert LogEntry.objects.using("log").filter(kind="redaction.rendered").count() == 1
    pictures = helping.shown(helping.second(yard), redaction)
    wanted = [5 * second + n for second in range(SECONDS) for n in range(10)]
    assert [helping.step_of(picture) for _at, picture in pictures] == wanted


@pytest.mark.faults
def test_a_child_that_is_killed_is_told_and_tried_again_later(yard: Room, monkeypatch: pytest.MonkeyPatch):
    redaction = begun(yard)
    begin = Helper.work

    def killed(self: Helper, *args: Any) -> Any:
        os.kill(self.pid, signal.SIGKILL)
        return begin(self, *args)

    monkeypatch.setattr(Helper, "work", killed)
    redaction = helping.worked(redaction)
    assert (redaction.work, redaction.error_code) == (Work.LOOK, "redaction_work_failed")
    monkeypatch.undo()
    assert work_due() == 0, "not at once"
    services.retry(redaction=redaction, actor=yard.operator)
    redaction = helping.worked(redaction)
    assert (redaction.state, redaction.error_code) == (State.EDITING, "")


def test_what_is_cancelled_while_it_is_rendered_stops_and_keeps_nothing(
    yard: Room, killer: Killer, django_capture_on_commit_callbacks: Any
):
    redaction = helping.send_to_review(looked(yard))
    objects = {each.name for each in vault.list_objects()}

    def cancel(step: str) -> None:
        if step == PART and not cancelled:
            cancelled.append(step)
            services.cancel(redaction=helping.now(redaction), actor=yard.operator, terminal=TERMINAL)

    cancelled: list[str] = []
    steps.listen(cancel)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            redaction = helping.worked(redaction)
    finally:
        steps._listeners.remove(cancel)
    assert (redaction.state, redaction.work, redaction.lease_token) == (State.CANCELLED, Work.NONE, None)
    assert "redaction.rendered" not in killer.passed
    assert helping.labels(redaction) == []
    assert {each.name for each in vault.list_objects()} <= objects


@pytest.fixture
def small_disk(lethe_home: Path) -> Iterator[Path]:
    """The footage folder on a file system of 4 MiB."""
    folder = lethe_home / "footage"
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "lethe-small", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.fail("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.faults
@pytest.mark.root
def test_invariant_5_on_a_full_disk_nothing_is_kept_by_half_and_it_goes_on_when_there_is_room(
    small_disk: Path, yard: Room
):
    redaction = helping.send_to_review(looked(yard))
    objects = {each.name for each in vault.list_objects()}
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(small_disk).free)
    redaction = helping.worked(redaction)
    assert (redaction.work, redaction.error_code) == (Work.RENDER, "storage_full")
    assert redaction.not_before is not None
    assert not [label for label in helping.labels(redaction) if label.startswith("out/")]
    assert {each.name for each in vault.list_objects()} == objects
    ballast.unlink()
    services.retry(redaction=redaction, actor=yard.operator)
    redaction = helping.worked(redaction)
    assert (redaction.state, redaction.error) == (State.REVIEW, "")
    assert len(helping.shown(helping.second(yard), redaction)) == 10 * SECONDS


def test_invariant_3_what_expires_while_it_is_worked_on_stops_it_for_good(yard: Room):
    redaction = helping.send_to_review(looked(yard))
    Segment.objects.filter(camera=yard.yard).update(expires_at=clock.now() + timedelta(seconds=1))
    with clock.pretend(clock.now() + timedelta(minutes=1)):
        redaction = helping.worked(redaction)
    assert (redaction.work, redaction.error_code) == (Work.NONE, "footage_expired")
    assert not [label for label in helping.labels(redaction) if label.startswith("out/")]


def test_a_damaged_recording_is_told_by_its_time_and_not_tried_again(
    yard: Room, monkeypatch: pytest.MonkeyPatch
):
    damaged = Segment.objects.filter(camera=yard.yard).order_by("starts_at")[1]
    opened = sealed.for_system

    def noise(receipt: Any, segment: Segment, **options: Any) -> Any:
        found = opened(receipt, segment, **options)
        if segment.pk != damaged.pk:
            return found
        media = found.media()
        monkeypatch.setattr(media, "read_range", lambda _offset, size: os.urandom(size))
        monkeypatch.setattr(found, "media", lambda: media)
        return found

    monkeypatch.setattr(sealed, "for_system", noise)
    redaction = helping.worked(begun(yard))
    assert (redaction.state, redaction.work) == (State.LOOKING, Work.NONE)
    assert redaction.error_code == "redaction_damaged_footage"
    began = damaged.starts_at.astimezone(ZoneInfo(yard.site.time_zone))
    assert f"{began:%Y-%m-%d %H:%M:%S}" in redaction.error


def test_the_encoder_of_another_release_makes_every_part_anew(
    yard: Room, killer: Killer, monkeypatch: pytest.MonkeyPatch
):
    redaction = helping.worked(helping.send_to_review(looked(yard)))
    killer.passed = []
    redaction = helping.worked(helping.send_to_review(redaction))
    assert killer.passed == ["redaction.rendered"], "all parts are there"
    monkeypatch.setattr(making, "VERSION", making.VERSION + 1)
    killer.passed = []
    redaction = helping.worked(helping.send_to_review(redaction))
    assert killer.passed.count("redaction.part-sealed") == redaction.parts.count()


def test_a_part_that_was_replaced_by_half_is_not_taken_for_the_one_before(
    yard: Room, killer: Killer, monkeypatch: pytest.MonkeyPatch
):
    redaction = helping.worked(helping.send_to_review(looked(yard)))
    version, killer.ends = making.VERSION, ["derived.durable", "derived.unnamed"]
    monkeypatch.setattr(making, "VERSION", version + 1)
    with pytest.raises(Killed):
        helping.worked(helping.send_to_review(redaction))
    monkeypatch.setattr(making, "VERSION", version)
    Redaction.objects.filter(pk=redaction.pk).update(lease_until=clock.now() - LEASE)
    assert killer.ends[-1] == PART
    killer.passed, killer.ends = [], None
    redaction = helping.worked(redaction)
    assert (redaction.state, killer.passed.count(PART)) == (State.REVIEW, 1)


def test_one_detector_has_looked_at_the_whole_or_all_is_looked_at_again(
    yard: Room, killer: Killer, tmp_path: Path, settings: Any
):
    killer.at = 1
    redaction = begun(yard)
    with pytest.raises(Killed):
        work_due()
    assert redaction.parts.exclude(frames=None).count() == 1
    before = helping.now(redaction).parameters["detector"]
    assert before
    anybody = (0.0, 0.0, 0.5, 1.0, 0.9, 0.0)
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "other.onnx", anybody))
    Redaction.objects.filter(pk=redaction.pk).update(lease_until=clock.now() - LEASE)
    killer.passed, killer.at = [], 0
    redaction = helping.worked(redaction)
    assert killer.passed.count("redaction.looked") == SECONDS
    assert redaction.parameters["detector"] not in ("", before)
    redaction = helping.worked(helping.send_to_review(redaction))
    assert (redaction.state, redaction.error) == (State.REVIEW, "")
    said = redaction.parameters
    assert (said["style"], said["mode"], said["plate"]) == ("fill", "manual", "coarse")
    assert said["program"] == settings.LETHE_VERSION
    assert said["linking"]["start"] > 0
    assert said["padding"]["seen"] > 0
    assert len(said["colour"]) == 3
