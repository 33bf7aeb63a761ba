"""Appending: durable before it is answered, once however often it is tried, one line for all."""

import copy
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction

from accesslog import IndexFields, entry, merkle, records, services, writer
from accesslog.errors import (
    BodyTooLarge,
    EventIdReused,
    EventRefused,
    InsideTransaction,
    LogDamaged,
    LogUnavailable,
)
from accesslog.models import LogBody, LogEntry, LogHead, LogIndex
from accesslog.selectors import load_receipt
from accesslog.stores import open_store
from accesslog.stores.base import Head
from accesslog.stores.sqlite import SqliteStore
from accesslog.verify import verify
from tests.accesslog.cast import COVERED, NOTED, TEN, cover, covered, index_of, note
from tests.accesslog.sealers import MonthSealer
from tests.emptying import triggers_aside

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("access_log"),
]


def test_a_receipt_says_where_and_what_was_logged():
    note("first")
    receipt = cover()
    assert receipt.index == 1
    assert receipt.kind == COVERED
    assert receipt.body == covered()
    stored = LogEntry.objects.get(index=1)
    assert merkle.leaf_hash(bytes(stored.entry)) == receipt.leaf_hash == bytes(stored.leaf_hash)
    assert entry.decode(bytes(stored.entry)).time_us == receipt.time_us == stored.time_us
    assert load_receipt(1) == receipt


def test_what_is_answered_survives_a_power_cut_as_far_as_the_database_can_tell(settings: Any):
    """The writer's connection waits for the disk, even where the project's own settings would not."""
    alias = settings.ACCESSLOG_DATABASE
    if connections[alias].vendor == "sqlite":
        database = copy.deepcopy(connections[alias].settings_dict)
        store: Any = SqliteStore(alias, 5.0)
        try:
            assert store._raw.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
            assert store._raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        finally:
            store.close()
        assert "synchronous=FULL" in database["OPTIONS"]["init_command"], "the register is durable too"
    else:
        store = open_store(alias, 5.0)
        try:
            assert store._cursor.execute("SHOW synchronous_commit").fetchone()[0] != "off"
            assert store._cursor.execute("SHOW fsync").fetchone()[0] == "on"
        finally:
            store.close()


def test_the_public_entry_holds_no_word_of_the_body():
    cover(actor="minji-kim", camera="gate-two")
    stored = LogEntry.objects.get()
    body = LogBody.objects.get()
    for secret in (b"minji", b"Minji", b"gate-two", b"crime"):
        assert secret not in bytes(stored.entry)
        assert secret not in bytes(body.sealed)


def test_an_entry_is_visible_to_others_when_append_returns(access_log):
    receipt = note()
    other = connections.create_connection(access_log)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM log_entry WHERE entry_index = %s", [receipt.index])
            assert cursor.fetchone() == (1,)
    finally:
        other.close()


def test_the_same_event_id_adds_one_entry_and_gives_the_same_receipt():
    event_id = uuid4()
    first = note("said first", event_id=event_id)
    note("between")
    again = note("said again", event_id=event_id)
    assert again == first
    assert again.body == {"text": "said first"}
    assert LogEntry.objects.count() == 2


def test_the_same_event_id_at_once_adds_one_entry():
    event_id = uuid4()
    barrier = threading.Barrier(12)

    def try_it(number: int):
        barrier.wait()
        return note(f"try {number}", event_id=event_id)

    with ThreadPoolExecutor(12) as pool:
        receipts = list(pool.map(try_it, range(12)))
    assert len({receipt.index for receipt in receipts}) == 1
    assert len({receipt.body["text"] for receipt in receipts}) == 1
    assert LogEntry.objects.count() == LogBody.objects.count() == 1


def test_the_same_event_twice_in_one_group_is_placed_once():
    event_id = uuid4()
    pair = [
        writer.Pending(records.prepare(kind=NOTED, body={"text": text}, index=[], event_id=event_id))
        for text in ("first", "second")
    ]
    changes = writer.plan(Head(0, b"", 0), pair, {})
    assert [row.event_id for row in changes.entries] == [event_id]
    assert pair[1].twin is pair[0]


def test_a_retry_after_a_restart_finds_its_entry():
    event_id = uuid4()
    first = note("before", event_id=event_id)
    services.close()
    assert note("after", event_id=event_id) == first


def test_an_event_id_stands_for_one_kind():
    event_id = uuid4()
    note(event_id=event_id)
    with pytest.raises(EventIdReused):
        services.append(kind=COVERED, body=covered(), event_id=event_id)
    assert LogEntry.objects.count() == 1


def test_thirty_two_callers_share_commits_and_make_one_line():
    def work(caller: int):
        return [cover(actor=f"a{caller}", minute=n) for n in range(12)]

    with ThreadPoolExecutor(32) as pool:
        receipts = [receipt for some in pool.map(work, range(32)) for receipt in some]
    assert sorted(receipt.index for receipt in receipts) == list(range(32 * 12))
    for receipt in receipts[::37]:
        assert load_receipt(receipt.index) == receipt
    report = verify()
    assert report.finding is None
    assert report.size == report.bodies == 32 * 12


def test_callers_that_wait_together_are_written_together(monkeypatch):
    sizes = []
    plan = writer.plan
    gate = threading.Event()

    def watched(head, batch, known):
        sizes.append(len(batch))
        gate.wait(5)
        return plan(head, batch, known)

    note("warm")
    monkeypatch.setattr(writer, "plan", watched)
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(note, f"n{n}") for n in range(20)]
        while sum(sizes) + writer.current()._queue.qsize() < 20:
            time.sleep(0.01)
        gate.set()
        for each in waiting:
            each.result(5)
    assert sum(sizes) == 20
    assert len(sizes) <= 2


def test_times_never_fall_when_the_clock_does(monkeypatch):
    first = note("now")
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3_600_000_000_000)
    second = note("an hour earlier")
    assert second.time_us >= first.time_us


def test_the_body_is_sealed_under_the_month_of_the_entry(monkeypatch):
    """At midnight on the last of the month, an event is prepared in one month and written in the next."""
    monkeypatch.setattr(records, "period_of", lambda time_us, keep: "2001-01")
    receipt = note("at the turn of the month")
    monkeypatch.undo()
    assert LogBody.objects.get().key_id == f"log/{records.month_of(receipt.time_us)}"
    assert load_receipt(receipt.index).body == {"text": "at the turn of the month"}


def test_search_rows_are_written_as_committed():
    receipt = services.append(
        kind=NOTED,
        body={"text": "two cameras"},
        index=[index_of(camera="gate1"), IndexFields(camera="gate2", case="2026-118")],
    )
    rows = LogIndex.objects.order_by("id").values_list("id", "index", "camera", "case", "footage_from_us")
    assert list(rows) == [
        (receipt.index << 16, receipt.index, "gate1", None, 1_794_650_400_000_000),
        ((receipt.index << 16) + 1, receipt.index, "gate2", "2026-118", None),
    ]


@pytest.mark.parametrize(
    ("kind", "body", "index", "error"),
    [
        ("test.unknown", {"text": "x"}, [], EventRefused),
        (NOTED, {}, [], EventRefused),
        (NOTED, {"text": 1.5}, [], EventRefused),
        (NOTED, {"text": "\ud800"}, [], EventRefused),
        (NOTED, {"text": "x" * 300_000}, [], BodyTooLarge),
        (NOTED, {"text": "x"}, [IndexFields(actor="x" * 65)], EventRefused),
        (NOTED, {"text": "x"}, [IndexFields(actor="a\0b")], EventRefused),
        (NOTED, {"text": "x"}, [IndexFields(footage_from=TEN)], EventRefused),
        (
            NOTED,
            {"text": "x"},
            [IndexFields(footage_from=TEN.replace(tzinfo=None), footage_to=TEN)],
            EventRefused,
        ),
    ],
)
def test_a_bad_event_is_refused_and_leaves_nothing(kind, body, index, error):
    with pytest.raises(error):
        services.append(kind=kind, body=body, index=index)
    assert note().index == 0


def test_a_sealer_that_fails_refuses_only_its_caller(monkeypatch):
    seal = MonthSealer.seal

    def moody(self, month, plaintext):
        if b"unlucky" in plaintext:
            raise OSError("the keyring cannot be reached")
        return seal(self, month, plaintext)

    monkeypatch.setattr(MonthSealer, "seal", moody)
    with ThreadPoolExecutor(8) as pool:
        waiting = {text: pool.submit(note, text) for text in ("a", "b", "unlucky", "c", "d")}
        with pytest.raises(LogUnavailable):
            waiting.pop("unlucky").result(5)
        assert sorted(each.result(5).index for each in waiting.values()) == [0, 1, 2, 3]


def test_an_entry_that_the_database_refuses_fails_alone(monkeypatch):
    """A value that slipped past every check spoils its own caller's commit and nobody else's."""
    note("warm")
    place = writer._place
    gate = threading.Event()

    def spoil(pending, frontier, time_us, changes):
        gate.wait(5)
        done = place(pending, frontier, time_us, changes)
        if pending.prepared.body["text"] == "spoilt":
            row = changes.entries[-1]
            changes.entries[-1] = row._replace(event_id=spoilt_id)
        return done

    spoilt_id = LogEntry.objects.get().event_id
    monkeypatch.setattr(writer, "_place", spoil)
    with ThreadPoolExecutor(8) as pool:
        waiting = {text: pool.submit(note, text) for text in ("a", "spoilt", "b", "c")}
        gate.set()
        with pytest.raises(LogDamaged):
            waiting.pop("spoilt").result(10)
        indexes = sorted(each.result(10).index for each in waiting.values())
    assert indexes == [1, 2, 3]
    assert verify().finding is None


def test_append_inside_a_transaction_on_the_log_is_refused(access_log):
    with transaction.atomic(using=access_log), pytest.raises(InsideTransaction):
        note()
    with transaction.atomic():
        assert note("inside a transaction elsewhere").index == 0


def test_an_entry_outlives_the_rollback_of_what_it_was_for():
    with transaction.atomic():
        note("about to act")
        transaction.set_rollback(True)
    assert LogEntry.objects.count() == 1


def test_a_head_that_was_set_back_stops_the_log(access_log):
    for n in range(3):
        note(str(n))
    services.close()
    leaf = bytes(LogEntry.objects.get(index=0).leaf_hash)
    with transaction.atomic(using=access_log), triggers_aside(connections[access_log]):
        LogHead.objects.update(size=1, frontier=leaf)
    with pytest.raises(LogDamaged):
        note("over the old entries")
    assert LogEntry.objects.count() == 3


def test_a_head_with_a_wrong_frontier_stops_the_log(access_log):
    note()
    with transaction.atomic(using=access_log), triggers_aside(connections[access_log]):
        LogHead.objects.update(frontier=bytes(64))
    with pytest.raises(LogDamaged):
        note()


def test_the_writer_cannot_log_through_itself(monkeypatch):
    def recursive(self, month, plaintext):
        return services.append(kind=NOTED, body={"text": "from the sealer"})

    monkeypatch.setattr(records, "period_of", lambda time_us, keep: "2001-01")  # makes the writer seal again
    seal = MonthSealer.seal
    monkeypatch.setattr(
        MonthSealer,
        "seal",
        lambda self, month, data: (seal if month == "2001-01" else recursive)(self, month, data),
    )
    with pytest.raises(LogUnavailable):
        note()


def test_a_full_queue_refuses_at_once(monkeypatch):
    monkeypatch.setattr(writer, "MAX_QUEUED", 0)
    with pytest.raises(LogUnavailable):
        note()


def test_new_event_ids_are_version_7_and_rise():
    ids = [records.new_event_id() for _ in range(3)]
    assert [each.version for each in ids] == [7, 7, 7]
    assert [each.int >> 80 for each in ids] == sorted(each.int >> 80 for each in ids)
