"""Verification sees every change, says which entry it is first, and what was expected.

Whoever changes a row here has first put the triggers aside, as somebody with the database's own password can.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from accesslog import merkle, proofs, services
from accesslog.errors import BodyGone, EntryDamaged
from accesslog.events import PRUNE
from accesslog.findings import Finding
from accesslog.models import LogBody, LogEntry, LogHead, LogIndex, LogPrune
from accesslog.selectors import load_receipt
from accesslog.verify import verify
from tests.accesslog.cast import cover, note
from tests.accesslog.sealers import MonthSealer
from tests.emptying import triggers_aside

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("access_log"),
]


@contextmanager
def with_the_databases_password() -> Iterator[None]:
    services.close()
    with transaction.atomic(using="log"), triggers_aside(connections["log"]):
        yield


def log_of(count: int) -> None:
    for n in range(count):
        cover(minute=n)


def found() -> Finding:
    report = verify()
    assert report.finding is not None
    return report.finding


def test_a_whole_log_verifies_and_gives_its_root():
    log_of(11)
    report = verify()
    assert report.finding is None
    assert (report.size, report.bodies, report.erased) == (11, 11, 0)
    leaves = [bytes(each.leaf_hash) for each in LogEntry.objects.order_by("index")]
    assert report.root == merkle.tree_root(leaves) == proofs.head().root()


def test_the_empty_log_verifies():
    report = verify()
    assert report.finding is None
    assert report.root == merkle.EMPTY_ROOT


def edit_body() -> None:
    other = LogBody.objects.get(index=2)
    LogBody.objects.filter(index=3).update(sealed=other.sealed)


def damage_body() -> None:
    sealed = bytearray(LogBody.objects.get(index=3).sealed)
    sealed[40] ^= 1
    LogBody.objects.filter(index=3).update(sealed=bytes(sealed))


def edit_entry() -> None:
    data = bytearray(LogEntry.objects.get(index=3).entry)
    data[20] ^= 1
    LogEntry.objects.filter(index=3).update(entry=bytes(data))


def edit_leaf() -> None:
    LogEntry.objects.filter(index=3).update(leaf_hash=bytes(32))


def edit_entry_and_leaf() -> None:
    """Another time, with a fitting leaf hash and columns: only the tree shows it."""
    row = LogEntry.objects.get(index=3)
    data = bytearray(row.entry)
    place = 2 + data[1]
    time_us = int.from_bytes(data[place : place + 8], "big")
    earlier = LogEntry.objects.get(index=2).time_us
    assert earlier < time_us
    data[place : place + 8] = earlier.to_bytes(8, "big")
    LogEntry.objects.filter(index=3).update(
        entry=bytes(data), leaf_hash=merkle.leaf_hash(bytes(data)), time_us=earlier
    )


def edit_kind_column() -> None:
    LogEntry.objects.filter(index=3).update(kind="test.noted")


def edit_event_id() -> None:
    LogEntry.objects.filter(index=3).update(event_id="00000000-0000-4000-8000-000000000001")


def hide_from_search() -> None:
    LogIndex.objects.filter(index=3).update(actor="nobody")


def delete_search_row() -> None:
    LogIndex.objects.filter(index=3).delete()


def delete_body() -> None:
    LogBody.objects.filter(index=3).delete()


def delete_entry() -> None:
    LogEntry.objects.filter(index=3).delete()


def cut_tail() -> None:
    LogEntry.objects.filter(index__gte=7).delete()


def swap_entries() -> None:
    """Two entries change places with all that belongs to them, times included."""
    rows = {index: LogEntry.objects.get(index=index) for index in (3, 4)}
    LogEntry.objects.filter(index__in=(3, 4)).delete()
    for here, there in ((3, 4), (4, 3)):
        rows[there].index = here
        rows[there].save(force_insert=True)


def swap_bodies() -> None:
    first, second = LogBody.objects.get(index=3), LogBody.objects.get(index=4)
    LogBody.objects.filter(index=3).update(sealed=second.sealed)
    LogBody.objects.filter(index=4).update(sealed=first.sealed)


def rewind_head() -> None:
    leaves = [bytes(each.leaf_hash) for each in LogEntry.objects.order_by("index")[:5]]
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    last = LogEntry.objects.get(index=4)
    LogHead.objects.update(size=5, frontier=frontier.to_bytes(), last_time_us=last.time_us)


def break_head() -> None:
    LogHead.objects.update(frontier=b"x")


def delete_head() -> None:
    LogHead.objects.all().delete()


def forge_head_size() -> None:
    LogHead.objects.update(size=12, frontier=bytes(64))


def move_head_time() -> None:
    LogHead.objects.update(last_time_us=1)


@pytest.mark.parametrize(
    ("tamper", "index", "said"),
    [
        (edit_body, 3, "The body of entry 3 is not the one"),
        (damage_body, 3, "The body of entry 3 is not the one"),
        (swap_bodies, 3, "The body of entry 3 is not the one"),
        (edit_entry, 3, "The bytes of entry 3, or its leaf hash, were changed"),
        (edit_leaf, 3, "The bytes of entry 3, or its leaf hash, were changed"),
        (edit_entry_and_leaf, 0, "Between entries 0 and 7, entries were rewritten or reordered"),
        (edit_kind_column, 3, "The kind or time that entry 3 is searched by differs"),
        (edit_event_id, 3, "The event id of entry 3 was changed"),
        (hide_from_search, 3, "The search rows of entry 3 were changed"),
        (delete_search_row, 3, "The search rows of entry 3 were changed"),
        (delete_body, 3, "The body of entry 3 is gone, and no prune entry covers it"),
        (delete_entry, 3, "Entries are missing: the first of them is entry 3"),
        (cut_tail, 7, "Entries are missing: the first of them is entry 7"),
        (swap_entries, 3, "entry 3"),
        (rewind_head, 5, "There are entries beyond the head: the head was set back to 5"),
        (break_head, 0, "The head of the log is missing or malformed"),
        (delete_head, 0, "The head of the log is missing or malformed"),
        (forge_head_size, 10, "Entries are missing: the first of them is entry 10"),
        (move_head_time, 9, "The head's time is not that of the last entry"),
    ],
)
def test_invariant_6_tampering_is_seen_and_named(tamper: Callable[[], Any], index: int, said: str):
    log_of(10)
    with with_the_databases_password():
        tamper()
    finding = found()
    assert said in finding.what
    assert finding.index == index
    assert finding.expected != finding.calculated
    assert finding.advice


def test_entries_reordered_with_their_bodies_are_seen():
    for n in range(10):
        note(str(n))
    with with_the_databases_password():
        swap_entries()
        swap_bodies()
    finding = found()
    assert finding.index == 4
    assert "entry 4 is older than the entry before it" in finding.what.lower()


def test_the_bodies_can_be_left_closed():
    log_of(3)
    with with_the_databases_password():
        LogBody.objects.filter(index=1).update(sealed=b"x" * 60)
    assert verify(open_bodies=False).finding is None
    assert verify().finding is not None


def erase(*, below: int, say: int) -> None:
    """Prune below an index, with an entry that says so."""
    receipt = services.append(kind=PRUNE, body={"kinds": [], "below": say, "reason": "retention"})
    LogPrune.objects.create(index=receipt.index, kind="", below=below)
    LogBody.objects.filter(index__lt=below).delete()
    LogIndex.objects.filter(index__lt=below).delete()


def test_a_pruned_log_verifies_and_keeps_its_root():
    log_of(5)
    erase(below=3, say=3)
    report = verify()
    assert report.finding is None
    assert (report.size, report.bodies, report.erased) == (6, 3, 3)
    assert report.root == proofs.head().root()
    with pytest.raises(BodyGone):
        load_receipt(1)


def test_a_prune_mark_that_says_more_than_its_entry_is_seen():
    log_of(5)
    erase(below=4, say=2)
    assert "allow more than the entry says" in found().what


def test_a_destroyed_key_without_a_prune_entry_is_seen(monkeypatch):
    log_of(2)
    monkeypatch.setattr(MonthSealer, "destroyed", {LogBody.objects.get(index=0).key_id})
    assert found().what.startswith("The body of entry 0 is gone")


@pytest.mark.parametrize("tamper", [edit_body, edit_event_id, edit_entry, edit_leaf, edit_kind_column])
def test_a_receipt_of_a_changed_entry_is_not_given(tamper: Callable[[], Any]):
    """Receipts open footage: nobody forges one by editing rows."""
    log_of(6)
    with with_the_databases_password():
        tamper()
    with pytest.raises(EntryDamaged):
        load_receipt(3)
    assert load_receipt(5).body["camera"]["id"] == "gate2"


def test_a_proof_holds_until_its_entry_is_changed():
    log_of(600)
    for index in (0, 255, 256, 511, 512, 599):
        proof = proofs.inclusion(index)
        assert proof.holds
        assert (proof.size, proof.root) == (600, proofs.head().root())
    with with_the_databases_password():
        edit_entry_and_leaf()
    assert not proofs.inclusion(3).holds
    assert not proofs.inclusion(300).holds  # its neighbours no longer lead to the head either


def test_the_command_exits_by_what_it_found():
    log_of(4)
    out = StringIO()
    call_command("log", "verify", stdout=out)
    assert "The log is whole: 4 entries" in out.getvalue()
    with with_the_databases_password():
        edit_leaf()
    with pytest.raises(CommandError) as caught:
        call_command("log", "verify", stdout=out)
    assert caught.value.returncode == 2
    text = str(caught.value)
    assert "entry 3" in text
    assert f"expected:   {bytes(32).hex()}" in text
    assert "what to do:" in text


def test_the_command_prints_size_and_root():
    note()
    out = StringIO()
    call_command("log", "root", stdout=out)
    assert out.getvalue() == f"size 1\nroot {proofs.head().root().hex()}\n"
