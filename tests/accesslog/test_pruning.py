"""Pruning: only what is old enough and of its class goes, through every kill, and the log still verifies."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accesslog import IndexFields, Receipt, pruning, records, writer
from accesslog.errors import BodyGone
from accesslog.models import Flag, LogBody, LogEntry, LogIndex, LogPrune, Review, ReviewItem
from accesslog.registry import EventType, register
from accesslog.selectors import load_receipt
from accesslog.services import append
from accesslog.types import to_us
from accesslog.verify import verify
from tests.accesslog.cast import NOTED
from tests.accesslog.sealers import MonthSealer

LONG_KEPT = "test.granted"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
register(
    EventType(
        kind=LONG_KEPT, required=frozenset({"text"}), optional=frozenset(), sentence="Granted.", keep="long"
    )
)  # fmt: skip

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("access_log")]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the log's clock stand at the given moment."""

    def stand(moment: datetime) -> None:
        clock = SimpleNamespace(time_ns=lambda: to_us(moment) * 1000)
        monkeypatch.setattr(records, "time", clock)
        monkeypatch.setattr(writer, "time", clock)

    return stand


@pytest.fixture(autouse=True)
def _keys_back() -> Iterator[None]:
    yield
    MonthSealer.destroyed.clear()


def note(text: str, kind: str = NOTED) -> Receipt:
    row = IndexFields(actor="minji", camera="gate2", site="seoul")
    return append(kind=kind, body={"text": text}, index=[row, row])


def three_years(at: Any) -> dict[str, Receipt]:
    """One entry of each class in each of five months, the last of them this month."""
    made = {}
    for month in ("2023-09", "2023-10", "2023-11", "2026-10", "2026-11"):
        year, number = map(int, month.split("-"))
        at(datetime(year, number, 20, tzinfo=UTC))
        made[month] = note(month)
        made[f"{month}.long"] = note(month, LONG_KEPT)
    at(NOW)
    return made


def prune(keep: str = "access", before: str = "2023-11", **more: Any) -> pruning.Pruned:
    values: dict[str, Any] = {"months": 36, "trusted_now": NOW, "reason": "LC-2026-0001"}
    return pruning.prune(keep, before, **(values | more))


def bodies() -> set[int]:
    return set(LogBody.objects.values_list("index", flat=True))


@pytest.mark.both_databases
def test_what_is_older_than_the_class_s_months_goes_and_nothing_else(at: Any) -> None:
    made = three_years(at)
    done = prune()
    assert (done.bodies, done.search_rows, done.kinds) == (2, 4, (NOTED,))
    assert done.below == made["2023-11"].index
    gone = {made["2023-09"].index, made["2023-10"].index}
    assert bodies() == set(range(11)) - gone
    assert not LogIndex.objects.filter(index__in=gone).exists()
    assert LogIndex.objects.filter(index=made["2023-09.long"].index).count() == 2
    with pytest.raises(BodyGone):
        load_receipt(made["2023-09"].index)
    assert load_receipt(done.entry).body == {"kinds": [NOTED], "below": done.below, "reason": "LC-2026-0001"}
    report = verify(open_bodies=True)
    assert (report.finding, report.erased, report.bodies) == (None, 2, 9)


def test_each_class_has_its_own_key_per_month_and_old_plain_ones_stay_while_another_class_needs_them(
    at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before_there_were_classes:
        before_there_were_classes.setattr(
            records, "period_of", lambda time_us, _keep: records.month_of(time_us)
        )
        before_there_were_classes.setattr(
            writer, "period_of", lambda time_us, _keep: records.month_of(time_us)
        )
        at(datetime(2023, 8, 5, tzinfo=UTC))
        note("old")
        old = note("old", LONG_KEPT)
    made = three_years(at)
    assert LogBody.objects.get(pk=made["2023-09.long"].index).key_id == "log/2023-09.long"
    assert LogBody.objects.get(pk=made["2023-09"].index).key_id == "log/2023-09"
    done = prune()
    assert done.left == {
        "log/2023-08": (LONG_KEPT,), "log/2023-09.long": (LONG_KEPT,), "log/2023-10.long": (LONG_KEPT,)
    }  # fmt: skip
    MonthSealer.destroyed |= {"log/2023-09", "log/2023-10"}
    assert verify(open_bodies=True).finding is None
    assert load_receipt(old.index).body == {"text": "old"}


def test_the_key_of_a_record_is_that_of_its_class_when_the_month_turns_under_the_writer(
    at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC))
    late = to_us(datetime(2026, 11, 1, tzinfo=UTC)) * 1000
    monkeypatch.setattr(writer, "time", SimpleNamespace(time_ns=lambda: late))
    receipt = note("turn", LONG_KEPT)
    assert LogBody.objects.get(pk=receipt.index).key_id == "log/2026-11.long"
    assert load_receipt(receipt.index).body == {"text": "turn"}


@pytest.mark.parametrize(
    ("before", "months", "now"),
    [
        ("2023-12", 36, NOW),  # its last month ended less than 36 months ago
        ("2023-11", 37, NOW),
        ("2023-11", 36, datetime(2026, 10, 31, 23, 59, tzinfo=UTC)),
        ("2026-12", 0, NOW),
    ],
)
def test_invariant_7_what_is_not_old_enough_by_the_trusted_clock_is_refused(
    at: Any, before: str, months: int, now: datetime
) -> None:
    three_years(at)
    with pytest.raises(pruning.PruneRefused):
        prune(before=before, months=months, trusted_now=now)
    assert bodies() == set(range(10))
    assert not LogEntry.objects.filter(kind="log.prune").exists()


def test_with_nothing_to_erase_no_entry_is_written(at: Any) -> None:
    at(NOW)
    note("today")
    assert prune().entry == pruning.NOTHING
    assert not LogPrune.objects.exists()


def test_flags_and_items_of_erased_entries_go_and_signed_reviews_stay(at: Any) -> None:
    made = three_years(at)
    gone, kept = made["2023-09"].index, made["2026-10"].index
    review = Review.objects.create(
        id=uuid4(), site="seoul", month="2023-09", opened_us=1, first=0, end=4, entries=4, opened_by="o",
        signed_by="o", signed_us=2, signed_entry=kept, comment_key_id="log/2023-10", comment_sealed=b"x",
    )  # fmt: skip
    for index in (gone, kept):
        Flag.objects.create(index=index, rule="night", month="2023-09", raised_us=1)
        ReviewItem.objects.create(review=review, index=index)
    done = prune()
    assert (done.flags, done.items) == (1, 1)
    assert list(Flag.objects.values_list("index", flat=True)) == [kept]
    assert list(ReviewItem.objects.values_list("index", flat=True)) == [kept]
    review.refresh_from_db()
    assert (review.signed_by, review.comment_key_id) == ("o", "log/2023-10")


class Killed(BaseException):
    """The process dies here."""


STEPS = (
    "prune.logged", "prune.marked", "prune.log_body-batch", "prune.log_index-batch", "prune.removed",
    "prune.absent",
)  # fmt: skip


@pytest.mark.both_databases
def test_a_prune_that_was_killed_at_any_step_goes_on_to_the_same_end(
    at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    three_years(at)
    for step in STEPS:

        def die(reached: str, step: str = step) -> None:
            if reached == step:
                raise Killed

        with pytest.raises(Killed):
            prune(reached=die)
        assert verify(open_bodies=True).finding is None, f"after {step} the log verifies"
        note("life goes on")
    monkeypatch.setattr(
        pruning, "kinds_of", lambda _keep: [LONG_KEPT]
    )  # a newer version sorts them otherwise
    prune()
    assert LogEntry.objects.filter(kind="log.prune").count() == 1
    assert LogPrune.objects.count() == 1
    assert {0, 2} & bodies() == set()
    assert {1, 3} <= bodies()
    assert verify(open_bodies=True).finding is None


@pytest.mark.both_databases
def test_invariant_6_without_its_mark_no_record_goes(at: Any) -> None:
    made = three_years(at)
    prune()
    for table in ("log_body", "log_index"):
        for index in (made["2023-09.long"].index, made["2023-11"].index):
            refused = pytest.raises(DatabaseError, match="only below a prune mark")
            with refused, transaction.atomic(using="log"), connections["log"].cursor() as cursor:
                cursor.execute(f"DELETE FROM {table} WHERE entry_index = %s", [index])  # noqa: S608


def test_a_record_that_is_gone_without_a_mark_is_found(at: Any) -> None:
    three_years(at)
    MonthSealer.destroyed.add("log/2026-10.long")
    finding = verify(open_bodies=True).finding
    assert finding is not None
    assert finding.index == 7


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(months=st.integers(1, 240), day=st.dates(date(2000, 1, 1), date(2099, 1, 1)))
def test_a_month_goes_at_the_earliest_that_many_months_after_its_end(months: int, day: date) -> None:
    now = datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)
    kept = pruning.month_start(pruning.first_kept_month(now, months))
    since_the_last_one_ended = (now.year - kept.year) * 12 + now.month - kept.month
    assert since_the_last_one_ended == months


def test_the_first_entry_of_a_moment_is_found_by_bisection(at: Any) -> None:
    made = three_years(at)
    for receipt in made.values():
        first = min(each.index for each in made.values() if each.time_us == receipt.time_us)
        assert pruning.index_at(receipt.time) == first
    assert pruning.index_at(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert pruning.index_at(datetime(2099, 1, 1, tzinfo=UTC)) == 10
