"""The ways in which somebody could rewrite the past, and what each is called when it is found.

Whoever changes something here has the databases' own passwords, and where it says so the signing key as well.
What outsiders see of the published files is in tests/accesslog/outside.
"""

import shutil
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accesslog import conf, merkle, note, services
from accesslog.findings import Finding
from accesslog.models import LogBody, LogCheckpoint, LogCosignature, LogEntry, LogHead
from accesslog.outside import anchors, verifying
from accesslog.publish import recovery, rounds
from accesslog.publish.state import NAME as MEMORY
from tests.accesslog.outside import published
from tests.accesslog.publish.logs import Backup
from tests.accesslog.test_verify import log_of, with_the_databases_password

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.postgres_later,
]

HOUR_US = 3_600_000_000


@pytest.fixture
def folder(settings: Any, access_log: str, tmp_path: Path) -> Path:
    """A published log of eight entries; its checkpoint is kept beside the folder, as `kept`."""
    settings.ACCESSLOG_SIGNER = "tests.accesslog.outside.published.Signer"
    settings.ACCESSLOG_FOLDER = tmp_path / "log"
    settings.ACCESSLOG_COPIES = []
    log_of(8)
    (tmp_path / "kept").write_text(rounds.publish() or "")
    return tmp_path / "log"


def found(*, full: bool = False, against: Path | None = None) -> Finding:
    report = verifying.run(full=full, against=[against] if against else [])
    assert report.finding is not None
    return report.finding


def put_together_again(entries: list[bytes]) -> None:
    """All rows and the head as if these had been the entries; later rows and the checkpoints go."""
    frontier = merkle.Frontier()
    for index, data in enumerate(entries):
        leaf = merkle.leaf_hash(data)
        frontier.append(leaf)
        LogEntry.objects.filter(index=index).update(entry=data, leaf_hash=leaf, time_us=time_of(data))
    for model in (LogEntry, LogBody):
        model._default_manager.filter(index__gte=len(entries)).delete()
    LogCheckpoint.objects.all().delete()
    last = time_of(entries[-1])
    LogHead.objects.update(size=len(entries), frontier=frontier.to_bytes(), last_time_us=last)


def time_of(data: bytes) -> int:
    return int.from_bytes(data[2 + data[1] : 10 + data[1]], "big")


def entries() -> list[bytes]:
    return [bytes(row.entry) for row in LogEntry.objects.order_by("index")]


def with_other_words(data: bytes) -> bytes:
    """The same kind and time, committing to something else."""
    return data[:-32] + bytes(32)


def edit_body(folder: Path) -> None:
    LogBody.objects.filter(index=3).update(sealed=LogBody.objects.get(index=2).sealed)


def edit_entry(folder: Path) -> None:
    LogEntry.objects.filter(index=3).update(entry=with_other_words(entries()[3]))


def edit_leaf(folder: Path) -> None:
    LogEntry.objects.filter(index=3).update(leaf_hash=bytes(32))


def edit_tile(folder: Path) -> None:
    path = folder / "tile/0/000.p/8"
    path.write_bytes(path.read_bytes()[:96] + bytes(32) + path.read_bytes()[128:])


def cut_rows(folder: Path) -> None:
    LogEntry.objects.filter(index__gte=6).delete()


def cut_with_the_head(folder: Path) -> None:
    put_together_again(entries()[:6])


def reorder(folder: Path) -> None:
    changed = entries()
    changed[3], changed[4] = changed[4], changed[3]
    first, second = LogBody.objects.get(index=3), LogBody.objects.get(index=4)
    LogBody.objects.filter(index=3).update(sealed=second.sealed)
    LogBody.objects.filter(index=4).update(sealed=first.sealed)
    put_together_again(changed)


def forge_size(folder: Path) -> None:
    LogHead.objects.update(size=12, frontier=bytes(64))


def rewrite(folder: Path) -> None:
    """Entry 3 about somebody else, with a salt, a sealed body and hashes that fit."""
    body = LogBody.objects.get(index=3)
    record = conf.sealer().open(body.key_id, bytes(body.sealed))[32:]
    plaintext = bytes(32) + record.replace(b"Minji", b"Hyuna")
    LogBody.objects.filter(index=3).update(
        sealed=conf.sealer().seal("2026-11", plaintext)[1], key_id="log/2026-11"
    )
    changed = entries()
    changed[3] = changed[3][:-32] + sha256(plaintext).digest()
    put_together_again(changed)


def prune_unsaid(folder: Path) -> None:
    LogBody.objects.filter(index__lt=4).delete()


def forge_checkpoint(folder: Path) -> None:
    LogCheckpoint.objects.update(note=LogCheckpoint.objects.get().note.replace("\n8\n", "\n9\n"))


@pytest.mark.parametrize(
    ("tamper", "index", "said"),
    [
        (edit_body, 3, "The body of entry 3 is not the one that was logged"),
        (edit_entry, 3, "The bytes of entry 3, or its leaf hash, were changed"),
        (edit_leaf, 3, "The bytes of entry 3, or its leaf hash, were changed"),
        (edit_tile, 3, "The published files do not fit: Entry 3, or its hash in the tile, was changed"),
        (cut_rows, 6, "Entries are missing: the first of them is entry 6"),
        (
            cut_with_the_head,
            6,
            "/log speaks of 8 entries, and there are 6",
        ),
        (reorder, 3, "The entries 3 to 4 were reordered"),
        (forge_size, 8, "Entries are missing: the first of them is entry 8"),
        (
            rewrite,
            3,
            "Among the entries 0 to 7, some were rewritten after they were signed: the checkpoint in",
        ),
        (prune_unsaid, 0, "The body of entry 0 is gone, and no prune entry covers it"),
        (forge_checkpoint, 7, "The checkpoint of 8 entries in the database is not one that was signed"),
    ],
)
def test_invariant_6_what_was_rewritten_is_found_and_named(
    folder: Path, tamper: Callable[[Path], None], index: int, said: str
):
    with with_the_databases_password():
        tamper(folder)
    finding = found(full=True)
    assert said in finding.what
    assert finding.index == index
    assert finding.expected != finding.calculated
    assert finding.advice


def test_a_backup_put_back_is_found_by_the_signers_memory(folder: Path, tmp_path: Path):
    backup = Backup(tmp_path)
    log_of(3)
    rounds.publish()
    backup.put_back()
    finding = found()
    assert f"the checkpoint in {folder} speaks of 11 entries, and there are 8" in finding.what
    assert "manage.py log recover" in finding.advice


def test_a_backup_put_back_with_the_signers_memory_is_found_by_a_kept_checkpoint(
    folder: Path, tmp_path: Path
):
    backup, memory = Backup(tmp_path), (folder / MEMORY).read_bytes()
    log_of(3)
    kept = tmp_path / "mailed"
    kept.write_text(f"Dear privacy officer,\n\n> {(rounds.publish() or '').replace(chr(10), chr(10) + '> ')}")
    backup.put_back()
    (folder / MEMORY).write_bytes(memory)
    (folder / "checkpoint").unlink()
    assert verifying.run().finding is None  # nothing of ours is left that knows better
    assert "mailed speaks of 11 entries, and there are 8" in found(against=kept).what


def test_a_log_rewritten_and_signed_with_the_real_key_is_found_by_a_kept_checkpoint(
    folder: Path, tmp_path: Path
):
    with with_the_databases_password():
        rewrite(folder)
    shutil.rmtree(folder)
    log_of(2)
    rounds.publish()
    assert verifying.run(full=True).finding is None  # it contradicts nothing that is left here
    finding = found(against=tmp_path / "kept")
    assert "Among the entries 0 to 7, some were rewritten after they were signed: kept" in finding.what
    assert len(finding.expected) == len(finding.calculated) == 64


def clock_set_by(monkeypatch: pytest.MonkeyPatch, microseconds: int) -> None:
    """The writer's clock, moved."""
    moved = {**vars(time), "time_ns": lambda: time.time_ns() + microseconds * 1000}
    monkeypatch.setattr("accesslog.writer.time", SimpleNamespace(**moved))


def test_a_clock_that_was_ahead_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch):
    clock_set_by(monkeypatch, HOUR_US)
    log_of(2)
    monkeypatch.undo()
    rounds.publish()
    finding = found()
    assert "Entry 8 bears a time after the" in finding.what
    assert "the clock was moved" in finding.what


def test_a_clock_that_was_behind_is_found(
    settings: Any, access_log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings.ACCESSLOG_SIGNER = "tests.accesslog.outside.published.Signer"
    settings.ACCESSLOG_FOLDER = tmp_path / "log"
    settings.ACCESSLOG_COPIES = []
    clock_set_by(monkeypatch, -HOUR_US)
    log_of(4)
    rounds.publish()
    log_of(2)
    finding = found()
    assert "Entry 4 bears a time before the" in finding.what


def test_a_clock_moved_with_the_signers_is_found_by_a_witness(folder: Path, settings: Any):
    """All clocks of this machine agree; the witness has its own."""
    private = published.PRIVATE
    key = note.key_of("witness.example/w1", private, note.COSIGNATURE)
    settings.ACCESSLOG_WITNESSES = [f"{key} http://127.0.0.1:1"]
    checkpoint = LogCheckpoint.objects.get()
    seconds = checkpoint.time_us // 1_000_000 - 7200
    line = note.cosign(note.parse(checkpoint.note).text, key, private, seconds=seconds).line
    LogCosignature.objects.create(size=8, witness=key.name, line=line, time_us=seconds * 1_000_000)
    assert "Entry 0 bears a time after the witness witness.example/w1 was signed" in found().what
    settings.ACCESSLOG_WITNESSES = []
    assert verifying.run().finding is None


def test_a_checkpoint_is_read_from_whatever_it_was_kept_in(folder: Path, tmp_path: Path):
    signed = (tmp_path / "kept").read_text()
    root = LogEntry.objects.count() and bytes(LogCheckpoint.objects.get().root).hex()
    for text in (
        signed,
        f"From: lethe\n\nToday's checkpoint:\n\n{signed}\n-- \nbye".replace("\n", "\r\n"),
        "".join(f"    {line}\n" for line in signed.splitlines()),
        f"size 8\nroot {root}\n",
        f"Size: 8, root: {str(root).upper()}",
    ):
        path = tmp_path / "some"
        path.write_bytes(text.encode())
        assert [(each.size, (each.root or b"").hex()) for each in anchors.from_file(path)] == [(8, root)]
        assert verifying.run(against=[path]).finding is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "good morning", "This file holds no checkpoint"),
        (lambda text: text.replace("\n8\n", "\n9\n"), "does not fit this text"),
        (lambda text: text.replace("lethe.example", "other.example"), "no signature of lethe.example/log"),
    ],
)
def test_a_checkpoint_of_another_log_is_not_compared(
    folder: Path, tmp_path: Path, change: Callable[[str], str], said: str
):
    path = tmp_path / "other"
    path.write_text(change((tmp_path / "kept").read_text()))
    with pytest.raises(anchors.AnchorUnusable) as caught:
        verifying.run(against=[path])
    assert said in str(caught.value)


def test_each_verification_is_an_entry_of_its_own(folder: Path, tmp_path: Path, capsys: Any):
    call_command("log", "verify", "--full", against=[tmp_path / "kept"])
    said = capsys.readouterr().out
    assert "The log is whole: 8 entries" in said
    assert "This was logged as entry 8." in said
    assert "roots of 4 checkpoints" in said
    with with_the_databases_password():
        edit_leaf(folder)
    services.close()
    with pytest.raises(CommandError, match="entry 3"):
        call_command("log", "verify")
    rows = LogEntry.objects.filter(kind="log.verified").order_by("index")
    assert [row.index for row in rows] == [8, 9]


def test_bodies_lost_with_the_database_are_missing_only_where_the_recovery_says_so(
    folder: Path, tmp_path: Path
):
    backup = Backup(tmp_path)
    log_of(3)
    rounds.publish()
    backup.put_back()
    recovery.recover()
    report = verifying.run(full=True, against=[tmp_path / "kept"])
    assert report.finding is None
    assert report.erased == 3
    with with_the_databases_password():
        LogBody.objects.filter(index=7).delete()
    assert "The body of entry 7 is gone" in found().what
