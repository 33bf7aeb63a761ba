"""What witnesses say: held against the log, never believed about the time of day, never waited for."""

import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections
from django.test.utils import CaptureQueriesContext

from accesslog import note, verify
from accesslog.models import LogCosignature, LogEntry
from accesslog.outside import anchors, posting, verifying, witness
from accesslog.outside.anchors import Anchor
from accesslog.publish import rounds
from tests.accesslog.cast import note as noted

pytestmark = pytest.mark.django_db(databases=["default", "log"])
NAME = "wit.example"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"a throw-away key of a witness...")
KEY = note.key_of(NAME, PRIVATE, note.COSIGNATURE)
Answering = Callable[[str, bytes], posting.Answer]


@pytest.fixture
def ten(published: Path, settings: Any) -> str:
    """The checkpoint's note of a log of ten entries, which has one witness."""
    settings.ACCESSLOG_WITNESSES = [f"{KEY} http://localhost:1"]
    for n in range(10):
        noted(str(n))
    return rounds.publish() or ""


def cosignature(size: int, text: str, seconds: int) -> None:
    line = note.cosign(text, KEY, PRIVATE, seconds=seconds).line
    LogCosignature.objects.create(size=size, witness=NAME, line=line, time_us=seconds * 10**6)


def found() -> str:
    finding = verifying.run(full=True).finding
    return finding.what if finding else ""


@pytest.mark.parametrize(
    "seconds",
    [2**62, 400_000_000_000, 86_400 + int(time.time())],
    ids=["no date", "far ahead", "a day ahead"],  # two workers collect in different seconds
)
def test_a_witness_whose_clock_is_wrong_is_refused_and_the_next_one_asked(
    ten: str, monkeypatch: pytest.MonkeyPatch, seconds: int
):
    def sign(_url: str, body: bytes) -> posting.Answer:
        text = note.parse(body.decode().split("\n\n", 1)[1]).text
        return posting.Answer(
            200, "text/plain", note.cosign(text, KEY, PRIVATE, seconds=seconds).line.encode()
        )

    monkeypatch.setattr(witness, "post", sign)
    assert [each.what for each in witness.cosign()] == ["broken"]
    assert not LogCosignature.objects.exists()
    assert found() == ""


def test_a_time_that_is_no_date_is_a_finding_and_no_error(ten: str):
    cosignature(10, note.parse(ten).text, 400_000_000_000)
    noted("more")
    assert (
        found()
        == "Entry 10 bears a time before the witness wit.example was signed below it: the clock was moved."
    )


def test_a_witness_that_saw_more_than_there_is_is_a_finding(ten: str):
    cosignature(500, note.Checkpoint("example.org/tests/log", 500, b"y" * 32).text, int(time.time()))
    assert "a witness's signature of 500 entries speaks of 500 entries, and there are 10" in found()


def test_a_signature_whose_checkpoint_is_gone_is_a_finding(ten: str):
    cosignature(7, note.Checkpoint("example.org/tests/log", 7, b"y" * 32).text, int(time.time()))
    assert found() == "The signature of the witness wit.example of 7 entries does not fit."


def test_cosignatures_are_looked_at_many_at_a_time(ten: str):
    now = int(time.time())
    text = note.parse(ten).text
    rows = []
    for name in (f"w{n}" for n in range(300)):
        line = note.cosign(text, note.key_of(name, PRIVATE, note.COSIGNATURE), PRIVATE, seconds=now).line
        rows.append(LogCosignature(size=10, witness=name, line=line, time_us=now * 10**6))
    LogCosignature.objects.bulk_create(rows)
    with CaptureQueriesContext(connections["log"]) as queries:
        assert found() == ""
    assert len(queries) < 60


def test_a_time_at_the_edge_of_a_chunk_counts(ten: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verify, "CHUNK", 4)
    later = time.time_ns() // 1000 + 10**10
    for size in (7, 8):
        finding = verify.verify(kept=[Anchor(size, None, "somebody", later)]).finding
        assert finding is not None
        assert finding.index == size


def test_published_files_that_are_gone_are_a_finding(
    ten: str, published: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verifying, "LATE_US", 0)
    assert found() == ""
    before = (published / "checkpoint").read_bytes()
    noted("more")
    rounds.publish()
    (published / "checkpoint").write_bytes(before)
    assert "the last checkpoint that was signed is not there" in found()
    (published / "checkpoint").unlink()
    shutil.rmtree(published / "tile")
    assert "the last checkpoint that was signed is not there" in found()


def test_a_witness_that_refuses_for_another_reason_each_minute_fills_no_log(
    ten: str, monkeypatch: pytest.MonkeyPatch
):
    sizes = iter(range(1000, 1010))

    def refuse(_url: str, _body: bytes) -> posting.Answer:
        return posting.Answer(409, "text/x.tlog.size", b"%d\n" % next(sizes))

    monkeypatch.setattr(witness, "post", refuse)
    for _ in range(3):
        assert [each.what for each in witness.cosign()] == ["ahead"]
    assert LogEntry.objects.filter(kind="log.witness_refused").count() == 1


def test_a_witness_that_sends_its_headers_byte_by_byte_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(posting, "WHOLE_S", 0.4)
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _address = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
            while not over.wait(0.05):
                try:
                    connection.sendall(b"a")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        threading.Timer(3.0, over.set).start()
        begun = time.monotonic()
        with pytest.raises(posting.Unreachable):
            posting.post(f"http://127.0.0.1:{listening.getsockname()[1]}/x", b"")
        assert time.monotonic() - begun < 2
        over.set()
        thread.join()


def test_a_long_mail_full_of_sizes_is_read_quickly(tmp_path: Path):
    mail = tmp_path / "mail.txt"
    mail.write_text("size 1 is a size\n" * 6000)
    begun = time.monotonic()
    with pytest.raises(anchors.AnchorUnusable):
        anchors.from_file(mail)
    assert time.monotonic() - begun < 3
