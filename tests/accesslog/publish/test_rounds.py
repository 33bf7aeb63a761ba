"""What a signer must never do, and what a kill at any step must not break."""

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from accesslog import conf, merkle, note, services
from accesslog.errors import AnotherLogsFolder, FolderAway, LogForked, LogRewound, SignerStateDamaged
from accesslog.models import LogCheckpoint, LogEntry
from accesslog.publish import publisher, recovery, rounds, state, steps
from tests.accesslog.cast import note as noted
from tests.accesslog.publish.logs import Backup, fill, stored, tiles_by_hand, tiles_in
from tests.accesslog.test_faults import ROOT
from tests.accesslog.test_verify import with_the_databases_password

pytestmark = pytest.mark.django_db(databases=["default", "log"])


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(step: str, *, after: int = 0):
    """Be killed when `step` is reached, the first `after` times excepted."""
    left = [after]

    def listener(reached: str) -> None:
        if reached == step:
            if not left[0]:
                raise Killed
            left[0] -= 1

    end = steps.listen(listener)
    try:
        with pytest.raises(Killed):
            yield
    finally:
        end()


def checkpoint(folder: Path) -> note.Checkpoint:
    return note.verify_checkpoint((folder / "checkpoint").read_text(), conf.signer().verifier_key())


@pytest.mark.parametrize("step", ["proven", "tiles", "remembered", "noted", "published"])
def test_a_kill_at_any_step_leaves_a_whole_publication_that_the_next_round_brings_forward(
    published: Path, step: str
):
    fill(250)
    rounds.publish()
    fill(300)
    with killed_at(step):
        rounds.publish()
    half = checkpoint(published)
    assert half.size == (550 if step == "published" else 250)
    # Whoever holds the checkpoint that is there finds every file that it needs.
    expected = tiles_by_hand(stored()[: half.size])
    lying = tiles_in(published)
    for path, data in expected.items():
        full = path.split(".p/")[0]
        assert lying.get(path, lying.get(full, b""))[: len(data)] == data, path
    fill(10)
    rounds.publish()
    assert checkpoint(published).size == 560
    assert tiles_by_hand(stored()).items() <= tiles_in(published).items()


def test_the_same_log_is_signed_with_the_same_bytes(published: Path):
    fill(3)
    first = rounds.publish()
    (published / "checkpoint").unlink()
    assert rounds.publish() == first
    assert rounds.publish() == first


@pytest.mark.both_databases
def test_invariant_6_a_database_that_was_put_back_is_neither_signed_nor_appended_to(
    published: Path, tmp_path: Path
):
    fill(50)
    backup = Backup(tmp_path)
    fill(70)
    rounds.publish()
    before = (published / "checkpoint").read_bytes()
    backup.put_back()
    with pytest.raises(LogRewound):
        rounds.publish()
    with pytest.raises(LogRewound):
        noted("the fork begins")
    assert LogEntry.objects.count() == 50
    # Grown past the signed size behind the writer's back: still not what was signed.
    fill(100)
    with pytest.raises(LogForked):
        rounds.publish()
    assert (published / "checkpoint").read_bytes() == before


@pytest.mark.parametrize("changed", [3, 299, 300])
def test_invariant_6_a_rewritten_log_is_not_signed_however_well_it_is_rewritten(
    published: Path, changed: int
):
    fill(301)
    rounds.publish()
    fill(20)
    tree = merkle.Frontier()
    with with_the_databases_password(), connections["log"].cursor() as cursor:
        for index, data in enumerate(stored()):
            new = data[:-1] + bytes([data[-1] ^ 1]) if index == changed else data
            leaf = merkle.leaf_hash(new)
            tree.append(leaf)
            if index == changed:
                cursor.execute(
                    "UPDATE log_entry SET entry = %s, leaf_hash = %s WHERE entry_index = %s",
                    [new, leaf, index],
                )
        cursor.execute("UPDATE log_head SET frontier = %s", [tree.to_bytes()])
    with pytest.raises(LogForked):
        rounds.publish()
    assert checkpoint(published).size == 301


def test_what_the_database_knows_was_signed_counts_when_the_folder_is_lost(published: Path, settings: Any):
    fill(30)
    rounds.publish()
    settings.ACCESSLOG_FOLDER = published.with_name("new")
    with pytest.raises(FolderAway):
        rounds.publish()
    recovery.recover(new_folder=True)
    rounds.publish()
    assert checkpoint(published.with_name("new")).size == 30
    text = note.Checkpoint(conf.signer().origin, 31, bytes(32)).text
    LogCheckpoint.objects.create(size=31, root=bytes(32), time_us=1, note=conf.signer().sign(text))
    with pytest.raises(LogRewound):
        rounds.publish()
    fill(5)
    with pytest.raises(LogForked):
        rounds.publish()


def test_the_folder_of_another_installation_is_refused_and_a_damaged_memory_too(published: Path):
    fill(5)
    rounds.publish()
    path = published / state.NAME
    kept = path.read_text()
    path.write_text(kept.replace("example.org/tests", "example.org/other"))
    with pytest.raises(AnotherLogsFolder, match=r"log example\.org/other/log in it"):
        rounds.publish()
    path.write_text(kept.replace('"root": "', '"root": "00'))
    with pytest.raises(SignerStateDamaged):
        rounds.publish()
    path.write_text(kept)
    rounds.publish()


def test_the_database_keeps_a_checkpoint_a_minute_and_every_one_that_is_asked_for(published: Path):
    for count in range(3):
        fill(1)
        rounds.publish(noted=False)
        assert list(LogCheckpoint.objects.values_list("size", flat=True)) == [1], count
    rounds.publish(noted=True)
    assert list(LogCheckpoint.objects.values_list("size", flat=True)) == [1, 3]


def test_an_empty_log_publishes_nothing(published: Path):
    assert rounds.publish() is None
    assert not (published / "checkpoint").exists()


# ---------------------------------------------------------------------- the threads


def wait_for(folder: Path, size: int, seconds: float = 5.0) -> float:
    """Wait until a checkpoint of that size, or more, is there; how long it took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        text = rounds.read_note(folder)
        if text is not None and int(text.split("\n")[1]) >= size:
            return time.monotonic() - started
        time.sleep(0.005)
    raise AssertionError(f"no checkpoint of {size} entries after {seconds} s")


def test_a_checkpoint_is_there_within_a_second_of_an_append_and_not_more_than_two_a_second(published: Path):
    stop = publisher.start()
    sizes = set()
    try:
        took = []
        for _ in range(4):
            receipt = noted("something")
            took.append(wait_for(published, receipt.index + 1))
        started = time.monotonic()
        while time.monotonic() - started < 1.2:
            noted("much")
            sizes.add(rounds.read_note(published))
            time.sleep(0.01)
        took.append(wait_for(published, LogEntry.objects.count()))
    finally:
        stop()
    assert max(took) < 1.0, took
    assert len(sizes) <= 5


def test_a_publisher_that_cannot_publish_says_so_once_and_goes_on_when_it_can(
    published: Path, caplog: Any, monkeypatch: Any
):
    monkeypatch.setattr(publisher, "RETRY_S", 0.05)
    published.write_text("in the way")
    stop = publisher.start()
    try:
        for _ in range(5):
            noted("appending goes on")
        time.sleep(0.4)
        published.unlink()
        wait_for(published, 5)
    finally:
        stop()
    said = [record.message for record in caplog.records if record.name == "accesslog.publish"]
    assert [text.rpartition(": ")[2] == "over" for text in said] == [False, True], said


@pytest.mark.both_databases
def test_two_processes_publish_one_log(published: Path):
    """Both append and publish at once; every checkpoint that anybody saw is of one line."""
    settings = connections["log"].settings_dict
    script = (
        "import sys; from django.conf import settings; import tests.settings, django\n"
        "from tests.accesslog import child\n"
        f"child.use_log({dict(settings, TEST=None)!r})\n"
        "settings.ACCESSLOG_SIGNER = 'tests.accesslog.publish.signers.TestSigner'\n"
        f"settings.ACCESSLOG_FOLDER = {str(published)!r}\n"
        "django.setup()\n"
        "from accesslog.publish import rounds\n"
        "from tests.accesslog.cast import note\n"
        "for n in range(40): note(str(n)); rounds.publish(noted=False)\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "LETHE_TESTING": "1"}
    children = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environment) for _ in range(2)]
    seen: set[str] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.002):
            seen.add(rounds.read_note(published) or "")

    watcher = threading.Thread(target=look)
    watcher.start()
    assert [each.wait(60) for each in children] == [0, 0]
    ended.set()
    watcher.join()
    services.close()
    assert checkpoint(published).size == 80
    leaves = [merkle.leaf_hash(data) for data in stored()]
    for text in seen - {""}:
        said = note.verify_checkpoint(text, conf.signer().verifier_key())
        assert merkle.tree_root(leaves[: said.size]) == said.root
    assert tiles_by_hand(stored()).items() <= tiles_in(published).items()
