"""The client of witnesses, against a witness that we did not write (aics-witness), over real sockets."""

import http.server
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from accesslog import note
from accesslog.models import LogCosignature, LogEntry
from accesslog.outside import witness
from accesslog.publish import rounds, state
from tests.accesslog.cast import note as log_note
from tests.accesslog.outside import outsiders, published, tools
from tests.accesslog.publish.logs import Backup, fill
from tests.accesslog.test_tampered import rewrite
from tests.accesslog.test_verify import log_of, with_the_databases_password
from tests.servers.process import Server, free_port

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@dataclass
class Neighbour:
    """A running aics-witness."""

    vkey: str
    url: str
    server: Server

    @property
    def line(self) -> str:
        return f"{self.vkey} {self.url}"


def _command(folder: Path, *arguments: str) -> list[str]:
    return tools.python("-m", "aics_witness", arguments[0], "--config", folder / "w.json", *arguments[1:])


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Neighbour]:
    """A witness of the tests' log on a port of its own."""
    home = tmp_path / "witness"
    home.mkdir()
    for arguments in (
        ("init", "--name", "witness.example/w1"),
        ("add-log", "--origin", published.ORIGIN, "--vkey", published.VKEY),
    ):
        done = subprocess.run(
            _command(home, *arguments), env=tools.environment(), capture_output=True, text=True, check=True
        )
        if arguments[0] == "init":
            vkey = done.stdout.strip().splitlines()[-1]
    port = free_port()
    server = Server(
        "witness",
        _command(home, "serve", "--listen", f"127.0.0.1:{port}"),
        folder=home,
        environment={**os.environ, **tools.environment()},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        server.wait_until(lambda: "listening" in server.output().lower() or _answers(port))
        yield Neighbour(vkey, url, server)
    finally:
        server.stop()


def _answers(port: int) -> bool:
    from tests.servers.process import accepts

    return accepts(port)


def whats() -> list[tuple[str, int | None]]:
    return [(each.what, each.theirs) for each in witness.cosign()]


def forget(folder: Path) -> None:
    """Empty the folder, as if what the signer remembers had been put back as well."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    state.save(folder, state.State(origin=published.ORIGIN))


@pytest.mark.servers
def test_a_witness_signs_each_growth_and_refuses_a_log_put_back(
    folder: Path, tmp_path: Path, settings: Any, neighbour: Neighbour
):
    settings.ACCESSLOG_WITNESSES = [neighbour.line]
    log_of(5)
    assert whats() == [("signed", 5)]
    fill(600)
    assert whats() == [("signed", 605)]
    assert whats() == [("signed", 605)]  # nothing new: it is asked all the same
    assert list(LogCosignature.objects.values_list("size", flat=True)) == [5, 605]
    # Others read it: under the checkpoint it is a signature by the witness's own key.
    signed = note.parse(rounds.publish() or "").with_signatures(witness.cosignatures(605))
    path = tmp_path / "cosigned"
    path.write_text(str(signed))
    for key in (neighbour.vkey, published.VKEY.replace("lethe", "other")):
        accepted, said = outsiders.alone("checkpoint", path, "--key", published.VKEY, "--witness", key)
        assert accepted == (key == neighbour.vkey), said
    assert (
        "The witness witness.example/w1 saw it at"
        in outsiders.alone("checkpoint", path, "--key", published.VKEY, "--witness", neighbour.vkey)[1]
    )

    # We forget which size it signed: it tells, and goes on from there.
    fill(3)
    with with_the_databases_password():
        LogCosignature.objects.all().delete()
    assert whats() == [("signed", 608)]

    backup = Backup(tmp_path)
    log_of(2)
    assert whats() == [("signed", 610)]
    backup.put_back()
    forget(folder)
    assert whats() == [("ahead", 610)]
    assert [each.what for each in witness.last_outcomes()] == ["ahead"]
    refusals = LogEntry.objects.filter(kind="log.witness_refused")
    assert refusals.count() == 1
    assert whats() == [("ahead", 610)]
    assert refusals.count() == 1  # said once


@pytest.mark.servers
def test_a_witness_refuses_a_log_that_was_rewritten_and_signed_anew(
    folder: Path, settings: Any, neighbour: Neighbour
):
    settings.ACCESSLOG_WITNESSES = [neighbour.line]
    log_of(8)
    assert whats() == [("signed", 8)]
    with with_the_databases_password():
        rewrite(folder)
    forget(folder)
    log_of(1)
    assert whats() == [("contradicted", 8)]
    assert LogEntry.objects.filter(kind="log.witness_refused").exists()


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers what the test says."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
    asked: list[str] = []

    def do_POST(self) -> None:
        Stranger.asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, body = Stranger.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a witness that answers what Stranger.answer says."""
    Stranger.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


WITNESS = str(note.key_of("stranger.example", published.PRIVATE, note.COSIGNATURE))


def cosigned_by(name: str, kind: int = note.COSIGNATURE) -> bytes:
    text = note.parse(rounds.publish() or "").text
    key = note.key_of(name, published.PRIVATE, kind)
    return f"{note.cosign(text, key, published.PRIVATE, seconds=int(time.time())).line}\n".encode()


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (lambda: (200, {}, cosigned_by("stranger.example")), "signed"),
        (lambda: (200, {}, cosigned_by("somebody.else")), "broken"),
        (lambda: (200, {}, cosigned_by("stranger.example")[:-30] + b"AAAA\n"), "broken"),
        (lambda: (200, {}, b"\xff\xfe"), "broken"),
        (lambda: (302, {"Location": "/elsewhere"}, b""), "unreachable"),
        (lambda: (404, {}, b"no such log"), "misconfigured"),
        (lambda: (403, {}, b""), "misconfigured"),
        (lambda: (409, {"Content-Type": "text/x.tlog.size"}, b"99\n"), "ahead"),
        (lambda: (409, {"Content-Type": "text/html"}, b"99\n"), "unreachable"),
        (lambda: (409, {"Content-Type": "text/x.tlog.size"}, b"0\n"), "contradicted"),
        (lambda: (422, {}, b""), "contradicted"),
        (lambda: (503, {}, b""), "unreachable"),
        (lambda: (200, {}, b"x" * 100_000), "unreachable"),
    ],
)
def test_no_answer_of_a_witness_does_harm(
    folder: Path, settings: Any, stranger: str, answer: Callable[[], Any], what: str
):
    log_note()
    Stranger.answer = answer()
    settings.ACCESSLOG_WITNESSES = [f"{WITNESS} {stranger}/prefix/"]
    assert [each.what for each in witness.cosign()] == [what]
    assert set(Stranger.asked) == {"/prefix/add-checkpoint"}
    assert LogCosignature.objects.exists() == (what == "signed")
    assert [each.what for each in witness.last_outcomes()] == [what]


def test_a_witness_that_is_away_costs_nothing_but_its_signature(folder: Path, settings: Any, stranger: str):
    log_note()
    Stranger.answer = (200, {}, cosigned_by("stranger.example"))
    settings.ACCESSLOG_WITNESSES = [
        f"{published.VKEY and note.key_of('away.example', published.PRIVATE, 4)} http://127.0.0.1:{free_port()}",
        f"{WITNESS} {stranger}",
    ]
    assert [each.what for each in witness.cosign()] == ["unreachable", "signed"]


@pytest.mark.parametrize(
    "line", ["", "nonsense http://x", f"{published.VKEY} http://x", f"{WITNESS} ftp://x"]
)
def test_a_witness_that_is_named_wrongly_is_said_at_once(settings: Any, line: str):
    settings.ACCESSLOG_WITNESSES = [line]
    with pytest.raises(ImproperlyConfigured):
        witness.configured()


def test_without_witnesses_nothing_is_asked_or_published(folder: Path):
    log_note()
    assert witness.cosign() == []
    assert not folder.exists()


@pytest.mark.parametrize(
    ("answer", "code", "severity"),
    [
        (lambda: (200, {}, cosigned_by("stranger.example")), "log.witness", "OK"),
        (lambda: (404, {}, b""), "log.witness", "WARN"),
        (lambda: (503, {}, b""), "log.witness", "WARN"),  # it never signed
        (lambda: (422, {}, b""), "log.witness_refused", "BAD"),
    ],
)
def test_the_doctor_says_how_the_witnesses_do(
    folder: Path, settings: Any, stranger: str, answer: Callable[[], Any], code: str, severity: str
):
    from config import doctor_log

    log_note()
    Stranger.answer = answer()
    settings.ACCESSLOG_WITNESSES = [f"{WITNESS} {stranger}"]
    witness.cosign()
    assert [(each.code, each.severity.name) for each in doctor_log.witnesses()] == [(code, severity)]


def test_a_witness_that_signed_a_moment_ago_may_be_away_for_a_while(
    folder: Path, settings: Any, stranger: str, monkeypatch: pytest.MonkeyPatch
):
    log_note()
    settings.ACCESSLOG_WITNESSES = [f"{WITNESS} {stranger}"]
    Stranger.answer = (200, {}, cosigned_by("stranger.example"))
    witness.cosign()
    Stranger.answer = (503, {}, b"")
    witness.cosign()
    (outcome,) = witness.last_outcomes()
    assert (outcome.what, outcome.is_silent) == ("unreachable", False)
    monkeypatch.setattr(witness, "SILENT_US", -1)
    assert outcome.is_silent
