"""Invariant 6: the past cannot be rewritten. The databases themselves refuse."""

from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from accesslog import services
from accesslog.events import PRUNE
from accesslog.models import LogBody, LogCheckpoint, LogEntry, LogHead, LogIndex, LogPrune
from tests.accesslog.cast import NOTED, cover, note

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("access_log"),
]


def refused(statement: str, *parameters: str | int) -> str:
    """Run a statement that must be refused; why it was."""
    with pytest.raises(DatabaseError) as caught, connections["log"].cursor() as cursor:
        cursor.execute(statement, parameters)
    return str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET kind = 'test.other'",
        "UPDATE log_entry SET entry = leaf_hash",
        "UPDATE log_entry SET entry_index = 7 WHERE entry_index = 1",
        "DELETE FROM log_entry WHERE entry_index = 1",
        "UPDATE log_body SET key_id = 'x'",
        "DELETE FROM log_body",
        "UPDATE log_index SET actor_id = 'somebody'",
        "DELETE FROM log_index",
        "UPDATE log_head SET size = 1",
        "UPDATE log_head SET size = 2",
        "UPDATE log_head SET size = 3, last_time_us = 0",
        "DELETE FROM log_head",
        "INSERT INTO log_head (id, size, frontier, last_time_us) VALUES (2, 0, '', 0)",
        "INSERT INTO log_prune (entry_index, kind, below) VALUES (1, '', 1)",
    ],
)
def test_invariant_6_what_was_logged_is_not_changed_or_deleted(statement):
    cover()
    cover()
    before = list(LogEntry.objects.order_by("index").values())
    refused(statement)
    assert list(LogEntry.objects.order_by("index").values()) == before
    assert (LogBody.objects.count(), LogIndex.objects.count()) == (2, 2)
    assert LogHead.objects.get().size == 2


@pytest.mark.parametrize("table", ["log_entry", "log_body", "log_index", "log_head"])
def test_invariant_6_no_table_is_emptied_or_written_over(table):
    cover()
    if connections["log"].vendor == "sqlite":
        refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608
        refused(f"REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608
    else:
        refused(f"TRUNCATE {table}")
        refused(f"INSERT INTO {table} SELECT * FROM {table}")  # noqa: S608


def test_a_replaced_event_id_cannot_push_its_entry_out():
    if connections["log"].vendor != "sqlite":
        pytest.skip("only SQLite has INSERT OR REPLACE")
    note()
    refused(
        "INSERT OR REPLACE INTO log_entry SELECT 5, event_id, time_us, kind, entry, leaf_hash FROM log_entry"
    )


def prune(*, kinds: list[str], below: int) -> int:
    """A prune entry and its marks, as the log's own pruning writes them."""
    body: dict[str, Any] = {"kinds": kinds, "below": below, "reason": "retention of the log"}
    receipt = services.append(kind=PRUNE, body=body)
    for kind in kinds or [""]:
        LogPrune.objects.create(index=receipt.index, kind=kind, below=below)
    return receipt.index


def test_bodies_and_search_rows_go_only_below_a_prune_mark():
    for n in range(4):
        cover(minute=n)
    prune(kinds=[], below=2)
    assert LogBody.objects.filter(index__lt=2).delete()[0] == 2
    assert LogIndex.objects.filter(index__lt=2).delete()[0] == 2
    for model in (LogBody, LogIndex):
        with pytest.raises(DatabaseError), transaction.atomic(using="log"):
            model.objects.filter(index=2).delete()
    assert LogEntry.objects.count() == 5


def test_a_prune_mark_covers_its_kind_only():
    cover()
    note()
    prune(kinds=[NOTED], below=2)
    with pytest.raises(DatabaseError):
        LogBody.objects.filter(index=0).delete()
    assert LogBody.objects.filter(index=1).delete()[0] == 1


def test_a_prune_mark_stays_and_looks_back_only():
    note()
    index = prune(kinds=[], below=1)
    refused("DELETE FROM log_prune")
    refused("UPDATE log_prune SET below = 0")
    refused("INSERT INTO log_prune (entry_index, kind, below) VALUES (%s, 'x', %s)", index, index + 1)


def test_a_checkpoint_is_not_changed():
    LogCheckpoint.objects.create(size=1, root=bytes(32), time_us=0, note="origin\n1\n")
    refused("UPDATE log_checkpoint SET note = 'other'")
