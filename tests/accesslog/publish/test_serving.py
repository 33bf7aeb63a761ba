"""The addresses of the published files, the commands, and what Health says of publishing."""

import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accesslog import Scope, note
from accesslog.models import LogCheckpoint
from accesslog.publish import condition, copies, rounds
from tests.accesslog import hooks
from tests.accesslog.cast import note as noted
from tests.accesslog.publish.logs import Backup, fill
from tests.accesslog.publish.signers import TestSigner

pytestmark = pytest.mark.django_db(databases=["default", "log"])
HERE = "/log/public/"


@pytest.fixture
def reader(settings: Any, client: Client, django_user_model: Any) -> Client:
    """Somebody who may read the log."""
    settings.ACCESSLOG_SCOPE = "tests.accesslog.hooks.scope"
    user = django_user_model.objects.create_user(email="auditor@example.org", password="x" * 12)
    hooks.SCOPES[user.email] = Scope(all_sites=True)
    client.force_login(user)
    return client


def manage(*arguments: str) -> str:
    said = StringIO()
    call_command("log", *arguments, stdout=said, stderr=said)
    return said.getvalue()


def test_the_files_are_served_as_they_are_and_full_tiles_for_ever(published: Path, reader: Client):
    fill(300)
    text = rounds.publish()
    answer = reader.get(f"{HERE}checkpoint")
    assert answer.content.decode() == text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    for path, kept in (
        ("0/000", "immutable"), ("entries/000", "immutable"), ("0/001.p/44", "3600"), ("1/000.p/1", "3600")
    ):  # fmt: skip
        answer = reader.get(f"{HERE}tile/{path}")
        assert answer.content == (published / "tile" / path).read_bytes()
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert kept in answer.headers["Cache-Control"]
        assert "private" in answer.headers["Cache-Control"]
    key = reader.get(f"{HERE}key").content.decode().strip()
    assert note.verify_checkpoint(text or "", key).size == 300
    assert reader.post(f"{HERE}checkpoint").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002", "tile/0/0", "tile/0/000.p/256", "tile/0/../../signer-state", "tile/../signer-state",
        "tile//etc/passwd", "signer-state", "tile/0/000/", "tile/64/000", "tile/0/%2e%2e/checkpoint", "",
        "tile/0/000%00", "tile/",
    ],
)  # fmt: skip
def test_nothing_else_is_there(published: Path, reader: Client, path: str):
    fill(300)
    rounds.publish()
    assert reader.get(f"{HERE}{path}").status_code == 404


def test_invariant_8_the_files_are_for_who_reads_the_log_unless_they_are_made_public(
    published: Path, reader: Client, settings: Any
):
    noted("something")
    rounds.publish()
    stranger = Client()
    for path in ("checkpoint", "tile/0/000.p/1", "key"):
        assert stranger.get(HERE + path).status_code == 302
    hooks.SCOPES["auditor@example.org"] = None
    for path in ("checkpoint", "tile/0/000.p/1", "key"):
        assert reader.get(HERE + path).status_code == 404
    settings.ACCESSLOG_PUBLIC = True
    for path in ("checkpoint", "tile/0/000.p/1", "key"):
        assert stranger.get(HERE + path).status_code == 200


def test_a_round_by_hand_prints_the_checkpoint(published: Path):
    assert "empty" in manage("publish")
    noted("something")
    said = manage("publish")
    assert said == (published / "checkpoint").read_text()
    assert LogCheckpoint.objects.get().note == said
    assert manage("key").strip() == TestSigner().verifier_key()


def test_recovering_by_hand_says_what_was_put_back(published: Path, tmp_path: Path):
    fill(5)
    backup = Backup(tmp_path)
    fill(4)
    manage("publish")
    assert "every entry" in manage("recover")
    backup.put_back()
    assert "Entries 5 to 8" in manage("recover")
    with pytest.raises(CommandError, match="no loss"):
        manage("accept-loss", "--reason", "just so")
    with pytest.raises(CommandError, match="reason"):
        manage("accept-loss", "--reason", " ")


def test_accepting_a_loss_by_hand(published: Path, tmp_path: Path):
    fill(5)
    backup = Backup(tmp_path)
    fill(4)
    manage("publish")
    backup.put_back()
    (published / "tile/entries/000.p/9").unlink()
    with pytest.raises(CommandError, match="accept-loss"):
        manage("recover")
    assert "from 5 entries" in manage("accept-loss", "--reason", "the disk burnt")


def test_health_sees_what_is_late_rewound_or_contradicted(
    published: Path, tmp_path: Path, settings: Any, monkeypatch: Any
):
    copy = tmp_path / "copy"
    settings.ACCESSLOG_COPIES = [copy]
    noted("something")
    found = condition.look()
    assert found is not None
    assert (found.size, found.published, found.is_late, found.error) == (1, 0, False, None)
    rounds.publish()
    copies.bring_up(copy)
    found = condition.look()
    assert found is not None
    assert (found.published, found.behind_s, found.copies[0].size) == (1, 0.0, 1)
    backup = Backup(tmp_path)
    noted("more")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 601)
    found = condition.look()
    assert found is not None
    assert found.is_late
    assert not found.copies[0].is_late, "it has all that is published"
    rounds.publish()
    found = condition.look()
    assert found is not None
    assert found.copies[0].is_late
    backup.put_back()
    found = condition.look()
    assert found is not None
    assert found.error is not None
    assert found.error.code == "log.rewound"


def test_health_shows_it_to_administrators(published: Path, tmp_path: Path, settings: Any):
    from config import doctor_log

    copy = tmp_path / "away" / "copy"
    settings.ACCESSLOG_COPIES = [copy]
    noted("something")
    rounds.publish()
    said = {each.code: each.severity.name for each in doctor_log.published()}
    assert said == {"log.unpublished": "OK", "log.copy": "OK"}
    backup = Backup(tmp_path)
    noted("more")
    rounds.publish()
    backup.put_back()
    said = {each.code: each.severity.name for each in doctor_log.published()}
    assert said["log.rewound"] == "BAD"
