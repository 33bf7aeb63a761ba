"""What excuses a missing body: only words of the log that can still be read, and only what they say."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from accesslog import services, verify
from accesslog.models import LogBody, LogEntry, LogIndex
from accesslog.outside import verifying
from accesslog.pruning import kinds_of
from accesslog.publish import recovery, rounds
from tests.accesslog.cast import note as noted
from tests.accesslog.publish.logs import Backup
from tests.emptying import triggers_aside

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def run(statement: str, *values: Any) -> None:
    with connections["log"].cursor() as cursor:
        cursor.execute(statement, values)


def delete_bodies(below: int) -> None:
    """As somebody who has the database's password and owns its tables."""
    with transaction.atomic(using="log"), triggers_aside(connections["log"]):
        LogBody.objects.filter(index__lt=below).delete()
        LogIndex.objects.filter(index__lt=below).delete()


def test_invariant_6_a_prune_entry_whose_body_is_gone_excuses_nothing(published: Path, tmp_path: Path):
    for n in range(10):
        noted(str(n))
    rounds.publish()
    backup = Backup(tmp_path)
    services.append(kind="log.prune", body={"kinds": ["test.nothing"], "below": 1, "reason": "LC-1"})
    rounds.publish()
    backup.put_back()
    recovery.recover()
    assert verifying.run(full=True).finding is None
    index = LogEntry.objects.get(kind="log.prune").index
    run("INSERT INTO log_prune (entry_index, kind, below) VALUES (%s, '', %s)", index, index)
    run("DELETE FROM log_body WHERE entry_index < 10")
    run("DELETE FROM log_index WHERE entry_index < 10")
    finding = verifying.run(full=True).finding
    assert finding is not None
    assert "allow more than the entry says" in finding.what


def test_what_prunes_and_recoveries_said_is_of_no_class_that_ends(published: Path):
    for keep in ("access", "permission", "ledger", "always"):
        assert not {"log.prune", "log.recovered"} & set(kinds_of(keep))


def test_a_mark_that_covers_everything_does_not_cover_what_prunes_said(published: Path):
    said = services.append(kind="log.prune", body={"kinds": [], "below": 0, "reason": "LC-1"})
    more = services.append(kind="log.prune", body={"kinds": [], "below": 1, "reason": "LC-2"})
    run("INSERT INTO log_prune (entry_index, kind, below) VALUES (%s, '', %s)", more.index, 1)
    run("DELETE FROM log_body WHERE entry_index = %s", said.index)
    finding = verify.verify().finding
    assert finding is not None
    assert finding.index == said.index


def test_a_recovery_that_names_no_signed_checkpoint_excuses_nothing(published: Path):
    for n in range(10):
        noted(str(n))
    services.append(kind="log.recovered", body={"first": 0, "end": 10, "checkpoint": "nonsense"})
    delete_bodies(10)
    rounds.publish()
    finding = verifying.run(full=True).finding
    assert finding is not None
    assert "names no checkpoint" in finding.what


def test_a_recovery_by_a_tree_that_this_log_never_had_is_found(published: Path):
    noted("one")
    signed = rounds.publish() or ""
    text = signed.replace("\n1\n", "\n2\n").partition("\n\n")[0] + "\n"
    noted("two")
    services.append(kind="log.recovered", body={"first": 0, "end": 2, "checkpoint": text})
    finding = verify.verify().finding
    assert finding is not None
    assert "has another root" in finding.what


def test_entries_that_had_a_body_may_not_lose_it_in_the_name_of_a_recovery(published: Path):
    for n in range(10):
        noted(str(n))
    signed = rounds.publish()
    services.append(kind="log.recovered", body={"first": 0, "end": 10, "checkpoint": signed})
    assert verifying.run(full=True).finding is None
    delete_bodies(10)
    finding = verifying.run(full=True).finding
    assert finding is not None
    assert finding.index == 0
    assert "gone, and no prune entry covers it" in finding.what


@pytest.mark.parametrize("open_bodies", [False, True])
def test_a_prune_that_works_while_the_log_is_verified_is_no_finding(
    published: Path, monkeypatch: pytest.MonkeyPatch, open_bodies: bool
):
    monkeypatch.setattr(verify, "CHUNK", 16)
    for n in range(40):
        noted(str(n))

    def prune(done: int, _total: int) -> None:
        if done == 16:
            body: dict[str, Any] = {"kinds": ["test.noted"], "below": 40, "reason": "LC-1"}
            receipt = services.append(kind="log.prune", body=body)
            run(
                "INSERT INTO log_prune (entry_index, kind, below) VALUES (%s, 'test.noted', 40)",
                receipt.index,
            )
            run("DELETE FROM log_body WHERE entry_index < 40")

    report = verify.verify(open_bodies=open_bodies, progress=prune)
    assert (report.finding, report.bodies, report.erased) == (None, 16, 24)
